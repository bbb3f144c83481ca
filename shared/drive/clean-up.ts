import { hasStatus } from '../oci/errors.ts';
import { peekObject } from '../oci/objects.ts';
import { cancelCopy, deleteOwnObject } from '../oci/own-objects.ts';
import { CANCELED } from '../run/branch.ts';
import { type Branch, type Copy, originOf, type Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { isCopyOf } from './own-copy.ts';
import { deleteBranchPars } from './pars.ts';
import type { BranchPerformer } from './perform.ts';
import { endTurns } from './turns.ts';

/** Takes away what a branch needed on its way: PARs, its turn, and its copy where that is not kept. */
export const cleanUp: BranchPerformer = async (deployment, run, branch) => {
  const { clients } = deployment;
  await endTurns(deployment, run, branch);
  // Without a source nothing was begun.
  if (run.source) await deleteBranchPars(deployment, run, originOf(run, branch), branch);
  await stopCopy(deployment, run, branch);
  if (branch.copy && isCopyOver(deployment, branch)) await deleteCopy(clients, run, branch.copy);
  return { kind: 'cleaned-up', branch: branch.id };
};

/** A copy that still goes on though its branch has failed: it was canceled, or took too long. */
async function stopCopy(
  { clients }: Deployment,
  run: Run,
  { copy, failure, workRequestId, imageId }: Branch,
) {
  if (!copy || copy.eTag !== null || !failure || !workRequestId || imageId || !run.source) return;
  await cancelCopy(clients, run.source.region, workRequestId);
}

/** Is the copy of no use any more? One of a failed branch is kept for a while: it need not be copied again. */
function isCopyOver({ config }: Deployment, { imports, failure }: Branch): boolean {
  if (failure) return failure.code === CANCELED.code;
  return imports && config.intermediates === 'delete';
}

/** What somebody else put in its place is not ours. */
async function deleteCopy(clients: Deployment['clients'], run: Run, copy: Copy): Promise<void> {
  const eTag = copy.eTag ?? (await ownETag(clients, run, copy));
  if (eTag === undefined) return;
  try {
    await deleteOwnObject(clients, copy, eTag);
  } catch (error) {
    // Overwritten meanwhile.
    if (!hasStatus(error, 412)) throw error;
  }
}

/** Of a copy that arrived without anybody having seen it yet. */
async function ownETag(clients: Deployment['clients'], run: Run, copy: Copy): Promise<string | undefined> {
  const head = await peekObject(clients, copy);
  return head && isCopyOf(run, head) ? head.eTag : undefined;
}
