import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCloud } from '../support/cloud.ts';
import { ociCli } from '../support/oci-cli.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let oci: ReturnType<typeof ociCli>;
beforeAll(async () => {
  cloud = await startCloud();
  oci = ociCli(cloud);
});
afterAll(() => cloud.remove());

interface Rule {
  id: string;
  'display-name': string;
  'lifecycle-state': string;
  condition: string;
  actions: { actions: { 'action-type': string; 'function-id'?: string; 'topic-id'?: string }[] };
}

test('the CLI creates, gets, lists, updates and deletes a rule, which then gets events', async () => {
  const actions = {
    actions: [
      { actionType: 'FAAS', isEnabled: true, functionId: 'ocid1.fnfunc.oc1.iad.any' },
      { actionType: 'ONS', isEnabled: true, topicId: 'ocid1.onstopic.oc1.iad.any' },
    ],
  };
  const condition = '{"eventType":["com.oraclecloud.objectstorage.createobject"]}';
  const { data: created, etag } = await oci<Rule>([
    ...['events', 'rule', 'create', '--compartment-id', cloud.tenancy.id, '--display-name', 'dropped'],
    ...['--is-enabled', 'true', '--condition', condition, '--actions', JSON.stringify(actions)],
    ...['--wait-for-state', 'ACTIVE'],
  ]);
  expect(created).toMatchObject({ 'display-name': 'dropped', 'lifecycle-state': 'ACTIVE', condition });
  expect(created.actions.actions).toMatchObject([
    { 'action-type': 'FAAS', 'function-id': 'ocid1.fnfunc.oc1.iad.any' },
    { 'action-type': 'ONS', 'topic-id': 'ocid1.onstopic.oc1.iad.any' },
  ]);
  const { id } = created;
  expect((await oci<Rule>(['events', 'rule', 'get', '--rule-id', id])).data).toEqual(created);
  const list = ['events', 'rule', 'list', '--compartment-id', cloud.tenancy.id];
  expect((await oci<Rule[]>([...list, '--all'])).data).toMatchObject([{ id }]);

  const delivered: string[] = [];
  cloud.homeRegion.functions = {
    async invoke(functionId) {
      delivered.push(functionId);
      return { status: 200, body: Buffer.alloc(0) };
    },
  };
  const data = {
    compartmentId: cloud.tenancy.id,
    resourceName: 'disk',
    resourceId: '/n/local/b/drop/o/disk',
  };
  cloud.homeRegion.emit({
    eventType: 'com.oraclecloud.objectstorage.createobject',
    source: 'ObjectStorage',
    compartmentId: cloud.tenancy.id,
    data,
  });
  await expect.poll(() => delivered).toEqual(['ocid1.fnfunc.oc1.iad.any']);

  const update = ['events', 'rule', 'update', '--rule-id', id, '--is-enabled', 'false', '--if-match', etag];
  expect((await oci<Rule>([...update, '--force'])).data['lifecycle-state']).toBe('INACTIVE');
  await expect(oci([...update, '--force'])).rejects.toThrow('NoEtagMatch');
  await oci(['events', 'rule', 'delete', '--rule-id', id, '--force']);
  await expect(oci(['events', 'rule', 'get', '--rule-id', id])).rejects.toThrow('NotAuthorizedOrNotFound');
});

test('the CLI is told what is wrong with a condition', async () => {
  const action = { actionType: 'FAAS', isEnabled: true, functionId: 'ocid1.fnfunc.oc1.iad.any' };
  await expect(
    oci([
      ...['events', 'rule', 'create', '--compartment-id', cloud.tenancy.id, '--display-name', 'wrong'],
      ...['--is-enabled', 'true', '--condition', '["not an object"]'],
      ...['--actions', JSON.stringify({ actions: [action] })],
    ]),
  ).rejects.toThrow('The condition is not a JSON object');
});
