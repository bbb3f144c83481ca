import { createHash, randomUUID } from 'node:crypto';
import { type Answer, type Call, jsonBody, type Operation, pageOf, requiredQuery } from '../api.ts';
import { OciError } from '../errors.ts';
import { callerBucket } from './access.ts';
import { checkWrite, writeConditions } from './conditions.ts';
import { DEFAULT_CONTENT_TYPE, metadataHeaders } from './content-headers.ts';
import { refuseStorageTier, refuseUncovered, uploadNotFound } from './errors.ts';
import { httpDate, requireObjectName } from './objects.ts';
import { receiveBody } from './receive.ts';
import { type Bucket, type ObjectStore, storeOf, type Upload, type UploadedPart } from './store.ts';

/** Part numbers go from 1 to this: Object Storage's own limit. */
const MAX_PART_NUMBER = 10_000;

const UPLOADS = '/n/{namespace}/b/{bucket}/u';
const UPLOAD = '/n/{namespace}/b/{bucket}/u/{object+}';

export const multipartOperations: Operation[] = [
  { name: 'CreateMultipartUpload', method: 'POST', path: UPLOADS, handle: createUpload },
  { name: 'ListMultipartUploads', method: 'GET', path: UPLOADS, handle: listUploads },
  { name: 'UploadPart', method: 'PUT', path: UPLOAD, streaming: true, handle: uploadPart },
  { name: 'ListMultipartUploadParts', method: 'GET', path: UPLOAD, handle: listParts },
  { name: 'CommitMultipartUpload', method: 'POST', path: UPLOAD, handle: commitUpload },
  { name: 'AbortMultipartUpload', method: 'DELETE', path: UPLOAD, handle: abortUpload },
];

interface CreateUploadDetails {
  object: string;
  contentType?: string;
  contentLanguage?: string;
  contentEncoding?: string;
  contentDisposition?: string;
  cacheControl?: string;
  storageTier?: string;
  metadata?: Record<string, string>;
}

function createUpload(call: Call): Answer {
  refuseUncovered(call);
  const bucket = callerBucket(call, 'write');
  const details = jsonBody<CreateUploadDetails>(call);
  refuseStorageTier(details.storageTier);
  const object = requireObjectName(details.object ?? '');
  const store = storeOf(call.region);
  checkWrite(store.object(bucket, object), writeConditions(call.headers));
  const headers: Record<string, string | undefined> = {
    'content-type': details.contentType ?? DEFAULT_CONTENT_TYPE,
    'content-language': details.contentLanguage,
    'content-encoding': details.contentEncoding,
    'content-disposition': details.contentDisposition,
    'cache-control': details.cacheControl,
    ...metadataHeaders(details.metadata ?? {}),
  };
  const upload: Upload = {
    id: randomUUID(),
    namespace: bucket.namespace,
    bucket: bucket.name,
    object,
    timeCreated: call.region.cloud.clock.now().toISOString(),
    headers: Object.fromEntries(
      Object.entries(headers).filter((entry): entry is [string, string] => !!entry[1]),
    ),
  };
  store.uploads.set(upload.id, upload);
  return { body: uploadBody(upload) };
}

function listUploads(call: Call): Answer {
  const bucket = callerBucket(call, 'read');
  const uploads = Array.from(storeOf(call.region).uploads.values()).filter(
    (upload) => upload.namespace === bucket.namespace && upload.bucket === bucket.name,
  );
  const { items, headers } = pageOf(call, uploads);
  return { headers, body: items.map(uploadBody) };
}

async function uploadPart(call: Call): Promise<Answer> {
  refuseUncovered(call);
  const { upload } = callerUpload(call);
  const partNumber = Number(requiredQuery(call, 'uploadPartNum'));
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > MAX_PART_NUMBER)
    throw new OciError(400, 'InvalidUploadPartNumber', `Part numbers go from 1 to ${MAX_PART_NUMBER}.`);
  const store = storeOf(call.region);
  const key = partKey(upload.id, partNumber);
  const conditions = writeConditions(call.headers);
  checkWrite(store.parts.get(key), conditions);
  const { segment, md5 } = await receiveBody(call);
  const replaced = store.parts.get(key);
  try {
    checkWrite(replaced, conditions);
    callerUpload(call);
  } catch (error) {
    store.files.discard([segment]);
    throw error;
  }
  const part = { uploadId: upload.id, partNumber, eTag: randomUUID(), md5, segment };
  store.parts.set(key, part);
  if (replaced) store.files.discard([replaced.segment]);
  return { headers: { etag: part.eTag, 'opc-content-md5': md5 } };
}

function listParts(call: Call): Answer {
  const { upload } = callerUpload(call);
  const { items, headers } = pageOf(call, partsOf(storeOf(call.region), upload));
  const body = items.map(({ partNumber, eTag, md5, segment }) => ({
    partNumber,
    etag: eTag,
    md5,
    size: segment.size,
  }));
  return { headers, body };
}

