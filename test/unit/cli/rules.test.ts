import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { EventsClient, type models } from 'oci-events';
import { IdentityClient } from 'oci-identity';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { confirmed } from '../../../cli/confirm.ts';
import { type LocalCloud, startLocalCloud } from '../../../cli/local/cloud.ts';
import { putJson } from '../../../cli/local/deploy.ts';
import { runProgram } from '../../../cli/program.ts';
import { renderRules } from '../../../cli/render-rules.ts';
import type { PresentRule } from '../../../events/changes.ts';
import { DEPLOYMENT_TAG, MANAGER_TAG } from '../../../events/ownership.ts';
import { openDocuments } from '../../../shared/oci/documents.ts';
import type { Config } from '../../../shared/runtime/config.ts';
import { ASHBURN, client, PHOENIX, reuseKeys } from '../../support/cloud.ts';
import { recordingIo, recordingTerminal } from '../../support/terminal.ts';

const NAMES = [
  'byoi-advance-runs',
  'byoi-copy-image',
  'byoi-export-ended',
  'byoi-export-image',
  'byoi-import-copy',
  'byoi-import-image',
];

const folder = mkdtempSync(join(tmpdir(), 'byoi-rules-'));
let local: LocalCloud;
let events: EventsClient;
let compartmentId: string;

beforeAll(async () => {
  reuseKeys(join(folder, 'global'));
  const functionsDir = join(folder, 'functions');
  // Nothing invokes them.
  for (const name of ['import-image', 'export-image', 'copy-image', 'advance-runs']) {
    mkdirSync(join(functionsDir, name), { recursive: true });
    writeFileSync(join(functionsDir, name, 'func.cjs'), '');
  }
  const regions = [{ name: ASHBURN }, { name: PHOENIX }];
  local = await startLocalCloud({ dataDir: folder, regions, functionsDir });
  events = client(EventsClient, local.cloud);
  ({ compartmentId } = local.deployment);
});
afterAll(async () => {
  await local.cloud.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  vi.stubEnv('OCI_CLI_CONFIG_FILE', local.cloud.configFile);
  vi.stubEnv('BYOI_ENDPOINTS', JSON.stringify(local.endpoints));
  vi.stubEnv('BYOI_LEDGER_BUCKET', local.deployment.ledger.bucket);
});
afterEach(async () => {
  local.cloud.faults.clear();
  for (const rule of await present()) await events.deleteRule({ ruleId: rule.id });
  expect((await byoi('apply')).status).toBe(0);
  vi.unstubAllEnvs();
});

/** Runs `byoi rules …`. */
async function byoi(...argv: string[]) {
  const io = recordingIo();
  const status = await runProgram(['rules', ...argv], io);
  return { status, out: io.out.written(), err: io.err.written() };
}

async function present(): Promise<models.RuleSummary[]> {
  return (await events.listRules({ compartmentId, limit: 50, sortBy: 'DISPLAY_NAME' as never })).items;
}
const namesOf = (rules: readonly { displayName: string }[]) => rules.map(({ displayName }) => displayName);

async function idOf(name: string): Promise<string> {
  const found = (await present()).find(({ displayName }) => displayName === name);
  if (!found) throw new Error(`There is no rule ${name}.`);
  return found.id;
}

async function create(details: Partial<models.CreateRuleDetails>): Promise<string> {
  const action = { actionType: 'ONS', isEnabled: true, topicId: 'ocid1.onstopic.oc1.iad.any' };
  const createRuleDetails = {
    ...{ compartmentId, displayName: 'somebody', isEnabled: true, condition: '{}' },
    actions: { actions: [action] },
    ...details,
  };
  return (await events.createRule({ createRuleDetails })).rule.id;
}

const update = async (name: string, updateRuleDetails: models.UpdateRuleDetails) =>
  events.updateRule({ ruleId: await idOf(name), updateRuleDetails });

const ownTags = (manager = 'byoi') => ({
  [DEPLOYMENT_TAG]: `${ASHBURN}/${local.deployment.ledger.namespace}/${local.deployment.ledger.bucket}`,
  [MANAGER_TAG]: manager,
});

