import { rmSync } from 'node:fs';
import { EventsClient, type models, requests } from 'oci-events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DeliveryRecord, MAX_ATTEMPTS } from '../../../local/events/dispatcher.ts';
import type { EventEnvelope } from '../../../local/events/envelope.ts';
import type { EmittedEvent, Region } from '../../../local/region.ts';
import { client, PHOENIX, startCloud } from '../../support/cloud.ts';
import { deployProbe, probeFunctions } from '../../support/functions.ts';

const FUNCTION = 'ocid1.fnfunc.oc1.iad.any';
const OBJECT_CREATED = 'com.oraclecloud.objectstorage.createobject';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let events: EventsClient;
let region: Region;
/** What came to the function's door, and what it answers. */
let received: { functionId: string; event: EventEnvelope }[];
let answers: number[];

beforeEach(async () => {
  received = [];
  answers = [];
  await start();
});
afterEach(async () => {
  vi.useRealTimers();
  await cloud.remove();
});

async function start(dataDir?: string): Promise<void> {
  cloud = await startCloud(dataDir ? { dataDir } : {});
  events = client(EventsClient, cloud);
  region = cloud.homeRegion;
  for (const each of cloud.regions.values()) fakeFunctions(each);
}

function fakeFunctions(each: Region): void {
  each.functions = {
    async invoke(functionId, payload) {
      received.push({ functionId, event: JSON.parse(payload.toString()) });
      return { status: answers.shift() ?? 200, body: Buffer.alloc(0) };
    },
  };
}

const functionAction = (functionId = FUNCTION, isEnabled = true) => ({
  actionType: 'FAAS',
  isEnabled,
  functionId,
});

async function createRule(
  details: Partial<models.CreateRuleDetails> = {},
  actions: object[] = [functionAction()],
) {
  const { rule } = await events.createRule({
    createRuleDetails: {
      displayName: 'dropped',
      isEnabled: true,
      condition: JSON.stringify({ eventType: OBJECT_CREATED }),
      compartmentId: cloud.tenancy.id,
      actions: { actions: actions as models.ActionDetails[] },
      ...details,
    },
  });
  return rule;
}

const objectCreated = (resourceName = 'disk.qcow2', compartmentId = cloud.tenancy.id): EmittedEvent => ({
  eventType: OBJECT_CREATED,
  source: 'ObjectStorage',
  compartmentId,
  data: { compartmentId, resourceName, resourceId: `/n/local/b/drop/o/${resourceName}` },
});

const names = () => received.map(({ event }) => event.data.resourceName);
async function log(): Promise<DeliveryRecord[]> {
  const response = await fetch(`${region.endpoint}/_local/events/deliveries`);
  return ((await response.json()) as { items: DeliveryRecord[] }).items;
}

