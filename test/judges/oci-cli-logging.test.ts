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

interface Work {
  readonly status: string;
  readonly resources: readonly { readonly 'entity-type': string; readonly identifier: string }[];
}

/** A command that changes something, and waits for it. @returns the OCID of what it changed */
async function change(...words: string[]): Promise<string> {
  const wait = ['--wait-for-state', 'SUCCEEDED', '--wait-interval-seconds', '1'];
  const { data } = await oci<Work>(['logging', ...words, ...wait]);
  expect(data.status).toBe('SUCCEEDED');
  return data.resources[0]?.identifier ?? '';
}

test('the CLI makes a log of invocations, finds it by its resource, and disables it', async () => {
  const compartmentId = cloud.tenancy.id;
  const logGroupId = await change('log-group', 'create', '-c', compartmentId, '--display-name', 'byoi');
  const resource = 'ocid1.fnapp.oc1.iad.any';
  const source = { sourceType: 'OCISERVICE', service: 'functions', category: 'invoke', resource };
  const logId = await change(
    ...['log', 'create', '--log-group-id', logGroupId, '--display-name', 'byoi-functions'],
    ...['--log-type', 'SERVICE', '--is-enabled', 'true', '--configuration', JSON.stringify({ source })],
  );
  const groups = await oci(['logging', 'log-group', 'list', '-c', compartmentId]);
  expect(groups.data).toMatchObject([{ id: logGroupId, 'display-name': 'byoi' }]);
  await change('log', 'update', '--log-group-id', logGroupId, '--log-id', logId, '--is-enabled', 'false');
  const logs = await oci([
    ...['logging', 'log', 'list', '--log-group-id', logGroupId],
    ...['--source-service', 'functions', '--source-resource', resource],
  ]);
  expect(logs.data).toMatchObject([
    {
      id: logId,
      'is-enabled': false,
      'lifecycle-state': 'INACTIVE',
      configuration: { source: { resource } },
    },
  ]);
});