describe('byoi rules', () => {
  test('a new deployment has its rules, and nothing is to be done', async () => {
    expect(namesOf(await present())).toEqual(NAMES);
    const { status, out } = await byoi('plan', '--detailed-exitcode');
    expect(out).toContain('0 to create, 0 to update, 0 to delete, 6 unchanged.');
    expect(status).toBe(0);
    const listed = await byoi('list');
    expect(listed.out).toMatch(/byoi-import-image +ACTIVE +import-image +us-ashburn-1 +byoi +\{"eventType"/);
    const json = JSON.parse((await byoi('list', '--output', 'json')).out);
    expect(json).toHaveLength(6);
    expect(json[0]).toMatchObject({
      lifecycleState: 'ACTIVE',
      managedBy: 'byoi',
      region: ASHBURN,
      compartmentId,
    });
  });

  test('rules about images are where the images are, though the buckets are elsewhere', async () => {
    const identity = client(IdentityClient, local.cloud);
    const { compartment } = await identity.createCompartment({
      createCompartmentDetails: { compartmentId: local.cloud.tenancy.id, name: 'images', description: 'i' },
    });
    const { clients, deployment } = local;
    const stored = await openDocuments(clients, deployment.ledger).read<object>('config.json');
    const storage = await clients.objectStorage(ASHBURN);
    const configure = (config: object) => putJson(storage, deployment.ledger, 'config.json', config);
    await configure({ ...stored?.value, compartmentId: compartment.id });
    try {
      expect((await byoi('apply')).status).toBe(0);
      const there = await events.listRules({ compartmentId: compartment.id, limit: 50 });
      expect(namesOf(there.items).sort()).toEqual([
        'byoi-advance-runs',
        'byoi-export-ended',
        'byoi-export-image',
      ]);
      expect(namesOf(await present())).toEqual(['byoi-copy-image', 'byoi-import-copy', 'byoi-import-image']);
      expect((await byoi('plan')).out).toContain('0 to create, 0 to update, 0 to delete, 6 unchanged.');
      expect((await byoi('delete', '--force')).status).toBe(0);
      expect((await events.listRules({ compartmentId: compartment.id })).items).toEqual([]);
    } finally {
      await configure({ ...stored?.value });
    }
  });

  test('a rule that is made carries the defined tags of config.json; one that is there keeps its own', async () => {
    const { clients, deployment } = local;
    const stored = await openDocuments(clients, deployment.ledger).read<object>('config.json');
    const storage = await clients.objectStorage(ASHBURN);
    const configure = (config: object) => putJson(storage, deployment.ledger, 'config.json', config);
    const tags = { definedTags: { Finance: { Account: 'A-1' } } };
    await events.deleteRule({ ruleId: await idOf('byoi-copy-image') });
    await configure({ ...stored?.value, ...tags });
    try {
      expect((await byoi('apply')).status).toBe(0);
      expect((await events.getRule({ ruleId: await idOf('byoi-copy-image') })).rule).toMatchObject(tags);
      const { rule } = await events.getRule({ ruleId: await idOf('byoi-import-image') });
      expect(rule.definedTags).toEqual({});
      expect((await byoi('plan', '--detailed-exitcode')).status).toBe(0);
    } finally {
      await configure({ ...stored?.value });
    }
  });

  test('a drop bucket of another compartment has a rule there, where its events are', async () => {
    const identity = client(IdentityClient, local.cloud);
    const { compartment } = await identity.createCompartment({
      createCompartmentDetails: { compartmentId: local.cloud.tenancy.id, name: 'factory', description: 'f' },
    });
    const { clients, deployment } = local;
    const { namespace: namespaceName } = deployment.ledger;
    const stored = await openDocuments(clients, deployment.ledger).read<Partial<Config>>('config.json');
    const storage = await clients.objectStorage(ASHBURN);
    const configure = (config: object) => putJson(storage, deployment.ledger, 'config.json', config);
    await storage.createBucket({
      namespaceName,
      createBucketDetails: { name: 'incoming', compartmentId: compartment.id, objectEventsEnabled: true },
    });
    await configure({ ...stored?.value, dropBuckets: [...(stored?.value.dropBuckets ?? []), 'incoming'] });
    try {
      expect((await byoi('plan')).out).toContain(
        `+ create     byoi-import-image\n      in      ${compartment.id}\n`,
      );
      expect((await byoi('apply')).status).toBe(0);
      const there = (await events.listRules({ compartmentId: compartment.id })).items;
      expect(namesOf(there)).toEqual(['byoi-import-image']);
      expect(namesOf(await present())).toEqual(NAMES);
      for (const { condition } of [...there, ...(await present())])
        if (condition.includes('byoi-drop')) expect(condition).toContain('incoming');
      expect((await byoi('plan')).out).toContain('0 to create, 0 to update, 0 to delete, 7 unchanged.');
      expect((await byoi('delete', '--force')).status).toBe(0);
      expect((await events.listRules({ compartmentId: compartment.id })).items).toEqual([]);
    } finally {
      await configure({ ...stored?.value });
      await storage.deleteBucket({ namespaceName, bucketName: 'incoming' });
    }
  });

  test('drift is shown field by field, mended by apply, and is no more afterwards', async () => {
    await update('byoi-import-image', { isEnabled: false, freeformTags: { ...ownTags(), team: 'images' } });
    const condition = { eventType: 'x', data: { additionalDetails: { bucketName: ['other'] } } };
    await update('byoi-copy-image', { condition: JSON.stringify(condition), description: 'mine' });
    await update('byoi-export-ended', {
      actions: { actions: [{ actionType: 'ONS', isEnabled: true, topicId: 'ocid1.topic' } as never] },
    });
    await events.deleteRule({ ruleId: await idOf('byoi-advance-runs') });
    const orphan = await create({ displayName: 'byoi-old', freeformTags: ownTags() });

    expect((await byoi('list')).out).toMatch(/byoi-import-image +INACTIVE \(disabled\)/);
    const planned = await byoi('plan', '--detailed-exitcode');
    expect(planned.status).toBe(2);
    expect((await byoi('plan')).status).toBe(0);
    for (const line of [
      '+ create     byoi-advance-runs',
      'enabled: false -> true',
      'condition.data.additionalDetails.bucketName: ["other"] -> ["byoi-export"]',
      'description: "mine" -> "An export that arrives',
      'actions: ["ONS ocid1.topic"] -> ["FAAS ocid1.fnfunc',
      `${orphan}: no function declares it`,
      '1 to create, 3 to update, 1 to delete, 2 unchanged.',
    ])
      expect(planned.out).toContain(line);

    const applied = await byoi('apply');
    expect(applied.status).toBe(0);
    expect(applied.out.startsWith(planned.out)).toBe(true);
    expect(namesOf(await present())).toEqual(NAMES);
    expect((await byoi('plan', '--detailed-exitcode')).status).toBe(0);
    const { rule } = await events.getRule({ ruleId: await idOf('byoi-import-image') });
    expect(rule).toMatchObject({ isEnabled: true, freeformTags: { ...ownTags(), team: 'images' } });
  });

  test('a condition in other words is no difference', async () => {
    const { rule } = await events.getRule({ ruleId: await idOf('byoi-import-image') });
    const { eventType, data } = JSON.parse(rule.condition);
    const condition = JSON.stringify({ data, eventType: eventType.toReversed() }, null, 2);
    await update('byoi-import-image', { condition });
    expect((await byoi('plan', '--detailed-exitcode')).status).toBe(0);
  });

  test('rules of others are never touched, whatever their names', async () => {
    const others = [
      await create({ displayName: 'byoi-import-image' }),
      await create({
        displayName: 'byoi-old',
        freeformTags: { ...ownTags(), [DEPLOYMENT_TAG]: 'elsewhere' },
      }),
    ];
    const before = await Promise.all(others.map((ruleId) => events.getRule({ ruleId })));
    expect((await byoi('plan', '--detailed-exitcode')).status).toBe(0);
    expect((await byoi('delete', '--force')).status).toBe(0);
    expect((await present()).map(({ id }) => id).sort()).toEqual(others.toSorted());
    expect((await byoi('apply')).status).toBe(0);
    const after = await Promise.all(others.map((ruleId) => events.getRule({ ruleId })));
    expect(after.map(({ etag }) => etag)).toEqual(before.map(({ etag }) => etag));
  });

  test('a doubled rule is deleted, the older one stays', async () => {
    const older = await idOf('byoi-import-image');
    await create({ displayName: 'byoi-import-image', freeformTags: ownTags() });
    expect((await byoi('apply')).status).toBe(0);
    expect(await idOf('byoi-import-image')).toBe(older);
    expect(namesOf(await present())).toEqual(NAMES);
  });

  test('follow a changed config.json', async () => {
    const { ledger } = local.deployment;
    const storage = await local.clients.objectStorage(ASHBURN);
    const config = {
      compartmentId,
      dropBuckets: ['byoi-drop', 'second'],
      advanceRunsFunctionId: local.deployment.functionIds['advance-runs'],
    };
    const { value } = await storage
      .getObject({ namespaceName: ledger.namespace, bucketName: ledger.bucket, objectName: 'config.json' })
      .then(async (answer) => ({ value: JSON.parse(await new Response(answer.value as never).text()) }));
    await putJson(storage, ledger, 'config.json', config);
    const { out } = await byoi('apply');
    expect(out).toContain('bucketName: ["byoi-drop"] -> ["byoi-drop","second"]');
    // Neither export nor destination buckets any more.
    expect(out).toContain('0 to create, 1 to update, 2 to delete, 3 unchanged.');
    await putJson(storage, ledger, 'config.json', value);
  });
});

describe('byoi rules apply', () => {
  test('makes a rule once, though the answer is lost', async () => {
    await byoi('delete', '--force');
    local.cloud.faults.add({ operation: 'CreateRule', drop: true, when: 'after', times: 2 });
    expect((await byoi('apply')).status).toBe(0);
    expect(namesOf(await present())).toEqual(NAMES);
  });

  test('that never had an answer finds, when it is done again, what was made', async () => {
    await byoi('delete', '--force');
    local.cloud.faults.add({ operation: 'CreateRule', drop: true, when: 'after', times: 5 });
    expect((await byoi('apply')).err).toMatch(/^error RULES_NOT_APPLIED: To create byoi-import-image failed/);
    expect((await byoi('apply')).out).toContain('5 to create, 0 to update, 0 to delete, 1 unchanged.');
    expect(namesOf(await present())).toEqual(NAMES);
  });

  test('knows its own update, though the answer is lost', async () => {
    await update('byoi-import-image', { isEnabled: false });
    local.cloud.faults.add({ operation: 'UpdateRule', drop: true, when: 'after', times: 1 });
    expect(await byoi('apply')).toMatchObject({ status: 0, err: '' });
  });

  test('that fails midway says what was done and what was not; the same again does the rest', async () => {
    await byoi('delete', '--force');
    local.cloud.faults.add({ operation: 'CreateRule', status: 400, skip: 2, times: 1 });
    const { status, err, out } = await byoi('apply', '--output', 'json');
    expect(status).toBe(1);
    expect(err).toMatch(/^error RULES_NOT_APPLIED: To create byoi-export-image failed: CreateRule: /);
    expect(err).toContain('Done before: create byoi-import-image, create byoi-import-copy.');
    expect(err).toContain('Not done: create byoi-export-image, create byoi-copy-image, ');
    const { steps } = JSON.parse(out);
    expect(steps.map(({ done }: { done: boolean }) => done)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect((await byoi('apply')).out).toContain('4 to create, 0 to update, 0 to delete, 2 unchanged.');
    expect(namesOf(await present())).toEqual(NAMES);
  });

  test('does not overwrite what somebody changed meanwhile', async () => {
    await update('byoi-import-image', { isEnabled: false });
    // The first UpdateRule waits until another has come between.
    local.cloud.faults.add({ operation: 'UpdateRule', delayMs: 1_000, times: 1 });
    const applying = byoi('apply');
    await vi.waitFor(() => expect(local.cloud.faults.list()[0]?.struck).toBe(1), 10_000);
    await update('byoi-import-image', { description: 'between' });
    const { status, err } = await applying;
    expect({ status, err }).toMatchObject({ status: 1, err: expect.stringContaining('412') });
  });

  test.each(['apply', 'delete'])('refuses rules that Terraform made: %s', async (command) => {
    await update('byoi-copy-image', { freeformTags: ownTags('terraform'), isEnabled: false });
    await events.deleteRule({ ruleId: await idOf('byoi-import-image') });
    const force = command === 'delete' ? ['--force'] : [];
    const { status, err } = await byoi(command, ...force);
    expect(status).toBe(1);
    expect(err).toMatch(/^error RULES_OWNED_BY_TERRAFORM: .*byoi-copy-image\. Nothing was changed\./);
    expect(namesOf(await present())).toEqual(NAMES.slice(0, -1));
    const planned = await byoi('plan');
    expect(planned.err).toContain('Terraform made byoi-copy-image');
    expect(planned.out).toContain('enabled: false -> true');
    expect(planned.out).not.toContain('tag byoi-managed-by');
  });

  test('does nothing where the region has no room for all', async () => {
    await byoi('delete', '--force');
    for (let count = 0; count < 45; count += 1) await create({});
    const { status, err } = await byoi('apply');
    expect(status).toBe(1);
    expect(err).toMatch(/^error RULE_LIMIT_EXCEEDED: 6 rules .* leaves room for 5\./);
    expect(await present()).toHaveLength(45);
  });

  test('names the functions that are missing', async () => {
    const functions = await local.clients.functions(ASHBURN);
    const functionId = local.deployment.functionIds['copy-image'] ?? '';
    const { function: deleted } = await functions.getFunction({ functionId });
    await functions.deleteFunction({ functionId });
    const { status, err } = await byoi('plan');
    const { applicationId = '', image = '', memoryInMBs = 256 } = deleted;
    await functions.createFunction({
      createFunctionDetails: { applicationId, image, memoryInMBs, displayName: 'copy-image' },
    });
    expect(status).toBe(1);
    expect(err).toMatch(
      /^error FUNCTIONS_MISSING: There is no function named copy-image in application ocid1.fnapp/,
    );
  });
});

describe('byoi rules delete', () => {
  test('asks first, and without a terminal wants --force', async () => {
    const { status, err } = await byoi('delete');
    expect(status).toBe(2);
    expect(err).toContain('--force');
    expect(namesOf(await present())).toEqual(NAMES);
    const { out } = await byoi('delete', '--force');
    expect(out).toContain('deleted  byoi-import-image');
    expect(await present()).toEqual([]);
    expect((await byoi('list')).err).toContain('byoi rules apply');
  });

  test.each([
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
    ['', false],
  ])('takes %j for %s', async (typed, answer) => {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const err = recordingTerminal({ interactive: true });
    const asked = confirmed({ out: err, err }, 'Delete these 6 rules?', input);
    input.end(typed);
    expect(await asked).toBe(answer);
    expect(err.written()).toBe('Delete these 6 rules? [y/N] ');
  });
});

describe('byoi rules test', () => {
  const path = join(folder, 'event.json');
  const write = (bucketName: string) =>
    writeFileSync(
      path,
      JSON.stringify({
        eventType: 'com.oraclecloud.objectstorage.createobject',
        extensions: { compartmentId: 'ocid1.compartment.oc1..child' },
        data: { resourceName: 'disk.qcow2', additionalDetails: { bucketName } },
      }),
    );

  test('says which rule of the deployment an event matches, and why not the others', async () => {
    write('byoi-drop');
    const { status, out, err } = await byoi('test', path);
    expect(status).toBe(0);
    expect(out).toContain('matches  byoi-import-image, which starts import-image');
    expect(out).toContain(
      'no match byoi-copy-image\n         data.additionalDetails.bucketName: wanted ["byoi-export"], found "byoi-drop"',
    );
    expect(err).toContain('ocid1.compartment.oc1..child');
  });

  test('tells by its exit status that none matches', async () => {
    write('elsewhere');
    const { status, out } = await byoi('test', path, '--output', 'json');
    expect(status).toBe(2);
    expect(JSON.parse(out)[0]).toEqual({
      rule: 'byoi-import-image',
      function: 'import-image',
      matches: false,
      mismatches: [{ field: 'data.additionalDetails.bucketName', wanted: ['byoi-drop'], found: 'elsewhere' }],
    });
  });

  test('asks nobody where the buckets are named, or nothing is', async () => {
    vi.stubEnv('OCI_CLI_CONFIG_FILE', '/nowhere');
    write('incoming');
    expect((await byoi('test', path, '--drop-bucket', 'incoming')).out).not.toContain('byoi-copy-image');
    expect((await byoi('test', path, '--drop-bucket', 'other')).status).toBe(2);
    vi.stubEnv('BYOI_LEDGER_BUCKET', undefined);
    const { status, out, err } = await byoi('test', path);
    expect(status).toBe(0);
    expect(out).toContain('matches  byoi-copy-image');
    expect(err).toContain('Any bucket');
    vi.stubEnv('OCI_CLI_CONFIG_FILE', local.cloud.configFile);
    vi.stubEnv('BYOI_LEDGER_BUCKET', local.deployment.ledger.bucket);
  });

  test.each([
    ['no JSON', '{'],
    ['no object', '[1]'],
    ['an object of another kind', '{"a": 1}'],
  ])('refuses what is %s', async (_, content) => {
    writeFileSync(path, content);
    const { status, err } = await byoi('test', path);
    expect({ status, err }).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^error EVENT_INVALID: /),
    });
  });

  test('says of a file that is not there what any command says of it', async () => {
    const { status, err } = await byoi('test', join(folder, 'nothing.json'));
    expect(status).toBe(1);
    expect(err).toMatch(
      /^error FILE_UNREADABLE: .*nothing\.json cannot be read: no such file or directory\./,
    );
  });
});

