import { Readable } from 'node:stream';
import { EventsClient } from 'oci-events';
import { FunctionsManagementClient } from 'oci-functions';
import { IdentityClient } from 'oci-identity';
import { LoggingManagementClient } from 'oci-logging';
import { ObjectStorageClient } from 'oci-objectstorage';
import { NotificationDataPlaneClient } from 'oci-ons';
import { ScheduleClient } from 'oci-resourcescheduler';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { putJson } from '../../cli/local/deploy.ts';
import { runProgram } from '../../cli/program.ts';
import { openDocuments } from '../../shared/oci/documents.ts';
import { type Run, SCHEMA } from '../../shared/run/run.ts';
import { ASHBURN, client, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { recordingIo } from '../support/terminal.ts';

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly code: string | null;
  readonly sentence: string;
  readonly remedy: string;
  readonly untried?: string[];
}

let byoi: Deployed;
beforeAll(async () => {
  byoi = await deploy();
  vi.stubEnv('OCI_CLI_CONFIG_FILE', byoi.cloud.configFile);
  vi.stubEnv('BYOI_ENDPOINTS', JSON.stringify(byoi.endpoints));
  vi.stubEnv('BYOI_LEDGER_BUCKET', byoi.deployment.ledger.bucket);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await byoi.remove();
});

/** Runs it in this process, which is faster; the functions are the built ones. */
async function doctor(...options: string[]) {
  const io = recordingIo();
  const status = await runProgram(['doctor', '--output', 'json', ...options], io);
  const { ready, findings } = JSON.parse(io.out.written()) as { ready: boolean; findings: Finding[] };
  return { status, ready, findings, amiss: findings.filter(({ level }) => level !== 'ok') };
}

const place = (bucketName: string) => ({ namespaceName: byoi.deployment.ledger.namespace, bucketName });
const api = <T extends { endpoint: string }>(Client: Parameters<typeof client<T>>[0], region?: string) =>
  client<T>(Client, byoi.cloud, region);

async function configure(change: (config: Record<string, unknown>) => Record<string, unknown>) {
  const { value } = await api(ObjectStorageClient).getObject({
    ...place('byoi-ledger'),
    objectName: 'config.json',
  });
  const before = JSON.parse(await new Response(value as ReadableStream).text());
  const write = (config: object) =>
    putJson(api(ObjectStorageClient), byoi.deployment.ledger, 'config.json', config);
  await write(change({ ...before }));
  return () => write(before);
}

it('a fresh deployment is ready, and looking at it leaves nothing behind', async () => {
  const { code, out, err } = await byoi.command('doctor');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/\nready\n$/);
  expect(out).not.toMatch(/warning|not known|problem/);
  expect(out).toMatch(/^ok +self-check of advance-runs +\d+ calls allowed; \d+ cannot be tried/m);
  expect(await byoi.leftovers()).toEqual([]);
  const { objects } = (await api(ObjectStorageClient).listObjects(place('byoi-ledger'))).listObjects;
  expect(objects.map(({ name }) => name).filter((name) => name.startsWith('self-check/'))).toEqual([]);
  const untried = (await doctor()).findings.flatMap((finding) => finding.untried ?? []);
  const { compartmentId } = byoi.deployment;
  expect(untried).toContain(
    `Allow dynamic-group byoi-functions to manage instance-images in compartment id ${compartmentId}`,
  );
  expect(untried.join()).not.toContain('<');
});

/** A way to break a deployment, what is told of it, and how it is mended: by whoever follows the remedy. */
interface Breakage {
  readonly name: string;
  readonly breaks: () => Promise<() => Promise<unknown>>;
  readonly code: string;
  readonly level?: string;
  readonly check: RegExp;
  readonly remedy: RegExp;
}

const setBucket = (bucket: string, objectEventsEnabled: boolean) =>
  api(ObjectStorageClient).updateBucket({ ...place(bucket), updateBucketDetails: { objectEventsEnabled } });

const applied = async () => expect((await byoi.command('rules', 'apply')).code).toBe(0);

async function ruleId(name: string): Promise<string> {
  const { compartmentId } = byoi.deployment;
  const { items } = await api(EventsClient).listRules({ compartmentId, displayName: name });
  return items[0]?.id ?? '';
}

async function invocationLog() {
  const logging = api(LoggingManagementClient);
  const { compartmentId } = byoi.deployment;
  const [group] = (await logging.listLogGroups({ compartmentId })).items;
  const [log] = (await logging.listLogs({ logGroupId: group?.id ?? '' })).items;
  if (!log) throw new Error('The deployment has no log.');
  return log;
}

