import { unmarkExporting } from '../oci/exporting.ts';
import { abortUploads, deleteOwnObject } from '../oci/own-objects.ts';
import { imageOf } from './export-image.ts';
import { deleteExportPars } from './pars.ts';
import type { ExportPerformer } from './perform.ts';

/** Deletes the PAR that the export was written by; of a failed one also what it left, since nobody else would. */
export const cleanUpExport: ExportPerformer = async (deployment, run, { object, failure }) => {
  const { clients, documents } = deployment;
  await deleteExportPars(deployment, run, object);
  if (failure) {
    await abortUploads(clients, object);
    await deleteOwnObject(clients, object);
  }
  await unmarkExporting(documents, imageOf(run).imageId, run.id);
  return { kind: 'export-cleaned-up' };
};
