import { bufferSource } from '../../shared/bytes/buffer.ts';
import { type ByteSource, checkRange } from '../../shared/bytes/source.ts';

/** A source in memory that notes each read. */
export function tracedSource(
  bytes: Buffer,
): ByteSource & { readonly reads: { offset: number; length: number }[] } {
  const source = bufferSource(bytes);
  const reads: { offset: number; length: number }[] = [];
  return {
    size: source.size,
    reads,
    read(offset, length) {
      reads.push({ offset, length });
      return source.read(offset, length);
    },
  };
}

/** A source of `size` bytes of which only a few places have content; the rest is zeros. For large images. */
export function sparseSource(size: number, places: readonly { offset: number; bytes: Buffer }[]): ByteSource {
  return {
    size,
    async read(offset, length) {
      checkRange({ size }, offset, length);
      const result = Buffer.alloc(length);
      for (const place of places) {
        const from = Math.max(offset, place.offset);
        const to = Math.min(offset + length, place.offset + place.bytes.length);
        if (from < to) place.bytes.copy(result, from - offset, from - place.offset, to - place.offset);
      }
      return result;
    },
  };
}
