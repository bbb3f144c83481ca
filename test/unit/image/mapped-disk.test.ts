import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, mappedDisk } from '../../../shared/image/mapped-disk.ts';
import { noise } from '../../support/images/disk.ts';
import { tracedSource } from '../../support/sources.ts';

const BLOCK = 512;
const image = noise(64 * BLOCK);

describe('a mapped disk', () => {
  it('finds its blocks wherever they lie, and reads once what follows each other', async () => {
    const block = fc.oneof(
      { weight: 5, arbitrary: fc.nat(63).map((index) => index * BLOCK) },
      fc.constant(null),
      fc.integer({ min: 0, max: BLOCK }).map((length) => noise(length, 9)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(block, { minLength: 1, maxLength: 20 }),
        fc.nat(),
        fc.nat(),
        async (blocks, a, b) => {
          const expected = Buffer.concat(blocks.map(content));
          const source = tracedSource(image);
          const disk = mappedDisk(source, expected.length, BLOCK, async (index) => blocks[index] ?? null);
          const offset = a % expected.length;
          const length = b % (expected.length - offset + 1);
          expect((await disk.read(offset, length)).equals(expected.subarray(offset, offset + length))).toBe(
            true,
          );
          source.reads.length = 0;
          await disk.read(0, expected.length);
          expect(source.reads).toHaveLength(runs(blocks));
        },
      ),
      { numRuns: 300 },
    );
  });
});

function content(block: Block): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  if (typeof block === 'number') image.copy(bytes, 0, block, block + BLOCK);
  else block?.copy(bytes);
  return bytes;
}

/** How many stretches of blocks that follow each other in the image there are. */
function runs(blocks: readonly Block[]): number {
  return blocks.filter((block, index) => {
    const before = blocks[index - 1];
    return typeof block === 'number' && !(typeof before === 'number' && before + BLOCK === block);
  }).length;
}
