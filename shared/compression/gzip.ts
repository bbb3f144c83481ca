import { crc32, createInflateRaw } from 'node:zlib';
import { DecompressionError } from './errors.ts';
import type { PieceReader } from './piece-reader.ts';
import { TRANSFORM_OPTIONS, through } from './transform.ts';

/*
 * A member of a gzip file, https://www.rfc-editor.org/rfc/rfc1952; numbers are little-endian.
 *
 *   0x00  2  1F 8B
 *   0x02  1  method: 8, deflate
 *   0x03  1  flags: 2 header checksum, 4 extra field, 8 name, 16 comment
 *   0x04  6  time, level, system
 *   0x0A     extra field (2 bytes of length, content), name and comment (each to a NUL), 2 bytes of checksum
 *            the deflated content
 *         4  CRC-32 of the content
 *         4  its length mod 2^32
 */
const HEADER_LENGTH = 10;
const TRAILER_LENGTH = 8;
const HEADER_CHECKSUM = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
/** Longer than any path; a name without an end is none. */
const MAX_NAME = 4096;
/** zlib tells what it did not need only once it has all of a piece: small ones keep that little. */
const INPUT_PIECE = 128 * 1024;

/** The content of one member; `input` is left right behind it, as Node's own gunzip does not tell its end. */
export async function* gzip(input: PieceReader): AsyncGenerator<Buffer> {
  const header = await input.take(HEADER_LENGTH);
  const flags = header.readUInt8(3);
  if (header.readUInt16BE(0) !== 0x1f8b || header.readUInt8(2) !== 8) throw new DecompressionError('gzip');
  if ((flags & EXTRA) !== 0) await input.skip((await input.take(2)).readUInt16LE(0));
  if ((flags & NAME) !== 0) await skipText(input);
  if ((flags & COMMENT) !== 0) await skipText(input);
  if ((flags & HEADER_CHECKSUM) !== 0) await input.skip(2);

  const inflate = createInflateRaw(TRANSFORM_OPTIONS);
  const given: { piece: Buffer; end: number }[] = [];
  async function* give(): AsyncGenerator<Buffer> {
    let end = 0;
    for (let piece = await input.takeSome(INPUT_PIECE); piece; piece = await input.takeSome(INPUT_PIECE)) {
      while ((given[0]?.end ?? Number.POSITIVE_INFINITY) <= inflate.bytesWritten) given.shift();
      end += piece.length;
      given.push({ piece, end });
      yield piece;
    }
  }

  const pieces = give();
  let checksum = 0;
  let length = 0;
  for await (const piece of through(pieces, inflate)) {
    checksum = crc32(piece, checksum);
    length += piece.length;
    yield piece;
  }
  // A piece may still be on its way to zlib, which has no use for it.
  await pieces.return(undefined);
  const unused = (given.at(-1)?.end ?? 0) - inflate.bytesWritten;
  const tail = Buffer.concat(given.map(({ piece }) => piece));
  input.putBack(tail.subarray(tail.length - unused));
  const trailer = await input.take(TRAILER_LENGTH);
  if (trailer.readUInt32LE(0) !== checksum || trailer.readUInt32LE(4) !== length % 2 ** 32) {
    throw new DecompressionError('gzip');
  }
}

async function skipText(input: PieceReader): Promise<void> {
  const text = await input.peek(MAX_NAME);
  const end = text.indexOf(0);
  if (end < 0) throw new DecompressionError('gzip');
  await input.skip(end + 1);
}
