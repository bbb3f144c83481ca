import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { DecompressionError, OutputTooLargeError } from './errors.ts';
import { pieceLength } from './limits.ts';

/** RFC 8878 §3.1.1.1.2: the window that every decoder should support, and that encoders stay within. */
const MAX_WINDOW = 8 * 1024 * 1024;

const MAGIC = 0xfd2fb528;
const BLOCK_HEADER_LENGTH = 3;
/** Magic number, descriptor, window, dictionary id and content size at their longest. */
export const MAX_FRAME_HEADER = 4 + 1 + 1 + 4 + 8;
/** RFC 8878 §3.1.1.2.2: RLE block, one byte whatever size it opens to. */
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

type ZstdDecompressSync = (
  input: Buffer,
  options: { chunkSize: number; maxOutputLength: number; params: Record<number, number> },
) => Buffer;

// From Node 22.15 on; typed here because the types are those of Node 20.
const { zstdDecompressSync: nativeZstd = null } = zlib as { zstdDecompressSync?: ZstdDecompressSync };
/** ZSTD_d_windowLogMax of zstd.h: 2^23 is MAX_WINDOW. */
const WINDOW_LOG_MAX = { 100: 23 };

/** One zstd frame, by Node where it can, else by fzstd; see `decompress` for limits and errors. */
export function decompressZstd(
  input: Buffer,
  maxOutput: number,
  native: ZstdDecompressSync | null = nativeZstd,
): Buffer {
  const frame = input.subarray(0, frameLength(input));
  if (native) {
    const options = { chunkSize: pieceLength(maxOutput), maxOutputLength: Math.max(1, maxOutput) };
    return native(frame, { ...options, params: WINDOW_LOG_MAX });
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  // fzstd hands over a block (at most 128 KiB) at a time, so that the bound is kept on the way.
  const stream = new Decompress((part) => {
    length += part.length;
    if (length > maxOutput) throw new OutputTooLargeError('zstd', maxOutput);
    parts.push(part);
  });
  stream.push(frame, true);
  return Buffer.concat(parts, length);
}

/**
 * Length of the frame at the start of `input`, found by its block headers: what follows it (a sector's
 * padding, the next cluster) would be an error to a decoder. Also refuses a window beyond MAX_WINDOW
 * before anything of its size is allocated.
 */
function frameLength(input: Buffer): number {
  const header = readFrameHeader(input);
  if (header.window > MAX_WINDOW) throw new OutputTooLargeError('zstd', MAX_WINDOW);
  let offset = header.length;
  for (let last = false; !last; ) {
    const block = readBlockHeader(input.subarray(offset, offset + BLOCK_HEADER_LENGTH));
    last = block.last;
    offset += BLOCK_HEADER_LENGTH + block.storedLength;
  }
  offset += header.hasChecksum ? 4 : 0;
  if (offset > input.length) throw new DecompressionError('zstd');
  return offset;
}

/** RFC 8878 §3.1.1.1. */
export interface FrameHeader {
  /** With the magic number; the first block follows. */
  readonly length: number;
  /** Bytes of output that a decoder has to keep. */
  readonly window: number;
  readonly hasChecksum: boolean;
}

/** @param start of the frame, MAX_FRAME_HEADER bytes or all there are */
export function readFrameHeader(start: Buffer): FrameHeader {
  if (start.length < 6 || start.readUInt32LE(0) !== MAGIC) throw new DecompressionError('zstd');
  const descriptor = start.readUInt8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdLength = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeLength = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const contentSizeOffset = 5 + (singleSegment ? 0 : 1) + dictionaryIdLength;
  const length = contentSizeOffset + contentSizeLength;
  if (length > start.length) throw new DecompressionError('zstd');
  const window = singleSegment
    ? contentSize(start, contentSizeOffset, contentSizeLength)
    : windowSize(start.readUInt8(5));
  return { length, window, hasChecksum: (descriptor & 4) !== 0 };
}

/** RFC 8878 §3.1.1.2: three bytes, of which `storedLength` bytes follow. */
export function readBlockHeader(bytes: Buffer): { last: boolean; storedLength: number } {
  if (bytes.length < BLOCK_HEADER_LENGTH) throw new DecompressionError('zstd');
  const header = bytes.readUIntLE(0, BLOCK_HEADER_LENGTH);
  const type = (header >> 1) & 3;
  if (type === RESERVED_BLOCK) throw new DecompressionError('zstd');
  return { last: (header & 1) !== 0, storedLength: type === RLE_BLOCK ? 1 : header >> 3 };
}

/** RFC 8878 §3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** RFC 8878 §3.1.1.1.4; two bytes count from 256. */
function contentSize(input: Buffer, offset: number, length: number): number {
  if (length === 8) return Number(input.readBigUInt64LE(offset));
  return input.readUIntLE(offset, length) + (length === 2 ? 256 : 0);
}