describe('rules', () => {
  it('are created, read, listed, updated, moved and deleted by the SDK', async () => {
    const rule = await createRule({ description: 'what it is for', freeformTags: { a: 'b' } });
    expect(rule).toMatchObject({
      displayName: 'dropped',
      lifecycleState: 'ACTIVE',
      freeformTags: { a: 'b' },
    });
    expect(rule.actions.actions).toMatchObject([
      { actionType: 'FAAS', functionId: FUNCTION, lifecycleState: 'ACTIVE' },
    ]);
    const { rule: read, etag } = await events.getRule({ ruleId: rule.id });
    expect(read).toEqual(rule);
    const { items } = await events.listRules({ compartmentId: cloud.tenancy.id, displayName: 'dropped' });
    expect(items.map(({ id }) => id)).toEqual([rule.id]);
    const { rule: updated } = await events.updateRule({
      ruleId: rule.id,
      ifMatch: etag,
      updateRuleDetails: { isEnabled: false, condition: '{}' },
    });
    expect(updated).toMatchObject({ lifecycleState: 'INACTIVE', condition: '{}', displayName: 'dropped' });
    await expect(
      events.updateRule({ ruleId: rule.id, ifMatch: etag, updateRuleDetails: { isEnabled: true } }),
    ).rejects.toMatchObject({ statusCode: 412 });
    const { id: compartmentId } = cloud.identity.addCompartment('other', cloud.tenancy.id);
    await events.changeRuleCompartment({ ruleId: rule.id, changeRuleCompartmentDetails: { compartmentId } });
    expect((await events.listRules({ compartmentId })).items).toHaveLength(1);
    await events.deleteRule({ ruleId: rule.id });
    await expect(events.getRule({ ruleId: rule.id })).rejects.toMatchObject({ statusCode: 404 });
  });

  it('are listed in pages and in the wanted order', async () => {
    for (const displayName of ['b', 'c', 'a']) await createRule({ displayName });
    const list = (page?: string) =>
      events.listRules({
        compartmentId: cloud.tenancy.id,
        limit: 2,
        sortBy: requests.ListRulesRequest.SortBy.DisplayName,
        ...(page ? { page } : {}),
      });
    const first = await list();
    const second = await list(first.opcNextPage);
    expect([...first.items, ...second.items].map(({ displayName }) => displayName)).toEqual(['a', 'b', 'c']);
    expect(second.opcNextPage).toBeFalsy();
  });

  it('come ten a page unless told, and fifty at most', async () => {
    for (let i = 0; i < 11; i += 1) await createRule();
    const compartmentId = cloud.tenancy.id;
    expect((await events.listRules({ compartmentId })).items).toHaveLength(10);
    expect((await events.listRules({ compartmentId, limit: 50 })).items).toHaveLength(11);
    await expect(events.listRules({ compartmentId, limit: 51 })).rejects.toMatchObject({ statusCode: 400 });
  });

  it.each([
    ['a condition that is not JSON', { condition: '{' }, [functionAction()]],
    ['a condition that is no object', { condition: '[]' }, [functionAction()]],
    [
      'eleven free-form tags',
      { freeformTags: Object.fromEntries('abcdefghijk'.split('').map((key) => [key, ''])) },
      [functionAction()],
    ],
    ['no action', {}, []],
    ['eleven actions', {}, Array(11).fill(functionAction())],
    ['an action of another type', {}, [{ actionType: 'MAIL', isEnabled: true }]],
  ])('are refused with %s', async (_, details, actions) => {
    await expect(createRule(details, actions)).rejects.toMatchObject({ statusCode: 400 });
  });

  it('are at most 50 in a region', async () => {
    for (let i = 0; i < 50; i += 1) await createRule();
    await expect(createRule()).rejects.toMatchObject({ statusCode: 400, serviceCode: 'LimitExceeded' });
  });

  it('are created once for one retry token', async () => {
    const opcRetryToken = 'token';
    const createRuleDetails = {
      displayName: 'once',
      isEnabled: true,
      condition: '{}',
      compartmentId: cloud.tenancy.id,
      actions: { actions: [functionAction()] },
    };
    const first = await events.createRule({ createRuleDetails, opcRetryToken });
    const second = await events.createRule({ createRuleDetails, opcRetryToken });
    expect(second.rule.id).toBe(first.rule.id);
  });
});

describe('an event', () => {
  it('comes in the CloudEvents 0.1 envelope', async () => {
    await createRule();
    region.emit(objectCreated());
    await vi.waitFor(() => expect(received).toHaveLength(1));
    expect(received[0]?.functionId).toBe(FUNCTION);
    expect(received[0]?.event).toEqual({
      eventType: OBJECT_CREATED,
      cloudEventsVersion: '0.1',
      eventTypeVersion: '2.0',
      source: 'ObjectStorage',
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      contentType: 'application/json',
      data: {
        compartmentId: cloud.tenancy.id,
        compartmentName: 'local',
        resourceName: 'disk.qcow2',
        resourceId: '/n/local/b/drop/o/disk.qcow2',
      },
      eventID: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      extensions: { compartmentId: cloud.tenancy.id },
    });
  });

  it('goes to the rules it matches, of its compartment and those above, in its region', async () => {
    const parent = cloud.identity.addCompartment('parent', cloud.tenancy.id).id;
    const child = cloud.identity.addCompartment('child', parent).id;
    const sibling = cloud.identity.addCompartment('sibling', cloud.tenancy.id).id;
    for (const compartmentId of [cloud.tenancy.id, parent, child, sibling])
      await createRule({ compartmentId }, [functionAction(compartmentId)]);
    await createRule({ condition: '{"eventType":"com.oraclecloud.computeapi.*"}' }, [
      functionAction('other type'),
    ]);
    await createRule({ isEnabled: false }, [functionAction('disabled rule')]);
    await createRule({}, [functionAction('disabled action', false), functionAction('enabled action')]);
    events = client(EventsClient, cloud, PHOENIX);
    await createRule({}, [functionAction('other region')]);
    region.emit(objectCreated('x', parent));
    await vi.waitFor(async () => expect(await log()).toHaveLength(3));
    expect(received.map(({ functionId }) => functionId).sort()).toEqual(
      ['enabled action', cloud.tenancy.id, parent].sort(),
    );
  });

  it('is published to topics and put into streams', async () => {
    const published: string[][] = [];
    const appended: string[][] = [];
    region.topics = { publish: (...message) => published.push(message) > 0 };
    region.streams = { append: (...message) => void appended.push(message) };
    await createRule({}, [
      { actionType: 'ONS', isEnabled: true, topicId: 'topic' },
      { actionType: 'OSS', isEnabled: true, streamId: 'stream' },
    ]);
    region.emit(objectCreated());
    await vi.waitFor(() => expect([published.length, appended.length]).toEqual([1, 1]));
    expect(published[0]?.[0]).toBe('topic');
    expect(appended[0]?.[0]).toBe('stream');
    expect(JSON.parse(published[0]?.[2] ?? '')).toEqual(JSON.parse(appended[0]?.[1] ?? ''));
  });
});

