import { type Answer, type Call, jsonBody, type Operation, pageOf, requiredQuery } from '../api.ts';
import { conflict, notCovered, OciError } from '../errors.ts';
import { newOcid } from '../ids.ts';
import { callerBucket, callerNamespace, ownBucket } from './access.ts';
import { checkWrite, isUnmodified } from './conditions.ts';
import { namespaceNotFound } from './errors.ts';
import { type Bucket, storeOf } from './store.ts';

/** Object Storage's rule for bucket names. */
const BUCKET_NAME = /^[A-Za-z0-9._-]{1,256}$/;

export const bucketOperations: Operation[] = [
  { name: 'GetNamespace', method: 'GET', path: '/n', handle: getNamespace },
  { name: 'GetNamespaceMetadata', method: 'GET', path: '/n/{namespace}', handle: getNamespaceMetadata },
  { name: 'ListBuckets', method: 'GET', path: '/n/{namespace}/b', handle: listBuckets },
  { name: 'CreateBucket', method: 'POST', path: '/n/{namespace}/b', handle: createBucket },
  { name: 'GetBucket', method: 'GET', path: '/n/{namespace}/b/{bucket}', handle: getBucket },
  { name: 'HeadBucket', method: 'HEAD', path: '/n/{namespace}/b/{bucket}', handle: getBucket },
  { name: 'UpdateBucket', method: 'POST', path: '/n/{namespace}/b/{bucket}', handle: updateBucket },
  { name: 'DeleteBucket', method: 'DELETE', path: '/n/{namespace}/b/{bucket}', handle: deleteBucket },
];

/** The fields that CreateBucket and UpdateBucket share, as far as they are covered. */
interface BucketDetails {
  name?: string;
  namespace?: string;
  compartmentId?: string;
  metadata?: Record<string, string>;
  objectEventsEnabled?: boolean;
  freeformTags?: Record<string, string>;
  definedTags?: Record<string, Record<string, unknown>>;
}

/** What a bucket here always is; to ask for anything else is not covered. */
const FIXED_PROPERTIES = {
  publicAccessType: 'NoPublicAccess',
  storageTier: 'Standard',
  versioning: 'Disabled',
  autoTiering: 'Disabled',
};

function getNamespace(call: Call): Answer {
  const { identity } = call.region.cloud;
  const compartmentId = call.query.get('compartmentId') ?? call.principal.tenancyId;
  const tenancy = identity.tenancyOf(compartmentId);
  if (!tenancy) throw namespaceNotFound();
  return {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(tenancy.namespace)),
  };
}

function getNamespaceMetadata(call: Call): Answer {
  const { namespace, tenancy } = callerNamespace(call);
  return {
    body: { namespace, defaultS3CompartmentId: tenancy.id, defaultSwiftCompartmentId: tenancy.id },
  };
}

function listBuckets(call: Call): Answer {
  const { namespace } = callerNamespace(call);
  const compartmentId = requiredQuery(call, 'compartmentId');
  const withTags = listOf(call, 'fields').includes('tags');
  const buckets = storeOf(call.region)
    .buckets()
    .filter((bucket) => bucket.namespace === namespace && bucket.compartmentId === compartmentId)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, headers } = pageOf(call, buckets);
  const body = items.map((bucket) => {
    const { name, createdBy, timeCreated, eTag: etag, freeformTags, definedTags } = bucket;
    const summary = { namespace, name, compartmentId, createdBy, timeCreated, etag };
    return withTags ? { ...summary, freeformTags, definedTags } : summary;
  });
  return { headers, body };
}

function createBucket(call: Call): Answer {
  const { namespace } = callerNamespace(call);
  const details = coveredDetails(call);
  const { name = '', compartmentId = '' } = details;
  if (!BUCKET_NAME.test(name)) throw new OciError(400, 'InvalidBucketName', `Invalid bucket name '${name}'.`);
  requireCompartment(call, compartmentId);
  const store = storeOf(call.region);
  if (store.bucket(namespace, name))
    throw conflict(
      'BucketAlreadyExists',
      `Either the bucket '${name}' in namespace '${namespace}' already exists or you are not authorized to create it`,
    );
  const bucket = store.saveBucket({
    id: newOcid('bucket', call.region.key),
    namespace,
    name,
    compartmentId,
    createdBy: call.principal.id,
    timeCreated: call.region.cloud.clock.now().toISOString(),
    objectEventsEnabled: details.objectEventsEnabled ?? false,
    metadata: details.metadata ?? {},
    freeformTags: details.freeformTags ?? {},
    definedTags: details.definedTags ?? {},
  });
  const location = `${call.region.endpoint}/n/${namespace}/b/${name}`;
  return { headers: { etag: bucket.eTag, location }, body: bucketBody(bucket) };
}

