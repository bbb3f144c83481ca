import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { type Block, type CompressedBlock, mappedDisk } from '../../../shared/image/mapped-disk.ts';
import { noise } from '../../support/images/disk.ts';
import { tracedSource } from '../../support/sources.ts';

const BLOCK = 512;
const image = noise(64 * BLOCK);

/** Opens to a block that says where it was. */
const compressed = (offset: number): CompressedBlock => ({
  offset,
  length: 8,
  open: (bytes) => Buffer.alloc(BLOCK, bytes),
});

describe('a mapped disk', () => {
  it('finds its blocks wherever they lie, plain and compressed', async () => {
    const block: fc.Arbitrary<Block> = fc.oneof(
      { weight: 5, arbitrary: fc.nat(63).map((index) => index * BLOCK) },
      { weight: 3, arbitrary: fc.nat(image.length - 8).map(compressed) },
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
          const disk = mappedDisk(
            bufferSource(image),
            expected.length,
            BLOCK,
            async (index) => blocks[index] ?? null,
          );
          const offset = a % expected.length;
          const length = b % (expected.length - offset + 1);
          expect((await disk.read(offset, length)).equals(expected.subarray(offset, offset + length))).toBe(
            true,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  const KIB = 1024;
  const reads = async (blocks: readonly Block[], length = blocks.length * 64 * KIB) => {
    const traced = tracedSource(Buffer.alloc(16 * 1024 * KIB));
    const disk = mappedDisk(
      traced,
      blocks.length * 64 * KIB,
      64 * KIB,
      async (index) => blocks[index] ?? null,
    );
    await disk.read(0, length);
    await disk.read(0, length);
    return traced.reads.map(({ offset, length }) => [offset / KIB, length / KIB]);
  };

  it('reads once what lies near each other in the image, in whatever order', async () => {
    const order = [64, 0, 192, 128, 320].map((at) => at * KIB);
    expect(await reads(order)).toEqual([
      [0, 384],
      [0, 384],
    ]);
    const shuffled = order.map((offset) => ({ ...compressed(offset), open: () => Buffer.alloc(64 * KIB) }));
    expect((await reads(shuffled))[0]).toEqual([0, 320 + 8 / KIB]);
  });

  it('does not read far to save a request, nor more than 8 MiB at once', async () => {
    expect((await reads([0, 600 * KIB])).slice(0, 2)).toEqual([
      [0, 64],
      [600, 64],
    ]);
    const many = Array.from({ length: 200 }, (_, index) => index * 64 * KIB);
    expect((await reads(many)).slice(0, 2)).toEqual([
      [0, 8192],
      [8192, 4608],
    ]);
  });

  it('keeps what it opened for a small read, and nothing of a large one', async () => {
    const blocks = Array.from({ length: 5 }, (_, index) => ({
      ...compressed(index * 1000 * KIB),
      open: () => Buffer.alloc(64 * KIB),
    }));
    expect(await reads(blocks, 4 * 64 * KIB)).toHaveLength(4);
    expect(await reads(blocks, 5 * 64 * KIB)).toHaveLength(10);
  });
});

function content(block: Block): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  if (typeof block === 'number') image.copy(bytes, 0, block, block + BLOCK);
  else if (block && 'open' in block) block.open(image.subarray(block.offset, block.offset + 8)).copy(bytes);
  else block?.copy(bytes);
  return bytes;
}
