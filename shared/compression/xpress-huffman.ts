import { DecompressionError } from './errors.ts';
import { copyWithin, huffmanReader, WordBits } from './word-bits.ts';

// [MS-XCA] 2.2: https://learn.microsoft.com/openspecs/windows_protocols/ms-xca/
//
//   000  100  lengths of 512 codes, four bits each, the lower half of a byte first
//   100       symbols: below 256 a byte as it is; else a copy, the lower four bits for its length, the upper for
//             the bits of its distance. A length of 15 goes on in a byte, and one of 255 in two, among the bits.
const KIND = 'XPRESS Huffman';
const SYMBOLS = 512;
const TABLE_LENGTH = SYMBOLS / 2;
const LITERALS = 256;
const LONG = 15;
const LONGER = 255;
const MIN_COPY = 3;

/**
 * Opens one chunk of XPRESS with Huffman codes, at most 64 KiB.
 *
 * @param length bytes that it opens to
 * @throws {DecompressionError} when the input is damaged, or opens to less or more
 */
export function xpressHuffman(input: Buffer, length: number): Buffer {
  if (input.length < TABLE_LENGTH) throw new DecompressionError(KIND);
  const lengths = new Uint8Array(SYMBOLS);
  for (let index = 0; index < TABLE_LENGTH; index++) {
    const byte = input.readUInt8(index);
    lengths[2 * index] = byte & 15;
    lengths[2 * index + 1] = byte >> 4;
  }
  const readSymbol = huffmanReader(lengths, KIND);
  const bits = new WordBits(input, TABLE_LENGTH, KIND);
  const output = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const symbol = readSymbol(bits);
    if (symbol < LITERALS) {
      output[filled++] = symbol;
      continue;
    }
    bits.ensure(16);
    let copy = symbol & 15;
    if (copy === LONG) {
      const more = bits.bytes(1).readUInt8(0);
      copy = more === LONGER ? bits.bytes(2).readUInt16LE(0) : LONG + more;
    }
    const distanceBits = (symbol >> 4) & 15;
    const distance = (1 << distanceBits) | bits.read(distanceBits);
    filled = copyWithin(output, filled, distance, copy + MIN_COPY, KIND);
  }
  return output;
}
