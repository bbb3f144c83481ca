import { unmarkExporting } from '../oci/exporting.ts';
import { abortUploads, deleteOwnObject } from '../oci/own-objects.ts';
import { imageOf } from './export-image.ts';
import { deleteExportPars } from './pars.ts';
import type { ExportPerformer } from './perform.ts';

/** Deletes the PAR that the export was written by; of a failed one also what it left, since nobody else would. */
export const cleanUpExport: ExportPerformer = async (deployment, run, exporting) => {
  const { clients, documents } = deployment;
  const { object, par, failure } = exporting;
  await deleteExportPars(deployment, run, exporting);
  // Without a PAR nothing was written, and there may be no bucket.
  if (failure && par) {
    await abortUploads(clients, object);
    await deleteOwnObject(clients, object);
  }
  await unmarkExporting(documents, imageOf(run).imageId, run.id);
  return { kind: 'export-cleaned-up' };
};
