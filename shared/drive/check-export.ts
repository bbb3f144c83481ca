import { callUnlessMissing } from '../oci/errors.ts';
import { headObject, isArchived } from '../oci/objects.ts';
import { lossOf } from '../run/losses.ts';
import { hoursBetween } from '../run/policy.ts';
import type { Export, Failure, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { SEEN_WITHIN_HOURS } from './check-import.ts';
import { imageOf } from './export-image.ts';
import type { ExportPerformer, NewFact } from './perform.ts';
import { askComputeWork, type WorkStatus } from './work-requests.ts';

/**
 * Asks how far the export is. An image that is AVAILABLE again, and the event of it, say nothing: a failed export looks
 * the same. It has succeeded when its work request says so, or has been forgotten, and the object is there.
 */
export const checkExport: ExportPerformer = async (deployment, run, exporting) => {
  const { workRequestId, percent } = exporting;
  const { region } = imageOf(run);
  const work = workRequestId ? await askComputeWork(deployment, region, workRequestId) : undefined;
  switch (work?.status) {
    case 'pending':
      return { kind: 'export-pending', percent: work.percent ?? percent };
    case 'failed':
    case 'canceled':
      return { kind: 'export-failed', failure: exportFailed(exporting, work) };
    default:
      return lookAtObject(deployment, run, exporting, work);
  }
};

async function lookAtObject(
  deployment: Deployment,
  run: Run,
  exporting: Export,
  work: WorkStatus | undefined,
): Promise<NewFact> {
  const { object, percent, since } = exporting;
  const head = await headObject(deployment.clients, object);
  if (head && isArchived(head)) return { kind: 'export-failed', failure: lossOf(run, 'archived') };
  if (head) {
    const { eTag, size } = head;
    return { kind: 'export-succeeded', source: { ...object, eTag, size, metadata: {} } };
  }
  const unseen = hoursBetween(since, new Date().toISOString()) < SEEN_WITHIN_HOURS;
  const waits = !work && (unseen || (await isExporting(deployment, run)));
  return waits
    ? { kind: 'export-pending', percent }
    : { kind: 'export-failed', failure: exportFailed(exporting, work) };
}

async function isExporting({ clients }: Deployment, run: Run): Promise<boolean> {
  const { region, imageId } = imageOf(run);
  const client = await clients.compute(region);
  const found = await callUnlessMissing('GetImage', () => client.getImage({ imageId }));
  return (found?.image.lifecycleState as string | undefined) === 'EXPORTING';
}

function exportFailed({ workRequestId, object }: Export, work: WorkStatus | undefined): Failure {
  return {
    code: 'EXPORT_FAILED',
    sentence: sentenceOf(work, object.bucket),
    remedy: `${workRequestId ? `See \`oci work-requests work-request-error list --work-request-id ${workRequestId}\`; ` : ''}\`byoi runs retry\` exports again.`,
  };
}

function sentenceOf(work: WorkStatus | undefined, bucket: string): string {
  if (!work) return `The export has not arrived in ${bucket}, and OCI remembers its work request no more.`;
  if (work.status === 'succeeded' || work.status === 'pending')
    return `OCI says that the export is done, but there is no object in ${bucket}.`;
  return `OCI ${work.status} the export: ${work.reason}`;
}
