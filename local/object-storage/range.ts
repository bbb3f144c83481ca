import { OciError } from '../errors.ts';

/** Bytes of an object, the end exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The bytes that a Range header asks for (RFC 7233, 2.1); Object Storage takes a single range only.
 *
 * @returns undefined without a header
 * @throws {OciError} 416 where it is malformed, or starts behind the object's end
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) throw invalidRange(size);
  const range =
    first === ''
      ? { start: Math.max(0, size - Number(last)), end: size }
      : { start: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) };
  if (range.start >= range.end) throw invalidRange(size);
  return range;
}

const invalidRange = (size: number) =>
  new OciError(416, 'InvalidRange', 'The Range header was malformed or outside the bounds of the object.', {
    'content-range': `bytes */${size}`,
  });
