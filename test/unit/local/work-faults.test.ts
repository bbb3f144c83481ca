import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ASHBURN, restartCloud, startCloud } from '../../support/cloud.ts';
import { computeOf } from '../../support/compute.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';

/** What a copy of a small object takes in simulated time. */
const COPY_MS = 2_000;

let cloud: Awaited<ReturnType<typeof startCloud>>;
let compute: Awaited<ReturnType<typeof computeOf>>;
beforeEach(async () => {
  cloud = await startCloud();
  cloud.identity.addPolicy('copies', cloud.tenancy.id, [
    `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`,
  ]);
  compute = await computeOf(cloud);
  await compute.storage.put('disks', 'disk', buildQcow2(Buffer.alloc(2 ** 16, 1)));
});
afterEach(() => cloud.remove());

const faults = (method: string, body?: object) =>
  fetch(`${cloud.homeRegion.endpoint}/_local/faults`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
const addFault = async (fault: object) => expect((await faults('POST', { works: [fault] })).status).toBe(200);

async function copy(objectName = 'copy'): Promise<string> {
  const { opcWorkRequestId } = await compute.storage.sdk.copyObject({
    ...compute.place,
    copyObjectDetails: {
      sourceObjectName: 'disk',
      destinationRegion: ASHBURN,
      destinationNamespace: compute.place.namespaceName,
      destinationBucket: compute.place.bucketName,
      destinationObjectName: objectName,
    },
  });
  return opcWorkRequestId;
}
const copyWork = async (workRequestId: string) =>
  (await compute.storage.sdk.getWorkRequest({ workRequestId })).workRequest;
async function copyEnded(id: string) {
  await expect.poll(async () => (await copyWork(id)).timeFinished).toBeTruthy();
  return copyWork(id);
}
const names = async () =>
  (await compute.storage.sdk.listObjects(compute.place)).listObjects.objects.map(({ name }) => name);
const uploads = async () => (await compute.storage.sdk.listMultipartUploads(compute.place)).items;

async function importDisk() {
  const { url } = await compute.par('disk');
  return compute.create({ sourceUri: url, sourceImageType: 'QCOW2' as never });
}
async function exportImage(imageId: string): Promise<string> {
  const { url } = await compute.par('export', 'ObjectWrite');
  const exportImageDetails = {
    destinationType: 'objectStorageUri',
    destinationUri: url,
    exportFormat: 'QCOW2' as never,
  };
  return (await compute.sdk.exportImage({ imageId, exportImageDetails })).opcWorkRequestId;
}
async function available(): Promise<string> {
  const { image, opcWorkRequestId } = await importDisk();
  expect((await compute.ended(opcWorkRequestId)).status).toBe('SUCCEEDED');
  return image.id;
}

test('a copy that fails takes its whole time, shows its error, and nothing arrives', async () => {
  cloud.clock.scale = 20;
  await addFault({
    operation: 'CopyObject',
    outcome: 'fail',
    code: 'Broken',
    message: 'It broke.',
    times: 1,
  });
  const id = await copy();
  const { status, timeStarted, timeFinished } = await copyEnded(id);
  expect(status).toBe('FAILED');
  const lasted = Date.parse(String(timeFinished)) - Date.parse(String(timeStarted));
  // Timers may fire a millisecond early, ten times.
  expect(lasted).toBeGreaterThan(COPY_MS / 20 - 11);
  const { items } = await compute.storage.sdk.listWorkRequestErrors({ workRequestId: id });
  expect(items).toMatchObject([{ code: 'Broken', message: 'It broke.' }]);
  expect(await names()).toEqual(['disk']);
  expect((await copyEnded(await copy())).status).toBe('COMPLETED');
  expect(await names()).toEqual(['copy', 'disk']);
});

test('an import that fails leaves a DELETED image, an export its multipart upload', async () => {
  await addFault({ operation: '*', skip: 1, times: 2, outcome: 'fail' });
  const imageId = await available();
  expect((await compute.ended(await exportImage(imageId))).status).toBe('FAILED');
  expect((await compute.image(imageId)).lifecycleState).toBe('AVAILABLE');
  expect(await uploads()).toMatchObject([{ object: 'export' }]);
  expect(await names()).toEqual(['disk']);
  const failed = await importDisk();
  const workRequestId = failed.opcWorkRequestId;
  expect((await compute.ended(workRequestId)).status).toBe('FAILED');
  expect((await compute.image(failed.image.id)).lifecycleState).toBe('DELETED');
  const { items } = await compute.work.listWorkRequestErrors({ workRequestId });
  expect(items).toMatchObject([{ code: 'InternalError' }]);
  expect((await compute.ended(await exportImage(imageId))).status).toBe('SUCCEEDED');
});

test('work that is forgotten has its effect, and a work request that nobody finds from the start', async () => {
  await addFault({ operation: '*', outcome: 'forget' });
  const copyId = await copy();
  await expect(copyWork(copyId)).rejects.toMatchObject({ statusCode: 404 });
  await expect.poll(names).toEqual(['copy', 'disk']);
  const { image, opcWorkRequestId } = await importDisk();
  await expect(compute.ended(opcWorkRequestId)).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'NotAuthorizedOrNotFound',
  });
  await expect.poll(async () => (await compute.image(image.id)).lifecycleState).toBe('AVAILABLE');
  const compartmentId = cloud.tenancy.id;
  expect((await compute.work.listWorkRequests({ compartmentId })).items).toEqual([]);
  expect((await compute.storage.sdk.listWorkRequests({ compartmentId })).items).toEqual([]);
});

