import decoder from 'unbzip2-stream/lib/bzip2.js';
import { StreamEndError } from './errors.ts';
import { countBlocks } from './limits.ts';
import type { PieceReader } from './piece-reader.ts';

const HEADER_LENGTH = 4;
const BLOCK_UNIT = 100_000;
/** A block is stored in at most 1 % and 600 bytes more than it opens to (bzip2's manual, 3.3.1), plus its trees. */
const storedBound = (length: number): number => Math.ceil(length * 1.01) + 64 * 1024;
const FIRST_OUTPUT = 1024 * 1024;

/** The content of one bzip2 file; `input` is left right behind it. Memory: 4 times a block, and what a block opens to. */
export async function* bzip2(input: PieceReader): AsyncGenerator<Buffer> {
  const header = bitReader(await input.take(HEADER_LENGTH));
  const blockLength = decoder.header(header.read) * BLOCK_UNIT;
  const work = new Int32Array(blockLength);
  const countBlock = countBlocks();
  // A block begins at any bit: the byte it shares with the one before stays.
  let firstBit = 0;
  for (let checksum: number | null = 0; ; ) {
    countBlock();
    const bits = bitReader(await input.peek(storedBound(blockLength)), firstBit);
    const output = growingBuffer();
    checksum = decoder.decompress(bits.read, output.write, work, blockLength, checksum);
    await input.skip(Math.floor(bits.position() / 8));
    firstBit = bits.position() % 8;
    if (checksum === null) return;
    const content = output.content();
    if (content.length > 0) yield content;
  }
}

function bitReader(bytes: Buffer, start = 0) {
  let at = 0;
  let bits = 0;
  let bitCount = 0;

  /** At most 24 bits, so that with those left over they stay a number of 32. */
  function readFew(count: number): number {
    while (bitCount < count) {
      const byte = bytes[at++];
      if (byte === undefined) throw new StreamEndError();
      bits = (bits << 8) | byte;
      bitCount += 8;
    }
    bitCount -= count;
    const value = bits >>> bitCount;
    bits &= (1 << bitCount) - 1;
    return value;
  }

  if (start > 0) readFew(start);
  return {
    /** In bits. */
    position: () => at * 8 - bitCount,
    read(count: number | null): number {
      if (count === null) return readFew(bitCount % 8);
      return count > 16 ? (readFew(count - 16) << 16) | readFew(16) : readFew(count);
    },
  };
}

/** Runs of bytes open to 50 times a block: space is taken as it is needed. */
function growingBuffer() {
  let bytes = Buffer.allocUnsafe(FIRST_OUTPUT);
  let length = 0;
  return {
    write(byte: number): void {
      if (length === bytes.length) bytes = Buffer.concat([bytes], bytes.length * 2);
      bytes[length++] = byte;
    },
    content: () => bytes.subarray(0, length),
  };
}
