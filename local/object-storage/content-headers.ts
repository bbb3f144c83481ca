import type { Call } from '../api.ts';
import { OciError } from '../errors.ts';

/** Headers of a write that a read answers again, besides the user's own `opc-meta-*`. */
const KEPT_HEADERS = [
  'content-type',
  'content-language',
  'content-encoding',
  'content-disposition',
  'cache-control',
] as const;

export const DEFAULT_CONTENT_TYPE = 'application/octet-stream';

/** What a header's value can hold (RFC 7230, 3.2.6), Latin-1 included. */
const PRINTABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What a PutObject says of the object, to be kept with it. */
export function contentHeaders(call: Call): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': DEFAULT_CONTENT_TYPE };
  for (const name of KEPT_HEADERS) {
    const value = call.headers[name];
    if (value !== undefined) kept[name] = value;
  }
  for (const [name, value] of Object.entries(call.headers))
    if (name.startsWith('opc-meta-')) kept[name] = String(value);
  return kept;
}

/** The user's metadata as JSON bodies carry it: keys are whole header names. @throws {OciError} 400 */
export function metadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata)) {
    const header = name.toLowerCase();
    if (!header.startsWith('opc-meta-'))
      throw new OciError(
        400,
        'InvalidMetadata',
        `The metadata key '${name}' does not begin with 'opc-meta-'.`,
      );
    if (typeof value !== 'string' || !PRINTABLE.test(value))
      throw new OciError(400, 'InvalidMetadata', `The value of '${name}' cannot be sent in a header.`);
    headers[header] = value;
  }
  return headers;
}

export function withoutMetadata(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('opc-meta-')));
}
