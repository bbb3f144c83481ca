import type { models } from 'oci-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PHOENIX, resourcePrincipal, restartCloud, startCloud } from '../../../support/cloud.ts';
import { computeOf } from '../../../support/compute.ts';
import { patternDisk } from '../../../support/images/disk.ts';
import { buildOciArchive, exportedMetadata } from '../../../support/images/oci-archive.ts';
import { buildQcow2 } from '../../../support/images/qcow2.ts';
import { buildVmdk } from '../../../support/images/vmdk.ts';

const disk = patternDisk(2 ** 20);
const qcow2 = buildQcow2(disk);
const QCOW2 = 'QCOW2' as models.ImageSourceDetails['sourceImageType'];
const PARAVIRTUALIZED = 'PARAVIRTUALIZED' as models.CreateImageDetails['launchMode'];

let cloud: Awaited<ReturnType<typeof startCloud>>;
let compute: Awaited<ReturnType<typeof computeOf>>;
let events: string[];
beforeEach(async () => {
  cloud = await startCloud();
  compute = await computeOf(cloud);
  events = [];
  cloud.homeRegion.emit = ({ eventType, data }) => events.push(`${eventType} ${data.resourceName}`);
});
afterEach(() => cloud.remove());

/** Uploads, imports by a PAR and waits. */
async function importDisk(
  name: string,
  content: Buffer,
  sourceImageType?: models.ImageSourceDetails['sourceImageType'],
  details: Partial<models.CreateImageDetails> = {},
) {
  await compute.storage.put('disks', name, content);
  const { url } = await compute.par(name);
  const created = await compute.create(
    { sourceUri: url, ...(sourceImageType && { sourceImageType }) },
    { displayName: name, ...details },
  );
  const work = await compute.ended(created.opcWorkRequestId);
  return { work, created, image: await compute.image(created.image.id) };
}

async function failureOf(workRequestId: string): Promise<string> {
  const { items } = await compute.work.listWorkRequestErrors({ workRequestId });
  return items.map(({ message }) => message).join();
}

describe('an import by PAR', () => {
  test('goes from PROVISIONING to AVAILABLE, with its work request and two events', async () => {
    const { created, work, image } = await importDisk('web.qcow2', qcow2, QCOW2, {
      launchMode: PARAVIRTUALIZED,
      freeformTags: { run: '1' },
    });
    expect(created.image.lifecycleState).toBe('PROVISIONING');
    expect(work).toMatchObject({
      status: 'SUCCEEDED',
      percentComplete: 100,
      operationType: 'CreateImage',
      resources: [{ entityType: 'image', actionType: 'CREATED', identifier: image.id }],
    });
    expect(image).toMatchObject({
      lifecycleState: 'AVAILABLE',
      displayName: 'web.qcow2',
      launchMode: 'PARAVIRTUALIZED',
      launchOptions: {
        bootVolumeType: 'PARAVIRTUALIZED',
        networkType: 'PARAVIRTUALIZED',
        firmware: 'BIOS',
      },
      freeformTags: { run: '1' },
      createImageAllowed: true,
      listingType: 'NONE',
      sizeInMBs: 47694,
      billableSizeInGBs: 1,
    });
    expect(events).toEqual([
      'com.oraclecloud.computeapi.createimage.begin web.qcow2',
      'com.oraclecloud.computeapi.createimage.end web.qcow2',
    ]);
  });

  test('counts the virtual disk, not the stored bytes, as its size', async () => {
    const large = Buffer.from(qcow2);
    large.writeBigUInt64BE(100n * 2n ** 30n, 24);
    const { image } = await importDisk('large.qcow2', large, QCOW2);
    expect(image).toMatchObject({ sizeInMBs: 100 * 1024, billableSizeInGBs: 1 });
  });

  test('shows its progress while time passes', async () => {
    cloud.clock.scale = 40;
    await compute.storage.put('disks', 'slow.qcow2', qcow2);
    const { url } = await compute.par('slow.qcow2');
    const { opcWorkRequestId: workRequestId, image } = await compute.create({
      sourceUri: url,
      sourceImageType: QCOW2,
    });
    const seen = new Set<number>();
    const states = new Set<string>();
    for (;;) {
      const { workRequest } = await compute.work.getWorkRequest({ workRequestId });
      if (workRequest.timeFinished) break;
      seen.add(workRequest.percentComplete);
      states.add((await compute.image(image.id)).lifecycleState);
    }
    expect(states).toContain('IMPORTING');
    expect(seen.size).toBeGreaterThan(3);
  });

  test.each([
    ['EMULATED', 'SCSI', 'E1000', 'BIOS'],
    ['NATIVE', 'ISCSI', 'VFIO', 'UEFI_64'],
  ])('in mode %s gives %s, %s and %s', async (launchMode, bootVolumeType, networkType, firmware) => {
    const { image } = await importDisk('x.vmdk', buildVmdk(disk), 'VMDK' as never, {
      launchMode: launchMode as never,
    });
    expect(image.launchOptions).toMatchObject({ bootVolumeType, networkType, firmware });
  });

  test('reads an object of another region', async () => {
    const phoenix = await computeOf(cloud, PHOENIX);
    await phoenix.storage.put('disks', 'far.qcow2', qcow2);
    const { url } = await phoenix.par('far.qcow2');
    const { opcWorkRequestId } = await compute.create({ sourceUri: url, sourceImageType: QCOW2 });
    expect((await compute.ended(opcWorkRequestId)).status).toBe('SUCCEEDED');
  });
});

