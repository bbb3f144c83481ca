import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { invalidParameter, notFound } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import { newOcid } from '../ids.ts';
import type { Region } from '../region.ts';
import type { RetryTokens } from '../retry-tokens.ts';
import type { Table } from '../table.ts';
import type { Topics } from './topics.ts';

interface Subscription {
  readonly id: string;
  readonly topicId: string;
  readonly compartmentId: string;
  readonly protocol: string;
  readonly endpoint: string;
  /** PENDING until its receiver confirms it. */
  readonly lifecycleState: 'PENDING' | 'ACTIVE';
  /** Milliseconds since 1970, as this API has it. */
  readonly createdTime: number;
  readonly etag: string;
  readonly freeformTags: Readonly<Record<string, string>>;
  readonly definedTags: Readonly<Record<string, Record<string, unknown>>>;
}

const CreateDetails = z.object({
  topicId: z.string(),
  compartmentId: z.string(),
  protocol: z.enum(['EMAIL', 'CUSTOM_HTTPS', 'ORACLE_FUNCTIONS', 'PAGERDUTY', 'SLACK', 'SMS']),
  endpoint: z.string().min(1).max(512),
  freeformTags: z.record(z.string(), z.string()).optional(),
  definedTags: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

/** Subscriptions are recorded; nothing is delivered to them. */
export class Subscriptions {
  readonly #table: Table<Subscription>;
  readonly #region: Region;
  readonly #topics: Topics;

  constructor(region: Region, topics: Topics) {
    this.#region = region;
    this.#topics = topics;
    this.#table = region.table<Subscription>('subscriptions');
  }

  deleteOf(topicId: string): void {
    for (const subscription of [...this.#table.values()])
      if (subscription.topicId === topicId) this.#table.delete(subscription.id);
  }

  operations(tokens: RetryTokens): Operation[] {
    const collection = '/20181201/subscriptions';
    const path = `${collection}/{subscriptionId}`;
    return [
      {
        name: 'ListSubscriptions',
        method: 'GET',
        path: collection,
        handle: (call) => {
          const { items, headers } = pageOf(call, this.#listed(call));
          return { body: items, headers };
        },
      },
      {
        name: 'CreateSubscription',
        method: 'POST',
        path: collection,
        handle: (call) => tokens.once(call, () => answer(this.#create(call))),
      },
      { name: 'GetSubscription', method: 'GET', path, handle: (call) => answer(this.#find(call)) },
      {
        name: 'DeleteSubscription',
        method: 'DELETE',
        path,
        handle: (call) => {
          this.#table.delete(this.#find(call).id);
          return { status: 204 };
        },
      },
      {
        // Stands for the link in the message that asks the receiver to confirm.
        name: 'LocalConfirmSubscription',
        method: 'POST',
        path: '/_local/subscriptions/{subscriptionId}/confirm',
        unsigned: true,
        handle: (call) => {
          const subscription = this.#table.get(call.params.subscriptionId ?? '');
          if (!subscription) throw notFound(call.params.subscriptionId ?? '');
          return answer(this.#table.set(subscription.id, { ...subscription, lifecycleState: 'ACTIVE' }));
        },
      },
    ];
  }

  #create(call: Call): Subscription {
    const details = parseBody(call, CreateDetails);
    requireCompartment(call, details.compartmentId);
    this.#topics.find(call, details.topicId);
    if (details.protocol === 'EMAIL' && !details.endpoint.includes('@'))
      throw invalidParameter('Invalid endpoint: not an e-mail address');
    const id = newOcid('onssubscription', this.#region.key);
    return this.#table.set(id, {
      freeformTags: {},
      definedTags: {},
      ...details,
      id,
      lifecycleState: details.protocol === 'ORACLE_FUNCTIONS' ? 'ACTIVE' : 'PENDING',
      createdTime: this.#region.cloud.clock.now().getTime(),
      etag: randomUUID(),
    });
  }

  #listed(call: Call): Subscription[] {
    const compartmentId = requiredQuery(call, 'compartmentId');
    requireCompartment(call, compartmentId);
    const topicId = call.query.get('topicId');
    return Array.from(this.#table.values()).filter(
      (subscription) =>
        subscription.compartmentId === compartmentId &&
        (topicId === null || subscription.topicId === topicId),
    );
  }

  #find(call: Call): Subscription {
    const id = call.params.subscriptionId ?? '';
    const subscription = this.#table.get(id);
    if (!subscription || !mayAccess(call, subscription.compartmentId)) throw notFound(id);
    return subscription;
  }
}

const answer = (subscription: Subscription) => ({
  body: subscription,
  headers: { etag: subscription.etag },
});
