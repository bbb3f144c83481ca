import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRecurrence } from '../../../local/resource-scheduler/recurrence.ts';
import { startCloud } from '../../support/cloud.ts';
import { signedFetch } from '../../support/signed-fetch.ts';

const START = new Date('2026-03-01T10:15:00Z');

describe('a recurrence', () => {
  it.each([
    // 2026-11-23 is a Monday.
    ['CRON', '0 * * * *', '2026-11-23T10:30:00Z', '2026-11-23T11:00:00Z'],
    ['CRON', '30 * * * *', '2026-11-23T10:30:00Z', '2026-11-23T11:30:00Z'],
    ['CRON', '5 3,15 * * *', '2026-11-23T10:30:00Z', '2026-11-23T15:05:00Z'],
    ['CRON', '0 */6 * * *', '2026-11-23T18:00:00Z', '2026-11-24T00:00:00Z'],
    ['CRON', '0 9-17/4 * * *', '2026-11-23T10:00:00Z', '2026-11-23T13:00:00Z'],
    ['CRON', '0 0 1 1 *', '2026-11-23T10:30:00Z', '2027-01-01T00:00:00Z'],
    ['CRON', '0 0 29 2 *', '2026-11-23T10:30:00Z', '2028-02-29T00:00:00Z'],
    ['CRON', '0 0 * * 0', '2026-11-23T10:30:00Z', '2026-11-29T00:00:00Z'],
    ['CRON', '0 0 * * 7', '2026-11-23T10:30:00Z', '2026-11-29T00:00:00Z'],
    ['CRON', '0 0 25 * 2', '2026-11-23T10:30:00Z', '2026-11-24T00:00:00Z'],
    ['ICAL', 'FREQ=HOURLY;INTERVAL=2', '2026-03-01T11:00:00Z', '2026-03-01T12:15:00Z'],
    ['ICAL', 'FREQ=DAILY', '2026-03-01T10:15:00Z', '2026-03-02T10:15:00Z'],
    ['ICAL', 'FREQ=WEEKLY', '2026-01-01T00:00:00Z', '2026-03-01T10:15:00Z'],
  ] as const)('%s %s after %s is at %s', (type, details, after, next) => {
    expect(parseRecurrence(type, details, START)(new Date(after))).toEqual(new Date(next));
  });

  it('of a day that never comes has no next time', () => {
    expect(parseRecurrence('CRON', '0 0 31 2 *', START)(START)).toBeUndefined();
  });

  it.each([
    ['CRON', '*/15 * * * *', 400],
    ['CRON', '0 24 * * *', 400],
    ['CRON', '0 0 * *', 400],
    ['CRON', '0 0 * JAN *', 400],
    ['CRON', '0 */0 * * *', 400],
    ['ICAL', 'FREQ=MINUTELY', 400],
    ['ICAL', 'FREQ=DAILY;INTERVAL=0', 400],
    ['ICAL', 'FREQ=DAILY;BYHOUR=3', 501],
  ] as const)('%s %s is refused', (type, details, status) => {
    expect(() => parseRecurrence(type, details, START)).toThrow(expect.objectContaining({ status }));
  });
});

