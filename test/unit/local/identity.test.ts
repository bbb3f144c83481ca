import { readFileSync } from 'node:fs';
import { IdentityClient } from 'oci-identity';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { administrator, client, PHOENIX, startCloud } from '../../support/cloud.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let identity: IdentityClient;
beforeEach(async () => {
  cloud = await startCloud();
  identity = client(IdentityClient, cloud);
});
afterEach(() => cloud.remove());

const createCompartment = (name: string, compartmentId = cloud.tenancy.id) =>
  identity.createCompartment({ createCompartmentDetails: { compartmentId, name, description: name } });

test('the tenancy says its home region and its subscriptions', async () => {
  const tenancyId = cloud.tenancy.id;
  const { tenancy } = await identity.getTenancy({ tenancyId });
  expect(tenancy).toMatchObject({ id: tenancyId, homeRegionKey: 'IAD' });
  const { items } = await identity.listRegionSubscriptions({ tenancyId });
  expect(items).toEqual([
    { regionKey: 'IAD', regionName: 'us-ashburn-1', status: 'READY', isHomeRegion: true },
    { regionKey: 'PHX', regionName: 'us-phoenix-1', status: 'READY', isHomeRegion: false },
  ]);
  const domains = await identity.listAvailabilityDomains({ compartmentId: tenancyId });
  expect(domains.items.map(({ name }) => name)).toContain('Locl:US-ASHBURN-AD-1');
});

test('the user of the configuration file is found, another is not', async () => {
  const userId = /^user=(.*)$/m.exec(readFileSync(cloud.configFile, 'utf8'))?.[1] ?? '';
  const { user } = await identity.getUser({ userId });
  expect(user).toMatchObject({ id: userId, compartmentId: cloud.tenancy.id });
  await expect(identity.getUser({ userId: 'ocid1.user.oc1..x' })).rejects.toMatchObject({ statusCode: 404 });
});

test('compartments nest, and the whole subtree is listed only when asked for', async () => {
  const { compartment } = await createCompartment('images');
  const child = await createCompartment('golden', compartment.id);
  const names = async (compartmentIdInSubtree: boolean) => {
    const { items } = await identity.listCompartments({
      compartmentId: cloud.tenancy.id,
      compartmentIdInSubtree,
    });
    return items.map(({ name }) => name);
  };
  expect(await names(false)).toEqual(['images']);
  expect(await names(true)).toEqual(['images', 'golden']);
  await expect(createCompartment('images')).rejects.toMatchObject({
    statusCode: 409,
    serviceCode: 'CompartmentAlreadyExists',
  });
  await expect(identity.deleteCompartment({ compartmentId: compartment.id })).rejects.toMatchObject({
    statusCode: 409,
  });
  await identity.deleteCompartment({ compartmentId: child.compartment.id });
  await expect(identity.getCompartment({ compartmentId: child.compartment.id })).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'NotAuthorizedOrNotFound',
  });
});

test('IAM is written in the home region only', async () => {
  const phoenix = client(IdentityClient, cloud, PHOENIX);
  const createCompartmentDetails = { compartmentId: cloud.tenancy.id, name: 'x', description: 'x' };
  await expect(phoenix.createCompartment({ createCompartmentDetails })).rejects.toMatchObject({
    statusCode: 403,
    serviceCode: 'NotAllowed',
  });
  await createCompartment('seen-everywhere');
  const { items } = await phoenix.listCompartments({ compartmentId: cloud.tenancy.id });
  expect(items.map(({ name }) => name)).toEqual(['seen-everywhere']);
});

test('the copy service policy has its effect from its creation until its deletion', async () => {
  const compartmentId = cloud.tenancy.id;
  const statements = ['Allow service objectstorage-us-ashburn-1 to manage object-family in tenancy'];
  const { policy } = await identity.createPolicy({
    createPolicyDetails: { compartmentId, name: 'copies', description: 'copies', statements },
  });
  expect(cloud.identity.allowsCopy('us-ashburn-1', compartmentId)).toBe(true);
  expect(cloud.identity.allowsCopy('us-phoenix-1', compartmentId)).toBe(false);
  await identity.deletePolicy({ policyId: policy.id });
  expect(cloud.identity.allowsCopy('us-ashburn-1', compartmentId)).toBe(false);
});

test('one tenancy sees nothing of another', async () => {
  const { tenancy, configFile } = cloud.addTenancy('partner');
  const partner = client(IdentityClient, cloud, undefined, administrator(configFile));
  expect((await partner.getTenancy({ tenancyId: tenancy.id })).tenancy.name).toBe('partner');
  await expect(partner.listCompartments({ compartmentId: cloud.tenancy.id })).rejects.toMatchObject({
    statusCode: 404,
  });
  await expect(identity.getTenancy({ tenancyId: tenancy.id })).rejects.toMatchObject({ statusCode: 404 });
});

test('a missing field is named', async () => {
  const createCompartmentDetails = { compartmentId: cloud.tenancy.id, description: 'x' } as never;
  await expect(identity.createCompartment({ createCompartmentDetails })).rejects.toMatchObject({
    statusCode: 400,
    serviceCode: 'MissingParameter',
    message: expect.stringContaining('name'),
  });
});

test('tenancies, their keys and compartments survive a restart', async () => {
  const { configFile } = cloud.addTenancy('partner');
  await createCompartment('kept');
  await cloud.stop();
  const again = await startCloud({ dataDir: cloud.dataDir });
  try {
    const tenancyId = cloud.tenancy.id;
    const { items } = await client(IdentityClient, again).listCompartments({ compartmentId: tenancyId });
    expect(items.map(({ name }) => name)).toEqual(['kept']);
    const partner = client(IdentityClient, again, undefined, administrator(configFile));
    expect((await partner.listRegions({})).items).toHaveLength(2);
  } finally {
    await again.stop();
  }
});

test('dynamic groups are of the tenancy, written in its home region, and kept as they are written', async () => {
  const compartmentId = cloud.tenancy.id;
  const details = {
    compartmentId,
    name: 'functions',
    description: 'x',
    matchingRule: "resource.type = 'fnfunc'",
  };
  const { dynamicGroup } = await identity.createDynamicGroup({ createDynamicGroupDetails: details });
  expect(dynamicGroup).toMatchObject({ ...details, lifecycleState: 'ACTIVE' });
  await expect(identity.createDynamicGroup({ createDynamicGroupDetails: details })).rejects.toMatchObject({
    statusCode: 409,
    serviceCode: 'DynamicGroupAlreadyExists',
  });
  const { compartment } = await createCompartment('images');
  const elsewhere = { ...details, compartmentId: compartment.id, name: 'other' };
  await expect(identity.createDynamicGroup({ createDynamicGroupDetails: elsewhere })).rejects.toMatchObject({
    statusCode: 400,
  });
  const dynamicGroupId = dynamicGroup.id;
  const matchingRule = "ALL {resource.type = 'fnfunc', resource.compartment.id = 'x'}";
  const change = { dynamicGroupId, updateDynamicGroupDetails: { matchingRule } };
  await expect(client(IdentityClient, cloud, PHOENIX).updateDynamicGroup(change)).rejects.toMatchObject({
    statusCode: 403,
  });
  await identity.updateDynamicGroup(change);
  const { items } = await identity.listDynamicGroups({ compartmentId, name: 'functions' });
  expect(items).toMatchObject([{ id: dynamicGroupId, description: 'x', matchingRule }]);
  await identity.deleteDynamicGroup({ dynamicGroupId });
  await expect(identity.getDynamicGroup({ dynamicGroupId })).rejects.toMatchObject({ statusCode: 404 });
});
