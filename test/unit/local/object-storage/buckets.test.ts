import { ObjectStorageClient } from 'oci-objectstorage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ASHBURN, administrator, client, PHOENIX, startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let storage: ReturnType<typeof objectStorageOf>;
beforeAll(async () => {
  cloud = await startCloud();
  storage = objectStorageOf(cloud);
});
afterAll(() => cloud.remove());

test('the namespace is the tenancy’s, and its metadata names the tenancy as default compartment', async () => {
  const { value } = await storage.sdk.getNamespace({});
  expect(value).toBe(cloud.tenancy.namespace);
  const { namespaceMetadata } = await storage.sdk.getNamespaceMetadata({ namespaceName: value });
  expect(namespaceMetadata.defaultSwiftCompartmentId).toBe(cloud.tenancy.id);
});

test('a bucket is made, read, found, changed under If-Match and deleted', async () => {
  const of = await storage.createBucket('life', { freeformTags: { team: 'images' } });
  const { bucket, eTag } = await storage.sdk.getBucket(of);
  expect(bucket).toMatchObject({
    name: 'life',
    namespace: cloud.tenancy.namespace,
    compartmentId: cloud.tenancy.id,
    objectEventsEnabled: false,
    versioning: 'Disabled',
    freeformTags: { team: 'images' },
    etag: eTag,
  });
  expect(bucket.id).toMatch(/^ocid1\.bucket\.oc1\.iad\./);
  expect(bucket.approximateCount).toBeUndefined();
  expect((await storage.sdk.headBucket(of)).eTag).toBe(eTag);

  const updateBucketDetails = { objectEventsEnabled: true };
  const updated = await storage.sdk.updateBucket({ ...of, updateBucketDetails, ifMatch: eTag });
  expect(updated.bucket).toMatchObject({ objectEventsEnabled: true, freeformTags: { team: 'images' } });
  await expect(storage.sdk.updateBucket({ ...of, updateBucketDetails, ifMatch: eTag })).rejects.toMatchObject(
    {
      statusCode: 412,
      serviceCode: 'IfMatchFailed',
    },
  );

  await storage.sdk.deleteBucket(of);
  await expect(storage.sdk.getBucket(of)).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'BucketNotFound',
  });
});

test('a bucket counts its objects and bytes only when asked', async () => {
  const of = await storage.createBucket('counted');
  await storage.put('counted', 'a', 'four');
  await storage.put('counted', 'b', 'sixsix');
  type Fields = NonNullable<Parameters<typeof storage.sdk.getBucket>[0]['fields']>;
  const fields = ['approximateCount', 'approximateSize'] as Fields;
  const { bucket } = await storage.sdk.getBucket({ ...of, fields });
  expect(bucket).toMatchObject({ approximateCount: 2, approximateSize: 10 });
});

test('a name is taken once per region, and is free in another', async () => {
  await storage.createBucket('taken');
  await expect(storage.createBucket('taken')).rejects.toMatchObject({
    statusCode: 409,
    serviceCode: 'BucketAlreadyExists',
  });
  await objectStorageOf(cloud, PHOENIX).createBucket('taken');
});

test('a bucket with an object, an open upload or a pre-authenticated request is not deleted', async () => {
  const of = await storage.createBucket('full');
  await storage.put('full', 'object', 'x');
  const refused = (serviceCode: string) =>
    expect(storage.sdk.deleteBucket(of)).rejects.toMatchObject({ statusCode: 409, serviceCode });
  await refused('BucketNotEmpty');
  await storage.sdk.deleteObject({ ...of, objectName: 'object' });

  const { multipartUpload } = await storage.sdk.createMultipartUpload({
    ...of,
    createMultipartUploadDetails: { object: 'parts' },
  });
  await refused('BucketNotEmpty');
  await storage.sdk.abortMultipartUpload({ ...of, objectName: 'parts', uploadId: multipartUpload.uploadId });

  await storage.sdk.createPreauthenticatedRequest({
    ...of,
    createPreauthenticatedRequestDetails: {
      name: 'par',
      objectName: 'object',
      accessType: 'ObjectRead' as never,
      timeExpires: new Date(Date.now() + 60_000),
    },
  });
  await refused('PreauthenticatedRequestStillExists');
});

test('buckets are listed by compartment, in pages', async () => {
  const compartment = cloud.identity.addCompartment('listed', cloud.tenancy.id);
  for (const name of ['c', 'a', 'b'])
    await storage.createBucket(`listed-${name}`, { compartmentId: compartment.id });
  const request = { namespaceName: storage.namespaceName, compartmentId: compartment.id, limit: 2 };
  const first = await storage.sdk.listBuckets(request);
  expect(first.items.map(({ name }) => name)).toEqual(['listed-a', 'listed-b']);
  const second = await storage.sdk.listBuckets({ ...request, page: first.opcNextPage });
  expect(second.items.map(({ name }) => name)).toEqual(['listed-c']);
  expect(second.opcNextPage).toBeFalsy();
});

test('another tenancy sees neither the namespace nor its buckets', async () => {
  const of = await storage.createBucket('private');
  const stranger = client(
    ObjectStorageClient,
    cloud,
    ASHBURN,
    administrator(cloud.addTenancy('strangers').configFile),
  );
  await expect(stranger.getBucket(of)).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'BucketNotFound',
  });
  await expect(
    stranger.listBuckets({ namespaceName: storage.namespaceName, compartmentId: cloud.tenancy.id }),
  ).rejects.toMatchObject({ statusCode: 404, serviceCode: 'NamespaceNotFound' });
});

test('what a bucket cannot be here is answered 501, not kept in silence', async () => {
  for (const details of [{ versioning: 'Enabled' }, { storageTier: 'Archive' }, { kmsKeyId: 'ocid1.key' }])
    await expect(storage.createBucket('odd', details as never)).rejects.toMatchObject({ statusCode: 501 });
  const of = await storage.createBucket('plain');
  await expect(storage.sdk.listObjectVersions(of)).rejects.toMatchObject({ statusCode: 501 });
});
