import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCloud } from '../support/cloud.ts';
import { probeFunctions } from '../support/functions.ts';
import { ociCli } from '../support/oci-cli.ts';

let functionsDir: string;
let cloud: Awaited<ReturnType<typeof startCloud>>;
let oci: ReturnType<typeof ociCli>;
beforeAll(async () => {
  functionsDir = probeFunctions();
  cloud = await startCloud({ functionsDir });
  oci = ociCli(cloud);
});
afterAll(async () => {
  await cloud.remove();
  rmSync(functionsDir, { recursive: true, force: true });
});

interface FunctionData {
  id: string;
}

/** `oci fn function create` has become a group of commands, a source of functions each, in 2026. */
async function createFunction(applicationId: string, displayName: string): Promise<FunctionData> {
  const { data } = await oci<FunctionData>([
    ...['fn', 'function', 'create', 'container-function', '--application-id', applicationId],
    ...['--display-name', displayName, '--memory-in-mbs', '256', '--timeout-in-seconds', '60'],
    ...['--image', 'iad.ocir.io/local/byoi/probe:0.1.0', '--config', '{"OWN":"function"}'],
  ]);
  return data;
}

const invoke = (functionId: string, body: object, ...options: string[]) =>
  oci([
    'fn',
    'function',
    'invoke',
    '--function-id',
    functionId,
    '--file',
    '-',
    '--body',
    JSON.stringify(body),
    ...options,
  ]);

test('the CLI creates an application and a function, invokes it, reads, lists and deletes both', async () => {
  const { data: application } = await oci<{ id: string; config: object }>([
    ...['fn', 'application', 'create', '--compartment-id', cloud.tenancy.id, '--display-name', 'byoi'],
    ...['--subnet-ids', '["ocid1.subnet.oc1.iad.any"]', '--config', '{"SHARED":"application"}'],
  ]);
  expect(application.config).toEqual({ SHARED: 'application' });
  const created = await createFunction(application.id, 'probe');
  expect(created).toMatchObject({
    'display-name': 'probe',
    'lifecycle-state': 'ACTIVE',
    'invoke-endpoint': cloud.homeRegion.endpoint,
    'timeout-in-seconds': 60,
  });
  const { id } = created;
  expect(await invoke(id, { text: 'from the CLI' })).toEqual({ text: 'from the CLI', calls: 1 });
  const { environment } = (await invoke(id, { act: 'environment' })) as unknown as {
    environment: Record<string, string>;
  };
  expect(environment).toMatchObject({ SHARED: 'application', OWN: 'function', FN_FN_NAME: 'probe' });
  expect(
    (await oci<object[]>(['fn', 'function', 'list', '--application-id', application.id])).data,
  ).toMatchObject([{ id }]);
  expect((await oci(['fn', 'function', 'get', '--function-id', id])).data).toMatchObject({ id });
  await expect(
    oci(['fn', 'application', 'delete', '--application-id', application.id, '--force']),
  ).rejects.toThrow('still has functions');
  await oci(['fn', 'function', 'delete', '--function-id', id, '--force']);
  await oci(['fn', 'application', 'delete', '--application-id', application.id, '--force']);
  await expect(oci(['fn', 'function', 'get', '--function-id', id])).rejects.toThrow(
    'NotAuthorizedOrNotFound',
  );
});

test('the CLI invokes detached, sees how an invocation fails, and schedules a function', async () => {
  const { data: application } = await oci<{ id: string }>([
    ...['fn', 'application', 'create', '--compartment-id', cloud.tenancy.id, '--display-name', 'second'],
    ...['--subnet-ids', '["ocid1.subnet.oc1.iad.any"]'],
  ]);
  const { id } = await createFunction(application.id, 'second');
  const logs = async () => (await fetch(`${cloud.homeRegion.endpoint}/_local/functions/${id}/logs`)).text();

  await invoke(id, { act: 'print', text: 'detached' }, '--fn-invoke-type', 'detached');
  await expect.poll(logs, { timeout: 5_000 }).toContain('"detached"');
  await expect(invoke(id, { act: 'throw' }, '--no-retry')).rejects.toThrow('FunctionInvokeExecutionFailed');

  const parameters = [{ parameterType: 'BODY', value: { act: 'print', text: 'scheduled' } }];
  const { data: schedule } = await oci<{ id: string }>([
    ...['resource-scheduler', 'schedule', 'create', '--compartment-id', cloud.tenancy.id],
    ...['--action', 'START_RESOURCE', '--recurrence-type', 'CRON', '--recurrence-details', '0 * * * *'],
    ...['--resources', JSON.stringify([{ id, parameters }])],
  ]);
  expect(schedule).toMatchObject({ 'lifecycle-state': 'ACTIVE', 'time-next-run': expect.any(String) });
  const scheduleId = schedule.id;
  await fetch(`${cloud.homeRegion.endpoint}/_local/schedules/${scheduleId}/run`, { method: 'POST' });
  await expect.poll(logs, { timeout: 5_000 }).toContain('"scheduled"');
  const schedules = ['resource-scheduler', 'schedule'];
  await oci([...schedules, 'deactivate', '--schedule-id', scheduleId]);
  expect((await oci([...schedules, 'get', '--schedule-id', scheduleId])).data).toMatchObject({
    'lifecycle-state': 'INACTIVE',
    'last-run-status': 'SUCCEEDED',
  });
  await oci([...schedules, 'delete', '--schedule-id', scheduleId, '--force']);
});
