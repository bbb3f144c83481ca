import { matches, parseCondition } from '../../events/condition.ts';
import { randomName } from '../ids.ts';
import type { EmittedEvent, Region } from '../region.ts';
import type { Table } from '../table.ts';
import { type EventEnvelope, wrapEvent } from './envelope.ts';
import type { Action, Rule } from './rules.ts';

/** The first retry comes after this long, each further one after twice as long, up to the bound. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 10_000;
/** More than five minutes of retries: they outlast a pool that is full of functions at their longest timeout. */
export const MAX_ATTEMPTS = 50;
/** The log of deliveries forgets its oldest beyond this. */
const MAX_LOGGED = 1_000;

/** An event on its way to one action of one rule. */
interface Delivery {
  readonly id: string;
  readonly ruleId: string;
  readonly ruleName: string;
  readonly action: Action;
  readonly event: EventEnvelope;
  readonly attempts: number;
}

/** One attempt of a delivery, or an event that a fault lost before any rule saw it. */
export interface DeliveryRecord {
  readonly time: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly resourceName: string;
  readonly outcome: 'DELIVERED' | 'RETRYING' | 'FAILED' | 'LOST';
  readonly rule?: { readonly id: string; readonly displayName: string };
  readonly action?: { readonly id: string; readonly actionType: string; readonly target: string };
  readonly attempt?: number;
  /** As HTTP: 200; 429 and 5xx are retried; anything else is not. */
  readonly status?: number;
}

/** Takes events of a region to the actions of the rules they match, each at least once. */
export class Dispatcher {
  readonly #region: Region;
  readonly #rules: Table<Rule>;
  readonly #outbox: Table<Delivery>;
  #log: DeliveryRecord[] = [];

  constructor(region: Region, rules: Table<Rule>) {
    this.#region = region;
    this.#rules = rules;
    this.#outbox = region.table<Delivery>('event-outbox');
    region.onStart(() => {
      for (const { id } of this.#outbox.values()) this.#schedule(id, 0);
    });
    region.onReset(() => {
      this.#log = [];
    });
  }

  /** The last attempts, oldest first. */
  get log(): readonly DeliveryRecord[] {
    return this.#log;
  }

  /** Matches an event with the rules of now; what is to be delivered is on disk when this returns. */
  emit(emitted: EmittedEvent): void {
    const event = wrapEvent(this.#region, emitted);
    const { faults } = this.#region.cloud;
    const { lose, duplicate, delayMs } = faults.events;
    const chance = (probability: number) => probability > 0 && faults.random() < probability;
    if (chance(lose)) {
      this.#record(event, { outcome: 'LOST' });
      return;
    }
    const deliveries = Array.from(this.#rules.values()).flatMap((rule) => this.#deliveries(rule, event));
    const copies = chance(duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delay = delayMs > 0 ? faults.random() * delayMs : 0;
      for (const delivery of deliveries) {
        const id = randomName(26);
        this.#outbox.set(id, { ...delivery, id });
        this.#schedule(id, delay);
      }
    }
  }

  /** A rule sees its own compartment and what lies below it. */
  #deliveries(rule: Rule, event: EventEnvelope): Omit<Delivery, 'id'>[] {
    const { identity } = this.#region.cloud;
    if (!rule.isEnabled || !identity.isWithin(event.extensions.compartmentId, rule.compartmentId)) return [];
    if (!matches(parseCondition(rule.condition), event)) return [];
    return rule.actions
      .filter(({ isEnabled }) => isEnabled)
      .map((action) => ({ ruleId: rule.id, ruleName: rule.displayName, action, event, attempts: 0 }));
  }

  #schedule(id: string, delayMs: number): void {
    this.#region.cloud.clock.afterRealTime(delayMs, () => void this.#deliver(id));
  }

  async #deliver(id: string): Promise<void> {
    const delivery = this.#outbox.get(id);
    if (!delivery) return;
    const attempt = delivery.attempts + 1;
    const status = await this.#attempt(delivery);
    const { event, action, ruleId, ruleName } = delivery;
    const retry = (status === 429 || status >= 500) && attempt < MAX_ATTEMPTS;
    const outcome = status < 300 ? 'DELIVERED' : retry ? 'RETRYING' : 'FAILED';
    const { id: actionId, actionType } = action;
    this.#record(event, {
      outcome,
      status,
      attempt,
      rule: { id: ruleId, displayName: ruleName },
      action: { id: actionId, actionType, target: targetOf(action) },
    });
    if (!retry) {
      this.#outbox.delete(id);
      return;
    }
    // After a reset there is nothing left to deliver.
    if (this.#outbox.has(id)) this.#outbox.set(id, { ...delivery, attempts: attempt });
    // Spread over half the time, so that deliveries refused together do not come back together.
    const bound = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
    this.#schedule(id, bound * (0.5 + Math.random() / 2));
  }

  /** @returns the status of the attempt, as HTTP */
  async #attempt({ action, event }: Delivery): Promise<number> {
    const message = JSON.stringify(event);
    try {
      switch (action.actionType) {
        case 'FAAS':
          return (await this.#region.functions.invoke(action.functionId, Buffer.from(message), false)).status;
        case 'ONS':
          return this.#region.topics.publish(action.topicId, event.eventType, message) ? 200 : 404;
        case 'OSS':
          this.#region.streams.append(action.streamId, message);
          return 200;
      }
    } catch (error) {
      this.#region.cloud.log(`delivery of ${event.eventType} failed: ${JSON.stringify(String(error))}`);
      return 500;
    }
  }

  #record(
    event: EventEnvelope,
    result: Pick<DeliveryRecord, 'outcome' | 'rule' | 'action' | 'attempt' | 'status'>,
  ): void {
    const { eventID: eventId, eventType, data } = event;
    const time = this.#region.cloud.clock.now().toISOString();
    this.#log.push({ time, eventId, eventType, resourceName: data.resourceName, ...result });
    if (this.#log.length > MAX_LOGGED) this.#log.shift();
  }
}

function targetOf(action: Action): string {
  switch (action.actionType) {
    case 'FAAS':
      return action.functionId;
    case 'ONS':
      return action.topicId;
    case 'OSS':
      return action.streamId;
  }
}
