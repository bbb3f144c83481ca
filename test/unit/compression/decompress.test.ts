import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompressionKind, decompress, gunzipStart } from '../../../shared/compression/decompress.ts';
import { DecompressionError, OutputTooLargeError } from '../../../shared/compression/errors.ts';
import { decompressZstd } from '../../../shared/compression/zstd.ts';
import { noise } from '../../support/images/disk.ts';
import { lzo1x } from '../../support/images/lzo1x.ts';
import { zstdFrame } from '../../support/images/zstd.ts';

const encoders: Record<CompressionKind, (content: Buffer) => Buffer> = {
  'deflate-raw': (content) => deflateRawSync(content),
  zlib: (content) => deflateSync(content),
  gzip: (content) => gzipSync(content),
  lzo1x,
  zstd: zstdFrame,
};
const kinds = Object.keys(encoders) as CompressionKind[];

/** `zstd -19 --check` of eight lines of text, with entropy-coded literals and sequences, and a checksum. */
const text = Array.from(
  { length: 8 },
  (_, i) => `the cluster of text number ${i + 1}, the cluster of text\n`,
).join('');
const textFrame = Buffer.from(
  '28b52ffd649000f50100640274686520636c7573746572206f662074657874206e756d62657220312c200a' +
    '32333435363738092090330f8a189d2366248ece887924b5f01a92e404d94948fc',
  'hex',
);

describe.each(kinds)('%s', (kind) => {
  it('gives back what was compressed, whatever follows the stream', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.nat(600), (content, padding) => {
        const input = Buffer.concat([encoders[kind](Buffer.from(content)), Buffer.alloc(padding)]);
        expect(decompress(kind, input, 5_000).equals(Buffer.from(content))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('takes output of exactly its bound, and refuses a byte more', () => {
    const input = encoders[kind](noise(65_536));
    expect(decompress(kind, input, 65_536)).toHaveLength(65_536);
    expect(() => decompress(kind, input, 65_535)).toThrow(OutputTooLargeError);
  });

  it('refuses a bomb before it has opened', () => {
    const bomb = encoders[kind](Buffer.alloc(64 * 2 ** 20));
    expect(bomb.length).toBeLessThan(300_000);
    const before = process.memoryUsage().rss;
    expect(() => decompress(kind, bomb, 65_536)).toThrow(OutputTooLargeError);
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 2 ** 20);
  });

  it('refuses input that is damaged or cut off with a typed error, in bounded time', () => {
    fc.assert(
      fc.property(fc.nat(999), fc.integer({ min: 1, max: 255 }), fc.nat(999), (at, flip, cut) => {
        const input = Buffer.from(encoders[kind](noise(1_000)));
        input[at % input.length] = (input[at % input.length] ?? 0) ^ flip;
        try {
          expect(decompress(kind, input, 65_536).length).toBeLessThanOrEqual(65_536);
        } catch (error) {
          expect([DecompressionError, OutputTooLargeError]).toContain((error as Error).constructor);
        }
        const whole = encoders[kind](noise(1_000));
        expect(() => decompress(kind, whole.subarray(0, cut), 65_536)).toThrow(DecompressionError);
      }),
      { numRuns: 300 },
    );
  });
});

describe('zstd', () => {
  it.each([
    ['this Node', undefined],
    ['fzstd', null],
  ])('opens what the zstd tool wrote, by %s', (_name, native) => {
    const input = Buffer.concat([textFrame, Buffer.from('the next cluster')]);
    expect(decompressZstd(input, 1_000, native).toString()).toBe(text);
  });

  it('refuses a window beyond 8 MiB before allocating it', () => {
    const frame = Buffer.from('28b52ffd00f801000000', 'hex'); // window descriptor f8: 2 TiB
    expect(() => decompress('zstd', frame, 65_536)).toThrow('more than the 8388608 bytes');
  });
});

describe('lzo1x', () => {
  /** The only block of `lzop -9` of the same text: literals, matches of several forms, and the end mark. */
  const block = Buffer.from(
    '2974686520636c7573746572206f662074657874206e756d625b01312c203175000a39c500322010c500332010' +
      'c500342010c500352010c500362010c500372010c5003834c400110000',
    'hex',
  );

  it('opens what lzop wrote', () => {
    expect(decompress('lzo1x', block, 4096).toString()).toBe(text);
  });

  it.each([
    ['a match that reaches before the start', '150102030420000100110000'],
    ['no end mark', '1501020304'],
    ['a length that never ends', '0000000000000000'],
    ['nothing', ''],
  ])('refuses %s', (_name, hex) => {
    expect(() => decompress('lzo1x', Buffer.from(hex, 'hex'), 4096)).toThrow(DecompressionError);
  });
});

describe('the start of a gzip stream', () => {
  it('opens though the rest is missing', () => {
    const start = gunzipStart(gzipSync(noise(100_000)).subarray(0, 4096), 8 * 2 ** 20);
    expect(start.length).toBeGreaterThan(3_500);
    expect(start.equals(noise(100_000).subarray(0, start.length))).toBe(true);
  });

  it('is empty for what is no gzip', () => {
    expect(gunzipStart(Buffer.from('not gzip'), 100)).toHaveLength(0);
  });
});
