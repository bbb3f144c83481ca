import type { models as functions } from 'oci-functions';
import type { LoggingManagementClient, models } from 'oci-logging';
import { concurrently } from '../../shared/concurrently.ts';
import { pages } from '../../shared/oci/errors.ts';
import { shellWord } from '../../shared/shell-word.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, oci, ok } from './finding.ts';
import { isRefusal } from './run-checks.ts';

const RIGHT = 'inspect log-groups in tenancy';
/** Log groups whose logs are listed at once. */
const AT_ONCE = 8;

/** Where what the functions say goes: OCI keeps it only where a log of their application is told to. */
export const loggingCheck = (facts: Facts): Check => ({
  name: 'logging',
  right: RIGHT,
  async run() {
    const application = (await facts.application())?.application;
    if (!application) return [{ level: 'unknown', code: 'CHECK_FAILED', ...NOT_THERE }];
    // OCI heeds it only where no log is enabled: either way it is kept.
    if (application.syslogUrl) return [ok('at its syslog URL')];
    return [await lookForLog(facts, application)];
  },
});

const NOT_THERE = { sentence: 'The application is not there.', remedy: 'See the check of the functions.' };

/** A resource has one log of a category, in whatever compartment: the likeliest is looked at first. */
async function lookForLog(facts: Facts, application: functions.Application): Promise<Finding> {
  const { clients, ledger } = facts.deployment;
  const load = async () => (await import('oci-logging')).LoggingManagementClient;
  const client = await clients.regional('logging', ledger.region, load);
  const compartmentId = application.compartmentId ?? '';
  const own = await groupsIn(client, compartmentId, false);
  const here = await searchGroups(client, own, application.id);
  if (here.log) return judge(here.log, ledger.region);
  const all = await unlessRefused(async () => groupsIn(client, await facts.tenancyId(), true));
  const searched = new Set(own.map(({ id }) => id));
  const rest = (all ?? []).filter(({ id }) => !searched.has(id));
  const elsewhere = await searchGroups(client, rest, application.id);
  if (elsewhere.log) return judge(elsewhere.log, ledger.region);
  const name = application.displayName ?? '';
  const remedy = createCommand(application, ledger.region, own);
  const hidden = here.hidden + elsewhere.hidden;
  if (!all || hidden > 0)
    return {
      level: 'unknown',
      code: 'CHECK_NOT_ALLOWED',
      sentence: all
        ? `The application ${name} has no log in the log groups that you may look into; ${hidden} you may not.`
        : `The application ${name} has no log in ${compartmentId}, and in other compartments you may not look.`,
      remedy: `As an administrator: \`Allow group <yours> to ${RIGHT}\`. If there is none: ${remedy}`,
    };
  return {
    level: 'warning',
    code: 'LOG_MISSING',
    sentence: `The application ${name} has no log in any log group that you see: what its functions say is lost.`,
    remedy: `${remedy}; or apply the stack, if it made the application.`,
  };
}

async function groupsIn(
  client: LoggingManagementClient,
  compartmentId: string,
  isCompartmentIdInSubtree: boolean,
): Promise<models.LogGroupSummary[]> {
  const listed = pages('ListLogGroups', (page) =>
    client.listLogGroups({ compartmentId, isCompartmentIdInSubtree, ...(page && { page }) }),
  );
  const groups: models.LogGroupSummary[] = [];
  for await (const group of listed) groups.push(group);
  return groups;
}

interface Searched {
  readonly log?: models.LogSummary;
  /** Groups whose logs the caller may not list. */
  readonly hidden: number;
}

async function searchGroups(
  client: LoggingManagementClient,
  groups: readonly models.LogGroupSummary[],
  applicationId: string,
): Promise<Searched> {
  const found: models.LogSummary[] = [];
  let hidden = 0;
  await concurrently(groups, AT_ONCE, async ({ id }) => {
    const logs = await unlessRefused(() => logsIn(client, id, applicationId));
    if (logs) found.push(...logs);
    else hidden += 1;
  });
  const [log] = found;
  return { ...(log && { log }), hidden };
}

async function logsIn(client: LoggingManagementClient, logGroupId: string, sourceResource: string) {
  const listed = pages('ListLogs', (page) =>
    client.listLogs({ logGroupId, sourceService: 'functions', sourceResource, ...(page && { page }) }),
  );
  const found: models.LogSummary[] = [];
  for await (const log of listed) {
    const { category, resource } = log.configuration?.source ?? {};
    if (category === 'invoke' && resource === sourceResource && log.lifecycleState !== 'DELETING')
      found.push(log);
  }
  return found;
}

async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function judge(log: models.LogSummary, region: string): Finding {
  const { id, logGroupId, displayName, isEnabled = true, lifecycleState, retentionDuration } = log;
  if (isEnabled && lifecycleState === 'ACTIVE')
    return ok(`in the log ${displayName}${retentionDuration ? `, for ${retentionDuration} days` : ''}`);
  const place = ['--region', region, '--log-group-id', logGroupId, '--log-id', id];
  const settling = isEnabled && ['CREATING', 'UPDATING'].includes(lifecycleState);
  return {
    level: 'warning',
    code: 'LOG_INACTIVE',
    sentence: `The log ${displayName} is ${isEnabled ? lifecycleState : 'disabled'}: what the functions say is lost.`,
    remedy: settling
      ? 'OCI takes a moment: look again.'
      : oci('logging', 'log', 'update', ...place, '--is-enabled', 'true'),
  };
}

/** One line to paste: the log's group, unless it is there, and the log. */
function createCommand(
  { id: resource, compartmentId = '', displayName: name = '' }: functions.Application,
  region: string,
  groups: readonly models.LogGroupSummary[],
): string {
  const command = (...words: string[]) => ['oci', 'logging', ...words].map(shellWord).join(' ');
  const there = groups.find(({ displayName }) => displayName === name);
  const place = ['--region', region, '-c', compartmentId, '--display-name', name];
  const wait = ['--wait-for-state', 'SUCCEEDED', '--wait-interval-seconds', '2'];
  const createGroup = command('log-group', 'create', ...place, ...wait);
  const listGroup = command('log-group', 'list', ...place, '--all', '--query', 'data[0].id', '--raw-output');
  const source = { sourceType: 'OCISERVICE', service: 'functions', category: 'invoke', resource };
  const log = [
    ...['--display-name', `${name}-functions`, '--log-type', 'SERVICE', '--is-enabled', 'true'],
    ...['--configuration', JSON.stringify({ compartmentId, source })],
  ];
  const createLog = [
    command('log', 'create', '--region', region, '--log-group-id'),
    there ? shellWord(there.id) : `"$(${listGroup})"`,
    ...log.map(shellWord),
  ].join(' ');
  return `\`${there ? createLog : `${createGroup} && ${createLog}`}\``;
}
