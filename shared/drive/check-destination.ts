import { ByoiError } from '../errors.ts';
import { call, hasStatus } from '../oci/errors.ts';
import { peekObject } from '../oci/objects.ts';
import type { Branch, Copy, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { shellWord } from '../shell-word.ts';
import { destinationOccupied } from './copy-failures.ts';
import { isCopyOf } from './own-copy.ts';
import type { BranchPerformer } from './perform.ts';
import { crossTenancyStatements } from './policy-statements.ts';

/** OCI's names of the limit on custom images. */
const COMPUTE = 'compute';
const IMAGE_LIMIT = 'custom-image-count';

/**
 * Can the destination take a copy and its image? What is missing is told now, and not after hours of copying. A copy of
 * this run's that is there already needs no other.
 */
export const checkDestination: BranchPerformer = async (deployment, run, branch) => {
  const { id, copy } = branch;
  if (!copy)
    throw new Error('A destination to check, but the branch copies nothing: the run record is damaged.');
  await checkSubscription(deployment, copy.region, copy.namespace);
  const [head] = await Promise.all([
    peekObject(deployment.clients, copy),
    checkBucket(deployment, run, copy),
    branch.imports ? checkImageLimit(deployment, branch) : undefined,
  ]);
  if (!head) return { kind: 'destination-checked', branch: id };
  if (isCopyOf(run, head)) return { kind: 'copy-found', branch: id, eTag: head.eTag };
  return { kind: 'copy-failed', branch: id, failure: destinationOccupied(copy) };
};

/**
 * Likewise of a branch that copies nothing. Its region is as somebody wrote it: of one that there is none of no endpoint
 * answers, which would pass for a passing failure.
 *
 * @throws {RegionNotSubscribedError} @throws {ImageLimitError}
 */
export async function checkRegion(deployment: Deployment, branch: Branch): Promise<void> {
  await checkSubscription(deployment, branch.region, deployment.ledger.namespace);
  await checkImageLimit(deployment, branch);
}

/** @throws {RegionNotSubscribedError} */
async function checkSubscription(
  { clients, config, ledger }: Deployment,
  region: string,
  namespace: string,
): Promise<void> {
  const { tenancyId } = config;
  // Another tenancy's subscriptions are its own affair, and not to be seen.
  if (!tenancyId || namespace !== ledger.namespace || region === ledger.region) return;
  const client = await clients.identity(ledger.region);
  const { items } = await call('ListRegionSubscriptions', () =>
    client.listRegionSubscriptions({ tenancyId }),
  );
  if (!items.some(({ regionName }) => regionName === region))
    throw new RegionNotSubscribedError(region, tenancyId);
}

/** @throws {DestinationMissingError} */
async function checkBucket({ clients, config, ledger }: Deployment, run: Run, copy: Copy): Promise<void> {
  const client = await clients.objectStorage(copy.region);
  try {
    await call('HeadBucket', () =>
      client.headBucket({ namespaceName: copy.namespace, bucketName: copy.bucket }),
    );
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    const { region, namespace, bucket } = copy;
    throw namespace === ledger.namespace
      ? new DestinationMissingError(bucket, region, namespace, config.compartmentId)
      : new DestinationForeignError(bucket, region, namespace, run.source?.region ?? ledger.region);
  }
}

/** @throws {ImageLimitError} where one more image would be too many */
async function checkImageLimit({ clients, config }: Deployment, { region }: Branch): Promise<void> {
  const { tenancyId } = config;
  if (!tenancyId) return;
  const client = await clients.limits(region);
  try {
    const { resourceAvailability } = await call('GetResourceAvailability', () =>
      client.getResourceAvailability({
        serviceName: COMPUTE,
        limitName: IMAGE_LIMIT,
        compartmentId: tenancyId,
      }),
    );
    if (resourceAvailability.available === 0) throw new ImageLimitError(region);
  } catch (error) {
    // Without the right to look at limits, CreateImage says it.
    if (!hasStatus(error, 404)) throw error;
  }
}

class RegionNotSubscribedError extends ByoiError {
  override readonly name = 'RegionNotSubscribedError';

  constructor(region: string, tenancyId: string) {
    super(
      'REGION_NOT_SUBSCRIBED',
      `The tenancy is not subscribed to ${region}.`,
      `As an administrator, in the home region, with the region's key: \`oci iam region-subscription create --tenancy-id ${tenancyId} --region-key …\`; then \`byoi runs retry\`.`,
    );
  }
}

class DestinationMissingError extends ByoiError {
  override readonly name = 'DestinationMissingError';

  constructor(bucket: string, region: string, namespace: string, compartmentId: string) {
    super(
      'DESTINATION_BUCKET_MISSING',
      `The bucket ${bucket} does not exist in ${region}, or the functions may not see it.`,
      `\`oci os bucket create --region ${shellWord(region)} -ns ${shellWord(namespace)} -c ${compartmentId} --name ${shellWord(bucket)}\`; then \`byoi runs retry\`.`,
    );
  }
}

class DestinationForeignError extends ByoiError {
  override readonly name = 'DestinationForeignError';

  constructor(bucket: string, region: string, namespace: string, sourceRegion: string) {
    super(
      'DESTINATION_NOT_ADMITTED',
      `The bucket ${bucket} in the namespace ${namespace} does not exist in ${region}, or its tenancy does not admit the functions.`,
      `Both tenancies need policies: ${crossTenancyStatements(sourceRegion).join('; ')}. Then \`byoi runs retry\`.`,
    );
  }
}

class ImageLimitError extends ByoiError {
  override readonly name = 'ImageLimitError';

  constructor(region: string) {
    super(
      'OCI_LIMIT_EXCEEDED',
      `${region} has as many custom images as the limit ${IMAGE_LIMIT} allows.`,
      'Delete what is no longer needed, or ask for a higher limit: Console, Limits, Quotas and Usage; then `byoi runs retry`.',
    );
  }
}
