import type { Answer, Call, Operation } from '../api.ts';
import { notCovered, OciError } from '../errors.ts';
import { callerBucket } from './access.ts';
import { compareUtf8 } from './sorted-names.ts';
import { type ObjectRecord, type ObjectStore, storeOf } from './store.ts';

/** A page has at most this many objects and prefixes: Object Storage's own limit and default. */
const MAX_PAGE = 1000;

export const listingOperations: Operation[] = [
  { name: 'ListObjects', method: 'GET', path: '/n/{namespace}/b/{bucket}/o', handle: listObjects },
];

interface ListRequest {
  readonly prefix: string;
  /** First name that may be listed. */
  readonly start: string;
  /** First name that may not; none without it. */
  readonly end: string | undefined;
  readonly startAfter: string | undefined;
  readonly delimiter: boolean;
  readonly limit: number;
}

function listObjects(call: Call): Answer {
  const bucket = callerBucket(call, 'read');
  const store = storeOf(call.region);
  const { names, prefixes, nextStartWith } = listNames(store.names(bucket), listRequest(call));
  const fields = new Set((call.query.get('fields') ?? 'name').toLowerCase().split(','));
  const objects = names.map((name) => summaryOf(store.requireObject(bucket, name), fields));
  return { body: { objects, prefixes, ...(nextStartWith !== undefined && { nextStartWith }) } };
}

function listRequest({ query }: Call): ListRequest {
  const delimiter = query.get('delimiter') ?? '';
  if (delimiter !== '' && delimiter !== '/') throw notCovered(`the delimiter '${delimiter}'`);
  const limit = Number(query.get('limit') ?? MAX_PAGE);
  if (!Number.isInteger(limit) || limit < 1) throw new OciError(400, 'InvalidLimit', 'The limit is invalid.');
  return {
    prefix: query.get('prefix') ?? '',
    start: query.get('start') ?? '',
    end: query.get('end') ?? undefined,
    startAfter: query.get('startAfter') ?? undefined,
    delimiter: delimiter === '/',
    limit: Math.min(limit, MAX_PAGE),
  };
}

/** Walks one page; what a common prefix covers is jumped over, not walked. */
function listNames(
  index: ReturnType<ObjectStore['names']>,
  { prefix, start, end, startAfter, delimiter, limit }: ListRequest,
): { names: string[]; prefixes: string[]; nextStartWith?: string } {
  const names: string[] = [];
  const prefixes: string[] = [];
  let position = Math.max(index.seek(prefix), index.seek(start));
  if (startAfter !== undefined) {
    const after = index.seek(startAfter);
    position = Math.max(position, index.at(after) === startAfter ? after + 1 : after);
  }
  for (;;) {
    const name = index.at(position);
    if (name === undefined || !name.startsWith(prefix)) break;
    if (end !== undefined && compareUtf8(name, end) >= 0) break;
    const slash = delimiter ? name.indexOf('/', prefix.length) : -1;
    const commonPrefix = name.slice(0, slash + 1);
    if (names.length + prefixes.length === limit)
      return { names, prefixes, nextStartWith: slash < 0 ? name : commonPrefix };
    if (slash < 0) {
      names.push(name);
      position += 1;
    } else {
      prefixes.push(commonPrefix);
      // '0' follows '/' in ASCII: the first name after all that begin with the prefix.
      position = index.seek(`${name.slice(0, slash)}0`);
    }
  }
  return { names, prefixes };
}

function summaryOf(record: ObjectRecord, fields: ReadonlySet<string>): Record<string, unknown> {
  const { name, size, md5, eTag: etag, timeCreated } = record;
  const all = { size, md5, etag, timeCreated, timeModified: timeCreated, storageTier: 'Standard' };
  const asked = Object.entries(all).filter(([field]) => fields.has(field.toLowerCase()));
  return { name, ...Object.fromEntries(asked) };
}