interface CommitDetails {
  partsToCommit: { partNum: number; etag: string }[];
  partsToExclude?: number[];
}

function commitUpload(call: Call): Answer {
  const { bucket, upload } = callerUpload(call);
  const store = storeOf(call.region);
  const uploaded = partsOf(store, upload);
  const { committed, excluded } = chooseParts(uploaded, jsonBody<CommitDetails>(call));
  const conditions = writeConditions(call.headers);
  // Where it fails the upload stays as it is, to be committed otherwise or aborted.
  checkWrite(store.object(bucket, upload.object), conditions);
  const segments = committed.map((part) => part.segment);
  const content = {
    segments,
    size: segments.reduce((total, segment) => total + segment.size, 0),
    md5: multipartMd5(committed),
    headers: upload.headers,
  };
  // The upload goes first: killed in between, no abort can take the parts from under the object.
  forgetUpload(store, upload, uploaded);
  const record = store.put(bucket, upload.object, content, conditions);
  store.files.discard(excluded.map((part) => part.segment));
  return {
    headers: {
      etag: record.eTag,
      'opc-multipart-md5': record.md5,
      'last-modified': httpDate(record.timeCreated),
    },
  };
}

function abortUpload(call: Call): Answer {
  const { upload } = callerUpload(call);
  abandonUpload(storeOf(call.region), upload);
  return { status: 204 };
}

/**
 * Parts the uploaded ones into those committed and those excluded: each must be named in one of the two lists.
 *
 * @throws {OciError} 400 for a part that is unknown, changed since, out of order or in neither list
 */
function chooseParts(
  uploaded: readonly UploadedPart[],
  { partsToCommit = [], partsToExclude }: CommitDetails,
): { committed: UploadedPart[]; excluded: UploadedPart[] } {
  const byNumber = new Map(uploaded.map((part) => [part.partNumber, part]));
  let previous = 0;
  const committed = partsToCommit.map(({ partNum, etag }) => {
    const part = byNumber.get(partNum);
    if (!part || part.eTag !== etag)
      throw new OciError(400, 'InvalidUploadPart', `Part ${partNum} was not uploaded with the ETag ${etag}.`);
    if (partNum <= previous)
      throw new OciError(400, 'InvalidUploadPartOrder', 'The parts are not in ascending order.');
    previous = partNum;
    byNumber.delete(partNum);
    return part;
  });
  if (committed.length === 0) throw new OciError(400, 'InvalidUploadPart', 'There is no part to commit.');
  const left = Array.from(byNumber.values()).filter((part) => !partsToExclude?.includes(part.partNumber));
  if (left[0])
    throw new OciError(
      400,
      'InvalidUploadPart',
      `Part ${left[0].partNumber} is neither committed nor excluded.`,
    );
  return { committed, excluded: Array.from(byNumber.values()) };
}

/** Object Storage's hash of an object that came in parts: the MD5 of the parts' MD5s, and how many there were. */
function multipartMd5(parts: readonly UploadedPart[]): string {
  const hash = createHash('md5');
  for (const { md5 } of parts) hash.update(Buffer.from(md5, 'base64'));
  return `${hash.digest('base64')}-${parts.length}`;
}

/** The upload that the call names, in a bucket that the caller may write to. @throws {OciError} 404 */
function callerUpload(call: Call): { bucket: Bucket; upload: Upload } {
  const bucket = callerBucket(call, 'write');
  const upload = storeOf(call.region).uploads.get(requiredQuery(call, 'uploadId'));
  const isMeant =
    upload?.namespace === bucket.namespace &&
    upload.bucket === bucket.name &&
    upload.object === call.params.object;
  if (!isMeant) throw uploadNotFound();
  return { bucket, upload };
}

/** The upload goes, and with it what was uploaded of it. */
export function abandonUpload(store: ObjectStore, upload: Upload): void {
  const parts = partsOf(store, upload);
  forgetUpload(store, upload, parts);
  store.files.discard(parts.map((part) => part.segment));
}

function partsOf(store: ObjectStore, upload: Upload): UploadedPart[] {
  return store.partsOf(upload.id).sort((a, b) => a.partNumber - b.partNumber);
}

function forgetUpload(store: ObjectStore, upload: Upload, parts: readonly UploadedPart[]): void {
  store.uploads.delete(upload.id);
  for (const { partNumber } of parts) store.parts.delete(partKey(upload.id, partNumber));
}

const partKey = (uploadId: string, partNumber: number) => `${uploadId}/${partNumber}`;

function uploadBody({ id, headers: _headers, ...upload }: Upload): object {
  return { ...upload, uploadId: id, storageTier: 'Standard' };
}
