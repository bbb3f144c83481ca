import { ByoiError } from '../errors.ts';

/** Random access to a run of bytes: a file, an object behind ranged GETs, a virtual disk inside an image. */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes at `offset` (both in bytes).
   *
   * @throws {OutOfBoundsError} when the range does not lie inside the source, so that no parser has to
   *   check for a short read.
   */
  read(offset: number, length: number): Promise<Buffer>;
}

/** A structure points outside the bytes there are: a truncated or a hostile image. */
export class OutOfBoundsError extends ByoiError {
  override readonly name = 'OutOfBoundsError';

  constructor(offset: number, length: number, size: number) {
    super(
      'OUT_OF_BOUNDS',
      `The image refers to ${length} bytes at offset ${offset}, but there are only ${size} bytes.`,
      'The file is truncated or damaged: upload it again, or check it with `qemu-img check`.',
    );
  }
}

/** Throws unless `[offset, offset + length)` lies inside `source`; every ByteSource calls it first. */
export function checkRange(source: { readonly size: number }, offset: number, length: number): void {
  const valid =
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= source.size;
  if (!valid) throw new OutOfBoundsError(offset, length, source.size);
}
