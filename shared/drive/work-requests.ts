import { callUnlessMissing } from '../oci/errors.ts';
import { cut, withoutSecrets } from '../printable.ts';
import type { Deployment } from '../runtime/deployment.ts';

/** What OCI says of a failure goes into the record and each notification of it: room for a paragraph, not for a log. */
const MAX_REASON_LENGTH = 1000;

/** How far a work request is. */
export type WorkStatus =
  | { readonly status: 'pending'; readonly percent: number | null }
  | { readonly status: 'succeeded' }
  | { readonly status: 'failed' | 'canceled'; readonly reason: string };

/** @returns undefined where there is none to ask: OCI forgets them 12 hours after their end */
export async function askComputeWork(
  { clients }: Deployment,
  region: string,
  workRequestId: string,
): Promise<WorkStatus | undefined> {
  const client = await clients.workRequests(region);
  const answer = await callUnlessMissing('GetWorkRequest', () => client.getWorkRequest({ workRequestId }));
  if (!answer) return undefined;
  const { status, percentComplete } = answer.workRequest;
  return statusOf(status, percentComplete, () => client.listWorkRequestErrors({ workRequestId }));
}

/** Object Storage has a work request API of its own, in the region that a copy comes from. */
export async function askStorageWork(
  { clients }: Deployment,
  region: string,
  workRequestId: string,
): Promise<WorkStatus | undefined> {
  const client = await clients.objectStorage(region);
  const answer = await callUnlessMissing('GetWorkRequest', () => client.getWorkRequest({ workRequestId }));
  if (!answer) return undefined;
  const { status, percentComplete } = answer.workRequest;
  return statusOf(status, percentComplete, () => client.listWorkRequestErrors({ workRequestId }));
}

async function statusOf(
  status: string | undefined,
  percent: number | undefined,
  listErrors: () => Promise<{ items: { code?: string; message?: string }[] }>,
): Promise<WorkStatus> {
  switch (status) {
    // Compute's word, and Object Storage's.
    case 'SUCCEEDED':
    case 'COMPLETED':
      return { status: 'succeeded' };
    case 'FAILED':
    case 'CANCELED':
      return { status: status === 'FAILED' ? 'failed' : 'canceled', reason: await reasonOf(listErrors) };
    default:
      return { status: 'pending', percent: percent ?? null };
  }
}

async function reasonOf(
  listErrors: () => Promise<{ items: { code?: string; message?: string }[] }>,
): Promise<string> {
  const errors = await callUnlessMissing('ListWorkRequestErrors', listErrors);
  const said = errors?.items.map(({ code, message }) => `${message} (${code})`).join('; ') ?? '';
  return cut(withoutSecrets(said), MAX_REASON_LENGTH) || 'it gives no reason';
}
