import { ReadableStream } from 'node:stream/web';
import xzDecompress from 'xz-decompress';
import { DecompressionError, StreamUnsupportedError } from './errors.ts';
import { countBlocks } from './limits.ts';
import type { PieceReader } from './piece-reader.ts';
import { joined } from './transform.ts';

/*
 * An .xz stream, https://tukaani.org/xz/xz-file-format.txt
 *
 *   12  stream header: FD "7zXZ" 00, flags (the second's low half: kind of check), CRC-32
 *       blocks, each: header (first byte: length / 4 - 1, never 0), LZMA2 chunks, padding to 4, check
 *       index: 00, number of records, records (two numbers each), padding to 4, CRC-32
 *   12  stream footer
 *
 * An LZMA2 chunk begins with a control byte:
 *
 *   00       end of the block's data
 *   01, 02   stored: length - 1 in the next two bytes, big-endian
 *   80–FF    compressed: two bytes of the length it opens to, two of its length - 1, from C0 on a byte of properties
 */
const MAGIC = Buffer.from('fd377a585a00', 'hex');
const HEADER_LENGTH = 12;
const FOOTER_LENGTH = 12;
/** By the kind of check in the header's flags: none, 3 × CRC-32's length, CRC-64's, SHA-256's, … */
const CHECK_LENGTHS = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
/** A number of 63 bits, seven to a byte. */
const MAX_NUMBER_LENGTH = 9;
const LZMA2 = 0x21;
const CHUNK_HEADER_LENGTH = 6;
/** What the decoder allows, and `xz -9` takes; -6, the default, takes 8 MiB. */
const MAX_DICTIONARY = 64 * 1024 * 1024;

/** The content of one stream; `input` is left right behind it. */
export async function* xz(input: PieceReader): AsyncGenerator<Buffer> {
  const pieces = joined(stream(input));
  const compressed = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  const reader = new xzDecompress.XzReadableStream(
    compressed as ConstructorParameters<typeof xzDecompress.XzReadableStream>[0],
  ).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (next.value.length > 0)
        yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
    }
  } finally {
    // Its only WebAssembly instance is locked until then.
    await reader.cancel().catch(() => {});
  }
  // What the decoder left unread is not what its own index says.
  if (!(await pieces.next()).done) throw new DecompressionError('xz');
}

/** The stream's own bytes and no more: the decoder does not tell where it ended. */
async function* stream(input: PieceReader): AsyncGenerator<Buffer> {
  const header = await input.take(HEADER_LENGTH);
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw new DecompressionError('xz');
  const checkLength = CHECK_LENGTHS[header.readUInt8(7) & 0x0f] ?? 0;
  yield header;
  const countChunk = countBlocks();
  for (;;) {
    const [realLength = 0] = await input.peek(1);
    if (realLength === 0) break;
    const blockHeader = await input.take((realLength + 1) * 4);
    checkFilters(blockHeader);
    yield blockHeader;
    let dataLength = 0;
    for (let end = false; !end; ) {
      const chunk = chunkLength(await input.peek(CHUNK_HEADER_LENGTH));
      end = chunk === 1;
      countChunk();
      dataLength += chunk;
      yield input.take(chunk);
    }
    yield input.take(padding(dataLength) + checkLength);
  }
  yield* index(input);
  yield input.take(FOOTER_LENGTH);
}

/** Bytes of the chunk that begins here, with its header; only the end's is 1. */
function chunkLength(start: Buffer): number {
  const control = start[0];
  if (control === 0) return 1;
  if (control === undefined || start.length < CHUNK_HEADER_LENGTH) throw new DecompressionError('xz');
  if (control < 3) return 3 + start.readUInt16BE(1) + 1;
  if (control < 0x80) throw new DecompressionError('xz');
  return (control < 0xc0 ? 5 : 6) + start.readUInt16BE(3) + 1;
}

/**
 * A block's header: length, flags, up to two lengths, filters (id, length of properties, properties), CRC-32. The
 * decoder has LZMA2 only, which is all that xz uses unless it is told otherwise.
 */
function checkFilters(header: Buffer): void {
  let at = 2;
  const next = (): number => {
    const { value, length } = readNumber(header.subarray(at));
    at += length;
    return value;
  };
  const flags = header.readUInt8(1);
  for (const lengthPresent of [0x40, 0x80]) if ((flags & lengthPresent) !== 0) next();
  const filter = next();
  if (filter !== LZMA2) throw new StreamUnsupportedError('xz', `a filter (${filter})`);
  next();
  const bits = header[at] ?? 0;
  // https://tukaani.org/xz/xz-file-format.txt 5.3.1
  const dictionary = (2 + (bits & 1)) * 2 ** (Math.floor(bits / 2) + 11);
  if (dictionary > MAX_DICTIONARY) {
    throw new StreamUnsupportedError('xz', `a dictionary of ${dictionary} bytes`);
  }
}

async function* index(input: PieceReader): AsyncGenerator<Buffer> {
  let length = 1;
  yield input.take(1);
  let numbers = 1;
  for (let taken = 0; taken < numbers; taken++) {
    const number = readNumber(await input.peek(MAX_NUMBER_LENGTH));
    if (taken === 0) numbers = 1 + number.value * 2;
    length += number.length;
    yield input.take(number.length);
  }
  yield input.take(padding(length) + 4);
}

/** Seven bits to a byte, the lowest first; the last byte has its highest bit clear. */
function readNumber(start: Buffer): { value: number; length: number } {
  let value = 0;
  for (const [index, byte] of start.subarray(0, MAX_NUMBER_LENGTH).entries()) {
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, length: index + 1 };
  }
  throw new DecompressionError('xz');
}

const padding = (length: number): number => (4 - (length % 4)) % 4;