describe('an .oci archive', () => {
  const metadata = {
    ...exportedMetadata,
    operatingSystem: 'Oracle Linux',
    operatingSystemVersion: '9',
    externalLaunchOptions: { firmware: 'UEFI_64', networkType: 'VFIO', launchOptionsSource: 'NATIVE' },
  };

  test.each([
    ['a tar', {}],
    ['a gzipped tar', { gzip: true }],
    ['a tar with its disk first', { diskFirst: true }],
  ])('as %s brings its own launch options and system', async (_, shape) => {
    const { image } = await importDisk('x.oci', buildOciArchive({ disk: qcow2, metadata, ...shape }));
    expect(image).toMatchObject({
      lifecycleState: 'AVAILABLE',
      operatingSystem: 'Oracle Linux',
      operatingSystemVersion: '9',
      launchMode: 'NATIVE',
      launchOptions: { firmware: 'UEFI_64', networkType: 'VFIO', bootVolumeType: 'ISCSI' },
    });
  });

  test('is not heard where the caller sends a launch mode', async () => {
    const archive = buildOciArchive({ disk: qcow2, metadata });
    const { image } = await importDisk('x.oci', archive, undefined, { launchMode: PARAVIRTUALIZED });
    expect(image.launchOptions).toMatchObject({ firmware: 'BIOS', networkType: 'PARAVIRTUALIZED' });
    expect(image.operatingSystem).not.toBe('Oracle Linux');
  });

  test('without metadata fails', async () => {
    const { work } = await importDisk('x.oci', buildOciArchive({ disk: qcow2, metadata: 'no JSON' }));
    expect(work.status).toBe('FAILED');
    expect(await failureOf(work.id)).toContain('image_metadata.json');
  });

  test('cut short fails', async () => {
    const archive = buildOciArchive({ disk: qcow2, metadata });
    const { work } = await importDisk('x.oci', archive.subarray(0, archive.length / 2));
    expect(work.status).toBe('FAILED');
  });
});

