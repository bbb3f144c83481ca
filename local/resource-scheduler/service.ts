import { z } from 'zod';
import { type Answer, type Call, type Operation, pageOf } from '../api.ts';
import { parseBody } from '../body.ts';
import { invalidParameter, notCovered, notFound } from '../errors.ts';
import { mayAccess, requireCompartment } from '../identity/access.ts';
import { newOcid, randomName } from '../ids.ts';
import type { Region } from '../region.ts';
import { type Resource, requireMatch, selectListed, tagFields } from '../resources.ts';
import { parseRecurrence } from './recurrence.ts';

/** How often the schedules are looked at, in real time. */
const TICK_MS = 1_000;

const ScheduledResource = z.object({
  id: z.string(),
  metadata: z.record(z.string(), z.string()).optional(),
  parameters: z.array(z.object({ parameterType: z.string(), value: z.unknown() })).optional(),
});
const UpdateScheduleDetails = z
  .object({
    displayName: z.string().min(1).max(255),
    description: z.string(),
    action: z.enum(['START_RESOURCE', 'STOP_RESOURCE', 'BACKUP_RESOURCE']),
    recurrenceType: z.enum(['CRON', 'ICAL']),
    recurrenceDetails: z.string(),
    resources: z.array(ScheduledResource).min(1),
    resourceFilters: z.array(z.unknown()).max(0, 'not covered: name the resources'),
    localTimeZone: z.literal('UTC', 'not covered: write the recurrence in UTC'),
    timeStarts: z.iso.datetime({ offset: true }),
    timeEnds: z.iso.datetime({ offset: true }),
    ...tagFields,
  })
  .partial();
const CreateScheduleDetails = UpdateScheduleDetails.required({
  action: true,
  recurrenceType: true,
  recurrenceDetails: true,
  resources: true,
}).extend({ compartmentId: z.string() });

interface Schedule extends Resource, Omit<z.infer<typeof CreateScheduleDetails>, keyof Resource> {
  readonly lifecycleState: 'ACTIVE' | 'INACTIVE';
  readonly timeUpdated: string;
  readonly timeLastRun?: string;
  readonly timeNextRun?: string | undefined;
  readonly lastRunStatus?: 'SUCCEEDED' | 'FAILED';
}

