import type { models } from 'oci-resourcescheduler';
import { call, pages } from '../../shared/oci/errors.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, oci, ok } from './finding.ts';

/** What the schedule sends to advance-runs. */
const TICK = 'tick';

/** It finds what no event told of. */
export const scheduleCheck = (facts: Facts): Check => ({
  name: 'schedule',
  right: `read resource-schedule-family in compartment id ${facts.deployment.config.compartmentId}`,
  async run() {
    const { clients, config, ledger } = facts.deployment;
    const { region } = ledger;
    const application = await facts.application().catch(() => undefined);
    const named = application?.functions.find(({ displayName }) => displayName === 'advance-runs')?.id;
    const functionId = named ?? config.advanceRunsFunctionId;
    const compartmentId = await facts.compartmentId();
    const load = async () => (await import('oci-resourcescheduler')).ScheduleClient;
    const client = await clients.regional('resourcescheduler', region, load);
    const listed = pages('ListSchedules', async (page) => {
      const { scheduleCollection, opcNextPage } = await client.listSchedules({
        compartmentId,
        ...(page && { page }),
      });
      return { items: scheduleCollection.items, opcNextPage };
    });
    const found: models.Schedule[] = [];
    for await (const { id, resources = [], lifecycleState } of listed) {
      if (lifecycleState === 'DELETED' || !resources.some((resource) => resource.id === functionId)) continue;
      // A summary need not have what is sent.
      const { schedule } = await call('GetSchedule', () => client.getSchedule({ scheduleId: id }));
      if (schedule.resources?.some((resource) => resource.id === functionId && sendsTick(resource)))
        found.push(schedule);
    }
    const active = found.find(({ lifecycleState }) => lifecycleState === 'ACTIVE');
    if (active) return [wellOrFailed(active, region)];
    const [other] = found;
    return [other ? inactive(other, region) : missing(functionId, compartmentId, region)];
  },
});

/** The SDK sends the value as JSON, Terraform as a list of JSON texts. */
function sendsTick({ parameters = [] }: models.Resource): boolean {
  const bodies = parameters.filter(({ parameterType }) => parameterType === 'BODY');
  return bodies.some((parameter) => {
    const { value } = parameter as unknown as { value?: unknown };
    return (Array.isArray(value) ? value : [value]).some(isTick);
  });
}

function isTick(value: unknown): boolean {
  try {
    const body: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return (body as { byoi?: unknown } | null)?.byoi === TICK;
  } catch {
    return false;
  }
}

/** The SDK's types say Date, and it gives text. */
const timeText = (time: Date | undefined) => (time ? String(time) : 'not yet');

function wellOrFailed(
  { displayName, timeLastRun, timeNextRun, lastRunStatus }: models.Schedule,
  region: string,
): Finding {
  const times = `last run ${timeText(timeLastRun)}, next ${timeText(timeNextRun)}`;
  if (lastRunStatus !== 'FAILED') return ok(`${displayName}: ${times}`);
  return {
    level: 'problem',
    code: 'SCHEDULE_FAILED',
    sentence: `The schedule ${displayName} could not call the function: ${times}.`,
    remedy: `The schedule is a principal of its own, in ${region}: \`Allow any-user to use fn-invocation in compartment <of the functions> where request.principal.type = 'resourceschedule'\`, and the same to read fn-function.`,
  };
}

const inactive = ({ id, displayName, lifecycleState }: models.Schedule, region: string): Finding => ({
  level: 'problem',
  code: 'SCHEDULE_INACTIVE',
  sentence: `The schedule ${displayName} is ${lifecycleState}: what no event told of is never found.`,
  remedy: oci('resource-scheduler', 'schedule', 'activate', '--region', region, '--schedule-id', id),
});

function missing(functionId: string, compartmentId: string, region: string): Finding {
  const resource = { id: functionId, parameters: [{ parameterType: 'BODY', value: { byoi: TICK } }] };
  return {
    level: 'problem',
    code: 'SCHEDULE_MISSING',
    sentence: `No schedule in ${compartmentId} sends {"byoi":"${TICK}"} to advance-runs: what no event told of is never found.`,
    remedy: oci(
      ...['resource-scheduler', 'schedule', 'create', '--region', region, '-c', compartmentId],
      ...['--display-name', 'byoi-tick', '--action', 'START_RESOURCE', '--recurrence-type', 'CRON'],
      ...['--recurrence-details', '0 * * * *', '--resources', JSON.stringify([resource])],
    ),
  };
}
