import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Deployed, deploy } from '../support/deployment.ts';
import { ociCli } from '../support/oci-cli.ts';

interface Rule {
  id: string;
  'display-name': string;
  description: string;
  'lifecycle-state': string;
  'is-enabled': boolean;
  condition: string;
  'freeform-tags': Record<string, string>;
  actions: { actions: { 'action-type': string; 'function-id': string; 'is-enabled': boolean }[] };
}

let deployed: Deployed;
let oci: ReturnType<typeof ociCli>;
beforeAll(async () => {
  deployed = await deploy();
  oci = ociCli(deployed.cloud);
});
afterAll(() => deployed.remove());

async function readBack(): Promise<Rule[]> {
  const { compartmentId } = deployed.deployment;
  const list = ['events', 'rule', 'list', '--compartment-id', compartmentId, '--all'];
  // The CLI prints nothing where there are none.
  const { data: summaries = [] } = await oci<Rule[]>([...list, '--sort-by', 'DISPLAY_NAME']);
  const rules: Rule[] = [];
  for (const { id } of summaries)
    rules.push((await oci<Rule>(['events', 'rule', 'get', '--rule-id', id])).data);
  return rules;
}

test('the CLI reads back what byoi rules apply wrote; what it changes is told by plan and mended by apply', async () => {
  const { ledger, functionIds } = deployed.deployment;
  expect((await deployed.command('rules', 'delete', '--force')).code).toBe(0);
  expect((await readBack()).map((rule) => rule['display-name'])).toEqual([]);
  expect((await deployed.command('rules', 'apply')).code).toBe(0);

  const rules = await readBack();
  const ids = rules.map(({ id }) => id);
  const listed = JSON.parse((await deployed.command('rules', 'list', '--output', 'json')).out);
  expect(listed.map(({ id }: { id: string }) => id).sort()).toEqual(ids.toSorted());
  expect(rules.map((rule) => [rule['display-name'], rule.actions.actions[0]?.['function-id']])).toEqual([
    ['byoi-advance-runs', functionIds['advance-runs']],
    ['byoi-copy-image', functionIds['copy-image']],
    ['byoi-export-ended', functionIds['copy-image']],
    ['byoi-export-image', functionIds['export-image']],
    ['byoi-import-copy', functionIds['import-image']],
    ['byoi-import-image', functionIds['import-image']],
  ]);
  for (const rule of rules) {
    expect(rule).toMatchObject({
      'lifecycle-state': 'ACTIVE',
      'is-enabled': true,
      'freeform-tags': {
        'byoi-deployment': `us-ashburn-1/${ledger.namespace}/byoi-ledger`,
        'byoi-managed-by': 'byoi',
      },
      actions: { actions: [{ 'action-type': 'FAAS', 'is-enabled': true }] },
    });
  }
  expect(JSON.parse(rules.at(-1)?.condition ?? '')).toEqual({
    eventType: ['com.oraclecloud.objectstorage.createobject', 'com.oraclecloud.objectstorage.updateobject'],
    data: { additionalDetails: { bucketName: ['byoi-drop'] } },
  });

  const again = await deployed.command('rules', 'apply');
  expect(again.out).toContain('0 to create, 0 to update, 0 to delete, 6 unchanged.');
  expect(await readBack()).toEqual(rules);

  const update = [
    'events',
    'rule',
    'update',
    '--rule-id',
    ids.at(-1) ?? '',
    '--is-enabled',
    'false',
    '--force',
  ];
  await oci(update);
  const planned = await deployed.command('rules', 'plan', '--detailed-exitcode');
  expect(planned).toMatchObject({ code: 2, out: expect.stringContaining('enabled: false -> true') });
  expect((await deployed.command('rules', 'apply')).code).toBe(0);
  expect(await readBack()).toEqual(rules);
});

test('rules that the CLI creates without the tag stay', async () => {
  const actions = { actions: [{ actionType: 'ONS', isEnabled: true, topicId: deployed.deployment.topicId }] };
  const { data: other } = await oci<Rule>([
    ...['events', 'rule', 'create', '--compartment-id', deployed.deployment.compartmentId],
    ...['--display-name', 'byoi-import-image', '--is-enabled', 'true', '--condition', '{}'],
    ...['--actions', JSON.stringify(actions)],
  ]);
  expect((await deployed.command('rules', 'apply')).code).toBe(0);
  expect((await deployed.command('rules', 'delete', '--force')).code).toBe(0);
  expect(await readBack()).toEqual([other]);
});
