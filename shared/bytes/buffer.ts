import { type ByteSource, checkRange } from './source.ts';

/** Bytes in memory as a ByteSource. What is read shares memory with `bytes`. */
export function bufferSource(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    async read(offset, length) {
      checkRange(this, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}