describe('a delivery', () => {
  it('is tried again after 429 and 5xx until it succeeds, and each attempt is logged', async () => {
    const rule = await createRule();
    answers = [429, 502, 504, 200];
    region.emit(objectCreated());
    await vi.waitFor(async () => expect(await log()).toHaveLength(4), 5_000);
    expect(await log()).toMatchObject([
      { outcome: 'RETRYING', status: 429, attempt: 1, rule: { id: rule.id }, action: { target: FUNCTION } },
      { outcome: 'RETRYING', status: 502, attempt: 2 },
      { outcome: 'RETRYING', status: 504, attempt: 3 },
      { outcome: 'DELIVERED', status: 200, attempt: 4, eventType: OBJECT_CREATED },
    ]);
    expect(new Set(received.map(({ event }) => event.eventID)).size).toBe(1);
  });

  it('is not tried again where the function does not exist', async () => {
    await createRule();
    answers = [404];
    region.emit(objectCreated());
    await vi.waitFor(async () => expect(await log()).toMatchObject([{ outcome: 'FAILED', status: 404 }]));
  });

  it('is given up after the last attempt', async () => {
    await createRule();
    answers = Array(MAX_ATTEMPTS + 10).fill(502);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    region.emit(objectCreated());
    await vi.advanceTimersByTimeAsync(3_600_000);
    vi.useRealTimers();
    expect(received).toHaveLength(MAX_ATTEMPTS);
    expect((await log()).at(-1)).toMatchObject({ outcome: 'FAILED', attempt: MAX_ATTEMPTS });
  });

  it('that was not done when the cloud stopped is done after its next start, and only that one', async () => {
    await createRule();
    region.emit(objectCreated('delivered'));
    await vi.waitFor(() => expect(received).toHaveLength(1));
    region.functions = { invoke: () => new Promise(() => {}) };
    region.emit(objectCreated('under way'));
    await cloud.stop();
    received = [];
    await start(cloud.dataDir);
    await vi.waitFor(() => expect(names()).toEqual(['under way']));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(names()).toEqual(['under way']);
  });

  it('is logged up to a bound', async () => {
    await createRule();
    for (let i = 0; i < 1_100; i += 1) region.emit(objectCreated(String(i)));
    await vi.waitFor(() => expect(received).toHaveLength(1_100), 10_000);
    const entries = await log();
    expect(entries).toHaveLength(1_000);
    expect(entries.at(-1)).toMatchObject({ resourceName: '1099' });
  });

  it('reaches a real function', async () => {
    await cloud.remove();
    const functionsDir = probeFunctions();
    cloud = await startCloud({ functionsDir });
    events = client(EventsClient, cloud);
    region = cloud.homeRegion;
    const { probe } = await deployProbe(cloud);
    await createRule({}, [functionAction(probe.id)]);
    region.emit(objectCreated());
    await vi.waitFor(
      async () => expect(await log()).toMatchObject([{ outcome: 'DELIVERED', status: 200 }]),
      5_000,
    );
    rmSync(functionsDir, { recursive: true });
  });
});

describe('an event fault', () => {
  const emit = (count: number) => {
    for (let i = 0; i < count; i += 1) region.emit(objectCreated(String(i)));
  };

  it('loses events, which the log tells', async () => {
    await createRule();
    cloud.faults.events = { lose: 1, duplicate: 0, delayMs: 0 };
    emit(1);
    expect(await log()).toMatchObject([{ outcome: 'LOST', resourceName: '0' }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toEqual([]);
  });

  it('loses the same events again from the same seed', async () => {
    await createRule();
    cloud.faults.events = { lose: 0.5, duplicate: 0, delayMs: 0 };
    const survivors = async (seed: number) => {
      received = [];
      cloud.faults.seed(seed);
      emit(40);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return names();
    };
    const first = await survivors(7);
    expect(first.length).toBeGreaterThan(5);
    expect(first.length).toBeLessThan(35);
    expect(await survivors(7)).toEqual(first);
    expect(await survivors(8)).not.toEqual(first);
  });

  it('doubles events under the same id', async () => {
    await createRule();
    cloud.faults.events = { lose: 0, duplicate: 1, delayMs: 0 };
    emit(1);
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received[0]?.event.eventID).toBe(received[1]?.event.eventID);
  });

  it('delays events by chance, so that they come out of order', async () => {
    await createRule();
    cloud.faults.events = { lose: 0, duplicate: 0, delayMs: 300 };
    emit(20);
    await vi.waitFor(() => expect(received).toHaveLength(20), 5_000);
    expect(names()).not.toEqual(names().toSorted((a, b) => Number(a) - Number(b)));
  });
});
