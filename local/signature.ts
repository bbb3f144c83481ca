import { createHash, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { notAuthenticated } from './errors.ts';
import type { Principal, Principals } from './identity/principals.ts';

/** OCI refuses a request whose date is further off than this. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

/** Methods whose body belongs to the signature, except where the body is an object's content. */
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Checks a request's signature: draft-cavage-http-signatures-08 with OCI's required headers.
 *
 * @param body undefined for an operation whose body is streamed and not signed
 * @returns who signed
 * @throws {OciError} 401 where the signature is missing, stale, incomplete or wrong
 */
export function authenticate(
  request: IncomingMessage,
  body: Buffer | undefined,
  principals: Principals,
): Principal {
  const fields = parseAuthorization(request.headers.authorization);
  const signedHeaders = fields.headers.toLowerCase().split(' ');
  requireSigned(signedHeaders, request.method ?? '', body !== undefined);
  requireFresh(request, signedHeaders);
  if (body && signedHeaders.includes('x-content-sha256')) {
    const digest = createHash('sha256').update(body).digest('base64');
    if (digest !== request.headers['x-content-sha256'])
      throw notAuthenticated('x-content-sha256 does not match the body');
  }
  const { principal, publicKey } = principals.resolve(fields.keyId);
  const text = signedHeaders.map((name) => `${name}: ${headerValue(request, name)}`).join('\n');
  if (!verify('RSA-SHA256', Buffer.from(text), publicKey, Buffer.from(fields.signature, 'base64'))) {
    throw notAuthenticated('the signature does not match');
  }
  return principal;
}

function parseAuthorization(value: string | undefined): {
  keyId: string;
  headers: string;
  signature: string;
} {
  if (!value?.startsWith('Signature ')) throw notAuthenticated('no signature');
  const fields = Object.fromEntries(
    Array.from(value.matchAll(/(\w+)="([^"]*)"/g), (match) => [match[1], match[2]]),
  );
  const { keyId, headers, signature, algorithm } = fields;
  if (!keyId || !headers || !signature) throw notAuthenticated('incomplete signature');
  if (algorithm !== 'rsa-sha256') throw notAuthenticated('algorithm must be rsa-sha256');
  return { keyId, headers, signature };
}

function requireSigned(signed: readonly string[], method: string, withBody: boolean): void {
  const required = ['(request-target)', 'host'];
  if (withBody && METHODS_WITH_BODY.has(method))
    required.push('content-type', 'content-length', 'x-content-sha256');
  const missing = required.filter((name) => !signed.includes(name));
  if (!signed.includes('date') && !signed.includes('x-date')) missing.push('date');
  if (missing.length > 0) throw notAuthenticated(`not signed: ${missing.join(', ')}`);
}

/** A date that is not signed proves nothing: anybody can put a new one beside an old signature. */
function requireFresh(request: IncomingMessage, signed: readonly string[]): void {
  const date = Date.parse(String(request.headers[signed.includes('x-date') ? 'x-date' : 'date']));
  if (!(Math.abs(Date.now() - date) <= MAX_CLOCK_SKEW_MS))
    throw notAuthenticated('the date is missing or too far off');
}

function headerValue(request: IncomingMessage, name: string): string {
  if (name === '(request-target)') return `${request.method?.toLowerCase()} ${request.url}`;
  const value = request.headers[name];
  if (value === undefined) throw notAuthenticated(`the signed header ${name} is missing`);
  return Array.isArray(value) ? value.join(', ') : value;
}
