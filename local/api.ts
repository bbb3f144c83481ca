import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { invalidParameter, OciError } from './errors.ts';
import type { Principal } from './identity/principals.ts';
import type { Region } from './region.ts';

/** JSON bodies are at most what OCI Functions take as a payload, and a little for what wraps them. */
const MAX_JSON_BYTES = 8 * 1024 * 1024;

/** One operation of a service's API, named as in Oracle's API reference. */
export interface Operation {
  /** `CreateImage`: what faults, logs and the 501 answer call it. */
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  /**
   * `/n/{namespaceName}/b/{bucketName}/o/{objectName+}`: `{name}` is one segment, `{name+}` the rest of the path.
   * Values arrive percent-decoded.
   */
  readonly path: string;
  /** Used without a signature: the URL of a pre-authenticated request, and `/_local/`. */
  readonly unsigned?: boolean;
  /** The body is the payload itself (PutObject, UploadPart): streamed, and not part of the signature. */
  readonly streaming?: boolean;
  handle(call: Call): Promise<Answer> | Answer;
}

/** A request that was routed and authenticated. */
export interface Call {
  readonly region: Region;
  /** Who signed; on unsigned operations the anonymous principal. */
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The whole body; for a `streaming` operation empty: read `stream` instead. */
  readonly body: Buffer;
  /** Taking it asks a client for the body that waits for that (`Expect: 100-continue`): check first, then take it. */
  readonly stream: IncomingMessage;
}

export interface Answer {
  /** 200 unless told. */
  readonly status?: number;
  readonly headers?: Record<string, string | number | undefined>;
  /** An object or array is sent as JSON; a Buffer or content as it is. */
  readonly body?: object | Buffer | Content;
}

/** A body that is not in memory: it writes itself as fast as `target` takes it, and ends it. */
export interface Content {
  writeTo(target: Writable): Promise<void>;
}

export const isContent = (body: object | undefined): body is Content =>
  body !== undefined && 'writeTo' in body;

/** The call's body as JSON. @throws {OciError} 400 where it is none. */
export function jsonBody<T>(call: Call): T {
  try {
    return JSON.parse(call.body.toString('utf8')) as T;
  } catch {
    throw new OciError(400, 'CannotParseRequest', 'The body is not valid JSON.');
  }
}

/** A query parameter the operation cannot do without. */
export function requiredQuery(call: Call, name: string): string {
  const value = call.query.get(name);
  if (value === null || value === '') throw invalidParameter(`The query parameter ${name} is required.`);
  return value;
}

export async function readBody(stream: IncomingMessage): Promise<Buffer> {
  const { 'content-length': contentLength, 'transfer-encoding': transferEncoding } = stream.headers;
  // RFC 9112, 6.3: a request that announces no body has none.
  if (contentLength === undefined && transferEncoding === undefined) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_JSON_BYTES)
      throw new OciError(413, 'PayloadTooLarge', `The body exceeds ${MAX_JSON_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** One page of `items` after `page` (an offset as text), as OCI pages: `opc-next-page` while more follow. */
export function pageOf<T>(
  call: Call,
  items: readonly T[],
  defaultLimit = 100,
  maxLimit = Number.POSITIVE_INFINITY,
): { items: T[]; headers: Record<string, string> } {
  const limit = Math.max(1, Number(call.query.get('limit') ?? defaultLimit) || defaultLimit);
  if (limit > maxLimit) throw invalidParameter(`limit is at most ${maxLimit}.`);
  const start = Number(call.query.get('page') ?? 0);
  if (!Number.isSafeInteger(start) || start < 0) throw invalidParameter('The page token is invalid.');
  const end = start + limit;
  return {
    items: items.slice(start, end),
    headers: end < items.length ? { 'opc-next-page': String(end) } : {},
  };
}
