import { ByoiError } from '../errors.ts';
import { callUnlessMissing } from '../oci/errors.ts';
import { cut, withoutSecrets } from '../printable.ts';
import { hoursBetween } from '../run/policy.ts';
import type { Branch, Failure } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer, NewFact } from './perform.ts';

/** What OCI says of a failure goes into the record and each notification of it: room for a paragraph, not for a log. */
const MAX_REASON_LENGTH = 1000;
/** New policies, and new resources, take up to 15 minutes to be seen: until then a 404 says nothing. */
const SEEN_WITHIN_HOURS = 0.25;

/** Asks how far the import is: its work request, and the image itself once OCI has forgotten that. */
export const checkImport: BranchPerformer = async (deployment, _run, branch) => {
  return (await askWorkRequest(deployment, branch)) ?? (await askImage(deployment, branch));
};

/** @returns undefined where there is none to ask: OCI forgets them 12 hours after their end */
async function askWorkRequest({ clients }: Deployment, branch: Branch): Promise<NewFact | undefined> {
  const { region, workRequestId } = branch;
  if (workRequestId === null) return undefined;
  const client = await clients.workRequests(region);
  const answer = await callUnlessMissing('GetWorkRequest', () => client.getWorkRequest({ workRequestId }));
  if (!answer) return undefined;
  const { status, percentComplete } = answer.workRequest;
  switch (status as string) {
    case 'SUCCEEDED':
      return { kind: 'import-succeeded', region };
    case 'FAILED':
    case 'CANCELED':
      return {
        kind: 'import-failed',
        region,
        failure: await workRequestFailure(client, workRequestId, status),
      };
    default:
      return { kind: 'import-pending', region, percent: percentComplete ?? branch.percent };
  }
}

async function workRequestFailure(
  client: Awaited<ReturnType<Deployment['clients']['workRequests']>>,
  workRequestId: string,
  status: string,
): Promise<Failure> {
  const errors = await callUnlessMissing('ListWorkRequestErrors', () =>
    client.listWorkRequestErrors({ workRequestId }),
  );
  const said = errors?.items.map(({ code, message }) => `${message} (${code})`).join('; ') ?? '';
  return {
    code: status === 'CANCELED' ? 'IMPORT_CANCELED' : 'IMPORT_FAILED',
    sentence: `OCI ${status === 'CANCELED' ? 'canceled' : 'failed'} the import: ${cut(withoutSecrets(said), MAX_REASON_LENGTH) || 'it gives no reason'}`,
    remedy: `See \`oci work-requests work-request-error list --work-request-id ${workRequestId}\`.`,
  };
}

async function askImage({ clients }: Deployment, branch: Branch): Promise<NewFact> {
  const { region, imageId } = branch;
  const client = await clients.compute(region);
  const answer = imageId
    ? await callUnlessMissing('GetImage', () => client.getImage({ imageId }))
    : undefined;
  switch (answer?.image.lifecycleState as string | undefined) {
    case 'AVAILABLE':
    case 'EXPORTING':
      return { kind: 'import-succeeded', region };
    case 'PROVISIONING':
    case 'IMPORTING':
      return { kind: 'import-pending', region, percent: branch.percent };
    case undefined:
      if (hoursBetween(branch.since, new Date().toISOString()) < SEEN_WITHIN_HOURS)
        return { kind: 'import-pending', region, percent: branch.percent };
      return { kind: 'import-failed', region, failure: imageGone(imageId) };
    default:
      return { kind: 'import-failed', region, failure: imageGone(imageId) };
  }
}

/** Deletes the image that was imported from a source that changed meanwhile. */
export const discardImage: BranchPerformer = async ({ clients }, _run, { region, imageId }) => {
  const client = await clients.compute(region);
  if (imageId) {
    const deleted = await callUnlessMissing('DeleteImage', () => client.deleteImage({ imageId }));
    // 404 says as well that it may not be deleted: an image that can still be had is not gone.
    const kept = deleted
      ? undefined
      : await callUnlessMissing('GetImage', () => client.getImage({ imageId }));
    if (kept && (kept.image.lifecycleState as string) !== 'DELETED') throw new ImageKeptError(imageId);
  }
  return { kind: 'image-discarded', region };
};

class ImageKeptError extends ByoiError {
  override readonly name = 'ImageKeptError';

  constructor(imageId: string) {
    super(
      'IMAGE_NOT_DELETED',
      `The functions may not delete the image ${imageId}.`,
      'Allow them to manage instance-images in the compartment of the images.',
    );
  }
}

function imageGone(imageId: string | null): Failure {
  return {
    code: 'IMPORT_FAILED',
    sentence: `The image ${imageId} is gone, or may not be read any more, and its work request neither.`,
    remedy: `Look with \`oci compute image get --image-id ${imageId}\`; drop the object again if it is gone.`,
  };
}
