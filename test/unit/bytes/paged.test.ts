import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CACHED_PAGES, HEAD_LENGTH, PAGE_LENGTH, paged } from '../../../shared/bytes/paged.ts';
import { type ByteSource, OutOfBoundsError } from '../../../shared/bytes/source.ts';
import { noise } from '../../support/images/disk.ts';
import { tracedSource } from '../../support/sources.ts';

const bytes = noise(40 * PAGE_LENGTH + 123);

describe('a page cache', () => {
  it('gives the bytes of its source, whatever is read in whatever order', async () => {
    const range = fc.record({ offset: fc.nat(bytes.length), length: fc.nat(4 * PAGE_LENGTH) });
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 20 }), fc.boolean(), async (ranges, scattered) => {
        const source = paged(tracedSource(bytes));
        if (scattered) source.expectScatteredReads();
        await Promise.all(
          ranges.map(async ({ offset, length }) => {
            const count = Math.min(length, bytes.length - offset);
            expect((await source.read(offset, count)).equals(bytes.subarray(offset, offset + count))).toBe(
              true,
            );
          }),
        );
      }),
      { numRuns: 200 },
    );
    await expect(paged(tracedSource(bytes)).read(bytes.length, 1)).rejects.toBeInstanceOf(OutOfBoundsError);
  });

  it('fetches the head by one request, and reads within it by none', async () => {
    const traced = tracedSource(bytes);
    const source = paged(traced);
    await source.read(0, 4);
    await source.read(HEAD_LENGTH - 10, 10);
    expect(traced.reads).toEqual([{ offset: 0, length: HEAD_LENGTH }]);
  });

  it('makes one request of neighbouring misses, around pages that it has', async () => {
    const traced = tracedSource(bytes);
    const source = paged(traced);
    await source.read(10 * PAGE_LENGTH, 1);
    await source.read(8 * PAGE_LENGTH + 5, 5 * PAGE_LENGTH);
    expect(traced.reads).toEqual([
      { offset: 10 * PAGE_LENGTH, length: PAGE_LENGTH },
      { offset: 8 * PAGE_LENGTH, length: 2 * PAGE_LENGTH },
      { offset: 11 * PAGE_LENGTH, length: 3 * PAGE_LENGTH },
    ]);
  });

  it('fetches what lies around a miss, but for what it has and what is beyond the end', async () => {
    const traced = tracedSource(bytes);
    const source = paged(traced);
    await source.read(20 * PAGE_LENGTH, 1);
    source.expectScatteredReads();
    await source.read(22 * PAGE_LENGTH, 1);
    await source.read(26 * PAGE_LENGTH, 1);
    await source.read(40 * PAGE_LENGTH, 1);
    expect(traced.reads).toEqual([
      { offset: 20 * PAGE_LENGTH, length: PAGE_LENGTH },
      { offset: 21 * PAGE_LENGTH, length: 3 * PAGE_LENGTH },
      { offset: 24 * PAGE_LENGTH, length: 4 * PAGE_LENGTH },
      { offset: 40 * PAGE_LENGTH, length: 123 },
    ]);
  });

  it('reads ahead of who reads in order, further each time, even by turns with another', async () => {
    const traced = tracedSource(noise(400 * PAGE_LENGTH));
    const source = paged(traced);
    source.expectScatteredReads();
    for (let page = 0; page < 100; page++) {
      await source.read((100 + page) * PAGE_LENGTH, PAGE_LENGTH);
      await source.read((300 - 8 * (page % 10)) * PAGE_LENGTH, 10);
    }
    const inOrder = traced.reads.filter(({ offset }) => offset < 200 * PAGE_LENGTH);
    expect(inOrder.map(({ length }) => length / PAGE_LENGTH)).toEqual([4, 8, 16, 32, 64]);
  });

  it('reads ahead behind the head only once the source is read all over', async () => {
    const detected = tracedSource(bytes);
    const source = paged(detected);
    await source.read(0, 4);
    await source.read(HEAD_LENGTH, 4);
    expect(detected.reads[1]).toEqual({ offset: HEAD_LENGTH, length: PAGE_LENGTH });
    const read = tracedSource(bytes);
    const all = paged(read);
    await all.read(0, 4);
    all.expectScatteredReads();
    await all.read(HEAD_LENGTH, 4);
    expect(read.reads[1]).toEqual({ offset: HEAD_LENGTH, length: 2 * HEAD_LENGTH });
  });

  it('lets concurrent reads of a page share one request', async () => {
    const traced = tracedSource(bytes);
    const source = paged(traced);
    await Promise.all([0, 1, 2, 3].map((at) => source.read(20 * PAGE_LENGTH + at, 1)));
    expect(traced.reads).toHaveLength(1);
  });

  it('asks again after a request that failed', async () => {
    const traced = tracedSource(bytes);
    let failures = 1;
    const flaky: ByteSource = {
      size: bytes.length,
      async read(offset, length) {
        if (failures-- > 0) throw new Error('connection reset');
        return traced.read(offset, length);
      },
    };
    const source = paged(flaky);
    await expect(source.read(0, 10)).rejects.toThrow('connection reset');
    expect((await source.read(0, 10)).equals(bytes.subarray(0, 10))).toBe(true);
  });

  it('holds 16 MiB of a 400 GB image and no more, the least recently used going first', async () => {
    const requests: number[] = [];
    const source = paged({
      size: 400e9,
      async read(offset, length) {
        requests.push(offset);
        return Buffer.alloc(length);
      },
    });
    const first = 100 * PAGE_LENGTH;
    await source.read(first, 1);
    for (let i = 1; i < CACHED_PAGES; i++) await source.read(first + 2 * i * PAGE_LENGTH, 1);
    await source.read(first, 1);
    expect(requests).toHaveLength(CACHED_PAGES);
    await source.read(399e9, 1); // the second page goes, not the first
    await source.read(first, 1);
    expect(requests).toHaveLength(CACHED_PAGES + 1);
    await source.read(first + 2 * PAGE_LENGTH, 1);
    expect(requests).toHaveLength(CACHED_PAGES + 2);
    expect(CACHED_PAGES * PAGE_LENGTH).toBe(16 * 2 ** 20);
  });

  it('keeps a page without the request it came by', async () => {
    const source = paged(tracedSource(bytes));
    source.expectScatteredReads();
    expect((await source.read(10 * PAGE_LENGTH, 1)).buffer.byteLength).toBe(PAGE_LENGTH);
  });

  it('lets a large read pass by', async () => {
    const traced = tracedSource(noise(CACHED_PAGES * PAGE_LENGTH));
    const source = paged(traced);
    const length = 512 * 1024 + 1;
    await source.read(1, length);
    await source.read(1, length);
    expect(traced.reads).toEqual([
      { offset: 1, length },
      { offset: 1, length },
    ]);
  });
});
