import { DecompressionError } from './errors.ts';

// [MS-XCA] 2.5: https://learn.microsoft.com/openspecs/windows_protocols/ms-xca/
//
// Chunks of at most 4096 bytes when open, each with a header of two bytes: bits 0–11 the bytes that follow, less
// one; bits 12–14 the signature 3; bit 15: they are compressed. A header of 0 is the end. Compressed: a byte of
// flags for the next eight elements, from its lowest bit on: 0 a byte as it is, 1 two bytes for a copy of what
// came before in the chunk, with its distance in the upper and its length in the lower bits. How many bits are
// whose depends on where in the chunk it is: the distance has as many as its greatest value here needs.
const CHUNK = 4096;
const COMPRESSED = 0x8000;
const SIGNATURE_MASK = 0x7000;
const SIGNATURE = 0x3000;
const MIN_DISTANCE_BITS = 4;
const MIN_COPY = 3;

/**
 * Opens LZNT1 as NTFS has it: each chunk stands for 4096 bytes, of which those that it does not give are zeros.
 *
 * @param length bytes of the result: what follows the end of the input is zeros
 * @throws {DecompressionError} when the input is damaged, or opens to more
 */
export function lznt1(input: Buffer, length: number): Buffer {
  const output = Buffer.alloc(length);
  let at = 0;
  for (let chunk = 0; at + 2 <= input.length; chunk += CHUNK) {
    const header = input.readUInt16LE(at);
    if (header === 0) return output;
    const end = at + 2 + (header & (CHUNK - 1)) + 1;
    if ((header & SIGNATURE_MASK) !== SIGNATURE || end > input.length || chunk >= length) {
      throw new DecompressionError('LZNT1');
    }
    const bytes = input.subarray(at + 2, end);
    const place = output.subarray(chunk, chunk + CHUNK);
    if ((header & COMPRESSED) === 0) {
      if (bytes.length > place.length) throw new DecompressionError('LZNT1');
      bytes.copy(place);
    } else {
      openChunk(bytes, place);
    }
    at = end;
  }
  return output;
}

function openChunk(input: Buffer, output: Buffer): void {
  let at = 0;
  let filled = 0;
  while (at < input.length) {
    const flags = input.readUInt8(at++);
    for (let bit = 0; bit < 8 && at < input.length; bit++) {
      if (((flags >> bit) & 1) === 0) {
        if (filled >= output.length) throw new DecompressionError('LZNT1');
        output[filled++] = input.readUInt8(at++);
        continue;
      }
      if (at + 2 > input.length || filled === 0) throw new DecompressionError('LZNT1');
      const copy = input.readUInt16LE(at);
      at += 2;
      const lengthBits = 16 - Math.max(MIN_DISTANCE_BITS, bitsFor(filled - 1));
      const distance = (copy >> lengthBits) + 1;
      const end = filled + (copy & ((1 << lengthBits) - 1)) + MIN_COPY;
      if (distance > filled || end > output.length) throw new DecompressionError('LZNT1');
      // Byte by byte: what is copied may begin before it is all there, and so repeats.
      for (; filled < end; filled++) output[filled] = output[filled - distance] ?? 0;
    }
  }
}

const bitsFor = (value: number): number => 32 - Math.clz32(value);
