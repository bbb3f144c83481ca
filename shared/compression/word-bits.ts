import { DecompressionError } from './errors.ts';

/*
 * What XPRESS Huffman and LZX have in common: a stream of bits in 16-bit little-endian words, each from its
 * highest bit on, with whole bytes in between; and canonical Huffman codes.
 */

/** Bits of words of 16; beyond the end of the input they are zeros, as both formats allow a reader to look ahead. */
export class WordBits {
  readonly #input: Buffer;
  /** Of the next word, or of the next byte. */
  #at: number;
  #held = 0;
  #count = 0;
  #beyond = 0;
  readonly #kind: string;

  constructor(input: Buffer, at: number, kind: string) {
    this.#input = input;
    this.#at = at;
    this.#kind = kind;
  }

  /** Holds at least `count` bits, 16 at most: where bytes are in between, they begin after what is held. */
  ensure(count: number): void {
    if (this.#count >= count) return;
    const more = this.#at + 2 <= this.#input.length;
    // Looking ahead takes two words at most: who needs more reads what is not there.
    if (!more && ++this.#beyond > 2) throw new DecompressionError(this.#kind);
    this.#held = ((this.#held & 0xffff) << 16) | (more ? this.#input.readUInt16LE(this.#at) : 0);
    this.#count += 16;
    this.#at += 2;
  }

  /** The next `count` bits as a number, at most 16. */
  read(count: number): number {
    this.ensure(count);
    this.#count -= count;
    return (this.#held >>> this.#count) & ((1 << count) - 1);
  }

  /** Drops what is left of the word; a whole word where nothing of one was read. */
  align(): void {
    this.ensure(1);
    this.#count = 0;
  }

  /** Whole bytes from after the words that are held. */
  bytes(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#input.length) throw new DecompressionError(this.#kind);
    const bytes = this.#input.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** Skips a byte, also where the input ends before it. */
  skipByte(): void {
    this.#at += 1;
  }
}

/** Reads one symbol. */
export type SymbolReader = (bits: WordBits) => number;

/**
 * A canonical Huffman code: shorter codes first, and those of one length in the order of their symbols.
 *
 * @param lengths for each symbol the bits of its code, at most 16; 0 where it has none
 * @throws {DecompressionError} when there are more codes than bits can tell apart
 */
export function huffmanReader(lengths: Uint8Array, kind: string): SymbolReader {
  const counts = new Uint16Array(MAX_CODE_LENGTH + 1);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  const starts = new Uint16Array(MAX_CODE_LENGTH + 2);
  let free = 1;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    const count = counts[length] ?? 0;
    free = 2 * free - count;
    if (free < 0) throw new DecompressionError(kind);
    starts[length + 1] = (starts[length] ?? 0) + count;
  }
  const symbols = new Uint16Array(lengths.length);
  for (const [symbol, length] of lengths.entries()) {
    const at = starts[length] ?? 0;
    if (length === 0) continue;
    symbols[at] = symbol;
    starts[length] = at + 1;
  }
  return (bits) => {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
      code |= bits.read(1);
      const count = counts[length] ?? 0;
      if (code - first < count) return symbols[index + code - first] ?? 0;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new DecompressionError(kind);
  };
}

const MAX_CODE_LENGTH = 16;

/**
 * Copies what was put out before, byte by byte: it may reach into itself, and so repeats.
 *
 * @throws {DecompressionError} when it begins before the output, or goes beyond its end
 */
export function copyWithin(
  output: Buffer,
  at: number,
  distance: number,
  length: number,
  kind: string,
): number {
  const end = at + length;
  if (distance < 1 || distance > at || end > output.length) throw new DecompressionError(kind);
  for (let to = at; to < end; to++) output[to] = output[to - distance] ?? 0;
  return end;
}