describe('a schedule', () => {
  const FUNCTION = 'ocid1.fnfunc.oc1.iad.any';
  let cloud: Awaited<ReturnType<typeof startCloud>>;
  let invoked: unknown[];

  beforeEach(() => start());
  afterEach(() => cloud.remove());

  async function start(dataDir?: string): Promise<void> {
    cloud = await startCloud(dataDir ? { dataDir } : {});
    invoked = [];
    cloud.homeRegion.functions = {
      async invoke(functionId, payload, detached) {
        invoked.push({ functionId, payload: payload.toString(), detached });
        return { status: functionId === FUNCTION ? 202 : 404, body: Buffer.alloc(0) };
      },
    };
  }

  interface Schedule {
    id: string;
    lifecycleState: string;
    timeNextRun?: string;
    lastRunStatus?: string;
  }
  const call = async (method: string, path: string, body?: object) => {
    const { status, json } = await signedFetch(cloud, method, path, body ? JSON.stringify(body) : '');
    return { status, schedule: json as Schedule };
  };
  const details = {
    displayName: 'tick',
    action: 'START_RESOURCE',
    recurrenceType: 'CRON',
    recurrenceDetails: '0 * * * *',
    resources: [{ id: FUNCTION, parameters: [{ parameterType: 'BODY', value: { tick: true } }] }],
  };
  const create = (more: object = {}) =>
    call('POST', '/20240430/schedules', { ...details, compartmentId: cloud.tenancy.id, ...more });
  const HOUR_MS = 3_600_000;

  it('invokes its function detached when its time has come, once, and again at the next', async () => {
    const { schedule } = await create();
    expect(Date.parse(schedule.timeNextRun ?? '') - Date.now()).toBeLessThanOrEqual(HOUR_MS);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(invoked).toEqual([]);
    cloud.clock.advance(HOUR_MS);
    const invocation = { functionId: FUNCTION, payload: '{"tick":true}', detached: true };
    await expect.poll(() => invoked, { timeout: 3_000 }).toEqual([invocation]);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(invoked).toHaveLength(1);
    cloud.clock.advance(HOUR_MS);
    await expect.poll(() => invoked, { timeout: 3_000 }).toEqual([invocation, invocation]);
    const { schedule: run } = await call('GET', `/20240430/schedules/${schedule.id}`);
    expect(run.lastRunStatus).toBe('SUCCEEDED');
  });

  it('is updated, and told its next time anew', async () => {
    const { schedule } = await create();
    const path = `/20240430/schedules/${schedule.id}`;
    const update = { recurrenceDetails: '0 0 1 1 *', displayName: 'new year' };
    expect((await call('PUT', path, update)).status).toBe(202);
    const { schedule: updated } = await call('GET', path);
    expect(updated).toMatchObject({
      displayName: 'new year',
      timeNextRun: expect.stringMatching(/-01-01T00:00/),
    });
    expect((await call('PUT', path, { recurrenceDetails: 'daily' })).status).toBe(400);
  });

  it('runs at once when told so, and says whether that failed', async () => {
    const { schedule } = await create({ resources: [{ id: 'ocid1.fnfunc.oc1.iad.gone' }] });
    const url = `${cloud.homeRegion.endpoint}/_local/schedules/${schedule.id}/run`;
    const answer = (await (await fetch(url, { method: 'POST' })).json()) as Schedule;
    expect(invoked).toHaveLength(1);
    expect(answer.lastRunStatus).toBe('FAILED');
  });

  it('does not run while deactivated, nor after it was deleted, and survives a restart', async () => {
    const { schedule } = await create();
    const path = `/20240430/schedules/${schedule.id}`;
    const { schedule: inactive } = await call('POST', `${path}/actions/deactivateSchedule`);
    expect([inactive.lifecycleState, inactive.timeNextRun]).toEqual(['INACTIVE', undefined]);
    cloud.clock.advance(2 * HOUR_MS);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(invoked).toEqual([]);
    await call('POST', `${path}/actions/activateSchedule`);
    await cloud.stop();
    await start(cloud.dataDir);
    cloud.clock.advance(4 * HOUR_MS);
    await expect.poll(() => invoked.length, { timeout: 3_000 }).toBe(1);
    expect((await call('DELETE', path)).status).toBe(202);
    cloud.clock.advance(2 * HOUR_MS);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(invoked).toHaveLength(1);
    expect((await call('GET', path)).status).toBe(404);
  });

  it('is refused where it recurs within the hour or ends before it starts, and not covered for other actions and resources', async () => {
    expect((await create({ recurrenceDetails: '*/5 * * * *' })).status).toBe(400);
    const within = { timeStarts: '2027-01-01T00:00:00Z', timeEnds: '2026-12-31T23:59:59-01:00' };
    expect((await create(within)).status).toBe(200);
    expect((await create({ ...within, timeEnds: '2026-12-31T23:59:59Z' })).status).toBe(400);
    expect((await create({ action: 'STOP_RESOURCE' })).status).toBe(501);
    expect((await create({ resources: [{ id: 'ocid1.instance.oc1.iad.any' }] })).status).toBe(501);
  });
});
