import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { test } from 'vitest';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { decompress } from '../../shared/compression/decompress.ts';
import { pieceReader } from '../../shared/compression/piece-reader.ts';
import { decompressStream, type StreamKind } from '../../shared/compression/stream.ts';
import { fuzz } from '../support/fuzz.ts';

const MAX_OUTPUT = 4 * 2 ** 20;
/** Made by the compressions' own tools (test/fixtures/make-initramfs.sh), without the archive before them. */
const EARLY = readFileSync('test/fixtures/initramfs/gzip.img').indexOf(Buffer.of(0x1f, 0x8b, 8));
const sample = (name: string) => readFileSync(`test/fixtures/initramfs/${name}.img`).subarray(EARLY);

/** In small pieces, so that mutations hit each part of a stream alike. */
async function* pieces(source: ByteSource): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < source.size; offset += 4096) {
    yield await source.read(offset, Math.min(4096, source.size - offset));
  }
}

async function drain(content: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of content);
}

const streams: readonly (readonly [kind: StreamKind, files: readonly string[]])[] = [
  ['gzip', ['gzip']],
  ['xz', ['xz', 'xz-blocks']],
  ['zstd', ['zstd-small-window']],
  ['lz4', ['lz4', 'lz4-frame']],
  ['lzo', ['lzo']],
  // It decodes whole blocks before it finds a mistake.
  ['bzip2', ['bzip2-small']],
];

test.each(streams)('%s stream', async (kind, files) => {
  await fuzz({
    name: `${kind} stream`,
    samples: files.map(sample),
    parse: (source) => drain(decompressStream(kind, pieceReader(pieces(source)), MAX_OUTPUT)),
  });
});

const LZO_BLOCK = sample('lzo').subarray(0x22 + 4 + 12);

test.each([
  ['lzo1x', LZO_BLOCK],
  ['zlib', deflateSync(sample('lz4').subarray(0, 8192))],
] as const)('%s in one piece', async (kind, bytes) => {
  await fuzz({
    name: `${kind} in one piece`,
    samples: [bytes],
    parse: async (source) => decompress(kind, await source.read(0, source.size), 2 ** 18),
  });
});
