import { headObject, isArchived, type ObjectHead, peekObject } from '../oci/objects.ts';
import { lossOf } from '../run/losses.ts';
import { hoursBetween } from '../run/policy.ts';
import type { Branch, Copy, Failure, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { SEEN_WITHIN_HOURS } from './check-import.ts';
import { destinationOccupied } from './copy-failures.ts';
import { isCopyOf } from './own-copy.ts';
import type { BranchPerformer, NewFact } from './perform.ts';
import { endCopyTurn } from './turns.ts';
import { askStorageWork, type WorkStatus } from './work-requests.ts';

/**
 * Has the copy arrived? The object itself says so, by whose it is; only where it is not there does the work request say
 * whether it may still come.
 */
export const checkCopy: BranchPerformer = async (deployment, run, branch) => {
  const { copy, workRequestId } = branch;
  if (!copy || !run.source) throw new Error('A copy to await, but none was asked for: the run is damaged.');
  const { region } = run.source;
  const [before, work] = await Promise.all([
    peekObject(deployment.clients, copy),
    workRequestId ? askStorageWork(deployment, region, workRequestId) : undefined,
  ]);
  // It may have arrived between the two looks.
  const head =
    before ?? (work?.status === 'pending' ? undefined : await peekObject(deployment.clients, copy));
  const fact = await judge(deployment, run, branch, copy, head, work);
  if (fact.kind !== 'copy-pending') await endCopyTurn(deployment, run, branch);
  return fact;
};

async function judge(
  deployment: Deployment,
  run: Run,
  branch: Branch,
  copy: Copy,
  head: ObjectHead | undefined,
  work: WorkStatus | undefined,
): Promise<NewFact> {
  const { id } = branch;
  const failed = (failure: Failure): NewFact => ({ kind: 'copy-failed', branch: id, failure });
  if (head && isCopyOf(run, head)) return { kind: 'copy-found', branch: id, eTag: head.eTag };
  if (head) return failed(destinationOccupied(copy));
  if (work?.status === 'pending')
    return { kind: 'copy-pending', branch: id, percent: work.percent ?? branch.percent };
  const unseen = hoursBetween(branch.since, new Date().toISOString()) < SEEN_WITHIN_HOURS;
  if (!work && unseen) return { kind: 'copy-pending', branch: id, percent: branch.percent };
  return failed((await sourceLoss(deployment, run)) ?? copyFailure(run, branch, work));
}

/** A source that changes while it is copied fails the copy: that is the reason then, whatever the work request says. */
async function sourceLoss({ clients }: Deployment, run: Run): Promise<Failure | undefined> {
  if (!run.source) return undefined;
  const head = await headObject(clients, run.source);
  if (!head) return lossOf(run, 'deleted');
  if (head.eTag !== run.source.eTag) return lossOf(run, 'overwritten');
  return isArchived(head) ? lossOf(run, 'archived') : undefined;
}

function copyFailure(run: Run, { workRequestId }: Branch, work: WorkStatus | undefined): Failure {
  const region = run.source?.region;
  const see = workRequestId
    ? `See \`oci os work-request-error list --region ${region} --work-request-id ${workRequestId}\`; `
    : '';
  return {
    code: 'COPY_FAILED',
    sentence: sentenceOf(work),
    remedy: `${see}\`byoi runs retry\` copies again.`,
  };
}

function sentenceOf(work: WorkStatus | undefined): string {
  if (!work) return 'The copy has not arrived, and OCI remembers its work request no more.';
  if (work.status === 'succeeded' || work.status === 'pending')
    return 'OCI says that the copy is done, but the object is not there: somebody deleted it.';
  return `OCI ${work.status} the copy: ${work.reason}`;
}