test('work that stalls goes on when the faults are cleared, after a restart too', async () => {
  await addFault({ operation: 'CreateImage', outcome: 'stall' });
  const { image, opcWorkRequestId: workRequestId } = await importDisk();
  const work = async () => (await compute.work.getWorkRequest({ workRequestId })).workRequest;
  await expect.poll(async () => (await work()).percentComplete).toBe(99);
  const again = await restartCloud(cloud);
  try {
    // Several times what an import takes here.
    await sleep(150);
    expect(await work()).toMatchObject({ status: 'IN_PROGRESS' });
    expect((await compute.image(image.id)).lifecycleState).toBe('IMPORTING');
    await faults('DELETE');
    expect((await compute.ended(workRequestId)).status).toBe('SUCCEEDED');
    expect((await compute.image(image.id)).lifecycleState).toBe('AVAILABLE');
  } finally {
    await again.stop();
  }
});

test('work that was to stall does not, where the faults are cleared before it is so far', async () => {
  cloud.clock.scale = 20;
  await addFault({ operation: 'CopyObject', outcome: 'stall' });
  const id = await copy();
  await faults('DELETE');
  expect((await copyEnded(id)).status).toBe('COMPLETED');
});

test('a stalled copy can be cancelled, and never arrives', async () => {
  await addFault({ operation: 'CopyObject', outcome: 'stall', times: 1 });
  const workRequestId = await copy();
  await expect.poll(async () => (await copyWork(workRequestId)).percentComplete).toBe(99);
  await compute.storage.sdk.cancelWorkRequest({ workRequestId });
  expect((await copyWork(workRequestId)).status).toBe('CANCELED');
  await faults('DELETE');
  await copyEnded(await copy('later'));
  expect(await names()).toEqual(['disk', 'later']);
});

test('a stalled copy of a source that changes meanwhile fails when it goes on', async () => {
  await addFault({ operation: 'CopyObject', outcome: 'stall', times: 1 });
  const id = await copy();
  await expect.poll(async () => (await copyWork(id)).percentComplete).toBe(99);
  await compute.storage.put('disks', 'disk', 'changed');
  await faults('DELETE');
  expect((await copyEnded(id)).status).toBe('FAILED');
  expect(await names()).toEqual(['disk']);
});

test('a stalled import of a source that goes away meanwhile fails when it goes on', async () => {
  await addFault({ operation: 'CreateImage', outcome: 'stall', times: 1 });
  const { image, opcWorkRequestId: workRequestId } = await importDisk();
  const work = async () => (await compute.work.getWorkRequest({ workRequestId })).workRequest;
  await expect.poll(async () => (await work()).percentComplete).toBe(99);
  await compute.storage.sdk.deleteObject({ ...compute.place, objectName: 'disk' });
  await faults('DELETE');
  expect((await compute.ended(workRequestId)).status).toBe('FAILED');
  expect((await compute.image(image.id)).lifecycleState).toBe('DELETED');
});

test('which work a fault strikes is chosen when it is accepted, alike with the same seed', async () => {
  const statuses = async () => {
    await faults('DELETE');
    await faults('POST', {
      works: [{ operation: 'CopyObject', probability: 0.5, outcome: 'fail' }],
      seed: 7,
    });
    const ids: string[] = [];
    for (let count = 0; count < 12; count += 1) ids.push(await copy(`copy-${count}`));
    await faults('DELETE');
    return Promise.all(ids.map(async (id) => (await copyEnded(id)).status));
  };
  const first = await statuses();
  expect(new Set(first)).toEqual(new Set(['COMPLETED', 'FAILED']));
  expect(await statuses()).toEqual(first);
});

test('faults of work are shown, and one of no work or of an unknown outcome is refused', async () => {
  await addFault({ operation: 'CopyObject', times: 1, outcome: 'fail' });
  await copyEnded(await copy());
  const { works } = (await (await faults('GET')).json()) as { works: object[] };
  expect(works).toEqual([
    { fault: { operation: 'CopyObject', times: 1, outcome: 'fail' }, seen: 1, struck: 1 },
  ]);
  for (const wrong of [
    { operation: 'DeleteImage', outcome: 'fail' },
    { operation: 'CopyObject', outcome: 'lose' },
    { operation: 'CopyObject' },
  ])
    expect((await faults('POST', { works: [wrong] })).status).toBe(400);
});
