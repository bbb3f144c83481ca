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

test('the CLI reads the tenancy, its regions and availability domains, and its user', async () => {
  const tenancy = await oci(['iam', 'tenancy', 'get', '--tenancy-id', cloud.tenancy.id]);
  expect(tenancy.data).toMatchObject({ name: 'local', 'home-region-key': 'IAD' });
  const regions = await oci(['iam', 'region-subscription', 'list']);
  expect(regions.data).toMatchObject([
    { 'region-name': 'us-ashburn-1', 'is-home-region': true, status: 'READY' },
    { 'region-name': 'us-phoenix-1', 'is-home-region': false },
  ]);
  const all = await oci<object[]>(['iam', 'region', 'list']);
  expect(all.data).toContainEqual({ key: 'PHX', name: 'us-phoenix-1' });
  const domains = await oci<object[]>(['iam', 'availability-domain', 'list']);
  expect(domains.data).toHaveLength(3);
});

test('the CLI makes, lists and deletes compartments', async () => {
  const made = await oci<{ id: string }>([
    ...['iam', 'compartment', 'create', '-c', cloud.tenancy.id, '--name', 'images', '--description', 'x'],
  ]);
  const list = ['iam', 'compartment', 'list'];
  const listed = await oci<{ id: string }[]>([...list, '--compartment-id-in-subtree', 'true', '--all']);
  expect(listed.data).toMatchObject([
    { id: made.data.id, name: 'images', 'lifecycle-state': 'ACTIVE', 'compartment-id': cloud.tenancy.id },
  ]);
  const got = await oci(['iam', 'compartment', 'get', '-c', made.data.id]);
  expect(got.data).toMatchObject({ name: 'images' });
  await oci(['iam', 'compartment', 'delete', '-c', made.data.id, '--force']);
  expect((await oci<object[] | undefined>(list)).data ?? []).toEqual([]);
});

test('the CLI makes, changes and deletes policies', async () => {
  const statement = 'Allow service objectstorage-us-ashburn-1 to manage object-family in tenancy';
  const compartment = ['-c', cloud.tenancy.id];
  const made = await oci<{ id: string }>([
    ...['iam', 'policy', 'create', ...compartment, '--name', 'copies', '--description', 'x'],
    ...['--statements', JSON.stringify([statement])],
  ]);
  const policy = ['--policy-id', made.data.id];
  await oci(['iam', 'policy', 'update', ...policy, '--description', 'y', '--force']);
  const listed = await oci(['iam', 'policy', 'list', ...compartment]);
  expect(listed.data).toMatchObject([{ name: 'copies', description: 'y', statements: [statement] }]);
  await oci(['iam', 'policy', 'delete', ...policy, '--force']);
  await expect(oci(['iam', 'policy', 'get', ...policy])).rejects.toThrow('NotAuthorizedOrNotFound');
});

test('the CLI makes, changes and deletes dynamic groups', async () => {
  const made = await oci<{ id: string }>([
    ...['iam', 'dynamic-group', 'create', '--name', 'functions', '--description', 'x'],
    ...['--matching-rule', "resource.type = 'fnfunc'"],
  ]);
  const group = ['--dynamic-group-id', made.data.id];
  await oci(['iam', 'dynamic-group', 'update', ...group, '--description', 'y', '--force']);
  const listed = await oci(['iam', 'dynamic-group', 'list']);
  expect(listed.data).toMatchObject([
    { name: 'functions', description: 'y', 'matching-rule': "resource.type = 'fnfunc'" },
  ]);
  await oci(['iam', 'dynamic-group', 'delete', ...group, '--force']);
  await expect(oci(['iam', 'dynamic-group', 'get', ...group])).rejects.toThrow('NotAuthorizedOrNotFound');
});
