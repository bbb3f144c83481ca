import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EmittedEvent } from '../../../../local/region.ts';
import { startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let storage: ReturnType<typeof objectStorageOf>;
let events: EmittedEvent[] = [];
beforeAll(async () => {
  cloud = await startCloud();
  storage = objectStorageOf(cloud);
  cloud.homeRegion.emit = (event) => events.push(event);
});
afterAll(() => cloud.remove());
beforeEach(() => {
  events = [];
});

const types = () => events.map(({ eventType }) => eventType.split('.').at(-1));

test('an object event says what OCI’s says, and no more', async () => {
  const of = await storage.createBucket('drop', { objectEventsEnabled: true });
  const { bucket } = await storage.sdk.getBucket(of);
  const { eTag } = await storage.put('drop', 'incoming/my disk.qcow2', 'x');
  expect(events).toEqual([
    {
      eventType: 'com.oraclecloud.objectstorage.createobject',
      source: 'ObjectStorage',
      compartmentId: cloud.tenancy.id,
      data: {
        compartmentId: cloud.tenancy.id,
        resourceName: 'incoming/my disk.qcow2',
        resourceId: `/n/${storage.namespaceName}/b/drop/o/incoming/my disk.qcow2`,
        additionalDetails: {
          bucketName: 'drop',
          bucketId: bucket.id,
          namespace: storage.namespaceName,
          eTag,
          archivalState: 'Available',
        },
      },
    },
  ]);
});

test('an overwrite is an update, and a delete is told', async () => {
  const of = await storage.createBucket('changes', { objectEventsEnabled: true });
  await storage.put('changes', 'disk', 'one');
  await storage.put('changes', 'disk', 'two');
  await storage.sdk.deleteObject({ ...of, objectName: 'disk' });
  expect(types()).toEqual(['createobject', 'updateobject', 'deleteobject']);
});

test('a multipart upload is told once, when it is committed', async () => {
  const of = await storage.createBucket('parts', { objectEventsEnabled: true });
  const { multipartUpload } = await storage.sdk.createMultipartUpload({
    ...of,
    createMultipartUploadDetails: { object: 'disk' },
  });
  const upload = { ...of, objectName: 'disk', uploadId: multipartUpload.uploadId };
  const { eTag: etag } = await storage.sdk.uploadPart({
    ...upload,
    uploadPartNum: 1,
    contentLength: 0,
    uploadPartBody: '',
  });
  expect(types()).toEqual([]);
  await storage.sdk.commitMultipartUpload({
    ...upload,
    commitMultipartUploadDetails: { partsToCommit: [{ partNum: 1, etag }] },
  });
  expect(types()).toEqual(['createobject']);
});

test('a bucket without objectEventsEnabled tells nothing, and tells from when it is enabled', async () => {
  const of = await storage.createBucket('quiet');
  await storage.put('quiet', 'disk', 'one');
  expect(types()).toEqual([]);
  await storage.sdk.updateBucket({ ...of, updateBucketDetails: { objectEventsEnabled: true } });
  await storage.put('quiet', 'disk', 'two');
  expect(types()).toEqual(['updateobject']);
});

test('a refused write tells nothing', async () => {
  await storage.createBucket('refusing', { objectEventsEnabled: true });
  await expect(storage.put('refusing', 'disk', 'x', { ifMatch: 'none' })).rejects.toMatchObject({
    statusCode: 412,
  });
  expect(types()).toEqual([]);
});
