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

test('the CLI makes a topic, subscribes to it, publishes and deletes it', async () => {
  const compartment = ['-c', cloud.tenancy.id];
  const made = await oci<{ 'topic-id': string }>([
    'ons',
    'topic',
    'create',
    ...compartment,
    '--name',
    'runs',
  ]);
  const topicId = made.data['topic-id'];
  const topic = ['--topic-id', topicId];
  expect((await oci(['ons', 'topic', 'get', ...topic])).data).toMatchObject({ 'lifecycle-state': 'ACTIVE' });
  const topics = await oci<{ name: string }[]>(['ons', 'topic', 'list', ...compartment, '--all']);
  expect(topics.data.map(({ name }) => name)).toEqual(['runs']);
  const subscription = await oci<{ id: string }>([
    ...['ons', 'subscription', 'create', ...compartment, ...topic],
    ...['--protocol', 'EMAIL', '--subscription-endpoint', 'ops@example.com'],
  ]);
  const got = await oci(['ons', 'subscription', 'get', '--subscription-id', subscription.data.id]);
  expect(got.data).toMatchObject({ 'lifecycle-state': 'PENDING', endpoint: 'ops@example.com' });
  await oci(['ons', 'message', 'publish', ...topic, '--title', 'Run 1', '--body', 'done']);
  const messages = await fetch(`${cloud.homeRegion.endpoint}/_local/topics/${topicId}/messages`);
  expect(await messages.json()).toMatchObject({ items: [{ title: 'Run 1', body: 'done' }] });
  await oci(['ons', 'topic', 'delete', ...topic, '--force']);
  await expect(oci(['ons', 'topic', 'get', ...topic])).rejects.toThrow('NotAuthorizedOrNotFound');
});
