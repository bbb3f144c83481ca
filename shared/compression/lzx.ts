import { DecompressionError } from './errors.ts';
import { copyWithin, huffmanReader, type SymbolReader, WordBits } from './word-bits.ts';

// LZX as WIM files and CompactOS have it: [MS-PATCH] LZX DELTA has the same blocks; that a chunk begins anew, the
// blocks' sizes and the translation of calls are in wimlib's documentation and in the Windows Imaging File Format.
//
// Chunk: blocks, each
//   3 bits  1 verbatim, 2 aligned (the lowest three bits of a distance have a code of their own), 3 uncompressed
//   1 bit   1: it opens to 32768 bytes; 0: 16 bits follow with the size
//   aligned: 8 × 3 bits, the lengths of that code
//   lengths of the main code's first 256, of its others, of the length code: each after a code for them of 20 × 4
//   bits, and as the difference to the block before
// Main symbol: below 256 a byte as it is; else a copy, the lower three bits for its length, the upper for its distance.
const KIND = 'LZX';
/** CompactOS has chunks of 32 KiB, and copies reach no further. */
export const LZX_CHUNK = 32 * 1024;
const LITERALS = 256;
/** Ranges of distances for a window of 32 KiB. */
const SLOTS = 30;
const MAIN_SYMBOLS = LITERALS + 8 * SLOTS;
const LENGTH_SYMBOLS = 249;
const PRECODE_SYMBOLS = 20;
const ALIGNED_SYMBOLS = 8;
const LONG = 7;
const MIN_COPY = 2;
const RECENT = 3;
/** Distances are written two too large: 0 to 2 mean those that were used last. */
const DISTANCE_BIAS = 2;

const VERBATIM = 1;
const ALIGNED = 2;
const UNCOMPRESSED = 3;

/** The size of a program for which operands of calls were made absolute: fixed in WIM. */
const TRANSLATION_SIZE = 12_000_000;
const CALL = 0xe8;
/** The last bytes of a chunk are not translated. */
const TRANSLATION_TAIL = 10;

/** For each range of distances how many bits tell them apart, and the first of them. */
const EXTRA_BITS = Array.from({ length: SLOTS }, (_, slot) => (slot < 2 ? 0 : (slot >> 1) - 1));
const SLOT_BASES = EXTRA_BITS.map((_, slot) =>
  EXTRA_BITS.slice(0, slot).reduce((sum, bits) => sum + 2 ** bits, 0),
);

/**
 * Opens one chunk.
 *
 * @param length bytes that it opens to, at most LZX_CHUNK
 * @throws {DecompressionError} when the input is damaged, or opens to less or more
 */
export function lzx(input: Buffer, length: number): Buffer {
  const bits = new WordBits(input, 0, KIND);
  const output = Buffer.alloc(length);
  const mainLengths = new Uint8Array(MAIN_SYMBOLS);
  const lengthLengths = new Uint8Array(LENGTH_SYMBOLS);
  const recent: Recent = [1, 1, 1];
  for (let filled = 0; filled < length; ) {
    const type = bits.read(3);
    const size = bits.read(1) === 1 ? LZX_CHUNK : bits.read(16);
    const end = filled + size;
    if (size === 0 || end > length) throw new DecompressionError(KIND);
    if (type === UNCOMPRESSED) {
      bits.align();
      for (let index = 0; index < RECENT; index++) recent[index] = bits.bytes(4).readUInt32LE(0);
      bits.bytes(size).copy(output, filled);
      if (size % 2 !== 0) bits.skipByte();
    } else if (type === VERBATIM || type === ALIGNED) {
      const readAligned =
        type === ALIGNED ? huffmanReader(readLengths(bits, ALIGNED_SYMBOLS, 3), KIND) : null;
      updateLengths(bits, mainLengths.subarray(0, LITERALS));
      updateLengths(bits, mainLengths.subarray(LITERALS));
      const readMain = huffmanReader(mainLengths, KIND);
      updateLengths(bits, lengthLengths);
      openBlock(bits, output.subarray(0, end), filled, recent, {
        readMain,
        readLength: huffmanReader(lengthLengths, KIND),
        readAligned,
      });
    } else {
      throw new DecompressionError(KIND);
    }
    filled = end;
  }
  translateCalls(output);
  return output;
}

type Recent = [number, number, number];

interface Codes {
  readonly readMain: SymbolReader;
  readonly readLength: SymbolReader;
  readonly readAligned: SymbolReader | null;
}

/** @param output up to the end of the block */
function openBlock(bits: WordBits, output: Buffer, from: number, recent: Recent, codes: Codes): void {
  for (let filled = from; filled < output.length; ) {
    const symbol = codes.readMain(bits);
    if (symbol < LITERALS) {
      output[filled++] = symbol;
      continue;
    }
    const header = (symbol - LITERALS) & 7;
    const length = MIN_COPY + (header === LONG ? LONG + codes.readLength(bits) : header);
    const distance = readDistance(bits, (symbol - LITERALS) >> 3, recent, codes.readAligned);
    filled = copyWithin(output, filled, distance, length, KIND);
  }
}

function readDistance(
  bits: WordBits,
  slot: number,
  recent: Recent,
  readAligned: SymbolReader | null,
): number {
  if (slot < RECENT) {
    const distance = recent[slot] ?? 0;
    recent[slot] = recent[0];
    recent[0] = distance;
    return distance;
  }
  const extra = EXTRA_BITS[slot] ?? 0;
  const low =
    readAligned && extra >= 3 ? bits.read(extra - 3) * ALIGNED_SYMBOLS + readAligned(bits) : bits.read(extra);
  const distance = (SLOT_BASES[slot] ?? 0) + low - DISTANCE_BIAS;
  recent[2] = recent[1];
  recent[1] = recent[0];
  recent[0] = distance;
  return distance;
}

function readLengths(bits: WordBits, symbols: number, width: number): Uint8Array {
  return Uint8Array.from({ length: symbols }, () => bits.read(width));
}

/** Lengths of codes as the difference, modulo 17, to those of the block before. */
function updateLengths(bits: WordBits, lengths: Uint8Array): void {
  const readSymbol = huffmanReader(readLengths(bits, PRECODE_SYMBOLS, 4), KIND);
  for (let at = 0; at < lengths.length; ) {
    const symbol = readSymbol(bits);
    let run = 1;
    let length = 0;
    if (symbol < 17) length = shorten(lengths[at], symbol);
    else if (symbol === 17) run = 4 + bits.read(4);
    else if (symbol === 18) run = 20 + bits.read(5);
    else {
      run = 4 + bits.read(1);
      length = shorten(lengths[at], readSymbol(bits));
    }
    if (at + run > lengths.length) throw new DecompressionError(KIND);
    lengths.fill(length, at, at + run);
    at += run;
  }
}

function shorten(length = 0, difference: number): number {
  if (difference > 17) throw new DecompressionError(KIND);
  return (length - difference + 17) % 17;
}

/** Operands of calls were made absolute, so that calls of the same place look the same. */
function translateCalls(output: Buffer): void {
  for (let at = 0; at < output.length - TRANSLATION_TAIL; at++) {
    if (output[at] !== CALL) continue;
    const absolute = output.readInt32LE(at + 1);
    if (absolute >= 0 && absolute < TRANSLATION_SIZE) output.writeInt32LE(absolute - at, at + 1);
    else if (absolute < 0 && absolute >= -at) output.writeInt32LE(absolute + TRANSLATION_SIZE, at + 1);
    at += 4;
  }
}
