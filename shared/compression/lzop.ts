import { DecompressionError } from './errors.ts';
import { countBlocks } from './limits.ts';
import { decompressLzo1x } from './lzo1x.ts';
import type { PieceReader } from './piece-reader.ts';

/*
 * A file of lzop, as lzop 1.04's src/lzop.c and Linux' lib/decompress_unlzo.c read it; numbers are big-endian.
 *
 *   0x00  9  89 "LZO" 00 0D 0A 1A 0A
 *   0x09  2  version of lzop
 *   0x0B  2  version of the library
 *   0x0D  2  version that is needed       (these two and the level from lzop 0.940 on)
 *   0x0F  1  method: 1 to 3, all of them LZO1X
 *   0x10  1  level
 *   0x11  4  flags: 01 and 02 Adler-32, 100 and 200 CRC-32 of the content and of what is stored; 40 extra field;
 *            800 filter
 *   0x15  4  mode
 *   0x19  8  time
 *   0x21  1  length of the name, the name, 4 bytes of checksum
 *
 * Blocks: length of the content (0: the end), length of what is stored, checksums of the content, checksums of what
 * is stored where that is shorter, and the bytes: stored as they are where both lengths are equal.
 */
const MAGIC = Buffer.from('894c5a4f000d0a1a0a', 'hex');
const HEADER_LENGTH = 0x22;
const FIRST_VERSION_WITH_LEVEL = 0x0940;
const CONTENT_CHECKSUMS = [0x01, 0x100];
const STORED_CHECKSUMS = [0x02, 0x200];
const EXTRA_FIELD = 0x40;
const FILTER = 0x800;
/** Linux takes no larger block, and lzop writes none. */
const MAX_BLOCK = 256 * 1024;

/** The content of one file of lzop; `input` is left right behind it. Checksums are not checked. */
export async function* lzop(input: PieceReader): AsyncGenerator<Buffer> {
  const header = await input.take(HEADER_LENGTH);
  const flags = header.readUInt32BE(0x11);
  const method = header.readUInt8(0x0f);
  const known = header.readUInt16BE(0x09) >= FIRST_VERSION_WITH_LEVEL && method >= 1 && method <= 3;
  const plain = (flags & (EXTRA_FIELD | FILTER)) === 0;
  if (!header.subarray(0, MAGIC.length).equals(MAGIC) || !known || !plain)
    throw new DecompressionError('lzo');
  await input.skip(header.readUInt8(HEADER_LENGTH - 1) + 4);

  const checksums = (kinds: readonly number[]) => 4 * kinds.filter((kind) => (flags & kind) !== 0).length;
  const countBlock = countBlocks();
  for (;;) {
    const contentLength = (await input.take(4)).readUInt32BE(0);
    if (contentLength === 0) return;
    countBlock();
    const storedLength = (await input.take(4)).readUInt32BE(0);
    if (contentLength > MAX_BLOCK || storedLength > contentLength) throw new DecompressionError('lzo');
    const compressed = storedLength < contentLength;
    await input.skip(checksums(CONTENT_CHECKSUMS) + (compressed ? checksums(STORED_CHECKSUMS) : 0));
    const stored = await input.take(storedLength);
    yield compressed ? decompressLzo1x(stored, contentLength) : stored;
  }
}
