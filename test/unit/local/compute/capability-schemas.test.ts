import type { models } from 'oci-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCloud } from '../../../support/cloud.ts';
import { computeOf } from '../../../support/compute.ts';
import { buildQcow2 } from '../../../support/images/qcow2.ts';

const UEFI = {
  descriptorType: 'enumstring',
  source: 'IMAGE' as models.ImageCapabilitySchemaDescriptor['source'],
  values: ['UEFI_64'],
  defaultValue: 'UEFI_64',
};

let cloud: Awaited<ReturnType<typeof startCloud>>;
let compute: Awaited<ReturnType<typeof computeOf>>;
let imageId: string;
let versionName: string;
beforeEach(async () => {
  cloud = await startCloud();
  compute = await computeOf(cloud);
  await compute.storage.put('disks', 'web', buildQcow2(Buffer.alloc(2 ** 16, 1)));
  const { url } = await compute.par('web');
  const created = await compute.create(
    { sourceUri: url, sourceImageType: 'QCOW2' as never },
    { launchMode: 'PARAVIRTUALIZED' as never },
  );
  await compute.ended(created.opcWorkRequestId);
  imageId = created.image.id;
  const [schema] = (await compute.sdk.listComputeGlobalImageCapabilitySchemas({})).items;
  versionName = schema?.currentVersionName ?? '';
});
afterEach(() => cloud.remove());

const create = (schemaData: object, more: object = {}) =>
  compute.sdk.createComputeImageCapabilitySchema({
    createComputeImageCapabilitySchemaDetails: {
      compartmentId: cloud.tenancy.id,
      computeGlobalImageCapabilitySchemaVersionName: versionName,
      imageId,
      schemaData: schemaData as Record<string, models.ImageCapabilitySchemaDescriptor>,
      ...more,
    },
  });
const firmware = async () => (await compute.image(imageId)).launchOptions?.firmware;

test('the global schema has a version that names every capability', async () => {
  const [schema] = (await compute.sdk.listComputeGlobalImageCapabilitySchemas({})).items;
  const computeGlobalImageCapabilitySchemaId = schema?.id ?? '';
  const { items } = await compute.sdk.listComputeGlobalImageCapabilitySchemaVersions({
    computeGlobalImageCapabilitySchemaId,
  });
  expect(items.map(({ name }) => name)).toEqual([versionName]);
  const { computeGlobalImageCapabilitySchemaVersion: version } =
    await compute.sdk.getComputeGlobalImageCapabilitySchemaVersion({
      computeGlobalImageCapabilitySchemaId,
      computeGlobalImageCapabilitySchemaVersionName: versionName,
    });
  expect(version.schemaData['Compute.Firmware']).toMatchObject({ values: ['BIOS', 'UEFI_64'] });
});

test('a schema gives its image the firmware, until it is deleted', async () => {
  expect(await firmware()).toBe('BIOS');
  const { computeImageCapabilitySchema: schema, etag } = await create({ 'Compute.Firmware': UEFI });
  expect(schema).toMatchObject({ imageId, lifecycleState: 'ACTIVE' });
  expect(await firmware()).toBe('UEFI_64');
  const listed = await compute.sdk.listComputeImageCapabilitySchemas({ imageId });
  expect(listed.items.map(({ id }) => id)).toEqual([schema.id]);
  const merged = await compute.sdk.getComputeImageCapabilitySchema({
    computeImageCapabilitySchemaId: schema.id,
    isMergeEnabled: true,
  });
  expect(merged.computeImageCapabilitySchema.schemaData).toMatchObject({
    'Compute.Firmware': { source: 'IMAGE', values: ['UEFI_64'] },
    'Network.AttachmentType': { source: 'GLOBAL' },
  });
  const change = {
    computeImageCapabilitySchemaId: schema.id,
    updateComputeImageCapabilitySchemaDetails: {
      schemaData: { 'Compute.Firmware': { ...UEFI, values: ['BIOS'], defaultValue: 'BIOS' } },
    },
  };
  await expect(
    compute.sdk.updateComputeImageCapabilitySchema({ ...change, ifMatch: 'stale' }),
  ).rejects.toMatchObject({ statusCode: 412 });
  await compute.sdk.updateComputeImageCapabilitySchema({ ...change, ifMatch: etag });
  expect(await firmware()).toBe('BIOS');
  await compute.sdk.deleteComputeImageCapabilitySchema({ computeImageCapabilitySchemaId: schema.id });
  expect((await compute.sdk.listComputeImageCapabilitySchemas({ imageId })).items).toEqual([]);
});

test('an image has at most one schema', async () => {
  await create({ 'Compute.Firmware': UEFI });
  await expect(create({ 'Compute.Firmware': UEFI })).rejects.toMatchObject({ statusCode: 409 });
});

test.each([
  ['a capability that does not exist', { 'Compute.Nonsense': UEFI }],
  ['a value beyond the global schema', { 'Compute.Firmware': { ...UEFI, values: ['UEFI_64', 'COREBOOT'] } }],
  ['a default that is not among the values', { 'Compute.Firmware': { ...UEFI, defaultValue: 'BIOS' } }],
  ['another type', { 'Compute.SecureBoot': UEFI }],
  ['an unknown type', { 'Compute.Firmware': { ...UEFI, descriptorType: 'enum' } }],
  ['no source', { 'Compute.Firmware': { ...UEFI, source: undefined } }],
])('a schema with %s is refused', async (_, schemaData) => {
  await expect(create(schemaData)).rejects.toMatchObject({ statusCode: 400 });
});

test('a schema of an unknown version or image is refused', async () => {
  const schemaData = { 'Compute.Firmware': UEFI };
  await expect(
    create(schemaData, { computeGlobalImageCapabilitySchemaVersionName: 'x' }),
  ).rejects.toMatchObject({ statusCode: 400 });
  await expect(create(schemaData, { imageId: 'ocid1.image.oc1.iad.x' })).rejects.toMatchObject({
    statusCode: 404,
  });
});