describe('an import fails, its image DELETED, where', () => {
  const tooLarge = Buffer.from(qcow2);
  tooLarge.writeBigUInt64BE(401n * 2n ** 30n, 24);
  test.each([
    ['the disk is of another format', buildVmdk(disk), 'QCOW2', 'VMDK, not QCOW2'],
    ['nothing recognises it', Buffer.alloc(4096, 'x'), 'QCOW2', 'neither'],
    ['the object is empty', Buffer.alloc(0), 'QCOW2', 'neither'],
    ['the object has ten bytes', Buffer.from('0123456789'), 'QCOW2', 'neither'],
    ['the virtual disk is larger than 400 GB', tooLarge, 'QCOW2', '400 GB'],
    ['a bare disk comes without its type', qcow2, undefined, 'not an OCI archive'],
  ])('%s', async (_, content, type, message) => {
    const { work, image } = await importDisk('bad', content, type as never);
    expect(work.status).toBe('FAILED');
    expect(await failureOf(work.id)).toContain(message);
    expect(image.lifecycleState).toBe('DELETED');
    expect(events).toEqual(['com.oraclecloud.computeapi.createimage.begin bad']);
  });

  test.each(['PAR', 'object', 'image'])('the %s goes away before the transfer is over', async (what) => {
    cloud.clock.scale = 50;
    await compute.storage.put('disks', 'gone.qcow2', qcow2);
    const { url, parId } = await compute.par('gone.qcow2');
    const { opcWorkRequestId, image } = await compute.create({ sourceUri: url, sourceImageType: QCOW2 });
    const { place, storage } = compute;
    if (what === 'PAR') await storage.sdk.deletePreauthenticatedRequest({ ...place, parId });
    else if (what === 'object') await storage.sdk.deleteObject({ ...place, objectName: 'gone.qcow2' });
    else await compute.sdk.deleteImage({ imageId: image.id });
    expect((await compute.ended(opcWorkRequestId)).status).toBe('FAILED');
    expect((await compute.image(image.id)).lifecycleState).toBe('DELETED');
  });
});

