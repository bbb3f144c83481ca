import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, notFound, preconditionFailed } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import { newOcid, randomName } from '../ids.ts';
import type { Region } from '../region.ts';
import type { RetryTokens } from '../retry-tokens.ts';
import type { Table } from '../table.ts';

interface Topic {
  readonly topicId: string;
  readonly shortTopicId: string;
  readonly name: string;
  readonly compartmentId: string;
  readonly description: string | null;
  readonly timeCreated: string;
  readonly etag: string;
  readonly freeformTags: Readonly<Record<string, string>>;
  readonly definedTags: Readonly<Record<string, Record<string, unknown>>>;
}

const tags = {
  freeformTags: z.record(z.string(), z.string()).optional(),
  definedTags: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
};
/** Name rule of the API reference: 1 to 256 letters, digits, hyphens and underscores. */
const CreateDetails = z.object({
  ...tags,
  name: z.string().regex(/^[\w-]{1,256}$/),
  compartmentId: z.string(),
  description: z.string().optional(),
});
const UpdateDetails = z.object({ ...tags, description: z.string() });

/** The topics of one region. */
export class Topics {
  readonly #table: Table<Topic>;
  readonly #region: Region;

  constructor(region: Region) {
    this.#region = region;
    this.#table = region.table<Topic>('topics');
  }

  has(topicId: string): boolean {
    return this.#table.has(topicId);
  }

  /** @throws {OciError} 404 for one that is not there or belongs to another tenancy */
  find(call: Call, topicId = call.params.topicId ?? ''): Topic {
    const topic = this.#table.get(topicId);
    if (!topic || !mayAccess(call, topic.compartmentId)) throw notFound(topicId);
    return topic;
  }

  operations(tokens: RetryTokens, onDelete: (topicId: string) => void): Operation[] {
    const collection = '/20181201/topics';
    const path = `${collection}/{topicId}`;
    return [
      {
        name: 'ListTopics',
        method: 'GET',
        path: collection,
        handle: (call) => {
          const { items, headers } = pageOf(call, this.#listed(call));
          return { body: items.map((topic) => this.#wire(topic)), headers };
        },
      },
      {
        name: 'CreateTopic',
        method: 'POST',
        path: collection,
        handle: (call) => tokens.once(call, () => this.#answer(this.#create(call))),
      },
      { name: 'GetTopic', method: 'GET', path, handle: (call) => this.#answer(this.find(call)) },
      {
        name: 'UpdateTopic',
        method: 'PUT',
        path,
        handle: (call) => {
          const topic = this.#findToChange(call);
          const change = parseBody(call, UpdateDetails);
          return this.#answer(this.#table.set(topic.topicId, { ...topic, ...change, etag: randomUUID() }));
        },
      },
      {
        name: 'DeleteTopic',
        method: 'DELETE',
        path,
        handle: (call) => {
          const { topicId } = this.#findToChange(call);
          this.#table.delete(topicId);
          onDelete(topicId);
          return { status: 202 };
        },
      },
    ];
  }

  #create(call: Call): Topic {
    const details = parseBody(call, CreateDetails);
    requireCompartment(call, details.compartmentId);
    const { identity } = call.region.cloud;
    for (const { name, compartmentId } of this.#table.values())
      if (name === details.name && identity.tenancyOf(compartmentId)?.id === call.principal.tenancyId)
        throw conflict('Conflict', `A topic named ${name} exists in the tenancy already.`);
    const topicId = newOcid('onstopic', this.#region.key);
    return this.#table.set(topicId, {
      topicId,
      shortTopicId: randomName(12),
      name: details.name,
      compartmentId: details.compartmentId,
      description: details.description ?? null,
      timeCreated: this.#region.cloud.clock.now().toISOString(),
      etag: randomUUID(),
      freeformTags: details.freeformTags ?? {},
      definedTags: details.definedTags ?? {},
    });
  }

  #listed(call: Call): Topic[] {
    const compartmentId = requiredQuery(call, 'compartmentId');
    requireCompartment(call, compartmentId);
    const id = call.query.get('id');
    const name = call.query.get('name');
    return Array.from(this.#table.values()).filter(
      (topic) =>
        topic.compartmentId === compartmentId &&
        (id === null || topic.topicId === id) &&
        (name === null || topic.name === name),
    );
  }

  #findToChange(call: Call): Topic {
    const topic = this.find(call);
    const wanted = call.headers['if-match'];
    if (wanted !== undefined && wanted !== topic.etag)
      throw preconditionFailed(`The etag of ${topic.topicId} is not the one in if-match.`);
    return topic;
  }

  #answer(topic: Topic) {
    return { body: this.#wire(topic), headers: { etag: topic.etag } };
  }

  #wire(topic: Topic): object {
    return { ...topic, lifecycleState: 'ACTIVE', apiEndpoint: this.#region.endpoint };
  }
}
