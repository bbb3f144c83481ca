import { ByoiError } from '../errors.ts';
import type { Clients } from '../oci/clients.ts';
import { call, callUnlessMissing, OciServiceError } from '../oci/errors.ts';
import { availableOf } from '../oci/limits.ts';
import type { Branch, BucketAddress, Copy } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { shellWord } from '../shell-word.ts';
import { crossTenancyStatements } from './policy-statements.ts';

/** OCI's name of the limit on custom images. */
const IMAGE_LIMIT = 'custom-image-count';

/**
 * Is the branch's region one of the tenancy's, and has it room for an image? It is as somebody wrote it: of one that there
 * is none of no endpoint answers, which would pass for a passing failure.
 *
 * @throws {RegionNotSubscribedError} @throws {ImageLimitError}
 */
export async function checkRegion(
  deployment: Deployment,
  branch: Branch,
  subscribed = subscribedRegions(deployment),
): Promise<void> {
  const { region, imports } = branch;
  await checkSubscription(deployment, branch, subscribed);
  if (imports && (await roomForImages(deployment, region)) === 0) throw new ImageLimitError(region);
}

/** @throws {RegionNotSubscribedError} */
export async function checkSubscription(
  deployment: Deployment,
  { region, copy }: Branch,
  subscribed = subscribedRegions(deployment),
): Promise<void> {
  const { config, ledger } = deployment;
  const { tenancyId } = config;
  // Another tenancy's subscriptions are its own affair, and not to be seen.
  const own = !copy || copy.namespace === ledger.namespace;
  if (!tenancyId || !own || region === ledger.region) return;
  if (!(await subscribed(tenancyId)).has(region)) throw new RegionNotSubscribedError(region, tenancyId);
}

/** Asks for the names of the tenancy's regions when they are needed first, and then no more. */
export function subscribedRegions({ clients, ledger }: Deployment) {
  let asked: Promise<ReadonlySet<string | undefined>> | undefined;
  const ask = async (tenancyId: string) => {
    const client = await clients.identity(ledger.region);
    const { items } = await call('ListRegionSubscriptions', () =>
      client.listRegionSubscriptions({ tenancyId }),
    );
    return new Set(items.map(({ regionName }) => regionName));
  };
  return (tenancyId: string): Promise<ReadonlySet<string | undefined>> => {
    asked ??= ask(tenancyId);
    return asked;
  };
}

/**
 * @param sourceRegion where what is copied lies, for the policies of another tenancy
 * @throws {DestinationMissingError} @throws {DestinationForeignError}
 */
export async function checkBucket(
  deployment: Deployment,
  copy: Copy,
  sourceRegion: string | undefined,
): Promise<void> {
  if (await isBucketThere(deployment, copy)) return;
  const { config, ledger } = deployment;
  throw copy.namespace === ledger.namespace
    ? new DestinationMissingError(copy, config.compartmentId)
    : new DestinationForeignError(copy, sourceRegion ?? ledger.region);
}

/** @throws {ExportBucketMissingError} */
export async function checkExportBucket(deployment: Deployment, bucket: BucketAddress): Promise<void> {
  if (await isBucketThere(deployment, bucket)) return;
  throw new ExportBucketMissingError(bucket, deployment.config.compartmentId);
}

async function isBucketThere({ clients }: Deployment, address: BucketAddress): Promise<boolean> {
  const { region, namespace: namespaceName, bucket: bucketName } = address;
  const client = await clients.objectStorage(region);
  const head = await callUnlessMissing('HeadBucket', () => client.headBucket({ namespaceName, bucketName }));
  return head !== undefined;
}

/** How many images more the region may have; Infinity where nobody says. */
export async function roomForImages({ clients, config }: Deployment, region: string): Promise<number> {
  const { tenancyId } = config;
  if (!tenancyId) return Infinity;
  try {
    return (await availableImages(clients, region, tenancyId)) ?? Infinity;
  } catch (error) {
    // A courtesy: where limits may not be looked at, or their service is away, CreateImage says it.
    if (error instanceof OciServiceError) return Infinity;
    throw error;
  }
}

/** What the limit on custom images leaves in a region; undefined where OCI does not say. */
export const availableImages = (clients: Clients, region: string, tenancyId: string) =>
  availableOf(clients, region, tenancyId, { serviceName: 'compute', limitName: IMAGE_LIMIT });

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

  constructor(bucket: BucketAddress, compartmentId: string) {
    super('DESTINATION_BUCKET_MISSING', missing(bucket), createCommand(bucket, compartmentId));
  }
}

class ExportBucketMissingError extends ByoiError {
  override readonly name = 'ExportBucketMissingError';

  constructor(bucket: BucketAddress, compartmentId: string) {
    super('EXPORT_BUCKET_MISSING', missing(bucket), createCommand(bucket, compartmentId));
  }
}

const missing = ({ region, bucket }: BucketAddress) =>
  `The bucket ${bucket} does not exist in ${region}, or the functions may not see it.`;

const createCommand = ({ region, namespace, bucket }: BucketAddress, compartmentId: string) =>
  `\`oci os bucket create --region ${shellWord(region)} -ns ${shellWord(namespace)} -c ${compartmentId} --name ${shellWord(bucket)}\`; then \`byoi runs retry\`.`;

class DestinationForeignError extends ByoiError {
  override readonly name = 'DestinationForeignError';

  constructor(address: BucketAddress, sourceRegion: string) {
    const { region, namespace, bucket } = address;
    super(
      'DESTINATION_NOT_ADMITTED',
      `The bucket ${bucket} in the namespace ${namespace} does not exist in ${region}, or its tenancy does not admit the functions.`,
      `Both tenancies need policies: ${crossTenancyStatements(sourceRegion).join('; ')}. Then \`byoi runs retry\`.`,
    );
  }
}

export class ImageLimitError extends ByoiError {
  override readonly name = 'ImageLimitError';

  constructor(region: string) {
    super(
      'OCI_LIMIT_EXCEEDED',
      `${region} has as many custom images as the limit ${IMAGE_LIMIT} allows.`,
      'Delete what is no longer needed, or ask for a higher limit: Console, Limits, Quotas and Usage; then `byoi runs retry`.',
    );
  }
}
