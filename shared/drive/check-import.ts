import { callUnlessMissing } from '../oci/errors.ts';
import type { Branch, Failure } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer, NewFact } from './perform.ts';

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
      return { kind: 'import-pending', region, percent: percentComplete };
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
  const said = errors?.items.map(({ code, message }) => `${message} (${code})`).join('; ');
  return {
    code: status === 'CANCELED' ? 'IMPORT_CANCELED' : 'IMPORT_FAILED',
    sentence: `OCI ${status === 'CANCELED' ? 'canceled' : 'failed'} the import: ${said || 'it gives no reason'}`,
    remedy: `See \`oci work-requests work-request-log-entry list --work-request-id ${workRequestId}\`.`,
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
    default:
      return { kind: 'import-failed', region, failure: IMAGE_GONE };
  }
}

/** Deletes the image that was imported from a source that changed meanwhile. */
export const discardImage: BranchPerformer = async ({ clients }, _run, { region, imageId }) => {
  const client = await clients.compute(region);
  if (imageId) await callUnlessMissing('DeleteImage', () => client.deleteImage({ imageId }));
  return { kind: 'image-discarded', region };
};

const IMAGE_GONE: Failure = {
  code: 'IMPORT_FAILED',
  sentence: 'The image is gone, and OCI does not keep its work request any more.',
  remedy: 'Drop the object again.',
};
