import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FunctionsInvokeClient, type models, requests } from 'oci-functions';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_QUEUED } from '../../../local/functions/detached.ts';
import type { Region } from '../../../local/region.ts';
import { administrator, client, startCloud } from '../../support/cloud.ts';
import { deployProbe, probeFunctions } from '../../support/functions.ts';
import { signedFetch } from '../../support/signed-fetch.ts';

let functionsDir: string;
let cloud: Awaited<ReturnType<typeof startCloud>>;
let region: Region;

beforeAll(() => {
  functionsDir = probeFunctions();
});
afterAll(() => rmSync(functionsDir, { recursive: true, force: true }));
beforeEach(() => start());
afterEach(() => cloud.remove());

async function start(dataDir?: string): Promise<void> {
  cloud = await startCloud({ functionsDir, functionPool: 1, ...(dataDir ? { dataDir } : {}) });
  region = cloud.homeRegion;
}

describe('applications', () => {
  it('are created, read, listed, updated and deleted by the SDK', async () => {
    const { management, application, probe } = await deployProbe(cloud);
    expect(application).toMatchObject({ lifecycleState: 'ACTIVE', shape: 'GENERIC_X86' });
    const { items } = await management.listApplications({ compartmentId: cloud.tenancy.id });
    expect(items).toMatchObject([{ id: application.id, displayName: 'application' }]);
    const { etag } = await management.getApplication({ applicationId: application.id });
    const update = (ifMatch: string) =>
      management.updateApplication({
        applicationId: application.id,
        ifMatch,
        updateApplicationDetails: { config: { KEY: 'value' } },
      });
    expect((await update(etag)).application.config).toEqual({ KEY: 'value' });
    await expect(update(etag)).rejects.toMatchObject({ statusCode: 412 });
    const remove = () => management.deleteApplication({ applicationId: application.id });
    await expect(remove()).rejects.toMatchObject({ statusCode: 409 });
    await management.deleteFunction({ functionId: probe.id });
    await remove();
    await expect(management.getApplication({ applicationId: application.id })).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  it('move to another compartment with their functions', async () => {
    const { management, application, probe } = await deployProbe(cloud);
    const { id: compartmentId } = cloud.identity.addCompartment('other', cloud.tenancy.id);
    await management.changeApplicationCompartment({
      applicationId: application.id,
      changeApplicationCompartmentDetails: { compartmentId },
    });
    expect((await management.listApplications({ compartmentId })).items).toMatchObject([
      { id: application.id },
    ]);
    expect((await management.getFunction({ functionId: probe.id })).function.compartmentId).toBe(
      compartmentId,
    );
  });

  it('have different names in a compartment', async () => {
    await deployProbe(cloud);
    await expect(deployProbe(cloud)).rejects.toMatchObject({ statusCode: 409 });
  });
});

describe('functions', () => {
  it('are created with defaults, read, listed, updated and deleted by the SDK', async () => {
    const { management, application, probe } = await deployProbe(cloud);
    expect(probe).toMatchObject({
      applicationId: application.id,
      compartmentId: cloud.tenancy.id,
      lifecycleState: 'ACTIVE',
      timeoutInSeconds: 30,
      invokeEndpoint: region.endpoint,
      imageDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    const { items } = await management.listFunctions({ applicationId: application.id });
    expect(items).toMatchObject([{ id: probe.id, displayName: 'probe', invokeEndpoint: region.endpoint }]);
    const { function: updated } = await management.updateFunction({
      functionId: probe.id,
      updateFunctionDetails: { timeoutInSeconds: 300, config: { KEY: 'value' } },
    });
    expect(updated).toMatchObject({ timeoutInSeconds: 300, memoryInMBs: 256, config: { KEY: 'value' } });
    await management.deleteFunction({ functionId: probe.id });
    await expect(management.getFunction({ functionId: probe.id })).rejects.toMatchObject({ statusCode: 404 });
    await expect(region.functions.invoke(probe.id, Buffer.alloc(0), false)).resolves.toMatchObject({
      status: 404,
    });
  });

  it('take a configuration of 4096 bytes in keys and values together, and none of 4097', async () => {
    const { deploy } = await deployProbe(cloud);
    // Measured in bytes of UTF-8: "ü" takes two.
    await deploy({ displayName: 'fits', config: { K: `ü${'x'.repeat(4093)}` } });
    await expect(
      deploy({ displayName: 'large', config: { K: `ü${'x'.repeat(4094)}` } }),
    ).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('4097 bytes'),
    });
  });

  const refused: [string, Partial<models.CreateFunctionDetails>][] = [
    ['a memory size OCI does not offer', { memoryInMBs: 200 }],
    ['a timeout above 300 s', { timeoutInSeconds: 301 }],
    ['a detached timeout above 3600 s', { detachedModeTimeoutInSeconds: 3601 }],
    ["an image in another region's registry", { image: 'phx.ocir.io/local/byoi/probe:0.1.0' }],
    ['an image that does not exist', { image: 'iad.ocir.io/local/byoi/missing:0.1.0' }],
    ['an image that climbs out of the folder', { image: 'iad.ocir.io/local/..' }],
    ['a name that could be a path', { displayName: '../probe' }],
    ['a configuration key that is no variable', { config: { 'A=B': 'c' } }],
  ];
  it.each(refused)('are refused with %s', async (_, details) => {
    const { deploy } = await deployProbe(cloud);
    await expect(deploy({ displayName: 'second', ...details })).rejects.toMatchObject({ statusCode: 400 });
  });

  it('survive a restart, with the new address to invoke them at', async () => {
    const { probe } = await deployProbe(cloud);
    await cloud.stop();
    await start(cloud.dataDir);
    const answer = await region.functions.invoke(probe.id, Buffer.from('{"text":"again"}'), false);
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([200, { text: 'again', calls: 1 }]);
  });
});

describe('an invocation', () => {
  it('takes a payload of 6 MB and refuses a larger one', async () => {
    const { probe } = await deployProbe(cloud);
    const send = (bytes: number) =>
      signedFetch(
        cloud,
        'POST',
        `/20181201/functions/${probe.id}/actions/invoke`,
        JSON.stringify({ act: 'environment' }).padEnd(bytes),
      );
    expect((await send(6 * 1024 * 1024)).status).toBe(200);
    expect((await send(6 * 1024 * 1024 + 1)).status).toBe(413);
  });

  it('of a function of another tenancy is answered 404', async () => {
    const { probe } = await deployProbe(cloud);
    const { configFile } = cloud.addTenancy('stranger');
    const invoker = client(FunctionsInvokeClient, cloud, region.name, administrator(configFile));
    await expect(invoker.invokeFunction({ functionId: probe.id })).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('a detached invocation', () => {
  const detach = (functionId: string, payload: object) =>
    client(FunctionsInvokeClient, cloud).invokeFunction({
      functionId,
      fnInvokeType: requests.InvokeFunctionRequest.FnInvokeType.Detached,
      invokeFunctionBody: JSON.stringify(payload),
    });
  const lines = async (functionId: string): Promise<string[]> => {
    const response = await fetch(`${region.endpoint}/_local/functions/${functionId}/logs`);
    return ((await response.json()) as { items: { line: string }[] }).items.map(({ line }) => line);
  };
  const destinations = {
    successDestination: { kind: 'NOTIFICATION', topicId: 'topic' },
    failureDestination: { kind: 'STREAM', streamId: 'stream' },
  } as Partial<models.CreateFunctionDetails>;

  it('is answered at once, and runs under its own time limit', async () => {
    const { probe } = await deployProbe(cloud, { timeoutInSeconds: 5, detachedModeTimeoutInSeconds: 20 });
    const started = Date.now();
    await detach(probe.id, { act: 'sleep', ms: 6_000 });
    expect(Date.now() - started).toBeLessThan(2_000);
    await detach(probe.id, { act: 'print', text: 'after it' });
    await expect.poll(() => lines(probe.id), { timeout: 15_000 }).toEqual(['sleeping', 'after it']);
    expect(Date.now() - started).toBeGreaterThanOrEqual(6_000);
  });

  it('tells its success to one destination and its failure to the other', async () => {
    const told: string[][] = [];
    region.topics = { publish: (...message) => told.push(message) > 0 };
    region.streams = { append: (...message) => void told.push(message) };
    const { probe } = await deployProbe(cloud, destinations);
    await detach(probe.id, { text: 'well' });
    await vi.waitFor(() => expect(told).toHaveLength(1), 5_000);
    expect(told[0]?.[0]).toBe('topic');
    expect(JSON.parse(told[0]?.[2] ?? '')).toMatchObject({
      functionId: probe.id,
      status: 'SUCCEEDED',
      response: '{"text":"well","calls":1}',
    });
    await detach(probe.id, { act: 'throw' });
    await vi.waitFor(() => expect(told).toHaveLength(2), 5_000);
    expect(told[1]?.[0]).toBe('stream');
    expect(JSON.parse(told[1]?.[1] ?? '')).toMatchObject({
      status: 'FAILED',
      response: expect.stringContaining('FunctionInvokeExecutionFailed'),
    });
  });

  it('that had not ended when the cloud stopped runs after its next start, and none is told to have failed', async () => {
    const { probe } = await deployProbe(cloud, destinations);
    const told: string[] = [];
    region.streams = { append: (_, message) => void told.push(message) };
    await detach(probe.id, { act: 'sleep', ms: 60_000, text: 'under way' });
    await detach(probe.id, { act: 'print', text: 'was waiting' });
    await expect.poll(() => lines(probe.id), { timeout: 5_000 }).toEqual(['under way']);
    await cloud.stop();
    cloud = await startCloud({ functionsDir, functionPool: 2, dataDir: cloud.dataDir });
    region = cloud.homeRegion;
    await expect
      .poll(async () => (await lines(probe.id)).sort(), { timeout: 10_000 })
      .toEqual(['under way', 'under way', 'was waiting']);
    expect(told).toEqual([]);
  });

  it('whose function can no longer be run lets the next one have its turn', async () => {
    const { probe, deploy } = await deployProbe(cloud);
    const folder = join(functionsDir, 'vanishing');
    cpSync(join(functionsDir, 'probe'), folder, { recursive: true });
    const vanishing = await deploy({ displayName: 'vanishing', image: 'iad.ocir.io/local/vanishing:1' });
    await detach(probe.id, { act: 'sleep', ms: 500 });
    await detach(vanishing.id, {});
    await detach(probe.id, { act: 'print', text: 'its turn' });
    rmSync(folder, { recursive: true });
    await expect.poll(() => lines(probe.id), { timeout: 5_000 }).toEqual(['sleeping', 'its turn']);
  });

  it('is refused with 429 when too many wait', async () => {
    const { probe } = await deployProbe(cloud);
    await detach(probe.id, { act: 'sleep', ms: 60_000 });
    const statuses: number[] = [];
    for (let i = 0; i < MAX_QUEUED + 1; i += 1)
      statuses.push((await region.functions.invoke(probe.id, Buffer.alloc(0), true)).status);
    expect(statuses).toEqual([...Array(MAX_QUEUED - 1).fill(202), 429, 429]);
  });
});
