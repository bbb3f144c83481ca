import { EventsClient } from 'oci-events';
import { LimitsClient } from 'oci-limits';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { administrator, client, PHOENIX, startCloud } from '../../support/cloud.ts';
import { computeOf } from '../../support/compute.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let compute: Awaited<ReturnType<typeof computeOf>>;
beforeEach(async () => {
  cloud = await startCloud();
  compute = await computeOf(cloud);
});
afterEach(() => cloud.remove());

async function availability(sdk = client(LimitsClient, cloud), compartmentId = cloud.tenancy.id, more = {}) {
  const request = { serviceName: 'compute', limitName: 'custom-image-count', compartmentId, ...more };
  return (await sdk.getResourceAvailability(request)).resourceAvailability;
}

async function importImage(): Promise<string> {
  await compute.storage.put('disks', 'web', buildQcow2(Buffer.alloc(2 ** 16, 1)));
  const { url } = await compute.par('web');
  const created = await compute.create({ sourceUri: url, sourceImageType: 'QCOW2' as never });
  await compute.ended(created.opcWorkRequestId);
  return created.image.id;
}

const setQuota = (count: number) =>
  fetch(`${cloud.homeRegion.endpoint}/_local/quota`, {
    method: 'POST',
    body: JSON.stringify({ 'custom-image-count': count }),
  });

test('the availability of custom images counts those of the tenancy in the region, but no deleted ones', async () => {
  expect(await availability()).toEqual({
    used: 0,
    available: 100,
    fractionalUsage: 0,
    fractionalAvailability: 100,
  });
  const imageId = await importImage();
  expect(await availability()).toMatchObject({ used: 1, available: 99 });
  expect(await availability(client(LimitsClient, cloud, PHOENIX))).toMatchObject({ used: 0, available: 100 });
  const { tenancy, configFile } = cloud.addTenancy('partner');
  const partner = client(LimitsClient, cloud, undefined, administrator(configFile));
  expect(await availability(partner, tenancy.id)).toMatchObject({ used: 0, available: 100 });
  await compute.sdk.deleteImage({ imageId });
  expect(await availability()).toMatchObject({ used: 0, available: 100 });
});

test('a limit that was set is the one that CreateImage keeps to, and shows as the effective quota', async () => {
  await importImage();
  await setQuota(1);
  expect(await availability()).toMatchObject({ used: 1, available: 0, effectiveQuotaValue: 1 });
  await expect(importImage()).rejects.toMatchObject({ serviceCode: 'LimitExceeded' });
  await setQuota(0);
  expect(await availability()).toMatchObject({ used: 1, available: 0, effectiveQuotaValue: 0 });
  await setQuota(2);
  expect(await availability()).toMatchObject({ used: 1, available: 1, effectiveQuotaValue: 2 });
  await importImage();
});

test('the availability of event rules counts those of the tenancy, in whatever compartment', async () => {
  const rules = { serviceName: 'events', limitName: 'rule-count' };
  const { id: compartmentId } = cloud.identity.addCompartment('images', cloud.tenancy.id);
  const action = { actionType: 'ONS', isEnabled: true, topicId: 'ocid1.onstopic.oc1.iad.any' };
  await client(EventsClient, cloud).createRule({
    createRuleDetails: {
      ...{ compartmentId, displayName: 'a', isEnabled: true, condition: '{}' },
      actions: { actions: [action] },
    },
  });
  const sdk = client(LimitsClient, cloud);
  expect(await availability(sdk, cloud.tenancy.id, rules)).toMatchObject({ used: 1, available: 49 });
  const { tenancy, configFile } = cloud.addTenancy('partner');
  const partner = client(LimitsClient, cloud, undefined, administrator(configFile));
  expect(await availability(partner, tenancy.id, rules)).toMatchObject({ used: 0, available: 50 });
});

test('404 to another tenancy, 400 to an availability domain, 501 to any other limit or one compartment', async () => {
  const sdk = client(LimitsClient, cloud);
  const { tenancy } = cloud.addTenancy('partner');
  await expect(availability(sdk, tenancy.id)).rejects.toMatchObject({
    statusCode: 404,
    serviceCode: 'NotAuthorizedOrNotFound',
  });
  const tenancyId = cloud.tenancy.id;
  await expect(
    availability(sdk, tenancyId, { availabilityDomain: 'Locl:US-ASHBURN-AD-1' }),
  ).rejects.toMatchObject({ statusCode: 400, serviceCode: 'InvalidParameter' });
  for (const other of [{ limitName: 'bm-standard2-52-count' }, { serviceName: 'block-storage' }])
    await expect(availability(sdk, tenancyId, other)).rejects.toMatchObject({ statusCode: 501 });
  const { id } = cloud.identity.addCompartment('images', tenancyId);
  await expect(availability(sdk, id)).rejects.toMatchObject({ statusCode: 501 });
});
