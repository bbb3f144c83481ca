import { type ByteSource, checkRange } from '../../shared/bytes/source.ts';

/** A source in memory that counts its reads, so that a test can bound them. */
export function memory(bytes: Buffer): ByteSource & { reads: number } {
  return {
    size: bytes.length,
    reads: 0,
    async read(offset, length) {
      checkRange(this, offset, length);
      this.reads++;
      return bytes.subarray(offset, offset + length);
    },
  };
}
