import { Readable } from 'node:stream';
import { models, ObjectStorageClient } from 'oci-objectstorage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ASHBURN,
  administrator,
  client,
  PHOENIX,
  resourcePrincipal,
  startCloud,
} from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

const OBJECT = 'image.oci';

let cloud: Awaited<ReturnType<typeof startCloud>>;
/** The first tenancy's, which copies into the partner's bucket `inbox` in Phoenix. */
let source: ReturnType<typeof objectStorageOf>;
let partner: { id: string; sdk: ObjectStorageClient };
let inbox: { namespaceName: string; bucketName: string };
beforeEach(async () => {
  cloud = await startCloud();
  source = objectStorageOf(cloud);
  await source.createBucket('outbox');
  await source.put('outbox', OBJECT, 'shared');
  const { tenancy, configFile } = cloud.addTenancy('partner');
  partner = {
    id: tenancy.id,
    sdk: client(ObjectStorageClient, cloud, PHOENIX, administrator(configFile)),
  };
  inbox = { namespaceName: tenancy.namespace, bucketName: 'inbox' };
  await partner.sdk.createBucket({
    namespaceName: tenancy.namespace,
    createBucketDetails: { name: 'inbox', compartmentId: tenancy.id },
  });
  cloud.identity.addPolicy('service', partner.id, [
    `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`,
  ]);
});
afterEach(() => cloud.remove());

const endorse = (verb = 'manage', tenancyId = partner.id) =>
  cloud.identity.addPolicy('endorse', cloud.tenancy.id, [
    `Define tenancy Partner as ${tenancyId}`,
    `Endorse dynamic-group byoi to ${verb} object-family in tenancy Partner`,
  ]);
const admit = (verb = 'manage', tenancyId = cloud.tenancy.id, where = 'tenancy') =>
  cloud.identity.addPolicy('admit', partner.id, [
    `Define tenancy Source as ${tenancyId}`,
    'Define dynamic-group byoi as ocid1.dynamicgroup.oc1..x',
    `Admit dynamic-group byoi of tenancy Source to ${verb} object-family in ${where}`,
  ]);

async function copy(sdk = source.sdk): Promise<string | undefined> {
  const { opcWorkRequestId: workRequestId } = await sdk.copyObject({
    namespaceName: source.namespaceName,
    bucketName: 'outbox',
    copyObjectDetails: {
      sourceObjectName: OBJECT,
      destinationRegion: PHOENIX,
      destinationNamespace: inbox.namespaceName,
      destinationBucket: inbox.bucketName,
      destinationObjectName: OBJECT,
    },
  });
  const status = async () => (await source.sdk.getWorkRequest({ workRequestId })).workRequest.status;
  await expect.poll(status).toMatch(/COMPLETED|FAILED/);
  return status();
}

/** What a caller may do in the partner's bucket: each call by name. */
function attempts(sdk: ObjectStorageClient): Readonly<Record<string, () => Promise<unknown>>> {
  const object = { ...inbox, objectName: OBJECT };
  const { namespaceName } = inbox;
  const createPreauthenticatedRequestDetails = {
    name: 'x',
    objectName: OBJECT,
    accessType: models.CreatePreauthenticatedRequestDetails.AccessType.ObjectRead,
    timeExpires: new Date(Date.now() + 3_600_000),
  };
  return {
    GetBucket: () => sdk.getBucket(inbox),
    HeadBucket: () => sdk.headBucket(inbox),
    ListObjects: () => sdk.listObjects(inbox),
    HeadObject: () => sdk.headObject(object),
    GetObject: () => sdk.getObject(object),
    ListMultipartUploads: () => sdk.listMultipartUploads(inbox),
    CreatePreauthenticatedRequest: () =>
      sdk.createPreauthenticatedRequest({ ...inbox, createPreauthenticatedRequestDetails }),
    PutObject: () =>
      sdk.putObject({
        ...inbox,
        objectName: 'other',
        contentLength: 1,
        putObjectBody: Readable.from([Buffer.from('x')], { objectMode: false }),
      }),
    DeleteObject: () => sdk.deleteObject(object),
    UpdateBucket: () => sdk.updateBucket({ ...inbox, updateBucketDetails: { objectEventsEnabled: true } }),
    DeleteBucket: () => sdk.deleteBucket(inbox),
    ListBuckets: () => sdk.listBuckets({ namespaceName, compartmentId: partner.id }),
  };
}

/** The names of the calls that are let through; all others have to be 404. */
async function allowed(sdk: ObjectStorageClient): Promise<string[]> {
  const names: string[] = [];
  for (const [name, attempt] of Object.entries(attempts(sdk)))
    try {
      await attempt();
      names.push(name);
    } catch (error) {
      expect(error).toMatchObject({ statusCode: 404 });
    }
  return names;
}

const READS = ['GetBucket', 'HeadBucket', 'ListObjects', 'HeadObject', 'GetObject', 'ListMultipartUploads'];
const WRITES = ['CreatePreauthenticatedRequest', 'PutObject', 'DeleteObject'];

