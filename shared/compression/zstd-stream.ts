import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { DecompressionError, StreamUnsupportedError } from './errors.ts';
import { countBlocks } from './limits.ts';
import type { PieceReader } from './piece-reader.ts';
import { joined, TRANSFORM_OPTIONS, through } from './transform.ts';
import { type FrameHeader, MAX_FRAME_HEADER, readBlockHeader, readFrameHeader } from './zstd.ts';

/**
 * An initramfs of `zstd -19` has a window of 8 MiB, of `--ultra -21` 32 MiB; -22 takes 128 MiB, which beside all
 * else does not fit in a function of 256 MB.
 */
const MAX_WINDOW_LOG = 25;
/** RFC 8878 §3.1.1.2.4. */
const MAX_BLOCK = 128 * 1024;

type CreateZstdDecompress = (options: { chunkSize: number; params: Record<number, number> }) => Transform;

// From Node 22.15 on; typed here because the types are those of Node 20.
const { createZstdDecompress: nativeZstd = null } = zlib as { createZstdDecompress?: CreateZstdDecompress };
/** ZSTD_d_windowLogMax of zstd.h. */
const ZSTD_D_WINDOW_LOG_MAX = 100;

/** The content of one frame, by Node where it can, else by fzstd; `input` is left right behind the frame. */
export async function* zstd(
  input: PieceReader,
  native: CreateZstdDecompress | null = nativeZstd,
): AsyncGenerator<Buffer> {
  const header = readFrameHeader(await input.peek(MAX_FRAME_HEADER));
  if (header.window > 2 ** MAX_WINDOW_LOG) {
    throw new StreamUnsupportedError('zstd', `a window of ${header.window} bytes`);
  }
  const pieces = frame(input, header);
  if (native) {
    const params = { [ZSTD_D_WINDOW_LOG_MAX]: MAX_WINDOW_LOG };
    yield* through(joined(pieces), native({ ...TRANSFORM_OPTIONS, params }));
  } else yield* opened(pieces);
}

/** The frame's bytes, block by block: a decoder that is given more could take what follows for its own. */
async function* frame(input: PieceReader, header: FrameHeader): AsyncGenerator<Buffer> {
  yield await input.take(header.length);
  const countBlock = countBlocks();
  for (let last = false; !last; ) {
    const block = readBlockHeader(await input.peek(3));
    if (block.storedLength > MAX_BLOCK) throw new DecompressionError('zstd');
    countBlock();
    last = block.last;
    yield await input.take(3 + block.storedLength);
  }
  if (header.hasChecksum) yield await input.take(4);
}

async function* opened(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = [];
  const stream = new Decompress((part) => parts.push(part));
  for await (const piece of pieces) {
    stream.push(piece);
    for (const part of parts) yield Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    parts = [];
  }
}
