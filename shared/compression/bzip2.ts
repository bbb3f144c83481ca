import decoder from 'unbzip2-stream/lib/bzip2.js';
import { StreamEndError } from './errors.ts';
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
  // A block begins at any bit: the byte it shares with the one before stays.
  let firstBit = 0;
  for (let checksum: number | null = 0; ; ) {
    const bits = bitReader(await input.peek(storedBound(blockLength)), firstBit);
    const output = growingBuffer();
    checksum = decoder.decompress(bits.read, output.write, work, blockLength, checksum);
    await input.skip(Math.floor(bits.position / 8));
    firstBit = bits.position % 8;
    if (checksum === null) return;
    const content = output.content();
    if (content.length > 0) yield content;
  }
}

function bitReader(bytes: Buffer, start = 0) {
  const limit = bytes.length * 8;
  const reader = {
    position: start,
    read(count: number | null): number {
      if (count === null) {
        reader.position = Math.ceil(reader.position / 8) * 8;
        return 0;
      }
      if (reader.position + count > limit) throw new StreamEndError();
      let value = 0;
      for (let left = count; left > 0; ) {
        const offset = reader.position % 8;
        const taken = Math.min(left, 8 - offset);
        const byte = bytes[Math.floor(reader.position / 8)] ?? 0;
        value = (value << taken) | ((byte >> (8 - offset - taken)) & (2 ** taken - 1));
        reader.position += taken;
        left -= taken;
      }
      return value;
    },
  };
  return reader;
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
