import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let storage: ReturnType<typeof objectStorageOf>;
let of: { namespaceName: string; bucketName: string };
beforeAll(async () => {
  cloud = await startCloud();
  storage = objectStorageOf(cloud);
  of = await storage.createBucket('objects');
});
afterAll(() => cloud.remove());

const md5 = (content: string | Buffer) => createHash('md5').update(content).digest('base64');
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test('an object keeps its bytes, type, metadata and MD5', async () => {
  const put = await storage.put('objects', 'dir/kept & more', 'content', {
    contentType: 'text/plain',
    opcMeta: { 'byoi-launch-mode': 'NATIVE' },
  });
  expect(put).toMatchObject({ opcContentMd5: md5('content') });
  expect(put.eTag).toMatch(UUID);
  const got = await storage.sdk.getObject({ ...of, objectName: 'dir/kept & more' });
  expect(await text(got.value as Readable)).toBe('content');
  const expected = {
    eTag: put.eTag,
    contentLength: 7,
    contentType: 'text/plain',
    contentMd5: md5('content'),
    opcMeta: { 'opc-meta-byoi-launch-mode': 'NATIVE' },
  };
  expect(got).toMatchObject(expected);
  expect(await storage.sdk.headObject({ ...of, objectName: 'dir/kept & more' })).toMatchObject(expected);
});

test('an empty object has no bytes, and no range of it can be had', async () => {
  await storage.put('objects', 'empty', '');
  expect(await storage.read('objects', 'empty')).toBe('');
  const range = { startByte: 0, endByte: 0 } as never;
  await expect(storage.sdk.getObject({ ...of, objectName: 'empty', range })).rejects.toMatchObject({
    statusCode: 416,
    serviceCode: 'InvalidRange',
  });
});

test('content that does not match its Content-MD5 is refused and not kept', async () => {
  await expect(
    storage.put('objects', 'broken', 'content', { contentMD5: md5('other') }),
  ).rejects.toMatchObject({ statusCode: 400, serviceCode: 'UnmatchedContentMD5' });
  await expect(storage.put('objects', 'broken', 'content', { contentMD5: 'short' })).rejects.toMatchObject({
    statusCode: 400,
    serviceCode: 'InvalidContentMD5',
  });
  await expect(storage.sdk.headObject({ ...of, objectName: 'broken' })).rejects.toMatchObject({
    statusCode: 404,
  });
  await storage.put('objects', 'broken', 'content', { contentMD5: md5('content') });
});

test('If-None-Match: * makes an object once; If-Match replaces only the version it names', async () => {
  const first = await storage.put('objects', 'run', 'one', { ifNoneMatch: '*' });
  await expect(storage.put('objects', 'run', 'two', { ifNoneMatch: '*' })).rejects.toMatchObject({
    statusCode: 412,
    serviceCode: 'IfNoneMatchFailed',
  });
  const second = await storage.put('objects', 'run', 'two', { ifMatch: first.eTag });
  expect(second.eTag).not.toBe(first.eTag);
  for (const stale of [
    () => storage.put('objects', 'run', 'three', { ifMatch: first.eTag }),
    () => storage.sdk.getObject({ ...of, objectName: 'run', ifMatch: first.eTag }),
    () => storage.sdk.deleteObject({ ...of, objectName: 'run', ifMatch: first.eTag }),
  ])
    await expect(stale()).rejects.toMatchObject({ statusCode: 412, serviceCode: 'IfMatchFailed' });
  expect(await storage.read('objects', 'run')).toBe('two');
});

test('of many writers with the same If-Match exactly one wins', async () => {
  const { eTag } = await storage.put('objects', 'raced', 'start');
  const writes = Array.from({ length: 16 }, (_, writer) =>
    storage.put('objects', 'raced', `writer ${writer}`, { ifMatch: eTag }).then(
      () => writer,
      (error) => error.serviceCode,
    ),
  );
  const outcomes = await Promise.all(writes);
  const winners = outcomes.filter((outcome) => typeof outcome === 'number');
  expect(winners).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'IfMatchFailed')).toHaveLength(15);
  expect(await storage.read('objects', 'raced')).toBe(`writer ${winners[0]}`);
});

