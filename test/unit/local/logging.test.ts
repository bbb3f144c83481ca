import { LoggingManagementClient } from 'oci-logging';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { administrator, client, PHOENIX, restartCloud, startCloud } from '../../support/cloud.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let sdk: LoggingManagementClient;
beforeEach(async () => {
  cloud = await startCloud();
  sdk = client(LoggingManagementClient, cloud);
});
afterEach(() => cloud.remove());

const APPLICATION = 'ocid1.fnapp.oc1.iad.any';

/** Waits for the work that a change began. @returns the OCID of what was changed */
async function ended(answer: Promise<{ opcWorkRequestId: string }>): Promise<string> {
  const { opcWorkRequestId: workRequestId } = await answer;
  const work = async () => (await sdk.getWorkRequest({ workRequestId })).workRequest;
  await expect.poll(async () => (await work()).status).toBe('SUCCEEDED');
  return (await work()).resources[0]?.identifier ?? '';
}

const createGroup = (displayName: string, compartmentId = cloud.tenancy.id) =>
  sdk.createLogGroup({ createLogGroupDetails: { compartmentId, displayName } });

const createLog = (logGroupId: string, displayName = 'invocations', parts: object = {}) =>
  sdk.createLog({
    logGroupId,
    createLogDetails: {
      displayName,
      logType: 'SERVICE' as never,
      configuration: {
        source: { sourceType: 'OCISERVICE', service: 'functions', category: 'invoke', resource: APPLICATION },
      },
      ...parts,
    },
  });

const logsOf = async (logGroupId: string, filters: object = {}) =>
  (await sdk.listLogs({ logGroupId, ...filters })).items.map(({ displayName }) => displayName);

test('a log is made in a log group by work requests, which name what they made', async () => {
  const logGroupId = await ended(createGroup('byoi'));
  expect((await sdk.getLogGroup({ logGroupId })).logGroup).toMatchObject({
    displayName: 'byoi',
    lifecycleState: 'ACTIVE',
  });
  const { opcWorkRequestId: workRequestId } = await createLog(logGroupId);
  const { workRequest } = await sdk.getWorkRequest({ workRequestId });
  expect(workRequest).toMatchObject({
    operationType: 'CREATE_LOG',
    resources: [{ entityType: 'log', actionType: 'CREATED' }],
  });
  const logId = workRequest.resources[0]?.identifier ?? '';
  await expect
    .poll(async () => (await sdk.getLog({ logGroupId, logId })).log)
    .toMatchObject({
      logType: 'SERVICE',
      lifecycleState: 'ACTIVE',
      isEnabled: true,
      retentionDuration: 30,
      compartmentId: cloud.tenancy.id,
      configuration: { source: { service: 'functions', resource: APPLICATION, category: 'invoke' } },
    });
});

test('a log is found by its resource in a group, and its group in a compartment or below', async () => {
  const { id: inner } = cloud.identity.addCompartment('inner', cloud.tenancy.id);
  const logGroupId = await ended(createGroup('byoi', inner));
  await ended(createLog(logGroupId));
  expect(await logsOf(logGroupId, { sourceService: 'functions', sourceResource: APPLICATION })).toHaveLength(
    1,
  );
  expect(await logsOf(logGroupId, { sourceResource: 'ocid1.fnapp.oc1.iad.other' })).toEqual([]);
  expect(await logsOf(logGroupId, { sourceService: 'objectstorage' })).toEqual([]);
  const groups = async (isCompartmentIdInSubtree: boolean) =>
    (await sdk.listLogGroups({ compartmentId: cloud.tenancy.id, isCompartmentIdInSubtree })).items;
  expect(await groups(false)).toEqual([]);
  expect(await groups(true)).toMatchObject([{ id: logGroupId, compartmentId: inner }]);
});

test('a listing is filtered after its pages are cut: one that is empty may have another after it', async () => {
  const logGroupId = await ended(createGroup('byoi'));
  for (const number of [1, 2]) {
    const source = { sourceType: 'OCISERVICE', service: 'functions', category: 'invoke' };
    const configuration = { source: { ...source, resource: `${APPLICATION}${number}` } };
    await ended(createLog(logGroupId, `log${number}`, { configuration }));
  }
  const wanted = { logGroupId, sourceResource: `${APPLICATION}2`, limit: 1 };
  const { items, opcNextPage } = await sdk.listLogs(wanted);
  expect(items).toEqual([]);
  expect((await sdk.listLogs({ ...wanted, page: opcNextPage })).items).toMatchObject([
    { displayName: 'log2' },
  ]);
});

test('a log that is disabled is INACTIVE, also after a restart, until it is enabled', async () => {
  const logGroupId = await ended(createGroup('byoi'));
  const logId = await ended(createLog(logGroupId));
  const enable = (isEnabled: boolean, ifMatch?: string) =>
    sdk.updateLog({ logGroupId, logId, updateLogDetails: { isEnabled }, ...(ifMatch && { ifMatch }) });
  await expect(enable(false, 'another')).rejects.toMatchObject({ statusCode: 412 });
  await ended(enable(false, (await sdk.getLog({ logGroupId, logId })).etag));
  const again = await restartCloud(cloud);
  try {
    const state = async () => (await sdk.getLog({ logGroupId, logId })).log;
    expect(await state()).toMatchObject({ isEnabled: false, lifecycleState: 'INACTIVE' });
    await ended(enable(true));
    expect(await state()).toMatchObject({ isEnabled: true, lifecycleState: 'ACTIVE' });
  } finally {
    await again.stop();
  }
});

test('a name is there once, a resource has one log, and a group with a log is not deleted', async () => {
  const logGroupId = await ended(createGroup('byoi'));
  await expect(createGroup('byoi')).rejects.toMatchObject({ statusCode: 409 });
  const other = await ended(createGroup('other'));
  await expect(
    sdk.updateLogGroup({ logGroupId: other, updateLogGroupDetails: { displayName: 'byoi' } }),
  ).rejects.toMatchObject({ statusCode: 409 });
  await ended(sdk.updateLogGroup({ logGroupId: other, updateLogGroupDetails: { displayName: 'renamed' } }));
  const logId = await ended(createLog(logGroupId));
  await expect(createLog(other)).rejects.toMatchObject({ statusCode: 409 });
  await expect(sdk.deleteLogGroup({ logGroupId })).rejects.toMatchObject({ statusCode: 409 });
  await ended(sdk.deleteLog({ logGroupId, logId }));
  await ended(sdk.deleteLogGroup({ logGroupId }));
  await expect(sdk.getLogGroup({ logGroupId })).rejects.toMatchObject({ statusCode: 404 });
});

test('404 to another tenancy and in another region, 501 for logs of anything else, 400 for a retention of a week', async () => {
  const logGroupId = await ended(createGroup('byoi'));
  const { configFile } = cloud.addTenancy('partner');
  const theirs = client(LoggingManagementClient, cloud, undefined, administrator(configFile));
  for (const stranger of [theirs, client(LoggingManagementClient, cloud, PHOENIX)])
    await expect(stranger.getLogGroup({ logGroupId })).rejects.toMatchObject({ statusCode: 404 });
  await expect(createLog(logGroupId, 'mine', { logType: 'CUSTOM' })).rejects.toMatchObject({
    statusCode: 501,
  });
  await expect(createLog(logGroupId, 'week', { retentionDuration: 7 })).rejects.toMatchObject({
    statusCode: 400,
  });
});
