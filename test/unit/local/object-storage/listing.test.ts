import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareUtf8, SortedNames } from '../../../../local/object-storage/sorted-names.ts';
import { storeOf } from '../../../../local/object-storage/store.ts';
import { startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let storage: ReturnType<typeof objectStorageOf>;
beforeAll(async () => {
  cloud = await startCloud();
  storage = objectStorageOf(cloud);
});
afterAll(() => cloud.remove());

/** Puts empty objects past the wire: what is listed does not depend on how it came. */
async function fill(bucketName: string, names: readonly string[]) {
  const of = await storage.createBucket(bucketName);
  const store = storeOf(cloud.homeRegion);
  const bucket = store.bucket(of.namespaceName, bucketName);
  if (!bucket) throw new Error('no bucket');
  for (const name of names) store.put(bucket, name, { segments: [], size: 0, md5: '', headers: {} }, {});
  return of;
}

test('names are listed in the order of their UTF-8 bytes', async () => {
  const names = ['b', 'B', 'a/b', 'a', 'é', '￿', '😀', 'a b', 'a0'];
  const of = await fill('utf8', names);
  const { listObjects } = await storage.sdk.listObjects(of);
  expect(listObjects.objects.map(({ name }) => name)).toEqual(
    [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
});

test('the order of names is that of their UTF-8 bytes for any two names', () => {
  const name = fc.string({ unit: 'binary', maxLength: 8 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
      expect(Math.sign(compareUtf8(a, b))).toBe(bytes);
    }),
  );
});

test('the index stays sorted and without doubles, whatever is added and removed', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '😀', '￿'), maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), name)), (changes) => {
      const index = new SortedNames();
      const expected = new Set<string>();
      for (const [add, changed] of changes) {
        if (add) index.add(changed);
        else index.remove(changed);
        if (add) expected.add(changed);
        else expected.delete(changed);
      }
      const listed = Array.from({ length: index.size }, (_, position) => index.at(position));
      expect(listed).toEqual([...expected].sort(compareUtf8));
    }),
  );
});

test('prefix, start, end and startAfter bound the listing', async () => {
  const of = await fill('bounds', ['a', 'b/1', 'b/2', 'b/3', 'c']);
  const list = async (bounds: object) => {
    const { listObjects } = await storage.sdk.listObjects({ ...of, ...bounds });
    return listObjects.objects.map(({ name }) => name);
  };
  expect(await list({ prefix: 'b/' })).toEqual(['b/1', 'b/2', 'b/3']);
  expect(await list({ start: 'b/2' })).toEqual(['b/2', 'b/3', 'c']);
  expect(await list({ end: 'b/2' })).toEqual(['a', 'b/1']);
  expect(await list({ startAfter: 'b/2', end: 'c' })).toEqual(['b/3']);
  expect(await list({ prefix: 'b/', start: 'a', end: 'b/2' })).toEqual(['b/1']);
  expect(await list({ prefix: 'x' })).toEqual([]);
});

test('with a delimiter what lies deeper is one prefix, and pages neither lose nor repeat anything', async () => {
  const of = await fill('folders', ['a', 'd/1', 'd/2', 'd/e/1', 'd0', 'f/1', 'g']);
  const { listObjects } = await storage.sdk.listObjects({ ...of, delimiter: '/' });
  expect(listObjects.objects.map(({ name }) => name)).toEqual(['a', 'd0', 'g']);
  expect(listObjects.prefixes).toEqual(['d/', 'f/']);
  for (const limit of [1, 2, 3, 4]) {
    const seen: string[] = [];
    let start: string | undefined;
    do {
      const page = (await storage.sdk.listObjects({ ...of, delimiter: '/', limit, ...(start && { start }) }))
        .listObjects;
      expect(page.objects.length + (page.prefixes?.length ?? 0)).toBeLessThanOrEqual(limit);
      seen.push(...page.objects.map(({ name }) => name), ...(page.prefixes ?? []));
      start = page.nextStartWith;
    } while (start !== undefined);
    expect(seen.sort()).toEqual(['a', 'd/', 'd0', 'f/', 'g']);
  }
  const inside = await storage.sdk.listObjects({ ...of, delimiter: '/', prefix: 'd/' });
  expect(inside.listObjects.objects.map(({ name }) => name)).toEqual(['d/1', 'd/2']);
  expect(inside.listObjects.prefixes).toEqual(['d/e/']);
});

test('only the name is told unless more fields are asked for', async () => {
  const of = await storage.createBucket('fields');
  const { eTag, opcContentMd5 } = await storage.put('fields', 'one', 'content');
  const bare = (await storage.sdk.listObjects(of)).listObjects.objects[0];
  expect(JSON.parse(JSON.stringify(bare))).toEqual({ name: 'one' });
  const fields = 'name,size,etag,md5,timeCreated,timeModified';
  const full = (await storage.sdk.listObjects({ ...of, fields })).listObjects.objects[0];
  expect(full).toMatchObject({ name: 'one', size: 7, etag: eTag, md5: opcContentMd5 });
  expect(full?.timeCreated).toBeDefined();
});

test('in 100,000 objects a page by prefix takes no longer than among a few', async () => {
  const names = Array.from({ length: 100_000 }, (_, number) => `run/${String(number * 7).padStart(7, '0')}`);
  const of = await fill('many', [...names, 'open/one', 'open/two', 'zzz']);
  const few = await fill('few', ['open/one', 'open/two']);
  const median = async (bucket: object) => {
    const times: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      const start = performance.now();
      const { listObjects } = await storage.sdk.listObjects({ ...of, ...bucket, prefix: 'open/' });
      times.push(performance.now() - start);
      expect(listObjects.objects).toHaveLength(2);
    }
    return times.sort((a, b) => a - b)[7] ?? 0;
  };
  await median(few);
  // Ten times leaves room for a busy machine; a walk over all names would take hundreds of times as long.
  expect(await median(of)).toBeLessThan((await median(few)) * 10);
});