describe('the list of rules', () => {
  const rule: PresentRule = {
    ...{
      id: 'ocid1.eventrule.1',
      compartmentId: 'ocid1.compartment.a',
      etag: 'e',
      displayName: 'dropped',
      description: '',
      condition: '{}',
    },
    ...{ isEnabled: true, lifecycleState: 'ACTIVE', lifecycleMessage: '', timeCreated: '' },
    actions: [{ actionType: 'FAAS', isEnabled: true, target: 'ocid1.fnfunc.1', failure: null }],
    freeformTags: { [MANAGER_TAG]: 'terraform' },
  };
  const row = (more: Partial<PresentRule>) =>
    renderRules(
      [{ ...rule, ...more }],
      ASHBURN,
      new Map([['ocid1.fnfunc.1', 'import-image']]),
      (_, text) => text,
    )
      .split('\n')[1]
      ?.split(/ {2,}/);

  test.each<[string, Partial<PresentRule>, string, string]>([
    ['an active rule', {}, 'ACTIVE', 'import-image'],
    [
      'a disabled one',
      { isEnabled: false, lifecycleState: 'INACTIVE' },
      'INACTIVE (disabled)',
      'import-image',
    ],
    [
      'a FAILED one, with the reason, which no terminal acts upon',
      { lifecycleState: 'FAILED', lifecycleMessage: 'no \u001b[31mright' },
      'FAILED: no \\u001b[31mright',
      'import-image',
    ],
    [
      'one whose action FAILED, of a function that is not known',
      { actions: [{ actionType: 'FAAS', isEnabled: true, target: 'ocid1.x', failure: 'gone' }] },
      'ACTIVE',
      'ocid1.x (FAILED: gone)',
    ],
  ])('tells %s', (_, more, state, starts) => {
    expect(row(more)).toEqual(['dropped', state, starts, ASHBURN, 'terraform', '{}']);
  });
});
