import { ComputeClient, type models } from 'oci-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { administrator, client, PHOENIX, startCloud } from '../../../support/cloud.ts';
import { computeOf } from '../../../support/compute.ts';
import { buildQcow2 } from '../../../support/images/qcow2.ts';

const qcow2 = buildQcow2(Buffer.alloc(2 ** 16, 1));

let cloud: Awaited<ReturnType<typeof startCloud>>;
let compute: Awaited<ReturnType<typeof computeOf>>;
let events: string[];
beforeEach(async () => {
  cloud = await startCloud();
  compute = await computeOf(cloud);
  events = [];
  cloud.homeRegion.emit = ({ eventType }) => events.push(eventType.replace('com.oraclecloud.', ''));
});
afterEach(() => cloud.remove());

async function imported(displayName: string, operatingSystem = 'Debian'): Promise<models.Image> {
  await compute.storage.put('disks', displayName, qcow2);
  const { url } = await compute.par(displayName);
  const created = await compute.create(
    { sourceUri: url, sourceImageType: 'QCOW2' as never, operatingSystem },
    { displayName, launchMode: 'PARAVIRTUALIZED' as never },
  );
  await compute.ended(created.opcWorkRequestId);
  return compute.image(created.image.id);
}

test('images are listed by name, system and state, sorted and in pages', async () => {
  for (const name of ['b', 'a', 'c']) await imported(name, name === 'c' ? 'Ubuntu' : 'Debian');
  const compartmentId = cloud.tenancy.id;
  const names = async (more: object) =>
    (await compute.sdk.listImages({ compartmentId, ...more })).items.map(({ displayName }) => displayName);
  expect(await names({})).toEqual(['c', 'a', 'b']);
  expect(await names({ sortBy: 'DISPLAYNAME' })).toEqual(['a', 'b', 'c']);
  expect(await names({ sortBy: 'TIMECREATED', sortOrder: 'ASC' })).toEqual(['b', 'a', 'c']);
  expect(await names({ operatingSystem: 'Ubuntu' })).toEqual(['c']);
  expect(await names({ displayName: 'a' })).toEqual(['a']);
  expect(await names({ lifecycleState: 'IMPORTING' })).toEqual([]);
  const first = await compute.sdk.listImages({ compartmentId, limit: 2 });
  expect(first.items).toHaveLength(2);
  const rest = await compute.sdk.listImages({ compartmentId, limit: 2, page: first.opcNextPage });
  expect(rest.items.map(({ displayName }) => displayName)).toEqual(['b']);
  expect(rest.opcNextPage).toBeFalsy();
});

test('an image is renamed, tagged, moved and deleted, each with its event', async () => {
  const { id } = await imported('web');
  const { etag } = await compute.sdk.getImage({ imageId: id });
  const updated = await compute.sdk.updateImage({
    imageId: id,
    ifMatch: etag,
    updateImageDetails: { displayName: 'www', freeformTags: { a: 'b' }, operatingSystem: 'Ubuntu' },
  });
  expect(updated.image).toMatchObject({
    displayName: 'www',
    freeformTags: { a: 'b' },
    operatingSystem: 'Ubuntu',
    operatingSystemVersion: 'Custom',
  });
  await expect(
    compute.sdk.updateImage({ imageId: id, ifMatch: etag, updateImageDetails: { displayName: 'x' } }),
  ).rejects.toMatchObject({ statusCode: 412 });
  const golden = cloud.identity.addCompartment('golden', cloud.tenancy.id);
  await compute.sdk.changeImageCompartment({
    imageId: id,
    changeImageCompartmentDetails: { compartmentId: golden.id },
  });
  expect((await compute.sdk.listImages({ compartmentId: golden.id })).items).toHaveLength(1);
  await compute.sdk.deleteImage({ imageId: id });
  expect((await compute.image(id)).lifecycleState).toBe('DELETED');
  expect((await compute.sdk.listImages({ compartmentId: golden.id })).items).toEqual([]);
  await expect(compute.sdk.deleteImage({ imageId: id })).rejects.toMatchObject({ statusCode: 404 });
  expect(events.slice(2)).toEqual([
    'computeimagingapi.updateimage',
    'computeimagingapi.moveimage',
    'computeimagingapi.deleteimage',
  ]);
});

test('an image event holds only what can be relied on', async () => {
  let seen: object | undefined;
  cloud.homeRegion.emit = (event) => {
    seen = event;
  };
  const { id } = await imported('web');
  const compartmentId = cloud.tenancy.id;
  expect(seen).toEqual({
    eventType: 'com.oraclecloud.computeapi.createimage.end',
    source: 'ComputeApi',
    compartmentId,
    data: { compartmentId, resourceName: 'web', resourceId: id },
  });
});

test('neither another region nor another tenancy finds the image', async () => {
  const { id } = await imported('web');
  const { configFile } = cloud.addTenancy('partner');
  for (const other of [
    client(ComputeClient, cloud, PHOENIX),
    client(ComputeClient, cloud, undefined, administrator(configFile)),
  ])
    await expect(other.getImage({ imageId: id })).rejects.toMatchObject({
      statusCode: 404,
      serviceCode: 'NotAuthorizedOrNotFound',
    });
});

test('shape entries are empty after an import; they are added and taken away, each with its event', async () => {
  const { id: imageId } = await imported('web');
  const shapes = async () =>
    (await compute.sdk.listImageShapeCompatibilityEntries({ imageId })).items.map(({ shape }) => shape);
  expect(await shapes()).toEqual([]);
  const entry = { imageId, shapeName: 'VM.Standard.A1.Flex' };
  await compute.sdk.addImageShapeCompatibilityEntry({
    ...entry,
    addImageShapeCompatibilityEntryDetails: {},
  });
  await compute.sdk.addImageShapeCompatibilityEntry({
    imageId,
    shapeName: 'VM.Standard.E5.Flex',
    addImageShapeCompatibilityEntryDetails: { ocpuConstraints: { min: 2, max: 8 } },
  });
  expect(await shapes()).toEqual(['VM.Standard.A1.Flex', 'VM.Standard.E5.Flex']);
  const { imageShapeCompatibilityEntry } = await compute.sdk.getImageShapeCompatibilityEntry({
    imageId,
    shapeName: 'VM.Standard.E5.Flex',
  });
  expect(imageShapeCompatibilityEntry.ocpuConstraints).toEqual({ min: 2, max: 8 });
  const launchable = await compute.sdk.listShapes({ compartmentId: cloud.tenancy.id, imageId });
  expect(launchable.items.map(({ shape }) => shape)).toEqual(['VM.Standard.E5.Flex', 'VM.Standard.A1.Flex']);
  await compute.sdk.removeImageShapeCompatibilityEntry(entry);
  await expect(compute.sdk.getImageShapeCompatibilityEntry(entry)).rejects.toMatchObject({ statusCode: 404 });
  await expect(
    compute.sdk.addImageShapeCompatibilityEntry({
      imageId,
      shapeName: 'VM.Nonsense',
      addImageShapeCompatibilityEntryDetails: {},
    }),
  ).rejects.toMatchObject({ statusCode: 400 });
  expect(events.slice(2)).toEqual([
    'computeimagingapi.addimageshapecompatibility',
    'computeimagingapi.addimageshapecompatibility',
    'computeimagingapi.removeimageshapecompatibility',
  ]);
});
