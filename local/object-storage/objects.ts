import { type Answer, type Call, jsonBody, type Operation } from '../api.ts';
import { conflict, OciError } from '../errors.ts';
import { callerBucket } from './access.ts';
import { checkWrite, isUnmodified, writeConditions } from './conditions.ts';
import { contentHeaders } from './content-headers.ts';
import { refuseUncovered } from './errors.ts';
import { parseRange } from './range.ts';
import { receiveBody } from './receive.ts';
import { type Bucket, type ObjectRecord, storeOf } from './store.ts';

/** An object's name in UTF-8 is at most this long: Object Storage's own limit. */
const MAX_NAME_BYTES = 1024;

const OBJECT = '/n/{namespace}/b/{bucket}/o/{object+}';
const RENAME = '/n/{namespace}/b/{bucket}/actions/renameObject';

/** Where a call's object lies; throws where the caller may not have it. */
type Locate = (call: Call, access: 'read' | 'write') => Bucket;

export const objectOperations: Operation[] = [
  ...contentOperations(OBJECT, callerBucket),
  { name: 'DeleteObject', method: 'DELETE', path: OBJECT, handle: deleteObject },
  { name: 'RenameObject', method: 'POST', path: RENAME, handle: renameObject },
];

/** Get, head and put, for whoever `locate` lets through: a signed caller, or the bearer of a PAR's URL. */
export function contentOperations(path: string, locate: Locate, unsigned = false): Operation[] {
  const get = (call: Call) => getObject(call, locate(call, 'read'), true);
  const head = (call: Call) => getObject(call, locate(call, 'read'), false);
  const put = (call: Call) => putObject(call, locate(call, 'write'));
  return [
    { name: 'GetObject', method: 'GET', path, unsigned, handle: get },
    { name: 'HeadObject', method: 'HEAD', path, unsigned, handle: head },
    { name: 'PutObject', method: 'PUT', path, unsigned, streaming: true, handle: put },
  ];
}

/** @throws {OciError} 400 for a name that Object Storage does not take */
export function requireObjectName(name: string): string {
  const valid = name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES && !/[\0\r\n]/.test(name);
  if (!valid) throw new OciError(400, 'InvalidObjectName', 'The object name is invalid.');
  return name;
}

function getObject(call: Call, bucket: Bucket, withContent: boolean): Answer {
  refuseUncovered(call);
  const store = storeOf(call.region);
  const record = store.requireObject(bucket, call.params.object ?? '');
  const headers = objectHeaders(record);
  if (isUnmodified(record.eTag, call.headers)) return { status: 304, headers: { etag: record.eTag } };
  const range = parseRange(call.headers.range, record.size);
  const { start, end } = range ?? { start: 0, end: record.size };
  headers['content-length'] = end - start;
  if (range) headers['content-range'] = `bytes ${start}-${end - 1}/${record.size}`;
  const answer = { status: range ? 206 : 200, headers };
  return withContent ? { ...answer, body: store.files.body(record.segments, start, end) } : answer;
}

async function putObject(call: Call, bucket: Bucket): Promise<Answer> {
  refuseUncovered(call);
  const name = requireObjectName(call.params.object ?? '');
  const store = storeOf(call.region);
  const conditions = writeConditions(call.headers);
  // Before the content comes, to spare the client the sending; again, in `put`, when it has come.
  checkWrite(store.object(bucket, name), conditions);
  const { segment, md5 } = await receiveBody(call);
  const content = { segments: [segment], size: segment.size, md5, headers: contentHeaders(call) };
  const record = store.put(bucket, name, content, conditions);
  return {
    headers: { etag: record.eTag, 'opc-content-md5': md5, 'last-modified': httpDate(record.timeCreated) },
  };
}

function deleteObject(call: Call): Answer {
  refuseUncovered(call);
  const bucket = callerBucket(call, 'write');
  const store = storeOf(call.region);
  const record = store.requireObject(bucket, call.params.object ?? '');
  checkWrite(record, { ifMatch: call.headers['if-match'] });
  store.remove(bucket, record);
  return { status: 204, headers: { 'last-modified': httpDate(call.region.cloud.clock.now().toISOString()) } };
}

interface RenameDetails {
  sourceName: string;
  newName: string;
  srcObjIfMatchETag?: string;
  newObjIfMatchETag?: string;
  newObjIfNoneMatchETag?: string;
}

async function renameObject(call: Call): Promise<Answer> {
  const bucket = callerBucket(call, 'write');
  const details = jsonBody<RenameDetails>(call);
  const store = storeOf(call.region);
  const newName = requireObjectName(details.newName ?? '');
  if (newName === details.sourceName)
    throw new OciError(400, 'SourceNameSameAsNewName', 'The new name is the same as the source name.');
  const source = store.requireObject(bucket, details.sourceName);
  checkWrite(source, { ifMatch: details.srcObjIfMatchETag });
  const conditions = writeConditions({
    'if-match': details.newObjIfMatchETag,
    'if-none-match': details.newObjIfNoneMatchETag,
  });
  // Two names for the same bytes first, then one less: killed in between, nothing is lost.
  const segments = await store.files.adopt(store.files, source.segments);
  if (store.object(bucket, source.name)?.eTag !== source.eTag) {
    store.files.discard(segments);
    throw conflict('ConcurrentObjectUpdate', 'The source object was changed while it was renamed.');
  }
  const renamed = store.put(bucket, newName, { ...source, segments }, conditions);
  store.remove(bucket, source);
  return { headers: { etag: renamed.eTag, 'last-modified': httpDate(renamed.timeCreated) } };
}

/** What a read tells of an object besides its length. The MD5 is that of the whole object, also on a range. */
function objectHeaders(record: ObjectRecord): Record<string, string | number> {
  const inParts = record.md5.includes('-');
  return {
    ...record.headers,
    etag: record.eTag,
    'last-modified': httpDate(record.timeCreated),
    'accept-ranges': 'bytes',
    'storage-tier': 'Standard',
    [inParts ? 'opc-multipart-md5' : 'content-md5']: record.md5,
  };
}

export const httpDate = (iso: string) => new Date(iso).toUTCString();
