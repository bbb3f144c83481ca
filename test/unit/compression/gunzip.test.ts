import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { SourceUnavailableError } from '../../../shared/bytes/errors.ts';
import type { ByteSource } from '../../../shared/bytes/source.ts';
import { DecompressionError, StreamLimitError } from '../../../shared/compression/errors.ts';
import { gunzip } from '../../../shared/compression/gunzip.ts';
import { noise } from '../../support/images/disk.ts';
import { tracedSource } from '../../support/sources.ts';

const MIB = 2 ** 20;
const roomy = { input: 1e9, output: 1e9 };

async function all(source: ByteSource, limits = roomy): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of gunzip(source, limits)) parts.push(part);
  return Buffer.concat(parts);
}

describe('gunzip of a source', () => {
  it('gives all bytes, by requests that grow', async () => {
    const content = noise(3 * MIB);
    const source = tracedSource(gzipSync(content));
    expect((await all(source)).equals(content)).toBe(true);
    expect(source.reads.length).toBeLessThan(9);
  });

  it('reads little when little is taken', async () => {
    const source = tracedSource(gzipSync(noise(3 * MIB)));
    for await (const _ of gunzip(source, roomy)) break;
    expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(256 * 1024);
  });

  it('stops a bomb at its output limit with little memory', async () => {
    const bomb = bufferSource(gzipSync(Buffer.alloc(200 * MIB)));
    let produced = 0;
    const drain = async () => {
      for await (const part of gunzip(bomb, { input: 1e9, output: 10 * MIB })) produced += part.length;
    };
    await expect(drain()).rejects.toBeInstanceOf(StreamLimitError);
    expect(produced).toBeLessThanOrEqual(10 * MIB);
  });

  it('stops at its input limit, even where nothing comes out', async () => {
    const silent = Buffer.concat(Array.from({ length: 20_000 }, () => gzipSync(Buffer.alloc(0))));
    const source = tracedSource(silent);
    await expect(all(source, { input: 100_000, output: 1e9 })).rejects.toBeInstanceOf(StreamLimitError);
    expect(source.reads.length).toBe(2);
  });

  it('tells damage from a source that fails', async () => {
    const whole = gzipSync(noise(MIB));
    await expect(all(bufferSource(whole.subarray(0, MIB / 2)))).rejects.toBeInstanceOf(DecompressionError);
    const broken: ByteSource = {
      size: whole.length,
      async read(offset, length) {
        if (offset > 0) throw new SourceUnavailableError('the server answered 503');
        return whole.subarray(offset, offset + length);
      },
    };
    await expect(all(broken)).rejects.toBeInstanceOf(SourceUnavailableError);
  });
});
