import { headObject } from '../oci/objects.ts';
import type { BranchPerformer } from './perform.ts';

/** Is the object still the one that was inspected, now that OCI has read it all? */
export const verifySource: BranchPerformer = async ({ clients }, run, { region }) => {
  const head = await headObject(clients, run.source);
  if (!head) return { kind: 'source-verified', region, result: 'deleted' };
  return { kind: 'source-verified', region, result: head.eTag === run.source.eTag ? 'same' : 'changed' };
};
