import { DecompressionError, OutputTooLargeError } from './errors.ts';
import { countBlocks } from './limits.ts';
import type { PieceReader } from './piece-reader.ts';

/*
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md ; numbers are little-endian.
 *
 * The legacy frame, which is the one that Linux starts from: the magic number, then blocks of up to 8 MiB, each
 * behind its stored length (4). It ends with the file, or where no length can stand.
 *
 * The frame:
 *
 *   0x00  4  magic number
 *   0x04  1  version in bits 6–7 (1); 0x20 independent blocks, 0x10 checksum behind each block, 0x08 content size,
 *            0x04 checksum behind the end mark, 0x01 dictionary id
 *   0x05  1  bits 4–6: largest block, 4 (64 KiB) to 7 (4 MiB)
 *   0x06     [content size, 8] [dictionary id, 4], 1 byte of checksum
 *            blocks behind their stored lengths (4; bit 31: not compressed), up to a length of 0
 *
 * Checksums (xxHash) are not checked: what is read here are names of files, and a cpio archive has its own marks.
 */
export const LZ4_LEGACY_MAGIC = 0x184c2102;
export const LZ4_FRAME_MAGIC = 0x184d2204;
const LEGACY_BLOCK = 8 * 1024 * 1024;
const INDEPENDENT = 0x20;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
const STORED = 0x8000_0000;
/** How far a match reaches back, over the border of blocks too. */
const HISTORY = 64 * 1024;

/** LZ4_COMPRESSBOUND of lz4.h: the most that incompressible content takes. */
const compressedBound = (length: number): number => length + Math.floor(length / 255) + 16;

/** The content of one frame of either kind; `input` is left right behind it. */
export async function* lz4(input: PieceReader): AsyncGenerator<Buffer> {
  const magic = (await input.take(4)).readUInt32LE(0);
  if (magic === LZ4_LEGACY_MAGIC) yield* legacyFrame(input);
  else if (magic === LZ4_FRAME_MAGIC) yield* frame(input);
  else throw new DecompressionError('lz4');
}

async function* legacyFrame(input: PieceReader): AsyncGenerator<Buffer> {
  const output = Buffer.allocUnsafe(LEGACY_BLOCK);
  const countBlock = countBlocks();
  for (;;) {
    const lengthField = await input.peek(4);
    const length = lengthField.length < 4 ? 0 : lengthField.readUInt32LE(0);
    // As `lz4` has it: what is no length begins another frame. Zeros are padding.
    if (length === 0 || length > compressedBound(LEGACY_BLOCK)) return;
    countBlock();
    await input.skip(4);
    const end = decodeBlock(await input.take(length), output, 0, LEGACY_BLOCK);
    // The next block overwrites `output`.
    yield Buffer.from(output.subarray(0, end));
  }
}

async function* frame(input: PieceReader): AsyncGenerator<Buffer> {
  const [flags = 0, sizes = 0] = await input.take(2);
  const blockMaximum = 2 ** (8 + 2 * ((sizes >> 4) & 7));
  if (flags >> 6 !== 1 || (flags & DICTIONARY) !== 0 || ((sizes >> 4) & 7) < 4)
    throw new DecompressionError('lz4');
  await input.skip((flags & CONTENT_SIZE) !== 0 ? 9 : 1);
  const output = Buffer.allocUnsafe(HISTORY + blockMaximum);
  let history = 0;
  const countBlock = countBlocks();
  for (;;) {
    const field = (await input.take(4)).readUInt32LE(0);
    if (field === 0) break;
    countBlock();
    const length = field % STORED;
    if (length > blockMaximum) throw new DecompressionError('lz4');
    const block = await input.take(length);
    const end =
      field >= STORED
        ? history + block.copy(output, history)
        : decodeBlock(block, output, history, history + blockMaximum);
    if ((flags & BLOCK_CHECKSUM) !== 0) await input.skip(4);
    yield Buffer.from(output.subarray(history, end));
    if ((flags & INDEPENDENT) === 0) {
      const from = Math.max(0, end - HISTORY);
      output.copyWithin(0, from, end);
      history = end - from;
    }
  }
  if ((flags & CONTENT_CHECKSUM) !== 0) await input.skip(4);
}

/**
 * One block, https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md : sequences of a token (lengths of the
 * literals and of the match, four bits each), more length (bytes of 255 and one below), literals, distance (2), more
 * length. The last sequence ends with its literals.
 *
 * @returns where the output ends
 */
function decodeBlock(block: Buffer, output: Buffer, start: number, limit: number): number {
  let read = 0;
  let written = start;

  function longLength(length: number): number {
    let total = length;
    for (let byte = length === 15 ? 255 : 0; byte === 255; total += byte) {
      byte = block[read++] ?? 0;
      if (read > block.length) throw new DecompressionError('lz4');
    }
    return total;
  }

  while (read < block.length) {
    const token = block[read++] ?? 0;
    const literals = longLength(token >> 4);
    if (read + literals > block.length) throw new DecompressionError('lz4');
    if (written + literals > limit) throw new OutputTooLargeError('lz4', limit - start);
    // A call costs more than a few bytes.
    if (literals > 24) block.copy(output, written, read, read + literals);
    else for (let i = 0; i < literals; i++) output[written + i] = block[read + i] ?? 0;
    read += literals;
    written += literals;
    if (read === block.length) return written;

    if (read + 2 > block.length) throw new DecompressionError('lz4');
    const distance = (block[read] ?? 0) | ((block[read + 1] ?? 0) << 8);
    read += 2;
    const length = longLength(token & 15) + 4;
    if (distance === 0 || distance > written) throw new DecompressionError('lz4');
    if (written + length > limit) throw new OutputTooLargeError('lz4', limit - start);
    const end = written + length;
    // A distance below the length repeats what this match itself writes.
    if (length > 32 && distance >= length) output.copyWithin(written, written - distance, end - distance);
    else for (let i = written; i < end; i++) output[i] = output[i - distance] ?? 0;
    written = end;
  }
  throw new DecompressionError('lz4');
}
