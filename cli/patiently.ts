import { setTimeout as sleep } from 'node:timers/promises';
import { call, hasCode, OciServiceError } from '../shared/oci/errors.ts';

/** A line that is down for so long may come back: beyond what the transport tries, which is seconds. */
const PATIENCE_MS = 120_000;
const WAIT_MS = 3_000;

/**
 * Calls OCI until it answers for good, or has not for two minutes.
 *
 * @param waiting told before each further try
 */
export async function patiently<T>(
  operation: string,
  waiting: () => void,
  request: () => Promise<T>,
): Promise<T> {
  let end: number | undefined;
  for (;;) {
    try {
      return await call(operation, request);
    } catch (error) {
      end ??= Date.now() + PATIENCE_MS;
      if (!passes(error) || Date.now() + WAIT_MS > end) throw error;
    }
    waiting();
    await sleep(WAIT_MS);
  }
}

/** No answer, 429, 5xx; and bytes that were damaged on their way. */
const passes = (error: unknown): boolean =>
  error instanceof OciServiceError && (error.transient || hasCode(error, 'UnmatchedContentMD5'));
