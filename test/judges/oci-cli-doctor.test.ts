import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { IdentityClient } from 'oci-identity';
import { LoggingManagementClient } from 'oci-logging';
import { ObjectStorageClient } from 'oci-objectstorage';
import { NotificationDataPlaneClient } from 'oci-ons';
import { ScheduleClient } from 'oci-resourcescheduler';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FUNCTION_SETTINGS } from '../../cli/function-settings.ts';
import { type LocalCloud, startLocalCloud } from '../../cli/local/cloud.ts';
import { runProgram } from '../../cli/program.ts';
import { ASHBURN, client, PHOENIX, reuseKeys } from '../support/cloud.ts';
import { findOciCli } from '../support/oci-cli.ts';
import { recordingIo } from '../support/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-doctor-'));
let local: LocalCloud;
beforeAll(async () => {
  reuseKeys(join(folder, 'global'));
  const functionsDir = join(folder, 'functions');
  // Nothing invokes them.
  for (const name of Object.keys(FUNCTION_SETTINGS)) {
    mkdirSync(join(functionsDir, name), { recursive: true });
    writeFileSync(join(functionsDir, name, 'func.cjs'), '');
  }
  local = await startLocalCloud({
    dataDir: folder,
    regions: [{ name: ASHBURN }, { name: PHOENIX }],
    functionsDir,
  });
  vi.stubEnv('OCI_CLI_CONFIG_FILE', local.cloud.configFile);
  vi.stubEnv('BYOI_ENDPOINTS', JSON.stringify(local.endpoints));
  vi.stubEnv('BYOI_LEDGER_BUCKET', local.deployment.ledger.bucket);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await local.cloud.stop();
  rmSync(folder, { recursive: true });
});

interface Finding {
  readonly level: string;
  readonly code: string;
  readonly remedy: string;
}

async function amiss(): Promise<Finding[]> {
  const io = recordingIo();
  await runProgram(['doctor', '--no-invoke', '--output', 'json'], io);
  const { findings } = JSON.parse(io.out.written()) as { findings: Finding[] };
  return findings.filter(({ level }) => level !== 'ok');
}

/** As a person pastes it, but for where the embedded OCI is, which a tenancy does not ask for. */
async function paste(command: string): Promise<void> {
  const region = /--region (\S+)/.exec(command)?.[1] ?? ASHBURN;
  const oci = `oci() { "$OCI" "$@" --endpoint ${local.endpoints[region]}; }`;
  const env = {
    ...process.env,
    OCI: findOciCli(),
    OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING: 'True',
    SUPPRESS_LABEL_WARNING: 'True',
  };
  const bash = promisify(execFile)('bash', ['-euc', `${oci}\n${command} < /dev/null`], {
    env,
    timeout: 60_000,
  });
  await bash.catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${command}: ${error.stdout} ${error.stderr}`, { cause: error });
  });
}

test('the commands that the doctor prints are such as the OCI CLI takes, and mend what was amiss', async () => {
  const { cloud, deployment } = local;
  const { ledger, compartmentId, scheduleId, topicId } = deployment;
  const namespaceName = ledger.namespace;
  const storage = client(ObjectStorageClient, cloud);
  const place = { namespaceName, bucketName: 'byoi-drop' };
  await storage.updateBucket({ ...place, updateBucketDetails: { objectEventsEnabled: false } });
  const inPhoenix = client(ObjectStorageClient, cloud, PHOENIX);
  await inPhoenix.deleteBucket({ namespaceName, bucketName: 'byoi-export' });
  await client(ScheduleClient, cloud).deactivateSchedule({ scheduleId });
  const identity = client(IdentityClient, cloud);
  const { items: policies } = await identity.listPolicies({ compartmentId: cloud.tenancy.id });
  for (const { id } of policies) await identity.deletePolicy({ policyId: id });
  const { items: groups } = await identity.listDynamicGroups({ compartmentId: cloud.tenancy.id });
  for (const { id } of groups) await identity.deleteDynamicGroup({ dynamicGroupId: id });
  const subscriptions = client(NotificationDataPlaneClient, cloud);
  const { items } = await subscriptions.listSubscriptions({ compartmentId, topicId });
  for (const { id } of items) await subscriptions.deleteSubscription({ subscriptionId: id });

  const logging = client(LoggingManagementClient, cloud);
  const logGroupId = (await logging.listLogGroups({ compartmentId })).items[0]?.id ?? '';
  const logId = (await logging.listLogs({ logGroupId })).items[0]?.id ?? '';
  await logging.updateLog({ logGroupId, logId, updateLogDetails: { isEnabled: false } });

  const before = await amiss();
  expect(before.map(({ code }) => code).sort()).toEqual([
    'BUCKET_EVENTS_OFF',
    'BUCKET_MISSING',
    'DYNAMIC_GROUP_MISSING',
    'LOG_INACTIVE',
    'OCI_SERVICE_POLICY_MISSING',
    'OCI_SERVICE_POLICY_MISSING',
    'SCHEDULE_INACTIVE',
    'TOPIC_UNHEARD',
  ]);
  for (const { remedy } of before) await paste(/`(oci [^`]*)`/.exec(remedy)?.[1] ?? '');
  // A mail was sent, in which somebody has to follow a link.
  expect(await amiss()).toMatchObject([{ code: 'SUBSCRIPTION_UNCONFIRMED' }]);

  await client(ScheduleClient, cloud).deleteSchedule({ scheduleId });
  await logging.deleteLog({ logGroupId, logId });
  const gone = async () => !(await logging.listLogs({ logGroupId })).items.some(({ id }) => id === logId);
  await expect.poll(gone).toBe(true);
  await logging.deleteLogGroup({ logGroupId });
  const missing = (await amiss()).filter(({ code }) => code.endsWith('_MISSING'));
  expect(missing.map(({ code }) => code)).toEqual(['SCHEDULE_MISSING', 'LOG_MISSING']);
  for (const { remedy } of missing) await paste(/`(oci [^`]*)`/.exec(remedy)?.[1] ?? '');
  expect(await amiss()).toMatchObject([{ code: 'SUBSCRIPTION_UNCONFIRMED' }]);
});
