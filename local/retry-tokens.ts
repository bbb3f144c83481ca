import { createHash } from 'node:crypto';
import type { Answer, Call } from './api.ts';
import { conflict, invalidParameter } from './errors.ts';
import type { Region } from './region.ts';
import type { Table } from './table.ts';

/** Both from the API reference's words on `opc-retry-token`. */
const RETENTION_MS = 24 * 3_600_000;
const MAX_TOKEN_LENGTH = 64;

interface UsedToken {
  readonly request: string;
  readonly answer: Pick<Answer, 'status' | 'headers'> & { readonly body?: object };
  readonly usedAt: string;
}

/** Makes calls that carry an `opc-retry-token` happen once: the same request again gets the first one's answer. */
export class RetryTokens {
  readonly #used: Table<UsedToken>;

  constructor(region: Region, service: string) {
    this.#used = region.table<UsedToken>(`${service}-retry-tokens`);
  }

  /**
   * @param work must not wait: two calls with one token may arrive at once
   * @throws {OciError} 400 for a token that is too long, 409 for one that was used with another request
   */
  once(call: Call, work: () => UsedToken['answer']): Answer {
    const token = call.headers['opc-retry-token'];
    if (token === undefined) return work();
    if (typeof token !== 'string' || token.length === 0 || token.length > MAX_TOKEN_LENGTH)
      throw invalidParameter(`opc-retry-token must have 1 to ${MAX_TOKEN_LENGTH} characters.`);
    const now = call.region.cloud.clock.now();
    this.#forgetBefore(now.getTime() - RETENTION_MS);
    const key = `${call.principal.tenancyId}/${token}`;
    const request = createHash('sha256')
      .update(`${call.stream.method} ${call.stream.url}\n`)
      .update(call.body)
      .digest('base64');
    const used = this.#used.get(key);
    if (used && used.request !== request)
      throw conflict('InvalidatedRetryToken', 'The retry token was used with a different request before.');
    if (used) return used.answer;
    const answer = work();
    this.#used.set(key, { request, answer, usedAt: now.toISOString() });
    return answer;
  }

  /** The table is in order of use, so this stops at the first that is still valid. */
  #forgetBefore(time: number): void {
    for (const [key, used] of this.#used.entries()) {
      if (Date.parse(used.usedAt) >= time) return;
      this.#used.delete(key);
    }
  }
}
