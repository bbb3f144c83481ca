import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  MAX_FILE_BYTES,
  MAX_PARTS,
  parallelParts,
  partBytesOf,
  planParts,
} from '../../../../cli/upload/parts.ts';

const MIB = 2 ** 20;
/** As often small as large: sizes that a uniform draw would hardly meet. */
const sizes = fc.oneof(
  fc.integer({ min: 0, max: 100 * MIB }),
  fc.integer({ min: 0, max: MAX_FILE_BYTES }),
  fc
    .integer({ min: 1, max: MAX_PARTS })
    .chain((count) => fc.constantFrom(count * 16 * MIB - 1, count * 16 * MIB)),
);

test('parts cover the file once, in order, within the limits of OCI and of a request', () => {
  fc.assert(
    fc.property(sizes, (size) => {
      const partBytes = partBytesOf(size);
      const parts = planParts(size, partBytes);
      expect(parts.length).toBeLessThanOrEqual(MAX_PARTS);
      expect(partBytes).toBeGreaterThanOrEqual(10 * MIB);
      expect(partBytes).toBeLessThanOrEqual(64 * MIB);
      const badPart = parts.findIndex(
        ({ number, offset, length }, index) =>
          number !== index + 1 ||
          offset !== index * partBytes ||
          (index < parts.length - 1 ? length !== partBytes : length < 1 || length > partBytes),
      );
      expect(badPart).toBe(-1);
      const last = parts.at(-1);
      expect(last ? last.offset + last.length : 0).toBe(size);
    }),
    { numRuns: 60 },
  );
});

test('the parts under way take bounded memory, and at least one is', () => {
  for (const partBytes of [16, 17, 40, 64].map((mib) => mib * MIB)) {
    const parallel = parallelParts(partBytes);
    expect(parallel).toBeGreaterThanOrEqual(1);
    expect(parallel * partBytes).toBeLessThanOrEqual(128 * MIB);
  }
});

test('a file larger than 10,000 parts can carry is refused', () => {
  expect(() => partBytesOf(MAX_FILE_BYTES + 1)).toThrow(/The file has 671088640001 bytes/);
});