async function settled(changing: Promise<{ opcWorkRequestId: string }>): Promise<void> {
  const { opcWorkRequestId: workRequestId } = await changing;
  const status = async () =>
    (await api(LoggingManagementClient).getWorkRequest({ workRequestId })).workRequest.status;
  await expect.poll(status).toBe('SUCCEEDED');
}

const breakages: Breakage[] = [
  {
    name: 'a drop bucket without events',
    breaks: async () => {
      await setBucket('byoi-drop', false);
      return () => setBucket('byoi-drop', true);
    },
    code: 'BUCKET_EVENTS_OFF',
    check: /^drop bucket byoi-drop in us-ashburn-1$/,
    remedy:
      /^`oci os bucket update --region us-ashburn-1 -ns local --name byoi-drop --object-events-enabled true`$/,
  },
  {
    name: 'a destination bucket that is gone',
    breaks: async () => {
      await api(ObjectStorageClient, PHOENIX).deleteBucket(place('byoi-copies'));
      const { compartmentId } = byoi.deployment;
      const createBucketDetails = { name: 'byoi-copies', compartmentId, objectEventsEnabled: true };
      return () =>
        api(ObjectStorageClient, PHOENIX).createBucket({ namespaceName: 'local', createBucketDetails });
    },
    code: 'BUCKET_MISSING',
    check: /^destination bucket byoi-copies in us-phoenix-1$/,
    remedy:
      /^`oci os bucket create --region us-phoenix-1 -ns local --name byoi-copies -c ocid1\.compartment\./,
  },
  {
    name: 'a rule that is gone',
    breaks: async () => {
      await api(EventsClient).deleteRule({ ruleId: await ruleId('byoi-import-image') });
      return applied;
    },
    code: 'RULES_DIFFER',
    check: /^event rules$/,
    remedy: /^`byoi rules apply`$/,
  },
  {
    name: 'a rule that somebody disabled',
    breaks: async () => {
      const updateRuleDetails = { isEnabled: false };
      await api(EventsClient).updateRule({ ruleId: await ruleId('byoi-copy-image'), updateRuleDetails });
      return applied;
    },
    code: 'RULES_DIFFER',
    check: /^event rules$/,
    remedy: /^`byoi rules apply`$/,
  },
  {
    name: 'a function with too little memory',
    breaks: async () => {
      const functionId = byoi.deployment.functionIds['copy-image'] ?? '';
      const set = (memoryInMBs: number) =>
        api(FunctionsManagementClient).updateFunction({ functionId, updateFunctionDetails: { memoryInMBs } });
      await set(128);
      return () => set(256);
    },
    code: 'FUNCTION_SETTINGS',
    check: /^functions$/,
    remedy:
      /`fn deploy --app byoi --no-bump --build-arg FUNCTION=copy-image` \(docs\/deploy\.md\), or apply the stack\.$/,
  },
  {
    name: 'advance-runs, which is another function',
    breaks: () =>
      configure((config) => ({
        ...config,
        advanceRunsFunctionId: byoi.deployment.functionIds['copy-image'],
      })),
    code: 'ADVANCE_RUNS_MISNAMED',
    check: /^functions$/,
    remedy: /^Write the OCID of advance-runs there: ocid1\.fnfunc\./,
  },
  {
    name: 'a key that config.json does not have',
    breaks: () => configure((config) => ({ ...config, dropBuckets: [], colour: 'blue' })),
    code: 'CONFIG_INVALID',
    check: /^config\.json$/,
    remedy:
      /`oci os object put --region us-ashburn-1 -ns local -bn byoi-ledger --file config\.json --force`$/,
  },
  {
    name: 'a schedule that is inactive',
    breaks: async () => {
      const { scheduleId } = byoi.deployment;
      await api(ScheduleClient).deactivateSchedule({ scheduleId });
      return () => api(ScheduleClient).activateSchedule({ scheduleId });
    },
    code: 'SCHEDULE_INACTIVE',
    check: /^schedule$/,
    remedy: /^`oci resource-scheduler schedule activate --region us-ashburn-1 --schedule-id ocid1\./,
  },
  {
    name: 'a subscription that nobody has confirmed',
    breaks: async () => {
      const { topicId, compartmentId } = byoi.deployment;
      const { subscription } = await api(NotificationDataPlaneClient).createSubscription({
        createSubscriptionDetails: { topicId, compartmentId, protocol: 'EMAIL', endpoint: 'me@example.com' },
      });
      return () => byoi.control('POST', `subscriptions/${subscription.id}/confirm`);
    },
    code: 'SUBSCRIPTION_UNCONFIRMED',
    check: /^notifications$/,
    remedy: /^Follow the link in the mail/,
  },
  {
    name: 'a log of the functions that somebody disabled',
    breaks: async () => {
      const { logGroupId, id: logId } = await invocationLog();
      const enable = (isEnabled: boolean) =>
        api(LoggingManagementClient).updateLog({ logGroupId, logId, updateLogDetails: { isEnabled } });
      await settled(enable(false));
      return () => settled(enable(true));
    },
    code: 'LOG_INACTIVE',
    level: 'warning',
    check: /^logging$/,
    remedy:
      /^`oci logging log update --region us-ashburn-1 --log-group-id ocid1\.loggroup\.\S+ --log-id ocid1\.log\.\S+ --is-enabled true`$/,
  },
  {
    name: 'no log of the functions',
    breaks: async () => {
      const { logGroupId, id: logId, displayName, logType, configuration } = await invocationLog();
      await settled(api(LoggingManagementClient).deleteLog({ logGroupId, logId }));
      const createLogDetails = { displayName, logType: logType as never, configuration };
      return () => settled(api(LoggingManagementClient).createLog({ logGroupId, createLogDetails }));
    },
    code: 'LOG_MISSING',
    level: 'warning',
    check: /^logging$/,
    remedy:
      /^`oci logging log create --region us-ashburn-1 --log-group-id ocid1\.loggroup\.\S+ --display-name byoi-functions --log-type SERVICE /,
  },
  {
    name: 'a region that the tenancy is not subscribed to',
    breaks: async () => {
      const subscribe = (...regions: string[]) =>
        byoi.control('POST', 'subscriptions', { namespace: 'local', regions });
      await subscribe(ASHBURN);
      return () => subscribe(ASHBURN, PHOENIX);
    },
    code: 'REGION_NOT_SUBSCRIBED',
    check: /^regions$/,
    remedy: /`oci iam region-subscription create --tenancy-id ocid1\.tenancy\./,
  },
  {
    name: 'a region without room for an image',
    breaks: async () => {
      const limit = (count: number) =>
        fetch(`${byoi.endpoints[PHOENIX]}/_local/quota`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ 'custom-image-count': count }),
        });
      await limit(0);
      return () => limit(100);
    },
    code: 'OCI_LIMIT_EXCEEDED',
    check: /^image limit in us-phoenix-1$/,
    remedy: /Limits, Quotas and Usage/,
  },
  {
    name: 'no policy for copies',
    breaks: async () => {
      const identity = api(IdentityClient);
      const compartmentId = byoi.cloud.tenancy.id;
      const { items } = await identity.listPolicies({ compartmentId });
      const [policy] = items.filter(({ name }) => name === 'byoi-copies');
      await identity.deletePolicy({ policyId: policy?.id ?? '' });
      const { name = '', description = '', statements = [] } = policy ?? {};
      const createPolicyDetails = { compartmentId, name, description, statements };
      return () => identity.createPolicy({ createPolicyDetails });
    },
    code: 'OCI_SERVICE_POLICY_MISSING',
    check: /^copy service policy$/,
    remedy:
      /`oci iam policy create -c ocid1\.tenancy\.\S+ --name byoi-copies-us-(ashburn|phoenix)-1 .*Allow service objectstorage-us-/,
  },
  {
    name: 'no dynamic group that has the functions in it',
    breaks: async () => {
      const identity = api(IdentityClient);
      const { items } = await identity.listDynamicGroups({ compartmentId: byoi.cloud.tenancy.id });
      const [group] = items;
      const set = (matchingRule: string) =>
        identity.updateDynamicGroup({
          dynamicGroupId: group?.id ?? '',
          updateDynamicGroupDetails: { matchingRule },
        });
      await set("resource.type = 'instance'");
      return () => set(group?.matchingRule ?? '');
    },
    code: 'DYNAMIC_GROUP_MISSING',
    level: 'warning',
    check: /^dynamic group$/,
    remedy: /--matching-rule 'ANY \{ALL \{resource\.type = /,
  },
];

describe('a deployment that is broken is told how, and is ready again once it is mended', () => {
  it.each(breakages)('$name', async ({ breaks, code, level = 'problem', check, remedy }) => {
    const mend = await breaks();
    const broken = await doctor('--no-invoke');
    await mend();
    const found = broken.amiss.find((finding) => finding.code === code);
    expect(found, JSON.stringify(broken.amiss, undefined, 1)).toMatchObject({ level });
    expect(found?.check).toMatch(check);
    expect(found?.remedy).toMatch(remedy);
    expect([broken.ready, broken.status]).toEqual(level === 'problem' ? [false, 1] : [true, 0]);
    // Nothing else is said to be amiss, but what follows from it.
    expect(new Set(broken.amiss.map((finding) => finding.code))).toEqual(new Set([code]));
    expect((await doctor('--no-invoke')).amiss).toEqual([]);
  });
});

describe('a function is asked what it may do', () => {
  const deny = (operation: string) =>
    byoi.control('POST', 'faults', {
      calls: [{ operation, status: 404, ofFunctions: true }],
    });

  it('and what it may not is told with the policy statement that is missing', async () => {
    await deny('CreatePreauthenticatedRequest');
    const { findings, status } = await doctor();
    await byoi.control('DELETE', 'faults');
    const failed = findings.filter(({ code }) => code === 'FUNCTION_NOT_ALLOWED');
    expect(new Set(failed.map(({ check }) => check)).size).toBe(4);
    expect(failed[0]?.sentence).toContain(
      'CreatePreauthenticatedRequest, the bucket byoi-drop in us-ashburn-1',
    );
    expect(failed[0]?.remedy).toContain(
      `\`Allow dynamic-group byoi-functions to manage buckets in compartment id ${byoi.deployment.compartmentId} where all {target.bucket.name = 'byoi-drop', request.permission = 'PAR_MANAGE'}\``,
    );
    expect(status).toBe(1);
  });

  it('and one that does not start is told, with the key that it lacks', async () => {
    const functions = api(FunctionsManagementClient);
    const { items } = await functions.listApplications({ compartmentId: byoi.deployment.compartmentId });
    const applicationId = items[0]?.id ?? '';
    const { config = {} } = (await functions.getApplication({ applicationId })).application;
    const set = (values: Record<string, string>) =>
      functions.updateApplication({ applicationId, updateApplicationDetails: { config: values } });
    const { BYOI_LEDGER_BUCKET: bucket = '', ...rest } = config;
    await set(rest);
    const { amiss } = await doctor();
    await set({ ...rest, BYOI_LEDGER_BUCKET: bucket });
    const codes = amiss.map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['FUNCTION_CONFIG_MISSING', 'SELF_CHECK_FAILED']));
    expect(amiss.filter(({ code }) => code === 'FUNCTION_CONFIG_MISSING')).toHaveLength(1);
    expect(amiss[0]?.remedy).toBe('`fn config app byoi BYOI_LEDGER_BUCKET byoi-ledger`');
  });
});

