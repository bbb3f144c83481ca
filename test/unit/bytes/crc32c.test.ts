import { expect, test } from 'vitest';
import { crc32c } from '../../../shared/bytes/crc32c.ts';

// RFC 3720, appendix B.4.
test.each([
  ['zeros', Buffer.alloc(32), 0x8a9136aa],
  ['ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['ascending', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
])('the CRC-32C of the %s of RFC 3720', (_, bytes, checksum) => {
  expect(~crc32c(0xffffffff, bytes) >>> 0).toBe(checksum);
});

test('a CRC-32C goes on where the last call stopped', () => {
  const bytes = Buffer.from('123456789');
  expect(crc32c(crc32c(1, bytes.subarray(0, 4)), bytes.subarray(4))).toBe(crc32c(1, bytes));
});
