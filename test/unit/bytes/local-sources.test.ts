import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meter } from '../../../shared/bytes/budget.ts';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import {
  BudgetExceededError,
  IntegerTooLargeError,
  SourceUnavailableError,
} from '../../../shared/bytes/errors.ts';
import { openFile } from '../../../shared/bytes/file.ts';
import { safeInteger } from '../../../shared/bytes/integers.ts';
import { memoize } from '../../../shared/bytes/memoize.ts';
import { sliceSource } from '../../../shared/bytes/slice.ts';
import { type ByteSource, OutOfBoundsError } from '../../../shared/bytes/source.ts';
import { noise } from '../../support/images/disk.ts';
import { tracedSource } from '../../support/sources.ts';

const bytes = noise(10_000);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'byoi-bytes-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(content: Buffer): Promise<string> {
  const path = join(folder, 'file');
  await writeFile(path, content);
  return path;
}

describe('every source', () => {
  const makers: [string, () => Promise<ByteSource>][] = [
    ['buffer', async () => bufferSource(bytes)],
    [
      'slice',
      async () => sliceSource(bufferSource(Buffer.concat([noise(7), bytes, noise(9)])), 7, bytes.length),
    ],
    ['file', async () => openFile(await fileOf(bytes))],
    ['meter', async () => meter(bufferSource(bytes), { requests: 1e9, bytes: 1e9 })],
  ];
  it.each(makers)('%s reads exactly what is asked for, and nothing beyond its end', async (_name, make) => {
    const source = await make();
    expect(source.size).toBe(bytes.length);
    expect((await source.read(123, 456)).equals(bytes.subarray(123, 579))).toBe(true);
    expect((await source.read(0, bytes.length)).equals(bytes)).toBe(true);
    expect(await source.read(bytes.length, 0)).toHaveLength(0);
    for (const [offset, length] of [
      [9_999, 2],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [Number.MAX_SAFE_INTEGER, 1],
      [Number.NaN, 1],
    ] as const) {
      await expect(source.read(offset, length)).rejects.toBeInstanceOf(OutOfBoundsError);
    }
    if ('close' in source && typeof source.close === 'function') await source.close();
  });
});

describe('a file', () => {
  it('that is missing, or a folder, or cut while it is read, is unavailable and not damaged', async () => {
    await expect(openFile(join(folder, 'missing'))).rejects.toThrow(/ENOENT/);
    await expect(openFile(folder)).rejects.toBeInstanceOf(SourceUnavailableError);
    const path = await fileOf(bytes);
    const file = await openFile(path);
    await truncate(path, 100);
    await expect(file.read(50, 100)).rejects.toBeInstanceOf(SourceUnavailableError);
    await file.close();
  });
});

describe('a slice', () => {
  it('must lie inside its source', () => {
    expect(() => sliceSource(bufferSource(bytes), 9_000, 1_001)).toThrow(OutOfBoundsError);
  });
});

describe('a budget', () => {
  it('counts reads, and refuses the one beyond it before anything is read', async () => {
    const source = tracedSource(bytes);
    const metered = meter(source, { requests: 3, bytes: 1_000 });
    await metered.read(0, 400);
    await metered.read(0, 600);
    expect(metered.cost).toEqual({ requests: 2, bytes: 1_000 });
    await expect(metered.read(0, 1)).rejects.toBeInstanceOf(BudgetExceededError);
    await metered.read(0, 0);
    await expect(metered.read(0, 0)).rejects.toThrow('more than 3 requests');
    expect(source.reads).toHaveLength(3);
  });
});

describe('memoize', () => {
  it('keeps the most recently used, shares a load in progress, and forgets a failed one', async () => {
    const loads: number[] = [];
    let broken = true;
    const get = memoize(2, async (key) => {
      loads.push(key);
      if (key === 9 && broken) throw new Error('broken');
      return key * 2;
    });
    expect(await Promise.all([get(1), get(1), get(2)])).toEqual([2, 2, 4]);
    await get(1);
    await get(3); // 2 goes
    await get(1);
    await get(2);
    expect(loads).toEqual([1, 2, 3, 2]);
    await expect(get(9)).rejects.toThrow('broken');
    broken = false;
    expect(await get(9)).toBe(18);
  });
});

describe('a 64-bit field', () => {
  it('beyond 2^53 is refused instead of rounded', () => {
    expect(safeInteger(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => safeInteger(2n ** 53n)).toThrow(IntegerTooLargeError);
  });
});