describe('CreateImage answers at once', () => {
  test('400 to a function that names the object by tuple, whatever its policies', async () => {
    await compute.storage.put('disks', 'web.qcow2', qcow2);
    const source = { sourceType: 'objectStorageTuple', ...compute.place, objectName: 'web.qcow2' };
    const asFunction = await computeOf(cloud, PHOENIX, resourcePrincipal(cloud));
    await asFunction.storage.put('disks', 'web.qcow2', qcow2);
    await expect(asFunction.create(source)).rejects.toMatchObject({
      statusCode: 400,
      serviceCode: 'InvalidParameter',
      message:
        'Invalid objectName: Specified object or bucket or namespace to import image from does not exist',
    });
    const byAdministrator = await compute.create({ ...source, sourceImageType: QCOW2 });
    expect((await compute.ended(byAdministrator.opcWorkRequestId)).status).toBe('SUCCEEDED');
    // The way round that Oracle documents.
    const { url } = await asFunction.par('web.qcow2');
    const byPar = await asFunction.create({ sourceUri: url, sourceImageType: QCOW2 });
    expect((await asFunction.ended(byPar.opcWorkRequestId)).status).toBe('SUCCEEDED');
  });

  test.each([
    ['a URL of elsewhere', 'https://objectstorage.us-ashburn-1.oraclecloud.com/p/x/n/y/b/z/o/q'],
    ['no URL', 'web.qcow2'],
  ])('400 to %s', async (_, sourceUri) => {
    await expect(compute.create({ sourceUri })).rejects.toMatchObject({
      statusCode: 400,
      serviceCode: 'InvalidParameter',
    });
  });

  test('400 to an eleventh free-form tag', async () => {
    await compute.storage.put('disks', 'web.qcow2', qcow2);
    const { url } = await compute.par('web.qcow2');
    const tags = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag${index}`, 'x']));
    const source = { sourceUri: url, sourceImageType: QCOW2 };
    await compute.create(source, { freeformTags: tags(10) });
    await expect(compute.create(source, { freeformTags: tags(11) })).rejects.toMatchObject({
      statusCode: 400,
      serviceCode: 'InvalidParameter',
    });
  });

  test('400 LimitExceeded beyond the quota, which deleted images do not count in', async () => {
    const quota = `${cloud.homeRegion.endpoint}/_local/quota`;
    await fetch(quota, { method: 'POST', body: '{"custom-image-count": 1}' });
    const { image } = await importDisk('one.qcow2', qcow2, QCOW2);
    const { url } = await compute.par('one.qcow2');
    const again = () => compute.create({ sourceUri: url, sourceImageType: QCOW2 });
    await expect(again()).rejects.toMatchObject({ statusCode: 400, serviceCode: 'LimitExceeded' });
    await compute.sdk.deleteImage({ imageId: image.id });
    await again();
  });

  test('501 to an instance as the source', async () => {
    await expect(
      compute.create({ sourceUri: 'x' }, { instanceId: 'ocid1.instance.oc1.iad.x' }),
    ).rejects.toMatchObject({ statusCode: 501 });
  });
});

describe('a retry token', () => {
  const source = async () => {
    await compute.storage.put('disks', 'web.qcow2', qcow2);
    return { sourceUri: (await compute.par('web.qcow2')).url, sourceImageType: QCOW2 };
  };

  test('makes the same request once, also after a restart', async () => {
    const sourceDetails = await source();
    const first = await compute.create(sourceDetails, {}, 'run-1');
    const second = await compute.create(sourceDetails, {}, 'run-1');
    expect(second.image.id).toBe(first.image.id);
    expect(second.opcWorkRequestId).toBe(first.opcWorkRequestId);
    await compute.ended(first.opcWorkRequestId);
    const again = await restartCloud(cloud);
    try {
      const third = await compute.create(sourceDetails, {}, 'run-1');
      expect(third.image.id).toBe(first.image.id);
    } finally {
      await again.stop();
    }
  });

  test('with another request answers 409', async () => {
    const sourceDetails = await source();
    await compute.create(sourceDetails, {}, 'run-1');
    await expect(compute.create(sourceDetails, { displayName: 'x' }, 'run-1')).rejects.toMatchObject({
      statusCode: 409,
      serviceCode: 'InvalidatedRetryToken',
    });
  });

  test('is forgotten after 24 hours', async () => {
    const sourceDetails = await source();
    const first = await compute.create(sourceDetails, {}, 'run-1');
    await compute.ended(first.opcWorkRequestId);
    cloud.clock.advance(24 * 3_600_000 + 1);
    const { url } = await compute.par('web.qcow2');
    const second = await compute.create({ ...sourceDetails, sourceUri: url }, {}, 'run-1');
    expect(second.image.id).not.toBe(first.image.id);
  });

  test('has at most 64 characters', async () => {
    const sourceDetails = await source();
    await compute.create(sourceDetails, {}, 'x'.repeat(64));
    await expect(compute.create(sourceDetails, {}, 'x'.repeat(65))).rejects.toMatchObject({
      statusCode: 400,
    });
  });
});

test('an import that a stopped process left unfinished ends after the restart', async () => {
  cloud.clock.scale = 1;
  await compute.storage.put('disks', 'web.qcow2', qcow2);
  const { url } = await compute.par('web.qcow2');
  const { image, opcWorkRequestId } = await compute.create({ sourceUri: url, sourceImageType: QCOW2 });
  const again = await restartCloud(cloud);
  try {
    await compute.ended(opcWorkRequestId);
    expect(await failureOf(opcWorkRequestId)).toBe('');
    expect((await compute.image(image.id)).lifecycleState).toBe('AVAILABLE');
  } finally {
    await again.stop();
  }
});

test('a work request is forgotten twelve hours after its end', async () => {
  const { work } = await importDisk('web.qcow2', qcow2, QCOW2);
  cloud.clock.advance(12 * 3_600_000 - 60_000);
  await compute.work.getWorkRequest({ workRequestId: work.id });
  cloud.clock.advance(120_000);
  await expect(compute.work.getWorkRequest({ workRequestId: work.id })).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'NotAuthorizedOrNotFound',
  });
});

test('work requests are listed by the image they made', async () => {
  const { image, work } = await importDisk('one.qcow2', qcow2, QCOW2);
  await importDisk('two.qcow2', qcow2, QCOW2);
  const compartmentId = cloud.tenancy.id;
  const all = await compute.work.listWorkRequests({ compartmentId });
  expect(all.items).toHaveLength(2);
  const ofOne = await compute.work.listWorkRequests({ compartmentId, resourceId: image.id });
  expect(ofOne.items.map(({ id }) => id)).toEqual([work.id]);
});
