import { type ByteSource, checkRange } from './source.ts';

/**
 * The `length` bytes of `source` from `offset` on, as a source of their own: a partition of a disk, a
 * member of an archive.
 *
 * @throws {OutOfBoundsError} when the slice does not lie inside `source`
 */
export function sliceSource(source: ByteSource, offset: number, length: number): ByteSource {
  checkRange(source, offset, length);
  return {
    size: length,
    async read(at, count) {
      checkRange(this, at, count);
      return source.read(offset + at, count);
    },
  };
}