const putTheirs = () =>
  partner.sdk.putObject({
    ...inbox,
    objectName: OBJECT,
    contentLength: 1,
    putObjectBody: Readable.from([Buffer.from('x')], { objectMode: false }),
  });
const asFunction = () => client(ObjectStorageClient, cloud, PHOENIX, resourcePrincipal(cloud));

describe('a copy into another tenancy’s bucket', () => {
  const notFound = { statusCode: 404, serviceCode: 'BucketNotFound' };

  test('is BucketNotFound unless one tenancy endorses and the other admits it', async () => {
    await expect(copy()).rejects.toMatchObject(notFound);
    const { id } = endorse();
    await expect(copy()).rejects.toMatchObject(notFound);
    admit();
    expect(await copy()).toBe('COMPLETED');
    expect((await partner.sdk.headObject({ ...inbox, objectName: OBJECT })).contentLength).toBe(6);
    cloud.identity.policies.delete(id);
    await expect(copy()).rejects.toMatchObject(notFound);
  });

  test('takes `manage` on both sides', async () => {
    const reading = endorse('read');
    admit();
    await expect(copy()).rejects.toMatchObject(notFound);
    cloud.identity.policies.delete(reading.id);
    endorse();
    expect(await copy()).toBe('COMPLETED');
  });

  test('still needs the service policy of the tenancy it goes to', async () => {
    endorse();
    admit();
    for (const { id, name } of cloud.identity.policies.values())
      if (name === 'service') cloud.identity.policies.delete(id);
    cloud.identity.addPolicy('service', cloud.tenancy.id, [
      `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`,
    ]);
    await expect(copy()).rejects.toMatchObject({
      statusCode: 400,
      serviceCode: 'InsufficientServicePermissions',
    });
  });

  test('needs both tenancies to be subscribed to the region it goes to', async () => {
    endorse();
    admit();
    const subscribe = (namespace: string, regions: readonly string[]) =>
      fetch(`${cloud.homeRegion.endpoint}/_local/subscriptions`, {
        method: 'POST',
        body: JSON.stringify({ namespace, regions }),
      });
    for (const namespace of ['local', 'partner']) {
      await subscribe(namespace, [ASHBURN]);
      await expect(copy()).rejects.toMatchObject({ statusCode: 400, serviceCode: 'InvalidRegion' });
      await subscribe(namespace, [ASHBURN, PHOENIX]);
    }
    expect(await copy()).toBe('COMPLETED');
  });

  test('can be asked for by a function', async () => {
    endorse();
    admit();
    expect(await copy(client(ObjectStorageClient, cloud, ASHBURN, resourcePrincipal(cloud)))).toBe(
      'COMPLETED',
    );
  });
});

describe('what is in another tenancy’s bucket', () => {
  beforeEach(putTheirs);

  test('is 404 without policies, and for callers of a third tenancy', async () => {
    expect(await allowed(asFunction())).toEqual([]);
    const third = cloud.addTenancy('third');
    admit('manage', third.tenancy.id);
    endorse();
    expect(await allowed(asFunction())).toEqual([]);
    admit();
    const stranger = client(ObjectStorageClient, cloud, PHOENIX, administrator(third.configFile));
    expect(await allowed(stranger)).toEqual([]);
  });

  test('can be read where both sides say `read`, and used in full where both say `manage`', async () => {
    endorse();
    const { id } = admit('read');
    expect(await allowed(asFunction())).toEqual(READS);
    cloud.identity.policies.delete(id);
    admit();
    expect(await allowed(asFunction())).toEqual([...READS, ...WRITES]);
  });

  test('is admitted to by a policy of its compartment or above, and of no other', async () => {
    endorse();
    const { id: apart } = cloud.identity.addCompartment('apart', partner.id);
    const { id: images } = cloud.identity.addCompartment('images', partner.id);
    const statements = admit('manage', cloud.tenancy.id, 'compartment images').statements;
    cloud.identity.policies.clear();
    endorse();
    await partner.sdk.updateBucket({ ...inbox, updateBucketDetails: { compartmentId: images } });
    cloud.identity.addPolicy('admit', apart, statements);
    expect(await allowed(asFunction())).toEqual([]);
    cloud.identity.addPolicy('admit', images, statements);
    expect(await allowed(asFunction())).toEqual([...READS, ...WRITES]);
  });

  test.each([
    ['any-tenancy on both sides', 'any-tenancy', 'any-user of any-tenancy', true],
    ['a name in another case', 'tenancy PARTNER', 'group byoi of tenancy SOURCE', true],
    ['a name that the policy does not define', 'tenancy Nobody', 'group byoi of tenancy Source', false],
  ])('%s', async (_, endorsed, admitted, works) => {
    cloud.identity.addPolicy('endorse', cloud.tenancy.id, [
      `define tenancy Partner as ${partner.id}`,
      `endorse group byoi to manage object-family in ${endorsed}`,
    ]);
    cloud.identity.addPolicy('admit', partner.id, [
      `define tenancy Source as ${cloud.tenancy.id}`,
      `admit ${admitted} to manage object-family in tenancy`,
    ]);
    expect((await allowed(asFunction())).length > 0).toBe(works);
  });
});
