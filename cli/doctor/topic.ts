import { call, callUnlessMissing, pages } from '../../shared/oci/errors.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, oci, ok } from './finding.ts';

/** Where it ends that a run has failed. */
export const topicCheck = (facts: Facts): Check => ({
  name: 'notifications',
  right: `read ons-family in compartment id ${facts.deployment.config.compartmentId}`,
  async run() {
    const { clients, config, ledger } = facts.deployment;
    const { notificationTopicId: topicId } = config;
    const { region } = ledger;
    if (!topicId) return [noTopic(region, await facts.compartmentId())];
    const load = async () => (await import('oci-ons')).NotificationControlPlaneClient;
    const topics = await clients.regional('ons-topics', region, load);
    const found = await callUnlessMissing('GetTopic', () => topics.getTopic({ topicId }));
    if (!found) {
      const compartmentId = await facts.compartmentId();
      // Who may list topics would see it, too.
      await call('ListTopics', () => topics.listTopics({ compartmentId, limit: 1 }));
      return [missing(topicId, region, compartmentId)];
    }
    const { compartmentId, name } = found.notificationTopic;
    const client = await clients.notifications(region);
    const states: string[] = [];
    const pending: string[] = [];
    const listed = pages('ListSubscriptions', (page) =>
      client.listSubscriptions({ compartmentId, topicId, ...(page && { page }) }),
    );
    for await (const { id, lifecycleState } of listed) {
      states.push(lifecycleState ?? '');
      if (lifecycleState === 'PENDING') pending.push(id);
    }
    const active = states.filter((state) => state === 'ACTIVE').length;
    if (pending.length === 0 && active > 0) return [ok(`the topic ${name}, ${active} subscribed`)];
    return pending.length > 0
      ? pending.map((id) => unconfirmed(id, region))
      : [unheard(name, topicId, region, compartmentId)];
  },
});

const noTopic = (region: string, compartmentId: string): Finding => ({
  level: 'warning',
  code: 'TOPIC_UNHEARD',
  sentence: 'config.json names no topic: only the log tells how a run ended.',
  remedy: `${oci('ons', 'topic', 'create', '--region', region, '-c', compartmentId, '--name', 'byoi')}; then write its OCID into config.json as notificationTopicId.`,
});

const missing = (topicId: string, region: string, compartmentId: string): Finding => ({
  level: 'problem',
  code: 'TOPIC_MISSING',
  sentence: `The topic ${topicId}, which config.json names, is not there: a run that wants to tell how it ended fails to.`,
  remedy: `${oci('ons', 'topic', 'create', '--region', region, '-c', compartmentId, '--name', 'byoi')}; then write its OCID into config.json as notificationTopicId.`,
});

const unheard = (name: string, topicId: string, region: string, compartmentId: string): Finding => ({
  level: 'warning',
  code: 'TOPIC_UNHEARD',
  sentence: `Nobody is subscribed to the topic ${name} (as far as its own compartment shows).`,
  remedy: oci(
    ...['ons', 'subscription', 'create', '--region', region, '-c', compartmentId, '--topic-id', topicId],
    ...['--protocol', 'EMAIL', '--subscription-endpoint', 'you@example.com'],
  ),
});

const unconfirmed = (id: string, region: string): Finding => ({
  level: 'problem',
  code: 'SUBSCRIPTION_UNCONFIRMED',
  sentence: `The subscription ${id} is not confirmed: nothing is sent to it.`,
  remedy: `Follow the link in the mail that OCI sent to it; ${oci('ons', 'subscription', 'resend-confirmation', '--region', region, '--id', id)} sends another.`,
});
