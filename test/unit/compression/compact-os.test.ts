import { describe, expect, test } from 'vitest';
import { lzx } from '../../../shared/compression/lzx.ts';
import { xpressHuffman } from '../../../shared/compression/xpress-huffman.ts';

const DAMAGED = expect.objectContaining({ code: 'COMPRESSED_DATA_DAMAGED' });

/** 512 lengths of four bits. */
const xpress = (lengths: Readonly<Record<number, number>>, ...rest: number[]): Buffer => {
  const table = Buffer.alloc(256);
  for (const [symbol, length] of Object.entries(lengths)) {
    const at = Number(symbol) >> 1;
    table[at] = (table[at] ?? 0) | (Number(symbol) % 2 ? length << 4 : length);
  }
  return Buffer.concat([table, Buffer.from(rest)]);
};

describe('XPRESS Huffman (real streams: test/unit/filesystem/ntfs.test.ts)', () => {
  test('opens the alphabet of [MS-XCA] 3.2', () => {
    // Sixteen codes of four bits and sixteen of five, in the order of their symbols.
    const lengths: Record<number, number> = {};
    for (let symbol = 0; symbol < 24; symbol++) lengths[symbol + 0x61] = symbol < 8 ? 4 : 5;
    // 'a' is 0000 and 'b' 0001; words of 16 bits, little-endian.
    expect(xpressHuffman(xpress(lengths, 0b0001_0001, 0b0000_0001, 0, 0), 4).toString()).toBe('abbb');
  });

  test('a copy of a length in two bytes beyond the output is refused (a bomb)', () => {
    // 'a' is 0, a copy of distance 1 and long length is 1.
    const input = xpress({ 97: 1, 271: 1 }, 0, 0x40, 0, 0, 0xff, 0xff, 0xff);
    expect(() => xpressHuffman(input, 4096)).toThrow(DAMAGED);
  });

  test.each<[string, Buffer]>([
    ['a table that is cut off', Buffer.alloc(255)],
    ['more codes than bits can tell apart', xpress({ 1: 1, 2: 1, 3: 1 }, 0, 0, 0, 0)],
    ['no codes', xpress({}, 0, 0, 0, 0)],
    ['a copy from before the start', xpress({ 97: 1, 496: 1 }, 0xff, 0xff, 0xff, 0xff)],
    ['nothing behind the table', xpress({ 97: 1, 98: 1 })],
  ])('%s is refused', (_, input) => {
    expect(() => xpressHuffman(input, 4096)).toThrow(DAMAGED);
  });
});

describe('LZX (real streams: test/unit/filesystem/ntfs.test.ts)', () => {
  /** An uncompressed block: type 3, a size in 16 bits, three distances. */
  const uncompressed = (size: number, ...content: number[]) =>
    Buffer.concat([
      // 011 0 and the size's upper 12 bits; its lower 4 bits, and 12 bits of alignment.
      Buffer.from(Uint16Array.of(0x6000 | (size >> 4), (size & 15) << 12).buffer),
      Buffer.from(Uint32Array.of(1, 1, 1).buffer),
      Buffer.from(content),
    ]);

  test('an uncompressed block is taken as it is', () => {
    expect(lzx(uncompressed(5, ...Buffer.from('plain'), 0), 5).toString()).toBe('plain');
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a block of another type', Buffer.from([0, 0xf0])],
    ['a block of no bytes', uncompressed(0)],
    ['a block of more than there is room for', uncompressed(0xffff, 1, 2, 3)],
    ['a block that is cut off', uncompressed(5, 1)],
    ['a verbatim block without codes', Buffer.concat([Buffer.from([0, 0x30]), Buffer.alloc(64)])],
  ])('%s is refused', (_, input) => {
    expect(() => lzx(input, 5)).toThrow(DAMAGED);
  });
});
