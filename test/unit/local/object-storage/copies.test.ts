import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EmittedEvent } from '../../../../local/region.ts';
import { ASHBURN, PHOENIX, startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

/** Slow enough that a test can come between a copy's start and its end, which takes about 20 ms. */
const TIME_SCALE = 100;

let cloud: Awaited<ReturnType<typeof startCloud>>;
let source: ReturnType<typeof objectStorageOf>;
let target: ReturnType<typeof objectStorageOf>;
let events: [region: string, type: string | undefined, eTag: unknown][];
const round = { count: 0, bucket: '' };

beforeAll(async () => {
  cloud = await startCloud({ timeScale: TIME_SCALE });
  cloud.identity.addPolicy('copies', cloud.tenancy.id, [
    `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`,
  ]);
  source = objectStorageOf(cloud);
  target = objectStorageOf(cloud, PHOENIX);
  for (const region of cloud.regions.values())
    region.emit = (event: EmittedEvent) =>
      events.push([region.name, event.eventType.split('.').at(-1), event.data.additionalDetails?.eTag]);
});
afterAll(() => cloud.remove());
beforeEach(async () => {
  round.count += 1;
  round.bucket = `copies-${round.count}`;
  for (const storage of [source, target])
    await storage.createBucket(round.bucket, { objectEventsEnabled: true });
  events = [];
});

async function copy(details: object = {}, objectName = 'image.oci'): Promise<string> {
  const { opcWorkRequestId } = await source.sdk.copyObject({
    namespaceName: source.namespaceName,
    bucketName: round.bucket,
    copyObjectDetails: {
      sourceObjectName: objectName,
      destinationRegion: PHOENIX,
      destinationNamespace: source.namespaceName,
      destinationBucket: round.bucket,
      destinationObjectName: objectName,
      ...details,
    },
  });
  return opcWorkRequestId;
}

/** Waits for a copy's end. @returns the work request and its errors' codes */
async function ended(workRequestId: string) {
  for (;;) {
    const { workRequest, retryAfter } = await source.sdk.getWorkRequest({ workRequestId });
    if (workRequest.timeFinished) {
      const { items } = await source.sdk.listWorkRequestErrors({ workRequestId });
      return { ...workRequest, codes: items.map(({ code }) => code) };
    }
    expect(retryAfter).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, retryAfter * 1000));
  }
}

const head = (storage = target, objectName = 'image.oci') =>
  storage.sdk.headObject({ namespaceName: storage.namespaceName, bucketName: round.bucket, objectName });

test('a copy arrives in the other region as a new object, and its work request ends COMPLETED', async () => {
  const { eTag } = await source.put(round.bucket, 'image.oci', 'an image', {
    contentType: 'application/x-oci',
    opcMeta: { origin: 'export' },
  });
  const id = await copy();
  await expect(head()).rejects.toMatchObject({ statusCode: 404 });
  const work = await ended(id);
  expect(work).toMatchObject({ status: 'COMPLETED', operationType: 'COPY_OBJECT', percentComplete: 100 });
  expect(work.resources?.map(({ actionType, metadata }) => [actionType, metadata?.REGION])).toEqual([
    ['READ', ASHBURN],
    ['WRITTEN', PHOENIX],
  ]);
  const arrived = await head();
  expect(arrived).toMatchObject({
    contentLength: 8,
    contentType: 'application/x-oci',
    opcMeta: { 'opc-meta-origin': 'export' },
  });
  expect(arrived.eTag).not.toBe(eTag);
  expect(await target.read(round.bucket, 'image.oci')).toBe('an image');
  expect((await source.sdk.listWorkRequests({ compartmentId: cloud.tenancy.id })).items[0]?.id).toBe(id);
  await source.sdk.deleteObject({
    namespaceName: source.namespaceName,
    bucketName: round.bucket,
    objectName: 'image.oci',
  });
  expect(await target.read(round.bucket, 'image.oci')).toBe('an image');
});

test('a copy emits no event but the arrival, in the destination bucket', async () => {
  const { eTag } = await source.put(round.bucket, 'image.oci', 'one');
  await ended(await copy());
  const first = (await head()).eTag;
  await ended(await copy());
  const second = (await head()).eTag;
  expect(events).toEqual([
    [ASHBURN, 'createobject', eTag],
    [PHOENIX, 'createobject', first],
    [PHOENIX, 'updateobject', second],
  ]);
});