/** Schedules that invoke functions, detached, as OCI's Resource Scheduler does. */
export function resourceScheduler(region: Region): Operation[] {
  const schedules = region.table<Schedule>('schedules');
  const { clock } = region.cloud;
  const find = (call: Call): Schedule => {
    const schedule = schedules.get(call.params.scheduleId ?? '');
    if (!schedule || !mayAccess(call, schedule.compartmentId))
      throw notFound(`schedule ${call.params.scheduleId}`);
    return schedule;
  };
  const change = (schedule: Schedule, details: Partial<Schedule>): Schedule => {
    const changed = { ...schedule, ...details, etag: randomName(40), timeUpdated: clock.now().toISOString() };
    return schedules.set(schedule.id, { ...changed, timeNextRun: nextRun(changed, clock.now()) });
  };
  const activation = (name: string, verb: string, lifecycleState: Schedule['lifecycleState']): Operation => ({
    name,
    method: 'POST',
    path: `/20240430/schedules/{scheduleId}/actions/${verb}`,
    handle(call) {
      const schedule = find(call);
      requireMatch(call, schedule.etag);
      return answer(change(schedule, { lifecycleState }));
    },
  });
  const run = async (schedule: Schedule): Promise<Schedule> => {
    const now = clock.now();
    // Before the work: a schedule that is slow to start must not be started twice.
    schedules.set(schedule.id, { ...schedule, timeNextRun: nextRun(schedule, now) });
    const statuses = await Promise.all(
      schedule.resources.map(async (resource) => {
        const body = resource.parameters?.find(({ parameterType }) => parameterType === 'BODY')?.value ?? '';
        const payload = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
        return (await region.functions.invoke(resource.id, payload, true)).status;
      }),
    );
    const lastRunStatus = statuses.every((status) => status === 202) ? 'SUCCEEDED' : 'FAILED';
    const current = schedules.get(schedule.id) ?? schedule;
    return schedules.set(schedule.id, { ...current, timeLastRun: now.toISOString(), lastRunStatus });
  };
  const tick = () => {
    const now = clock.now().toISOString();
    for (const schedule of Array.from(schedules.values())) {
      if (schedule.timeNextRun !== undefined && schedule.timeNextRun <= now) void run(schedule);
    }
    clock.afterRealTime(TICK_MS, tick);
  };
  region.onStart(tick);

  return [
    {
      name: 'CreateSchedule',
      method: 'POST',
      path: '/20240430/schedules',
      handle(call) {
        const details = parseBody(call, CreateScheduleDetails);
        requireCompartment(call, details.compartmentId);
        requireCovered(details);
        const id = newOcid('resourceschedule', region.key);
        const now = clock.now().toISOString();
        const schedule: Schedule = {
          displayName: `schedule${now}`,
          freeformTags: {},
          definedTags: {},
          ...details,
          id,
          etag: '',
          lifecycleState: 'ACTIVE',
          timeCreated: now,
          timeUpdated: now,
        };
        return answer(change(schedule, {}));
      },
    },
    {
      name: 'ListSchedules',
      method: 'GET',
      path: '/20240430/schedules',
      handle(call) {
        const { query } = call;
        const wanted = (name: string, value: string) => [null, '', value].includes(query.get(name));
        const visible = selectListed(call, schedules.values()).filter(
          ({ id, compartmentId }) =>
            mayAccess(call, compartmentId) &&
            wanted('compartmentId', compartmentId) &&
            wanted('scheduleId', id),
        );
        const { items, headers } = pageOf(call, visible);
        return { headers, body: { items: items.map(({ etag, ...schedule }) => schedule) } };
      },
    },
    {
      name: 'GetSchedule',
      method: 'GET',
      path: '/20240430/schedules/{scheduleId}',
      handle: (call) => answer(find(call)),
    },
    {
      name: 'UpdateSchedule',
      method: 'PUT',
      path: '/20240430/schedules/{scheduleId}',
      handle(call) {
        const schedule = find(call);
        requireMatch(call, schedule.etag);
        const details = parseBody(call, UpdateScheduleDetails);
        requireCovered({ ...schedule, ...details });
        change(schedule, details);
        return { status: 202 };
      },
    },
    {
      name: 'DeleteSchedule',
      method: 'DELETE',
      path: '/20240430/schedules/{scheduleId}',
      handle(call) {
        const { id, etag } = find(call);
        requireMatch(call, etag);
        schedules.delete(id);
        return { status: 202 };
      },
    },
    activation('ActivateSchedule', 'activateSchedule', 'ACTIVE'),
    activation('DeactivateSchedule', 'deactivateSchedule', 'INACTIVE'),
    {
      name: 'LocalRunSchedule',
      method: 'POST',
      path: '/_local/schedules/{scheduleId}/run',
      unsigned: true,
      async handle(call) {
        const schedule = schedules.get(call.params.scheduleId ?? '');
        if (!schedule) throw notFound(`schedule ${call.params.scheduleId}`);
        return answer(await run(schedule));
      },
    },
  ];
}

/** @throws {OciError} 400 for a recurrence that is wrong, 501 for another action or resource than a function's start */
function requireCovered(details: z.infer<typeof CreateScheduleDetails>): void {
  if (details.action !== 'START_RESOURCE') throw notCovered(`schedules with the action ${details.action}`);
  for (const { id, parameters = [] } of details.resources) {
    if (!id.startsWith('ocid1.fnfunc.')) throw notCovered('schedules of other resources than functions');
    const other = parameters.find(({ parameterType }) => parameterType !== 'BODY');
    if (other) throw notCovered(`schedule parameters of the type ${other.parameterType}`);
  }
  // Where one is missing, the comparison with NaN is false.
  if (Date.parse(details.timeEnds ?? '') <= Date.parse(details.timeStarts ?? ''))
    throw invalidParameter('timeEnds must be after timeStarts.');
  parseRecurrence(details.recurrenceType, details.recurrenceDetails, new Date());
}

/** When an active schedule runs next. */
function nextRun(schedule: Schedule, now: Date): string | undefined {
  if (schedule.lifecycleState !== 'ACTIVE') return undefined;
  const start = new Date(schedule.timeStarts ?? schedule.timeCreated);
  const recurrence = parseRecurrence(schedule.recurrenceType, schedule.recurrenceDetails, start);
  // A recurrence may begin at its very start.
  const next = recurrence(now < start ? new Date(start.getTime() - 1) : now);
  if (!next || (schedule.timeEnds !== undefined && next > new Date(schedule.timeEnds))) return undefined;
  return next.toISOString();
}

const answer = ({ etag, ...schedule }: Schedule): Answer => ({ headers: { etag }, body: schedule });