test('ranges: from, to, suffix, clipped at the end, refused beyond it', async () => {
  await storage.put('objects', 'digits', '0123456789');
  const { accessUri } = (
    await storage.sdk.createPreauthenticatedRequest({
      ...of,
      createPreauthenticatedRequestDetails: {
        name: 'digits',
        objectName: 'digits',
        accessType: 'ObjectRead' as never,
        timeExpires: new Date(Date.now() + 60_000),
      },
    })
  ).preauthenticatedRequest;
  const get = async (range: string) => {
    const answer = await fetch(`${cloud.homeRegion.endpoint}${accessUri}`, { headers: { range } });
    return [answer.status, answer.headers.get('content-range'), await answer.text()];
  };
  expect(await get('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
  expect(await get('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
  expect(await get('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
  expect(await get('bytes=8-99')).toEqual([206, 'bytes 8-9/10', '89']);
  expect((await get('bytes=10-')).slice(0, 2)).toEqual([416, 'bytes */10']);
  for (const malformed of ['bytes=5-undefined', 'bytes=4-2', 'bytes=-', 'bytes=0-1,3-4'])
    expect((await get(malformed))[0]).toBe(416);
});

test('a read that has begun keeps the bytes it began with, whatever becomes of the object', async () => {
  const before = Buffer.alloc(8_000_000, 'a');
  for (const change of [
    () => storage.put('objects', 'held', 'short'),
    () => storage.sdk.deleteObject({ ...of, objectName: 'held' }),
  ]) {
    await storage.put('objects', 'held', before);
    const { value } = await storage.sdk.getObject({ ...of, objectName: 'held' });
    await change();
    expect((await buffer(value as Readable)).equals(before)).toBe(true);
  }
});

test('readers that go away in the middle disturb nobody', async () => {
  const content = Buffer.alloc(30_000_000, 'b');
  await storage.put('objects', 'left', content);
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', onUnhandled);
  for (let reader = 0; reader < 10; reader += 1) {
    const { value } = await storage.sdk.getObject({ ...of, objectName: 'left' });
    const content = (value as ReadableStream).getReader();
    await content.read();
    await content.cancel();
  }
  const { value } = await storage.sdk.getObject({ ...of, objectName: 'left' });
  expect((await buffer(value as Readable)).equals(content)).toBe(true);
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

test('an upload cut short leaves the old object as it was', async () => {
  await storage.put('objects', 'cut', 'old');
  const cut = Readable.from(
    (async function* () {
      yield Buffer.alloc(100_000);
      await turn();
      throw new Error('the client went away');
    })(),
  );
  await expect(
    storage.put('objects', 'cut', '', { contentLength: 1_000_000, putObjectBody: cut }),
  ).rejects.toThrow();
  expect(await storage.read('objects', 'cut')).toBe('old');
});

test('a client that waits with Expect: 100-continue is refused before it sends the body', async () => {
  await storage.put('objects', 'awaited', 'x');
  const { preauthenticatedRequest: par } = await storage.sdk.createPreauthenticatedRequest({
    ...of,
    createPreauthenticatedRequestDetails: {
      name: 'awaited',
      objectName: 'awaited',
      accessType: 'ObjectWrite' as never,
      timeExpires: new Date(Date.now() + 60_000),
    },
  });
  const send = (headers: Record<string, string>) =>
    new Promise<{ status: number | undefined; sent: boolean }>((resolve, reject) => {
      let sent = false;
      const put = request(`${cloud.homeRegion.endpoint}${par.accessUri}`, {
        method: 'PUT',
        headers: { expect: '100-continue', 'content-length': 3, ...headers },
      });
      put.on('continue', () => {
        sent = true;
        put.end('new');
      });
      put.on('response', (answer) => {
        answer.resume();
        put.destroy();
        resolve({ status: answer.statusCode, sent });
      });
      put.on('error', reject);
      put.flushHeaders();
    });
  expect(await send({ 'if-none-match': '*' })).toEqual({ status: 412, sent: false });
  expect(await send({})).toEqual({ status: 200, sent: true });
  expect(await storage.read('objects', 'awaited')).toBe('new');
});

test('a renamed object keeps its bytes and metadata under a new ETag', async () => {
  const { eTag } = await storage.put('objects', 'old-name', 'moved', { opcMeta: { kept: 'yes' } });
  await storage.put('objects', 'occupied', 'x');
  const rename = (newName: string, more = {}) =>
    storage.sdk.renameObject({ ...of, renameObjectDetails: { sourceName: 'old-name', newName, ...more } });
  await expect(rename('occupied', { newObjIfNoneMatchETag: '*' })).rejects.toMatchObject({
    serviceCode: 'IfNoneMatchFailed',
  });
  await expect(rename('new-name', { srcObjIfMatchETag: 'other' })).rejects.toMatchObject({
    serviceCode: 'IfMatchFailed',
  });
  const renamed = await rename('new-name', { srcObjIfMatchETag: eTag });
  expect(renamed.eTag).not.toBe(eTag);
  expect(await storage.read('objects', 'new-name')).toBe('moved');
  expect((await storage.sdk.headObject({ ...of, objectName: 'new-name' })).opcMeta).toEqual({
    'opc-meta-kept': 'yes',
  });
  await expect(storage.read('objects', 'old-name')).rejects.toMatchObject({ serviceCode: 'ObjectNotFound' });
});

test('encryption keys, checksums and versions are answered 501, not passed over', async () => {
  const uncovered = [
    { opcSseCustomerAlgorithm: 'AES256' },
    { opcContentSha256: 'x' },
    { storageTier: 'Archive' },
  ];
  for (const more of uncovered)
    await expect(storage.put('objects', 'odd', 'x', more as never)).rejects.toMatchObject({
      statusCode: 501,
    });
});
