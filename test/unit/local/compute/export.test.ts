import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { ComputeClient, type models } from 'oci-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ASHBURN, client, resourcePrincipal, restartCloud, startCloud } from '../../../support/cloud.ts';
import { computeOf } from '../../../support/compute.ts';
import { patternDisk } from '../../../support/images/disk.ts';
import { buildOciArchive, exportedMetadata } from '../../../support/images/oci-archive.ts';
import { buildQcow2 } from '../../../support/images/qcow2.ts';
import { buildVmdk } from '../../../support/images/vmdk.ts';

const disk = patternDisk(2 ** 20);
const qcow2 = buildQcow2(disk);

let cloud: Awaited<ReturnType<typeof startCloud>>;
let compute: Awaited<ReturnType<typeof computeOf>>;
let events: string[];
beforeEach(async () => {
  cloud = await startCloud();
  compute = await computeOf(cloud);
  events = [];
  cloud.homeRegion.emit = ({ eventType }) => events.push(eventType);
});
afterEach(() => cloud.remove());

async function imported(
  content: Buffer,
  sourceImageType?: string,
  launchMode?: string,
): Promise<models.Image> {
  await compute.storage.put('disks', 'source', content);
  const { url } = await compute.par('source');
  const created = await compute.create(
    { sourceUri: url, ...(sourceImageType && { sourceImageType: sourceImageType as never }) },
    launchMode ? { launchMode: launchMode as never } : {},
  );
  expect((await compute.ended(created.opcWorkRequestId)).status).toBe('SUCCEEDED');
  return compute.image(created.image.id);
}

async function exportTo(imageId: string, destinationUri: string, exportFormat?: string, ifMatch?: string) {
  const details = {
    destinationType: 'objectStorageUri',
    destinationUri,
    ...(exportFormat && { exportFormat: exportFormat as never }),
  };
  return compute.sdk.exportImage({ imageId, exportImageDetails: details, ...(ifMatch && { ifMatch }) });
}

async function exported(name: string): Promise<Buffer> {
  const { value } = await compute.storage.sdk.getObject({ ...compute.place, objectName: name });
  return buffer(value as Readable);
}

test('an export in the stored format writes the bytes that were imported', async () => {
  for (const [format, content] of [
    ['QCOW2', qcow2],
    ['VMDK', buildVmdk(disk)],
  ] as const) {
    const { id } = await imported(content, format, 'PARAVIRTUALIZED');
    const { url } = await compute.par(`out.${format}`, 'ObjectWrite');
    const { image, opcWorkRequestId } = await exportTo(id, url, format);
    expect(image.lifecycleState).toBe('EXPORTING');
    expect((await compute.ended(opcWorkRequestId)).status).toBe('SUCCEEDED');
    expect((await compute.image(id)).lifecycleState).toBe('AVAILABLE');
    expect((await exported(`out.${format}`)).equals(content)).toBe(true);
  }
});

test('an exported archive imports again with the same launch options, system and disk', async () => {
  const metadata = {
    ...exportedMetadata,
    externalLaunchOptions: { ...exportedMetadata.externalLaunchOptions, networkType: 'VFIO' },
  };
  const first = await imported(buildOciArchive({ disk: qcow2, metadata }));
  const archive = await compute.par('out.oci', 'ObjectWrite');
  const { opcWorkRequestId } = await exportTo(first.id, archive.url);
  expect((await compute.ended(opcWorkRequestId)).status).toBe('SUCCEEDED');

  const second = await imported(await exported('out.oci'));
  expect(second.launchOptions).toEqual(first.launchOptions);
  expect(second).toMatchObject({ launchMode: 'PARAVIRTUALIZED', operatingSystem: 'Oracle Linux' });
  const plain = await compute.par('out.qcow2', 'ObjectWrite');
  await compute.ended((await exportTo(second.id, plain.url, 'QCOW2')).opcWorkRequestId);
  expect((await exported('out.qcow2')).equals(qcow2)).toBe(true);
});

test('an exported archive carries what the capability schema says', async () => {
  const { id } = await imported(qcow2, 'QCOW2', 'PARAVIRTUALIZED');
  const [global] = (await compute.sdk.listComputeGlobalImageCapabilitySchemas({})).items;
  const firmware = {
    descriptorType: 'enumstring',
    source: 'IMAGE' as models.ImageCapabilitySchemaDescriptor['source'],
    values: ['UEFI_64'],
    defaultValue: 'UEFI_64',
  };
  await compute.sdk.createComputeImageCapabilitySchema({
    createComputeImageCapabilitySchemaDetails: {
      compartmentId: cloud.tenancy.id,
      computeGlobalImageCapabilitySchemaVersionName: global?.currentVersionName ?? '',
      imageId: id,
      schemaData: { 'Compute.Firmware': firmware },
    },
  });
  const { url } = await compute.par('out.oci', 'ObjectWrite');
  await compute.ended((await exportTo(id, url)).opcWorkRequestId);
  const again = await imported(await exported('out.oci'));
  expect(again.launchOptions?.firmware).toBe('UEFI_64');
});

test('a failed export shows only in its work request: the image is AVAILABLE and the end event comes', async () => {
  const { id } = await imported(qcow2, 'QCOW2');
  cloud.clock.scale = 50;
  const { url, parId } = await compute.par('out.oci', 'ObjectWrite');
  const { opcWorkRequestId } = await exportTo(id, url);
  await compute.storage.sdk.deletePreauthenticatedRequest({ ...compute.place, parId });
  expect((await compute.ended(opcWorkRequestId)).status).toBe('FAILED');
  expect((await compute.image(id)).lifecycleState).toBe('AVAILABLE');
  expect(events.slice(-2)).toEqual([
    'com.oraclecloud.computeapi.exportimage.begin',
    'com.oraclecloud.computeapi.exportimage.end',
  ]);
  await expect(exported('out.oci')).rejects.toMatchObject({ statusCode: 404 });
});

