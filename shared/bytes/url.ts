import { SourceChangedError, SourceUnavailableError } from './errors.ts';
import { HEAD_LENGTH } from './paged.ts';
import { type ByteSource, checkRange } from './source.ts';

/** From request to last byte. Object Storage answers a range of a few MiB in well under a second. */
const READ_TIMEOUT_MS = 30_000;

interface Answer {
  readonly bytes: Buffer;
  /** Size of the whole object, in bytes. */
  readonly size: number;
  readonly etag: string | null;
}

/**
 * An object behind an HTTP URL (a pre-authenticated request, any web server with ranges). The first
 * read, of HEAD_LENGTH bytes, tells the size and is kept, so that knowing the size costs no request.
 * The ETag of the first answer is pinned: If-Match is sent, and each answer's ETag and size are
 * compared too, since nothing says that a PAR honours If-Match.
 *
 * @throws {SourceUnavailableError} on a failed or late answer; its text never has the URL in it
 * @throws {SourceChangedError} from `read`, when the object is no longer the one opened
 */
export async function openUrl(url: string, timeoutMs = READ_TIMEOUT_MS): Promise<ByteSource> {
  const first = await get(url, 0, HEAD_LENGTH, null, timeoutMs);
  const source: ByteSource = {
    size: first.size,
    async read(offset, length) {
      checkRange(source, offset, length);
      if (length === 0) return Buffer.alloc(0);
      if (offset + length <= first.bytes.length) return first.bytes.subarray(offset, offset + length);
      const answer = await get(url, offset, length, first.etag, timeoutMs);
      if (answer.etag !== first.etag || answer.size !== first.size) throw new SourceChangedError();
      return answer.bytes;
    },
  };
  return source;
}

async function get(
  url: string,
  offset: number,
  length: number,
  etag: string | null,
  timeoutMs: number,
): Promise<Answer> {
  const headers: Record<string, string> = { range: `bytes=${offset}-${offset + length - 1}` };
  // RFC 9110 §13.1.1: If-Match compares strongly, a weak ETag never matches.
  if (etag && !etag.startsWith('W/')) headers['if-match'] = etag;
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    try {
      return await readAnswer(response, offset, length);
    } finally {
      await response.body?.cancel().catch(() => undefined);
    }
  } catch (error) {
    if (error instanceof SourceChangedError || error instanceof SourceUnavailableError) throw error;
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new SourceUnavailableError(`no answer within ${timeoutMs} ms`);
    }
    // fetch's own message is "fetch failed"; the cause says why, by a code and never by the URL.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
    const code = cause && 'code' in cause ? String(cause.code) : 'the request failed';
    throw new SourceUnavailableError(code);
  }
}

async function readAnswer(response: Response, offset: number, length: number): Promise<Answer> {
  if (response.status === 412) throw new SourceChangedError();
  const range = response.headers.get('content-range') ?? '';
  const etag = response.headers.get('etag');
  // RFC 9110 §14.4: an empty object has no satisfiable range, and says so.
  if (response.status === 416 && range.trim() === 'bytes */0') {
    return { bytes: Buffer.alloc(0), size: 0, etag };
  }
  if (response.status === 200) throw new SourceUnavailableError('the server does not serve ranges');
  if (response.status !== 206) throw new SourceUnavailableError(`the server answered ${response.status}`);
  const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? [];
  const size = Number(total);
  const expected = Math.min(length, size - offset);
  if (Number(start) !== offset || Number(end) !== offset + expected - 1 || !Number.isSafeInteger(size)) {
    throw new SourceUnavailableError('the server answered with another range than the one asked for');
  }
  return { bytes: await readBody(response, expected), size, etag };
}

/** Reads exactly `expected` bytes: a server that sends more than it was asked for is cut off. */
async function readBody(response: Response, expected: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(expected);
  let filled = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    if (filled + part.value.length > expected) throw new SourceUnavailableError('the answer was too long');
    bytes.set(part.value, filled);
    filled += part.value.length;
  }
  reader?.releaseLock();
  if (filled < expected) throw new SourceUnavailableError('the answer ended early');
  return bytes;
}
