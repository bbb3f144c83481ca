import { randomUUID } from 'node:crypto';
import type { Region } from '../region.ts';
import type { Table } from '../table.ts';

/** How many messages of one topic or stream are kept; older ones are forgotten. */
const KEPT_MESSAGES = 1_000;

export interface LoggedMessage {
  readonly messageId: string;
  /** OCID of the topic or stream. */
  readonly channel: string;
  readonly timeStamp: string;
  /** Of a topic's message. */
  readonly title?: string;
  readonly body: string;
}

/** The latest messages of each topic or stream: nothing is sent on, everything can be read. */
export class MessageLog {
  readonly #table: Table<LoggedMessage>;
  readonly #region: Region;

  constructor(region: Region, name: string) {
    this.#region = region;
    this.#table = region.table<LoggedMessage>(name);
  }

  append(channel: string, body: string, title?: string): LoggedMessage {
    const messageId = randomUUID();
    const timeStamp = this.#region.cloud.clock.now().toISOString();
    const message = { messageId, channel, timeStamp, body, ...(title !== undefined && { title }) };
    this.#table.set(messageId, message);
    for (const { messageId } of this.of(channel).slice(0, -KEPT_MESSAGES)) this.#table.delete(messageId);
    return message;
  }

  /** Oldest first. */
  of(channel: string): LoggedMessage[] {
    return Array.from(this.#table.values()).filter((message) => message.channel === channel);
  }

  deleteOf(channel: string): void {
    for (const { messageId } of this.of(channel)) this.#table.delete(messageId);
  }
}
