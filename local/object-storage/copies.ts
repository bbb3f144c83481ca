import { type Answer, type Call, jsonBody, type Operation } from '../api.ts';
import { OciError } from '../errors.ts';
import type { Region } from '../region.ts';
import { type Progress, WorkFailed, type WorkRequest, type WorkResource } from '../work.ts';
import { callerBucket, reaches } from './access.ts';
import { checkWrite, writeConditions } from './conditions.ts';
import { metadataHeaders, withoutMetadata } from './content-headers.ts';
import { bucketNotFound, refuseStorageTier, refuseUncovered } from './errors.ts';
import { requireObjectName } from './objects.ts';
import { type Bucket, type ObjectRecord, storeOf } from './store.ts';

/** What a copy takes before its first byte, in simulated time. */
const COPY_LATENCY_MS = 2_000;

/** How fast a copy goes between regions, in simulated time; an assumption, OCI promises nothing. */
const COPY_BYTES_PER_MS = 100_000;

/** In how many steps a copy reports its progress. */
const COPY_STEPS = 10;

const COPY = '/n/{namespace}/b/{bucket}/actions/copyObject';

export const copyOperations: Operation[] = [
  { name: 'CopyObject', method: 'POST', path: COPY, handle: copyObject },
];

interface CopyDetails {
  sourceObjectName: string;
  sourceObjectIfMatchETag?: string;
  sourceVersionId?: string;
  destinationRegion: string;
  destinationNamespace: string;
  destinationBucket: string;
  destinationObjectName: string;
  destinationObjectIfMatchETag?: string;
  destinationObjectIfNoneMatchETag?: string;
  destinationObjectMetadata?: Record<string, string>;
  destinationObjectStorageTier?: string;
}

/** What the work request keeps, to do the copy with. */
interface CopyInput {
  readonly source: { namespace: string; bucket: string; object: string; eTag: string };
  readonly destination: { region: string; namespace: string; bucket: string; object: string };
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  /** Replaces the source's where the caller gave any. */
  readonly metadata?: Record<string, string>;
}

function copyObject(call: Call): Answer {
  refuseUncovered(call);
  const bucket = callerBucket(call, 'read');
  const details = jsonBody<CopyDetails>(call);
  refuseStorageTier(details.destinationObjectStorageTier);
  const source = storeOf(call.region).requireObject(bucket, details.sourceObjectName);
  checkWrite(source, { ifMatch: details.sourceObjectIfMatchETag });
  const target = destinationBucket(call, details);
  if (!call.region.cloud.identity.allowsCopy(call.region.name, target.compartmentId))
    throw new OciError(
      400,
      'InsufficientServicePermissions',
      `Permissions granted to the object storage service principal "objectstorage-${call.region.name}" to this bucket are insufficient.`,
    );
  const input = copyInput(bucket, source, details);
  const work = call.region.work.start(call.region.key, {
    service: 'objectstorage',
    operation: 'CopyObject',
    compartmentId: bucket.compartmentId,
    resources: resourcesOf(call.region, input),
    input: { ...input },
  });
  return { status: 202, headers: { 'opc-work-request-id': work.id } };
}

/** @throws {OciError} 400 for a region unknown or not subscribed to, 404 for a bucket not there or not to be written to */
function destinationBucket(call: Call, details: CopyDetails): Bucket {
  const { destinationRegion: name, destinationNamespace: namespace, destinationBucket: bucket } = details;
  const { cloud } = call.region;
  const target = cloud.region(name);
  const { identity } = cloud;
  const tenancies = [
    identity.tenancies.get(call.principal.tenancyId),
    identity.tenancyOfNamespace(namespace),
  ];
  if (!target || tenancies.some((tenancy) => tenancy && !identity.isSubscribed(tenancy, name)))
    throw new OciError(400, 'InvalidRegion', `The region '${name}' is unknown or not subscribed to.`);
  const found = storeOf(target).bucket(namespace, bucket);
  if (!found || !reaches(call, found, 'write')) throw bucketNotFound(namespace, bucket);
  return found;
}

