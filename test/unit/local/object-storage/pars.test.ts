import { afterAll, beforeAll, expect, test } from 'vitest';
import { ASHBURN, PHOENIX, startCloud } from '../../../support/cloud.ts';
import { objectStorageOf } from '../../../support/object-storage.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let storage: ReturnType<typeof objectStorageOf>;
let of: { namespaceName: string; bucketName: string };
beforeAll(async () => {
  cloud = await startCloud();
  storage = objectStorageOf(cloud);
  of = await storage.createBucket('shared');
});
afterAll(() => cloud.remove());

async function par(accessType: string, objectName = 'disk.qcow2', lifetimeMs = 3_600_000) {
  const { preauthenticatedRequest } = await storage.sdk.createPreauthenticatedRequest({
    ...of,
    createPreauthenticatedRequestDetails: {
      name: `${accessType} of ${objectName}`,
      objectName,
      accessType: accessType as never,
      timeExpires: new Date(cloud.clock.now().getTime() + lifetimeMs),
    },
  });
  return { ...preauthenticatedRequest, url: preauthenticatedRequest.fullPath ?? '' };
}

const status = async (url: string, init?: RequestInit) => (await fetch(url, init)).status;

test('a read PAR gives the object, its ranges and its metadata without a signature, and lets nothing be written', async () => {
  const { eTag } = await storage.put('shared', 'disk.qcow2', '0123456789');
  const { url, accessUri } = await par('ObjectRead');
  expect(url).toBe(`${cloud.homeRegion.endpoint}${accessUri}`);
  expect(await (await fetch(url)).text()).toBe('0123456789');
  const range = await fetch(url, { headers: { range: 'bytes=3-5', 'if-match': eTag } });
  expect([range.status, await range.text()]).toEqual([206, '345']);
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.headers.get('content-length'), head.headers.get('etag')]).toEqual(['10', eTag]);
  expect(await status(url, { headers: { 'if-match': 'another' } })).toBe(412);
  expect(await status(url, { headers: { 'if-none-match': eTag } })).toBe(304);
  expect(await status(url, { method: 'PUT', body: 'x' })).toBe(404);
  expect(await status(url, { method: 'DELETE' })).toBe(501);
});

test('a write PAR writes, and reads nothing; one for both does both', async () => {
  const write = await par('ObjectWrite', 'dropped');
  expect(await status(write.url, { method: 'PUT', body: 'dropped content' })).toBe(200);
  expect(await storage.read('shared', 'dropped')).toBe('dropped content');
  expect(await status(write.url)).toBe(404);
  const both = await par('ObjectReadWrite', 'dropped');
  expect(await status(both.url, { method: 'PUT', body: 'again' })).toBe(200);
  expect(await (await fetch(both.url)).text()).toBe('again');
});

test('a PAR is for one object: its token opens no other', async () => {
  await storage.put('shared', 'mine', 'a');
  await storage.put('shared', 'yours', 'b');
  const { url } = await par('ObjectRead', 'mine');
  expect(await status(url)).toBe(200);
  expect(await status(url.replace('/o/mine', '/o/yours'))).toBe(404);
  expect(await status(url.replace('/p/', '/p/x'))).toBe(404);
});

test('a PAR ends when it expires and when it is deleted', async () => {
  await storage.put('shared', 'passing', 'x');
  const [expiring, deleted] = [
    await par('ObjectRead', 'passing', 60_000),
    await par('ObjectRead', 'passing'),
  ];
  expect(await status(expiring.url)).toBe(200);
  cloud.clock.advance(61_000);
  expect(await status(expiring.url)).toBe(404);
  expect(await status(deleted.url)).toBe(200);
  await storage.sdk.deletePreauthenticatedRequest({ ...of, parId: deleted.id });
  expect(await status(deleted.url)).toBe(404);
  await expect(storage.sdk.getPreauthenticatedRequest({ ...of, parId: deleted.id })).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'PreauthenticatedRequestNotFound',
  });
});

test('the URL of a PAR is told once; later only what it is for', async () => {
  const made = await par('ObjectRead', 'told/once');
  const got = await storage.sdk.getPreauthenticatedRequest({ ...of, parId: made.id });
  const listed = await storage.sdk.listPreauthenticatedRequests({ ...of, objectNamePrefix: 'told/' });
  expect(listed.items.map(({ id }) => id)).toEqual([made.id]);
  const token = /\/p\/([^/]+)/.exec(made.accessUri)?.[1] ?? 'no token';
  expect(JSON.stringify([got, listed])).toContain('told/once');
  expect(JSON.stringify([got, listed])).not.toContain(token);
});

test('a PAR needs an expiry in the future, and one for a whole bucket is not covered', async () => {
  await expect(par('ObjectRead', 'x', -1000)).rejects.toMatchObject({
    statusCode: 400,
    serviceCode: 'InvalidParCreateRequest',
  });
  await expect(par('AnyObjectRead')).rejects.toMatchObject({ statusCode: 501 });
});

test('a name that needs escaping is reached through its PAR', async () => {
  const name = 'disk images/ä+&#%?.qcow2';
  await storage.put('shared', name, 'escaped');
  const { url } = await par('ObjectRead', name);
  expect(await (await fetch(url)).text()).toBe('escaped');
});

test('the other services find the object behind a PAR only in its region, and only for what it allows', async () => {
  const { url } = await par('ObjectRead', 'disk images/ä.qcow2');
  const { objects } = cloud.homeRegion;
  const object = { namespace: of.namespaceName, bucket: 'shared', object: 'disk images/ä.qcow2' };
  expect(objects.resolvePar(new URL(url), 'read')).toEqual(object);
  expect(objects.resolvePar(new URL(url), 'write')).toBeUndefined();
  expect(cloud.region(PHOENIX)?.objects.resolvePar(new URL(url), 'read')).toBeUndefined();
  expect(cloud.region(ASHBURN)?.objects.resolvePar(new URL('/n/x', url), 'read')).toBeUndefined();
});