test('metadata given for the copy replaces that of the source; none given carries it over', async () => {
  await source.put(round.bucket, 'image.oci', 'x', { opcMeta: { origin: 'export', kept: 'no' } });
  await ended(await copy({ destinationObjectMetadata: { 'opc-meta-byoi-run': 'r1' } }));
  expect((await head()).opcMeta).toEqual({ 'opc-meta-byoi-run': 'r1' });
  await ended(await copy({ destinationObjectMetadata: {} }));
  expect((await head()).opcMeta).toEqual({ 'opc-meta-origin': 'export', 'opc-meta-kept': 'no' });
  await expect(copy({ destinationObjectMetadata: { 'byoi-run': 'r1' } })).rejects.toMatchObject({
    statusCode: 400,
    serviceCode: 'InvalidMetadata',
  });
});

test('without the service policy for the destination’s compartment a copy is refused', async () => {
  const objectName = 'image.oci';
  await target.put(round.bucket, objectName, 'x');
  const back = () =>
    target.sdk.copyObject({
      namespaceName: source.namespaceName,
      bucketName: round.bucket,
      copyObjectDetails: {
        sourceObjectName: objectName,
        destinationRegion: ASHBURN,
        destinationNamespace: source.namespaceName,
        destinationBucket: round.bucket,
        destinationObjectName: objectName,
      },
    });
  await expect(back()).rejects.toMatchObject({
    statusCode: 400,
    serviceCode: 'InsufficientServicePermissions',
  });
  cloud.identity.addPolicy('back', cloud.tenancy.id, [
    `Allow service objectstorage-${PHOENIX} to manage object-family in tenancy`,
  ]);
  expect((await back()).opcWorkRequestId).toBeTruthy();
});

test('a copy needs a source, its ETag where told, a known region and a bucket that exists', async () => {
  await expect(copy()).rejects.toMatchObject({ statusCode: 404, serviceCode: 'ObjectNotFound' });
  await source.put(round.bucket, 'image.oci', 'x');
  await expect(copy({ sourceObjectIfMatchETag: 'stale' })).rejects.toMatchObject({
    statusCode: 412,
    serviceCode: 'IfMatchFailed',
  });
  await expect(copy({ destinationRegion: 'eu-zurich-1' })).rejects.toMatchObject({
    statusCode: 400,
    serviceCode: 'InvalidRegion',
  });
  await expect(copy({ destinationBucket: 'nowhere' })).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'BucketNotFound',
  });
});

test('with If-None-Match: * a second copy FAILS and the first one’s object stays', async () => {
  await source.put(round.bucket, 'image.oci', 'x');
  await ended(await copy({ destinationObjectIfNoneMatchETag: '*' }));
  const { eTag } = await head();
  const again = await ended(await copy({ destinationObjectIfNoneMatchETag: '*' }));
  expect(again).toMatchObject({ status: 'FAILED', codes: ['IfNoneMatchFailed'] });
  expect((await head()).eTag).toBe(eTag);
  const stale = await ended(await copy({ destinationObjectIfMatchETag: 'stale' }));
  expect(stale).toMatchObject({ status: 'FAILED', codes: ['IfMatchFailed'] });
  expect(await ended(await copy({ destinationObjectIfMatchETag: eTag }))).toMatchObject({
    status: 'COMPLETED',
  });
});

test('a source that changes or goes away while it is copied FAILS the copy, and nothing arrives', async () => {
  await source.put(round.bucket, 'image.oci', 'x');
  const changed = await copy();
  await source.put(round.bucket, 'image.oci', 'y');
  expect(await ended(changed)).toMatchObject({ status: 'FAILED', codes: ['IfMatchFailed'] });
  const deleted = await copy();
  await source.sdk.deleteObject({
    namespaceName: source.namespaceName,
    bucketName: round.bucket,
    objectName: 'image.oci',
  });
  expect(await ended(deleted)).toMatchObject({ status: 'FAILED', codes: ['ObjectNotFound'] });
  await expect(head()).rejects.toMatchObject({ statusCode: 404 });
});

test('a cancelled copy never arrives, and one that has ended cannot be cancelled', async () => {
  await source.put(round.bucket, 'image.oci', 'x');
  const workRequestId = await copy();
  await source.sdk.cancelWorkRequest({ workRequestId });
  expect(await ended(workRequestId)).toMatchObject({ status: 'CANCELED' });
  await ended(await copy({ destinationObjectName: 'later' }));
  await expect(head()).rejects.toMatchObject({ statusCode: 404 });
  await expect(source.sdk.cancelWorkRequest({ workRequestId })).rejects.toMatchObject({
    statusCode: 409,
    serviceCode: 'NotCancelable',
  });
});

test('a work request is forgotten after its retention', async () => {
  await source.put(round.bucket, 'image.oci', 'x');
  const workRequestId = await copy();
  await ended(workRequestId);
  cloud.clock.advance(13 * 3_600_000);
  await expect(source.sdk.getWorkRequest({ workRequestId })).rejects.toMatchObject({ statusCode: 404 });
});
