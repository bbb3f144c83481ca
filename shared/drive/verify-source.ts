import { headObject } from '../oci/objects.ts';
import { originOf } from '../run/run.ts';
import type { BranchPerformer } from './perform.ts';

/** Is the object still the one that was inspected or copied, now that OCI has read it all? */
export const verifySource: BranchPerformer = async ({ clients }, run, branch) => {
  const origin = originOf(run, branch);
  const head = await headObject(clients, origin);
  const result = !head ? 'deleted' : head.eTag === origin.eTag ? 'same' : 'changed';
  return { kind: 'source-verified', branch: branch.id, result };
};
