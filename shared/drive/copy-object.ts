import { ByoiError } from '../errors.ts';
import { call, hasCode, hasStatus } from '../oci/errors.ts';
import { headObject, isArchived, peekObject } from '../oci/objects.ts';
import type { Copy, Run, Source } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { destinationOccupied } from './copy-failures.ts';
import { isCopyOf, RUN_METADATA } from './own-copy.ts';
import type { BranchPerformer, NewFact } from './perform.ts';
import { copyStatement, crossTenancyStatements } from './policy-statements.ts';
import { takeTurn } from './turns.ts';

/**
 * Asks Object Storage of the source's region for the copy. There is no retry token: the copy is made only where nothing
 * is yet, and says whose it is, so that a second request fails and a look at the object settles what became of the first.
 */
export const copyObject: BranchPerformer = async (deployment, run, branch) => {
  const { id } = branch;
  const { source, copy } = run.source && branch.copy ? { source: run.source, copy: branch.copy } : absent();
  const { waiting } = await takeTurn(deployment, 'copy', source.region, run, branch);
  if (waiting) return waiting;
  const head = await headObject(deployment.clients, source);
  if (head?.eTag !== source.eTag) return { kind: 'source-lost', how: head ? 'overwritten' : 'deleted' };
  if (isArchived(head)) return { kind: 'source-lost', how: 'archived' };
  try {
    const workRequestId = await request(deployment, run, source, copy);
    return { kind: 'copy-requested', branch: id, workRequestId };
  } catch (error) {
    if (!hasStatus(error, 412)) throw error;
    return settleConflict(deployment, run, id, copy);
  }
};

/** One of the two conditions failed: there is a copy already, or the source changed since we looked. */
async function settleConflict(
  { clients }: Deployment,
  run: Run,
  branch: string,
  copy: Copy,
): Promise<NewFact> {
  const head = await peekObject(clients, copy);
  if (!head) return { kind: 'source-lost', how: 'overwritten' };
  if (isCopyOf(run, head)) return { kind: 'copy-found', branch, eTag: head.eTag };
  return { kind: 'copy-failed', branch, failure: destinationOccupied(copy) };
}

async function request(
  { clients, config, ledger }: Deployment,
  run: Run,
  source: Source,
  copy: Copy,
): Promise<string> {
  const client = await clients.objectStorage(source.region);
  try {
    const { opcWorkRequestId } = await call('CopyObject', () =>
      client.copyObject({
        namespaceName: source.namespace,
        bucketName: source.bucket,
        copyObjectDetails: {
          sourceObjectName: source.object,
          sourceObjectIfMatchETag: source.eTag,
          destinationRegion: copy.region,
          destinationNamespace: copy.namespace,
          destinationBucket: copy.bucket,
          destinationObjectName: copy.object,
          destinationObjectIfNoneMatchETag: '*',
          // In place of the source's own metadata, of which none is carried.
          destinationObjectMetadata: { [RUN_METADATA]: run.id },
        },
      }),
    );
    return opcWorkRequestId;
  } catch (error) {
    if (hasCode(error, 'InsufficientServicePermissions'))
      throw new CopyPolicyMissingError(copy, source.region, config.compartmentId, ledger.namespace);
    throw error;
  }
}

/** Object Storage may not write there by itself: the mistake that most first copies end in. */
class CopyPolicyMissingError extends ByoiError {
  override readonly name = 'CopyPolicyMissingError';

  constructor(copy: Copy, sourceRegion: string, compartmentId: string, ownNamespace: string) {
    const own = copy.namespace === ownNamespace;
    super(
      'COPY_POLICY_MISSING',
      `Object Storage of ${sourceRegion} is not allowed to write into the bucket ${copy.bucket} in ${copy.region}.`,
      own
        ? `Add the policy \`${copyStatement(sourceRegion, compartmentId)}\` (the compartment of that bucket); then \`byoi runs retry\`.`
        : `Both tenancies need policies: ${crossTenancyStatements(sourceRegion).join('; ')}. Then \`byoi runs retry\`.`,
    );
  }
}

function absent(): never {
  throw new Error('CopyObject before its source is there: the run record is damaged.');
}