it('what lies in the drop bucket without a run is told, and is taken up by the schedule', async () => {
  await setBucket('byoi-drop', false);
  await api(ObjectStorageClient).putObject({
    ...place('byoi-drop'),
    objectName: 'before.qcow2',
    putObjectBody: Readable.from([Buffer.from('no disk')]),
    contentLength: 7,
  });
  await setBucket('byoi-drop', true);
  const { amiss, ready } = await doctor('--no-invoke');
  expect(amiss).toMatchObject([
    { code: 'OBJECTS_WAITING', level: 'warning', sentence: 'Without a run, in byoi-drop: 1 object.' },
  ]);
  expect(ready).toBe(true);
  await byoi.tick();
  await vi.waitFor(async () => expect((await doctor('--no-invoke')).amiss).toEqual([]), {
    timeout: 20_000,
    interval: 1000,
  });
});

it('an object whose run another version recorded has one, and that is told', async () => {
  const { clients, deployment } = byoi;
  const id = await byoi.drop('newer.qcow2', Buffer.from('no disk'));
  const run = await byoi.ended(id);
  const documents = openDocuments(clients, deployment.ledger);
  const stored = await documents.read<Run>(`runs/${id}`);
  await documents.write(`runs/${id}`, { ...run, schema: SCHEMA + 1 } as never, stored?.eTag ?? null);
  const { amiss, ready } = await doctor('--no-invoke');
  expect({ amiss, ready }).toMatchObject({
    amiss: [{ code: 'RUN_SCHEMA_UNKNOWN', level: 'warning', sentence: expect.stringContaining(id) }],
    ready: true,
  });
  const newer = await documents.read<Run>(`runs/${id}`);
  await documents.write(`runs/${id}`, run, newer?.eTag ?? null);
});

it('what the caller may not look at is neither well nor a problem: the right that is missing is told', async () => {
  await byoi.control('POST', 'faults', {
    calls: ['ListPolicies', 'ListDynamicGroups', 'ListSchedules'].map((operation) => ({
      operation,
      status: 404,
    })),
  });
  const { amiss, ready, status } = await doctor('--no-invoke');
  await byoi.control('DELETE', 'faults');
  expect(amiss.map(({ check, level, code }) => [check, level, code])).toEqual([
    ['schedule', 'unknown', 'CHECK_NOT_ALLOWED'],
    ['dynamic group', 'unknown', 'CHECK_NOT_ALLOWED'],
    ['copy service policy', 'unknown', 'CHECK_NOT_ALLOWED'],
  ]);
  expect(amiss[2]?.remedy).toBe('As an administrator: `Allow group <yours> to inspect policies in tenancy`.');
  expect([ready, status]).toEqual([true, 0]);
});
