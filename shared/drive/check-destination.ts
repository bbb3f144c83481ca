import { peekObject } from '../oci/objects.ts';
import { destinationOccupied } from './copy-failures.ts';
import { checkBucket, checkRegion } from './destinations.ts';
import { isCopyOf } from './own-copy.ts';
import type { BranchPerformer } from './perform.ts';

/**
 * Can the destination take a copy and its image? What is missing is told now, and not after hours of copying. A copy of
 * this run's that is there already needs no other.
 */
export const checkDestination: BranchPerformer = async (deployment, run, branch) => {
  const { id, copy } = branch;
  if (!copy)
    throw new Error('A destination to check, but the branch copies nothing: the run record is damaged.');
  await checkRegion(deployment, branch);
  const [head] = await Promise.all([
    peekObject(deployment.clients, copy),
    checkBucket(deployment, copy, run.source?.region),
  ]);
  if (!head) return { kind: 'destination-checked', branch: id };
  if (isCopyOf(run, head)) return { kind: 'copy-found', branch: id, eTag: head.eTag };
  return { kind: 'copy-failed', branch: id, failure: destinationOccupied(copy) };
};
