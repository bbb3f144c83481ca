import { request } from 'node:http';
import { IdentityClient } from 'oci-identity';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ASHBURN, administrator, client, PHOENIX, startCloud } from '../../support/cloud.ts';
import { computeOf } from '../../support/compute.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(() => cloud.remove());

async function local<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }> {
  const response = await fetch(`${cloud.homeRegion.endpoint}/_local/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}

/** A request with headers that fetch would not let us set. */
function statusWith(headers: Record<string, string>): Promise<number | undefined> {
  const url = `${cloud.homeRegion.endpoint}/_local/health`;
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

test('a web page in a browser cannot reach the control, by its origin or by a rebound name', async () => {
  const { port } = new URL(cloud.homeRegion.endpoint);
  expect(await statusWith({})).toBe(200);
  expect(await statusWith({ host: `localhost:${port}` })).toBe(200);
  expect(await statusWith({ origin: 'https://evil.example' })).toBe(403);
  expect(await statusWith({ origin: cloud.homeRegion.endpoint })).toBe(403);
  expect(await statusWith({ host: `evil.example:${port}` })).toBe(403);
  expect(await statusWith({ host: '127.0.0.1' })).toBe(403);
});

test('health names the regions, their endpoints and the configuration file', async () => {
  const { body } = await local('GET', 'health');
  expect(body).toMatchObject({
    configFile: cloud.configFile,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    regions: [
      { name: 'us-ashburn-1', key: 'iad', endpoint: cloud.homeRegion.endpoint },
      { name: PHOENIX, key: 'phx', endpoint: cloud.region(PHOENIX)?.endpoint },
    ],
  });
});

test('the clock is advanced and scaled', async () => {
  await local('POST', 'clock', { scale: 7, advanceSeconds: 3600 });
  expect(cloud.clock.scale).toBe(7);
  expect(cloud.clock.now().getTime() - Date.now()).toBeGreaterThan(3_599_000);
  expect((await local('POST', 'clock', { scale: 0 })).status).toBe(400);
  expect((await local('POST', 'clock', { speed: 2 })).status).toBe(400);
});

test('a call fault strikes as often as it was told to, and clearing ends it', async () => {
  const identity = client(IdentityClient, cloud);
  const regions = () =>
    identity.listRegions({}).then(
      () => 200,
      (error) => error.statusCode,
    );
  await local('POST', 'faults', { calls: [{ operation: 'ListRegions', skip: 1, times: 2, status: 429 }] });
  expect([await regions(), await regions(), await regions(), await regions()]).toEqual([200, 429, 429, 200]);
  expect((await local('GET', 'faults')).body).toMatchObject({ calls: [{ seen: 4, struck: 2 }] });
  await local('POST', 'faults', { calls: [{ operation: '*', status: 503 }] });
  expect(await regions()).toBe(503);
  await local('DELETE', 'faults');
  expect(await regions()).toBe(200);
});

test('a fault after the work loses the answer, not the work', async () => {
  const identity = client(IdentityClient, cloud);
  const compartmentId = cloud.tenancy.id;
  await local('POST', 'faults', {
    calls: [{ operation: 'CreateCompartment', times: 1, drop: true, when: 'after' }],
  });
  const createCompartmentDetails = { compartmentId, name: 'kept', description: 'kept' };
  await expect(identity.createCompartment({ createCompartmentDetails })).rejects.toBeTruthy();
  expect((await identity.listCompartments({ compartmentId })).items).toHaveLength(1);
});

test('event and kill faults are set, and a misspelled one is refused', async () => {
  await local('POST', 'faults', {
    events: { lose: 0.5 },
    kills: [{ functionName: 'import-image', call: 2, when: 'after', times: 1 }],
    seed: 7,
  });
  expect(cloud.faults.events).toEqual({ lose: 0.5, duplicate: 0, delayMs: 0 });
  expect(cloud.faults.kills).toHaveLength(1);
  expect((await local('POST', 'faults', { events: { lost: 0.5 } })).status).toBe(400);
  expect((await local('POST', 'faults', { events: { lose: 2 } })).status).toBe(400);
});

test('a reset forgets the data of all services, but neither compartments nor keys', async () => {
  const compute = await computeOf(cloud);
  await compute.storage.put('disks', 'web', buildQcow2(Buffer.alloc(2 ** 16, 1)));
  const { url } = await compute.par('web');
  const created = await compute.create({ sourceUri: url, sourceImageType: 'QCOW2' as never });
  await compute.ended(created.opcWorkRequestId);
  cloud.identity.addCompartment('kept', cloud.tenancy.id);
  expect((await local('POST', 'reset')).status).toBe(200);

  const compartmentId = cloud.tenancy.id;
  expect((await compute.sdk.listImages({ compartmentId })).items).toEqual([]);
  expect((await compute.work.listWorkRequests({ compartmentId })).items).toEqual([]);
  const { namespaceName, sdk } = compute.storage;
  expect((await sdk.listBuckets({ namespaceName, compartmentId })).items).toEqual([]);
  const identity = client(IdentityClient, cloud);
  expect((await identity.listCompartments({ compartmentId })).items).toHaveLength(1);
  // What comes after a reset finds everything in its place again.
  await compute.storage.createBucket('disks');
  await compute.storage.put('disks', 'web', 'x');
  expect(await compute.storage.read('disks', 'web')).toBe('x');
});

test('a second tenancy has its own namespace and an administrator whose key is known', async () => {
  const { body } = await local<{ id: string; namespace: string; configFile: string }>('POST', 'tenancies', {
    name: 'partner',
  });
  expect(body.namespace).toBe('partner');
  const partner = client(IdentityClient, cloud, undefined, administrator(body.configFile));
  expect((await partner.getTenancy({ tenancyId: body.id })).tenancy.name).toBe('partner');
  expect((await local('POST', 'tenancies', { name: 'partner' })).status).toBe(409);
  expect((await local('POST', 'tenancies', { name: '../x' })).status).toBe(400);
});

test('a tenancy is subscribed to the regions that were set, over a restart too', async () => {
  const tenancyId = cloud.tenancy.id;
  const regions = async () =>
    (await client(IdentityClient, cloud).listRegionSubscriptions({ tenancyId })).items.map(
      ({ regionName }) => regionName,
    );
  const set = (body: object) => local('POST', 'subscriptions', { namespace: 'local', ...body });
  expect(await regions()).toEqual([ASHBURN, PHOENIX]);
  expect(await set({ regions: [ASHBURN] })).toMatchObject({ body: { regions: [ASHBURN] } });
  expect(await regions()).toEqual([ASHBURN]);
  const { dataDir } = cloud;
  await cloud.stop();
  cloud = await startCloud({ dataDir });
  expect(await regions()).toEqual([ASHBURN]);
  expect((await set({ regions: [PHOENIX] })).status).toBe(400);
  expect((await set({ regions: [ASHBURN, 'eu-nowhere-1'] })).status).toBe(400);
  expect((await set({ namespace: 'nobody', regions: [ASHBURN] })).status).toBe(404);
  await set({ regions: [ASHBURN, PHOENIX] });
  expect(await regions()).toEqual([ASHBURN, PHOENIX]);
});

test('a copy to a region that the tenancy is not subscribed to is refused', async () => {
  const { storage, place } = await computeOf(cloud);
  await storage.put('disks', 'disk', 'x');
  await computeOf(cloud, PHOENIX);
  cloud.identity.addPolicy('copies', cloud.tenancy.id, [
    `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`,
  ]);
  const copy = () =>
    storage.sdk.copyObject({
      ...place,
      copyObjectDetails: {
        sourceObjectName: 'disk',
        destinationRegion: PHOENIX,
        destinationNamespace: place.namespaceName,
        destinationBucket: place.bucketName,
        destinationObjectName: 'disk',
      },
    });
  await local('POST', 'subscriptions', { namespace: 'local', regions: [ASHBURN] });
  await expect(copy()).rejects.toMatchObject({ statusCode: 400, serviceCode: 'InvalidRegion' });
  await local('POST', 'subscriptions', { namespace: 'local', regions: [ASHBURN, PHOENIX] });
  expect((await copy()).opcWorkRequestId).toBeTruthy();
});

test('ended work requests of all regions are forgotten at once, others are not', async () => {
  const ended = [];
  for (const region of [ASHBURN, PHOENIX]) {
    const compute = await computeOf(cloud, region);
    await compute.storage.put('disks', 'web', buildQcow2(Buffer.alloc(2 ** 16, 1)));
    const source = { sourceUri: (await compute.par('web')).url, sourceImageType: 'QCOW2' as never };
    const { opcWorkRequestId } = await compute.create(source);
    await compute.ended(opcWorkRequestId);
    ended.push({ compute, source, workRequestId: opcWorkRequestId });
  }
  cloud.faults.addWork({ operation: 'CreateImage', outcome: 'stall' });
  const [{ compute, source }] = ended as [(typeof ended)[0]];
  const open = (await compute.create(source)).opcWorkRequestId;
  expect((await local('POST', 'work-requests/forget', {})).status).toBe(200);
  for (const { compute, workRequestId } of ended)
    await expect(compute.work.getWorkRequest({ workRequestId })).rejects.toMatchObject({ statusCode: 404 });
  expect((await compute.work.getWorkRequest({ workRequestId: open })).workRequest.id).toBe(open);
  expect((await local('POST', 'work-requests/forget', { all: true })).status).toBe(400);
});

test('a stop is answered, and then nobody listens any more', async () => {
  expect((await local('POST', 'stop')).status).toBe(200);
  await expect
    .poll(() =>
      local('GET', 'health').then(
        () => 'listens',
        () => 'gone',
      ),
    )
    .toBe('gone');
});