function getBucket(call: Call): Answer {
  const bucket = callerBucket(call, 'read');
  const headers = { etag: bucket.eTag };
  if (isUnmodified(bucket.eTag, call.headers)) return { status: 304, headers };
  const fields = listOf(call, 'fields');
  const body: Record<string, unknown> = bucketBody(bucket);
  if (fields.includes('approximateCount')) body.approximateCount = storeOf(call.region).names(bucket).size;
  if (fields.includes('approximateSize')) body.approximateSize = bucketSize(call, bucket);
  return { headers, body };
}

function updateBucket(call: Call): Answer {
  const bucket = ownBucket(call);
  checkWrite(bucket, { ifMatch: call.headers['if-match'] });
  const { name, namespace, ...changes } = coveredDetails(call);
  if (name !== undefined && name !== bucket.name) throw notCovered('renaming a bucket');
  if (namespace !== undefined && namespace !== bucket.namespace)
    throw new OciError(400, 'MismatchedNamespaceNames', 'The namespaces in the path and the body differ.');
  if (changes.compartmentId !== undefined) requireCompartment(call, changes.compartmentId);
  const updated = storeOf(call.region).saveBucket({ ...bucket, ...changes });
  return { headers: { etag: updated.eTag }, body: bucketBody(updated) };
}

function deleteBucket(call: Call): Answer {
  const bucket = ownBucket(call);
  const store = storeOf(call.region);
  checkWrite(bucket, { ifMatch: call.headers['if-match'] });
  const isOfBucket = (item: { namespace: string; bucket: string }) =>
    item.namespace === bucket.namespace && item.bucket === bucket.name;
  if (store.names(bucket).size > 0 || Array.from(store.uploads.values()).some(isOfBucket))
    throw conflict(
      'BucketNotEmpty',
      `Bucket named '${bucket.name}' is not empty. Delete all objects and multipart uploads first.`,
    );
  if (Array.from(store.pars.values()).some(isOfBucket))
    throw conflict(
      'PreauthenticatedRequestStillExists',
      `Bucket named '${bucket.name}' has pre-authenticated requests. Delete them first.`,
    );
  store.deleteBucket(bucket);
  return { status: 204 };
}

/** The body of CreateBucket or UpdateBucket, with only the fields that are kept. @throws {OciError} 501 */
function coveredDetails(call: Call): BucketDetails {
  const details = jsonBody<BucketDetails & Record<string, unknown>>(call);
  for (const [property, value] of Object.entries(FIXED_PROPERTIES)) {
    const wanted = details[property] ?? value;
    if (wanted !== value) throw notCovered(`a bucket with ${property} ${wanted}`);
  }
  if (details.kmsKeyId) throw notCovered('a bucket with a KMS key');
  const { name, namespace, compartmentId, metadata, objectEventsEnabled, freeformTags, definedTags } =
    details;
  const covered = {
    name,
    namespace,
    compartmentId,
    metadata,
    objectEventsEnabled,
    freeformTags,
    definedTags,
  };
  return Object.fromEntries(
    Object.entries(covered).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** A list in the query: repeated by the TypeScript SDK, separated by commas by the others. */
function listOf(call: Call, name: string): string[] {
  return call.query.getAll(name).flatMap((value) => value.split(','));
}

function requireCompartment(call: Call, compartmentId: string): void {
  if (call.region.cloud.identity.tenancyOf(compartmentId)?.id === call.principal.tenancyId) return;
  throw new OciError(404, 'CompartmentIdNotFound', `The compartment '${compartmentId}' does not exist.`);
}

function bucketSize(call: Call, bucket: Bucket): number {
  const store = storeOf(call.region);
  const names = store.names(bucket);
  let total = 0;
  for (let index = 0; index < names.size; index += 1)
    total += store.object(bucket, names.at(index) ?? '')?.size ?? 0;
  return total;
}

function bucketBody({ eTag, ...bucket }: Bucket): Record<string, unknown> {
  return { ...bucket, ...FIXED_PROPERTIES, etag: eTag, isReadOnly: false, replicationEnabled: false };
}
