import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ASHBURN, PHOENIX, startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

let dataDir: string;
let cloud: Awaited<ReturnType<typeof startCloud>>;
let storage: ReturnType<typeof objectStorageOf>;

async function start(timeScale = 1000) {
  cloud = await startCloud({ dataDir, timeScale });
  storage = objectStorageOf(cloud);
}
async function restart(timeScale?: number) {
  await cloud.stop();
  await start(timeScale);
}
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'byoi-restart-'));
  await start();
});
afterEach(async () => {
  await cloud.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const contentFolder = () => cloud.homeRegion.folder('objects');

test('buckets, objects, listings and pre-authenticated requests are there after a restart', async () => {
  const of = await storage.createBucket('kept', { objectEventsEnabled: true });
  for (const name of ['b', 'a', 'c']) await storage.put('kept', name, `content of ${name}`);
  await storage.sdk.deleteObject({ ...of, objectName: 'c' });
  const { eTag } = await storage.put('kept', 'a', 'overwritten', { opcMeta: { k: 'v' } });
  const { preauthenticatedRequest: par } = await storage.sdk.createPreauthenticatedRequest({
    ...of,
    createPreauthenticatedRequestDetails: {
      name: 'par',
      objectName: 'a',
      accessType: 'ObjectRead' as never,
      timeExpires: new Date(Date.now() + 60_000),
    },
  });
  await restart();
  expect((await storage.sdk.getBucket(of)).bucket.objectEventsEnabled).toBe(true);
  const { listObjects } = await storage.sdk.listObjects(of);
  expect(listObjects.objects.map(({ name }) => name)).toEqual(['a', 'b']);
  const head = await storage.sdk.headObject({ ...of, objectName: 'a' });
  expect(head).toMatchObject({ eTag, opcMeta: { 'opc-meta-k': 'v' } });
  expect(await (await fetch(`${cloud.homeRegion.endpoint}${par.accessUri}`)).text()).toBe('overwritten');
});

test('an upload goes on after a restart with the parts it had', async () => {
  const of = await storage.createBucket('resumed');
  const { multipartUpload } = await storage.sdk.createMultipartUpload({
    ...of,
    createMultipartUploadDetails: { object: 'disk' },
  });
  const upload = { ...of, objectName: 'disk', uploadId: multipartUpload.uploadId };
  const part = async (uploadPartNum: number, content: string) => {
    const uploadPartBody = Readable.from([Buffer.from(content)], { objectMode: false });
    const { eTag } = await storage.sdk.uploadPart({
      ...upload,
      uploadPartNum,
      contentLength: content.length,
      uploadPartBody,
    });
    return { partNum: uploadPartNum, etag: eTag };
  };
  const first = await part(1, 'before-');
  await restart();
  const second = await part(2, 'after');
  await storage.sdk.commitMultipartUpload({
    ...upload,
    commitMultipartUploadDetails: { partsToCommit: [first, second] },
  });
  await restart();
  expect(await storage.read('resumed', 'disk')).toBe('before-after');
});

test('a copy that a stop interrupted is done after the restart', async () => {
  cloud.identity.addPolicy('copies', cloud.tenancy.id, [
    `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`,
  ]);
  const of = await storage.createBucket('copied');
  await objectStorageOf(cloud, PHOENIX).createBucket('copied');
  await storage.put('copied', 'disk', 'content');
  await restart(1);
  const { opcWorkRequestId: workRequestId } = await storage.sdk.copyObject({
    ...of,
    copyObjectDetails: {
      sourceObjectName: 'disk',
      destinationRegion: PHOENIX,
      destinationNamespace: of.namespaceName,
      destinationBucket: 'copied',
      destinationObjectName: 'disk',
    },
  });
  await restart(1000);
  const status = async () => (await storage.sdk.getWorkRequest({ workRequestId })).workRequest.status;
  await expect.poll(status).toBe('COMPLETED');
  expect(await objectStorageOf(cloud, PHOENIX).read('copied', 'disk')).toBe('content');
});

test('files that no object names are deleted at the start: what a killed upload left', async () => {
  await storage.createBucket('swept');
  await storage.put('swept', 'disk', 'content');
  writeFileSync(join(contentFolder(), 'left-by-a-killed-upload'), 'bytes');
  await restart();
  expect(readdirSync(contentFolder())).toHaveLength(1);
  expect(await storage.read('swept', 'disk')).toBe('content');
});

test('an overwritten or deleted object frees its disk space, and an upload cut short leaves none in use', async () => {
  const of = await storage.createBucket('freed');
  await storage.put('freed', 'disk', 'one');
  await storage.put('freed', 'disk', 'two');
  expect(readdirSync(contentFolder())).toHaveLength(1);
  await storage.sdk.deleteObject({ ...of, objectName: 'disk' });
  expect(readdirSync(contentFolder())).toHaveLength(0);
  const cut = new Readable({ read() {} });
  cut.push(Buffer.alloc(10_000));
  const sending = storage.put('freed', 'disk', '', { contentLength: 1_000_000, putObjectBody: cut });
  await expect.poll(() => readdirSync(contentFolder()).length).toBe(1);
  cut.destroy(new Error('the client went away'));
  await expect(sending).rejects.toBeDefined();
  await expect.poll(() => readdirSync(contentFolder()).length).toBe(0);
});

test('a reset forgets everything, and the region goes on empty', async () => {
  await storage.createBucket('gone');
  await storage.put('gone', 'disk', 'content');
  cloud.homeRegion.reset();
  const of = await storage.createBucket('gone');
  expect((await storage.sdk.listObjects(of)).listObjects.objects).toEqual([]);
  await storage.put('gone', 'disk', 'new');
  expect(await storage.read('gone', 'disk')).toBe('new');
});

test('other services open, read in ranges and write objects through the door, with an event', async () => {
  const types: string[] = [];
  cloud.homeRegion.emit = ({ eventType }) => types.push(eventType);
  const of = await storage.createBucket('door', { objectEventsEnabled: true });
  const { objects } = cloud.homeRegion;
  objects.beginUpload('upload', of.namespaceName, 'door', 'export.oci');
  expect(types).toEqual([]);
  const content = () => Readable.from([Buffer.from('0123456789')], { objectMode: false });
  const { eTag } = await objects.commitUpload('upload', content());
  const stored = objects.open(of.namespaceName, 'door', 'export.oci');
  expect(stored).toMatchObject({ size: 10, eTag });
  expect((await buffer(stored?.read(2, 5) ?? Readable.from([]))).toString()).toBe('234');
  await expect(objects.commitUpload('upload', content())).rejects.toThrow('does not exist');
  expect(readdirSync(contentFolder())).toHaveLength(1);
  expect(types).toEqual(['com.oraclecloud.objectstorage.createobject']);
  expect(objects.bucketExists(of.namespaceName, 'door')).toBe(true);
  expect(objects.bucketExists(of.namespaceName, 'nowhere')).toBe(false);
  expect(objects.open(of.namespaceName, 'door', 'nothing')).toBeUndefined();
});