function copyInput(bucket: Bucket, source: ObjectRecord, details: CopyDetails): CopyInput {
  const { ifMatch, ifNoneMatch } = writeConditions({
    'if-match': details.destinationObjectIfMatchETag,
    'if-none-match': details.destinationObjectIfNoneMatchETag,
  });
  const metadata = metadataHeaders(details.destinationObjectMetadata ?? {});
  return {
    source: { namespace: bucket.namespace, bucket: bucket.name, object: source.name, eTag: source.eTag },
    destination: {
      region: details.destinationRegion,
      namespace: details.destinationNamespace,
      bucket: details.destinationBucket,
      object: requireObjectName(details.destinationObjectName ?? ''),
    },
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/**
 * Does the copies that `region` was asked for. It takes hold of the source's content at once, lets the time pass that
 * a copy takes, and only then makes it an object: of a source that is still what it was, under the conditions then.
 */
export function copyExecutor(region: Region): (work: WorkRequest, progress: Progress) => Promise<void> {
  return async (work, progress) => {
    const input = work.input as unknown as CopyInput;
    const target = region.cloud.region(input.destination.region);
    if (!target) throw new WorkFailed('InvalidRegion', 'The destination region is gone.');
    const source = currentSource(region, input);
    const segments = await storeOf(target).files.adopt(storeOf(region).files, source.segments);
    try {
      const durationMs = COPY_LATENCY_MS + source.size / COPY_BYTES_PER_MS;
      for (let step = 1; step <= COPY_STEPS; step += 1) {
        await region.cloud.clock.sleep(durationMs / COPY_STEPS);
        progress.percent((step * 100) / COPY_STEPS - 1);
      }
      await progress.beforeEffect();
      currentSource(region, input);
      if (region.work.get(work.id, 'objectstorage')?.status === 'CANCELED')
        throw new WorkFailed('Canceled', 'The copy was cancelled.');
    } catch (error) {
      storeOf(target).files.discard(segments);
      throw error;
    }
    land(target, input, { ...source, segments });
  };
}

function land(target: Region, input: CopyInput, content: ObjectRecord): void {
  const { namespace, bucket: name, object } = input.destination;
  const store = storeOf(target);
  const headers = input.metadata
    ? { ...withoutMetadata(content.headers), ...input.metadata }
    : content.headers;
  try {
    const bucket = store.bucket(namespace, name);
    if (!bucket) {
      store.files.discard(content.segments);
      throw bucketNotFound(namespace, name);
    }
    store.put(bucket, object, { ...content, headers }, input);
  } catch (error) {
    throw error instanceof OciError ? new WorkFailed(error.code, error.message) : error;
  }
}

/** The source as it was when the copy was asked for. @throws {WorkFailed} where it changed or went away */
function currentSource(region: Region, { source }: CopyInput): ObjectRecord {
  const bucket = storeOf(region).bucket(source.namespace, source.bucket);
  const record = bucket && storeOf(region).object(bucket, source.object);
  if (!record) throw new WorkFailed('ObjectNotFound', 'The source object was deleted while it was copied.');
  if (record.eTag !== source.eTag)
    throw new WorkFailed('IfMatchFailed', 'The source object was changed while it was copied.');
  return record;
}

function resourcesOf(region: Region, { source, destination }: CopyInput): WorkResource[] {
  const resource = (
    actionType: WorkResource['actionType'],
    regionName: string,
    { namespace, bucket, object }: { namespace: string; bucket: string; object: string },
  ): WorkResource => ({
    entityType: 'object',
    actionType,
    identifier: object,
    entityUri: `/n/${namespace}/b/${bucket}/o/${encodeURIComponent(object)}`,
    metadata: { REGION: regionName, NAMESPACE: namespace, BUCKET: bucket, OBJECT: object },
  });
  return [resource('READ', region.name, source), resource('WRITTEN', destination.region, destination)];
}
