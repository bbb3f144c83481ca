import { NotificationControlPlaneClient, NotificationDataPlaneClient } from 'oci-ons';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { client, restartCloud, startCloud } from '../../support/cloud.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let control: NotificationControlPlaneClient;
let data: NotificationDataPlaneClient;
beforeEach(async () => {
  cloud = await startCloud();
  control = client(NotificationControlPlaneClient, cloud);
  data = client(NotificationDataPlaneClient, cloud);
});
afterEach(() => cloud.remove());

const createTopic = (name: string, opcRetryToken = name) =>
  control
    .createTopic({ createTopicDetails: { name, compartmentId: cloud.tenancy.id }, opcRetryToken })
    .then(({ notificationTopic }) => notificationTopic);
const read = async (path: string) => {
  const response = await fetch(`${cloud.homeRegion.endpoint}/_local/${path}`);
  return ((await response.json()) as { items: { title?: string; body: string }[] }).items;
};
const publish = (topicId: string, title: string, body: string) =>
  data.publishMessage({ topicId, messageDetails: { title, body } });

test('what is published can be read in order, also after a restart', async () => {
  const { topicId } = await createTopic('runs');
  const { publishResult } = await publish(topicId, 'Run 1', 'done');
  expect(publishResult.messageId).toBeTruthy();
  expect(cloud.homeRegion.topics.publish(topicId, 'Run 2', 'failed')).toBe(true);
  expect(cloud.homeRegion.topics.publish('ocid1.onstopic.oc1.iad.none', 'x', 'x')).toBe(false);
  const again = await restartCloud(cloud);
  try {
    expect(await read(`topics/${topicId}/messages`)).toMatchObject([
      { title: 'Run 1', body: 'done' },
      { title: 'Run 2', body: 'failed' },
    ]);
  } finally {
    await again.stop();
  }
});

test('a message to a topic that is not there is 404, one beyond 64 KB is 400', async () => {
  await expect(publish('ocid1.onstopic.oc1.iad.none', 'x', 'x')).rejects.toMatchObject({ statusCode: 404 });
  const { topicId } = await createTopic('runs');
  await publish(topicId, 'x', 'x'.repeat(64 * 1024));
  await expect(publish(topicId, 'x', 'x'.repeat(64 * 1024 + 1))).rejects.toMatchObject({ statusCode: 400 });
});

test('a topic is found by its name, which the tenancy has once; its deletion takes its messages along', async () => {
  const { topicId } = await createTopic('runs');
  expect((await createTopic('runs')).topicId).toBe(topicId);
  await expect(createTopic('runs', 'another-token')).rejects.toMatchObject({ statusCode: 409 });
  await createTopic('others');
  await control.updateTopic({ topicId, topicAttributesDetails: { description: 'ends of runs' } });
  const { notificationTopic, etag } = await control.getTopic({ topicId });
  expect(notificationTopic.description).toBe('ends of runs');
  await expect(control.deleteTopic({ topicId, ifMatch: `not-${etag}` })).rejects.toMatchObject({
    statusCode: 412,
  });
  const { items } = await control.listTopics({ compartmentId: cloud.tenancy.id, name: 'runs' });
  expect(items.map((topic) => topic.topicId)).toEqual([topicId]);
  await publish(topicId, 'x', 'x');
  await control.deleteTopic({ topicId });
  await expect(control.getTopic({ topicId })).rejects.toMatchObject({ statusCode: 404 });
  expect(await read(`topics/${topicId}/messages`)).toEqual([]);
});

test('a subscription is PENDING until it is confirmed', async () => {
  const { topicId } = await createTopic('runs');
  const compartmentId = cloud.tenancy.id;
  const create = (endpoint: string) =>
    data.createSubscription({
      createSubscriptionDetails: { topicId, compartmentId, protocol: 'EMAIL', endpoint },
    });
  await expect(create('nobody')).rejects.toMatchObject({ statusCode: 400 });
  const { subscription } = await create('ops@example.com');
  expect(subscription.lifecycleState).toBe('PENDING');
  const path = `_local/subscriptions/${subscription.id}/confirm`;
  await fetch(`${cloud.homeRegion.endpoint}/${path}`, { method: 'POST' });
  const { items } = await data.listSubscriptions({ compartmentId, topicId });
  expect(items).toMatchObject([{ endpoint: 'ops@example.com', lifecycleState: 'ACTIVE' }]);
  await data.deleteSubscription({ subscriptionId: subscription.id });
  expect((await data.listSubscriptions({ compartmentId })).items).toEqual([]);
});

test('a stream keeps its latest thousand messages', async () => {
  const { streams } = cloud.homeRegion;
  for (let number = 0; number < 1003; number += 1) streams.append('ocid1.stream.oc1.iad.a', `${number}`);
  streams.append('ocid1.stream.oc1.iad.b', 'other');
  const bodies = (await read('streams/ocid1.stream.oc1.iad.a/messages')).map(({ body }) => body);
  expect(bodies).toHaveLength(1000);
  expect(bodies.at(0)).toBe('3');
  expect(bodies.at(-1)).toBe('1002');
});
