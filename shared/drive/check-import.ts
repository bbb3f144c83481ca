import { callUnlessMissing } from '../oci/errors.ts';
import { hoursBetween } from '../run/policy.ts';
import type { Branch, Failure } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer, NewFact } from './perform.ts';
import { askComputeWork } from './work-requests.ts';

/** New policies, and new resources, take up to 15 minutes to be seen: until then a 404 says nothing. */
export const SEEN_WITHIN_HOURS = 0.25;

/** Asks how far the import is: its work request, and the image itself once OCI has forgotten that. */
export const checkImport: BranchPerformer = async (deployment, _run, branch) => {
  const { id, region, workRequestId } = branch;
  const work = workRequestId ? await askComputeWork(deployment, region, workRequestId) : undefined;
  if (!work) return askImage(deployment, branch);
  switch (work.status) {
    case 'succeeded':
      return { kind: 'import-succeeded', branch: id };
    case 'pending':
      return { kind: 'import-pending', branch: id, percent: work.percent ?? branch.percent };
    default:
      return {
        kind: 'import-failed',
        branch: id,
        failure: {
          code: work.status === 'canceled' ? 'IMPORT_CANCELED' : 'IMPORT_FAILED',
          sentence: `OCI ${work.status} the import: ${work.reason}`,
          remedy: `See \`oci work-requests work-request-error list --work-request-id ${workRequestId}\`; \`byoi runs retry\` tries again.`,
        },
      };
  }
};

async function askImage({ clients }: Deployment, branch: Branch): Promise<NewFact> {
  const { id, region, imageId } = branch;
  const client = await clients.compute(region);
  const answer = imageId
    ? await callUnlessMissing('GetImage', () => client.getImage({ imageId }))
    : undefined;
  switch (answer?.image.lifecycleState as string | undefined) {
    case 'AVAILABLE':
    case 'EXPORTING':
      return { kind: 'import-succeeded', branch: id };
    case 'PROVISIONING':
    case 'IMPORTING':
      return { kind: 'import-pending', branch: id, percent: branch.percent };
    case undefined:
      if (hoursBetween(branch.since, new Date().toISOString()) < SEEN_WITHIN_HOURS)
        return { kind: 'import-pending', branch: id, percent: branch.percent };
      return { kind: 'import-failed', branch: id, failure: imageGone(imageId) };
    default:
      return { kind: 'import-failed', branch: id, failure: imageGone(imageId) };
  }
}

function imageGone(imageId: string | null): Failure {
  return {
    code: 'IMPORT_FAILED',
    sentence: `The image ${imageId} is gone, or may not be read any more, and its work request neither.`,
    remedy: `Look with \`oci compute image get --image-id ${imageId}\`; \`byoi runs retry\` imports again if it is gone.`,
  };
}
