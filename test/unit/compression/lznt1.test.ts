import { expect, test } from 'vitest';
import { lznt1 } from '../../../shared/compression/lznt1.ts';

const DAMAGED = expect.objectContaining({ code: 'COMPRESSED_DATA_DAMAGED' });
const bytes = (...values: number[]) => Buffer.from(values);
/** A chunk's header and its bytes. */
const chunk = (compressed: boolean, ...values: number[]) => {
  const header = (compressed ? 0xb000 : 0x3000) | (values.length - 1);
  return bytes(header & 0xff, header >> 8, ...values);
};

test('a copy may reach into itself, and repeats', () => {
  expect(lznt1(chunk(true, 0b10, 0x61, 0xfc, 0x0f), 4096).toString('latin1', 0, 4096)).toBe('a'.repeat(4096));
});

test('a chunk that gives less than 4096 bytes stands for zeros, as does what follows the end', () => {
  const opened = lznt1(Buffer.concat([chunk(false, 1, 2), chunk(false, 3), bytes(0, 0, 9, 9)]), 3 * 4096);
  const expected = Buffer.alloc(3 * 4096);
  expected.set([1, 2], 0);
  expected.set([3], 4096);
  expect(opened.equals(expected)).toBe(true);
});

test.each<[string, Buffer]>([
  ['a copy of more than the chunk holds (a bomb)', chunk(true, 0b110, 0x61, 0xfc, 0x0f, 0xff, 0x0f)],
  ['a copy from before the chunk', chunk(true, 0b10, 0x61, 0xff, 0xff)],
  ['a copy before there is anything', chunk(true, 0b1, 0, 0)],
  ['a copy that is cut off', chunk(true, 0b10, 0x61, 0)],
  ['a chunk that is cut off', bytes(0xff, 0xbf, 0, 1)],
  ['another signature', bytes(0x01, 0xc0, 0, 1)],
  ['more chunks than there is room for', Buffer.concat([chunk(false, 1), chunk(false, 2)])],
])('%s is refused', (_, input) => {
  expect(() => lznt1(input, 4096)).toThrow(DAMAGED);
});
