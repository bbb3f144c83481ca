import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpClient, HttpRequest, RequestSigner } from 'oci-common';
import type { Deadline } from '../deadline.ts';
import './quiet-sdk.ts';

/** One try of one call; the slowest of ours, CreateImage, answers within seconds. */
const ATTEMPT_TIMEOUT_MS = 20_000;
/** … and of one with a large body: a part of an upload over a slow line. */
const UPLOAD_TIMEOUT_MS = 600_000;
const LARGE_BODY_BYTES = 1024 * 1024;
const MAX_ATTEMPTS = 5;
/** The first wait between two tries; it doubles, with full jitter, so that many callers do not come back at once. */
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 5_000;
/** A service that asks for more is not waited for: its answer is the outcome, and the run tries again in its own time. */
const MAX_RETRY_AFTER_MS = 20_000;
/** What a call must leave its caller for answering at all. */
const RESERVE_MS = 500;
/** The largest body: an upload's part. Node's fetch keeps a streamed body in memory whole, so none is streamed. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

const RETRYABLE_STATUS = new Set([429, 500, 502, 503, 504]);

/**
 * The SDK's way to the network, with what the SDK lacks: a timeout for each try, Retry-After, and a deadline that
 * no retry outlives. Every call that byoi makes can be made twice (docs/INVARIANTS.md), so all are tried again.
 */
export function createTransport(signer: RequestSigner, deadline: Deadline): HttpClient {
  return {
    async send(request: HttpRequest, forceExcludeBody = false): Promise<Response> {
      const body = await replayable(request);
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await tryOnce(signer, deadline, request, body, forceExcludeBody).catch(
          (error: unknown) => ({ error }),
        );
        if (outcome instanceof Response && !RETRYABLE_STATUS.has(outcome.status)) return outcome;
        const waitMs = waitBefore(attempt, outcome);
        const tooLong = waitMs > MAX_RETRY_AFTER_MS || deadline.remainingMs() < waitMs + RESERVE_MS;
        if (attempt === MAX_ATTEMPTS || tooLong) {
          if (outcome instanceof Response) return outcome;
          throw withReason(outcome.error);
        }
        if (outcome instanceof Response) await outcome.body?.cancel();
        await sleep(waitMs);
      }
    },
  };
}

type Body = string | Buffer | undefined;

/** The SDK gives JSON as text and content as a stream, which could not be sent twice. */
async function replayable({ body, headers }: HttpRequest): Promise<Body> {
  if (!(body instanceof Readable)) return body || undefined;
  if (!(Number(headers.get('content-length')) <= MAX_BODY_BYTES))
    throw new Error('The body is too large for one request.');
  const chunks: Buffer[] = await body.toArray();
  // A part of an upload comes in one piece, and is large: it is not copied.
  return chunks[0] && chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

async function tryOnce(
  signer: RequestSigner,
  deadline: Deadline,
  request: HttpRequest,
  body: Body,
  forceExcludeBody: boolean,
): Promise<Response> {
  // AbortSignal.timeout takes whole milliseconds only.
  const remaining = Math.floor(deadline.remainingMs() - RESERVE_MS);
  if (remaining <= 0)
    throw Object.assign(new Error('The function has no time left for another call.'), { code: 'DEADLINE' });
  // The signer adds headers; each try needs a fresh date and so a fresh signature.
  const headers = new Headers(request.headers);
  const signed = {
    method: request.method,
    headers,
    uri: request.uri,
    body: typeof body === 'string' ? body : undefined,
  };
  await signer.signHttpRequest(signed, forceExcludeBody);
  const timeoutMs = (body?.length ?? 0) > LARGE_BODY_BYTES ? UPLOAD_TIMEOUT_MS : ATTEMPT_TIMEOUT_MS;
  const signal = AbortSignal.timeout(Math.min(timeoutMs, remaining));
  return fetch(request.uri, { method: request.method, headers, signal, ...(body !== undefined && { body }) });
}

/** fetch says no more than "fetch failed", and why in its cause; the SDK passes on an error's code and message only. */
function withReason(error: unknown): unknown {
  if (!(error instanceof TypeError && error.cause instanceof Error && 'code' in error.cause)) return error;
  const { code } = error.cause;
  return Object.assign(error, { code });
}

function waitBefore(attempt: number, outcome: Response | { error: unknown }): number {
  const backoff = Math.random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
  const asked = outcome instanceof Response ? Number(outcome.headers.get('retry-after')) * 1000 : 0;
  return Math.max(backoff, Number.isFinite(asked) ? asked : 0);
}