describe('the multipart upload of an export', () => {
  const uploads = async () => (await compute.storage.sdk.listMultipartUploads(compute.place)).items;
  const abort = async () =>
    compute.storage.sdk.abortMultipartUpload({
      ...compute.place,
      objectName: 'out.oci',
      uploadId: (await uploads())[0]?.uploadId ?? '',
    });

  /** An export that has begun, and ends only when the faults are cleared. */
  async function stalledExport() {
    const { id } = await imported(qcow2, 'QCOW2');
    const { url, parId } = await compute.par('out.oci', 'ObjectWrite');
    cloud.faults.addWork({ operation: 'ExportImage', outcome: 'stall' });
    const { opcWorkRequestId } = await exportTo(id, url);
    await expect.poll(uploads).toMatchObject([{ object: 'out.oci', bucket: 'disks' }]);
    return { id, parId, workRequestId: opcWorkRequestId };
  }

  test('is there while it works, and gone when the object is', async () => {
    const { workRequestId } = await stalledExport();
    await expect(exported('out.oci')).rejects.toMatchObject({ statusCode: 404 });
    cloud.faults.clear();
    expect((await compute.ended(workRequestId)).status).toBe('SUCCEEDED');
    expect(await uploads()).toEqual([]);
    expect((await exported('out.oci')).length).toBeGreaterThan(0);
  });

  test('stays where the export fails, until it is aborted', async () => {
    const { parId, workRequestId } = await stalledExport();
    await compute.storage.sdk.deletePreauthenticatedRequest({ ...compute.place, parId });
    cloud.faults.clear();
    expect((await compute.ended(workRequestId)).status).toBe('FAILED');
    expect(await uploads()).toMatchObject([{ object: 'out.oci' }]);
    await abort();
    expect(await uploads()).toEqual([]);
  });

  test('fails the export where somebody aborts it before its end', async () => {
    const { id, workRequestId } = await stalledExport();
    await abort();
    cloud.faults.clear();
    expect((await compute.ended(workRequestId)).status).toBe('FAILED');
    expect((await compute.image(id)).lifecycleState).toBe('AVAILABLE');
    await expect(exported('out.oci')).rejects.toMatchObject({ statusCode: 404 });
  });

  test('is the same one after a restart, which does the export again from its start', async () => {
    const { workRequestId } = await stalledExport();
    const before = await uploads();
    const again = await restartCloud(cloud);
    try {
      await expect
        .poll(async () => (await compute.work.getWorkRequest({ workRequestId })).workRequest.percentComplete)
        .toBeGreaterThan(90);
      expect(await uploads()).toEqual(before);
      again.faults.clear();
      expect((await compute.ended(workRequestId)).status).toBe('SUCCEEDED');
      expect(await uploads()).toEqual([]);
    } finally {
      await again.stop();
    }
  });
});

test('a function that names the bucket by tuple gets 400, whatever its policies', async () => {
  const { id: imageId } = await imported(qcow2, 'QCOW2');
  const exportImageDetails = {
    destinationType: 'objectStorageTuple',
    ...compute.place,
    objectName: 'out.oci',
  };
  const asFunction = client(ComputeClient, cloud, ASHBURN, resourcePrincipal(cloud));
  await expect(asFunction.exportImage({ imageId, exportImageDetails })).rejects.toMatchObject({
    statusCode: 400,
    serviceCode: 'InvalidParameter',
    message: expect.stringMatching(/^Invalid bucketName: /),
  });
  const { opcWorkRequestId } = await compute.sdk.exportImage({ imageId, exportImageDetails });
  expect((await compute.ended(opcWorkRequestId)).status).toBe('SUCCEEDED');
});

test('a PAR that only reads is no destination', async () => {
  const { id } = await imported(qcow2, 'QCOW2');
  const { url } = await compute.par('out.oci', 'ObjectRead');
  await expect(exportTo(id, url)).rejects.toMatchObject({ statusCode: 400 });
});

test('what would need a conversion answers 501, and the image stays AVAILABLE', async () => {
  const { id } = await imported(buildVmdk(disk), 'VMDK');
  const { url } = await compute.par('out', 'ObjectWrite');
  for (const format of ['OCI', 'QCOW2', 'VHD', 'VDI'])
    await expect(exportTo(id, url, format)).rejects.toMatchObject({ statusCode: 501 });
  expect((await compute.image(id)).lifecycleState).toBe('AVAILABLE');
});

test('an export needs the etag it names and an image that is AVAILABLE', async () => {
  const { id } = await imported(qcow2, 'QCOW2');
  const { url } = await compute.par('out.oci', 'ObjectWrite');
  await expect(exportTo(id, url, 'OCI', 'stale')).rejects.toMatchObject({
    statusCode: 412,
    serviceCode: 'NoEtagMatch',
  });
  const { etag } = await compute.sdk.getImage({ imageId: id });
  cloud.clock.scale = 1;
  await exportTo(id, url, 'OCI', etag);
  await expect(exportTo(id, url)).rejects.toMatchObject({ statusCode: 409, serviceCode: 'IncorrectState' });
  await expect(compute.sdk.deleteImage({ imageId: id })).rejects.toMatchObject({ statusCode: 409 });
});
