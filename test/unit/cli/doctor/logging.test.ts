import { expect, test } from 'vitest';
import { factsOf } from '../../../../cli/doctor/facts.ts';
import { loggingCheck } from '../../../../cli/doctor/logging.ts';
import { runChecks } from '../../../../cli/doctor/run-checks.ts';
import { A_LEDGER, fakeClients, fakeDeployment, serviceError } from '../../../support/fake-oci.ts';

const COMPARTMENT = 'ocid1.compartment.oc1..a';
const TENANCY = 'ocid1.tenancy.oc1..t';
const APPLICATION = { id: 'ocid1.fnapp.oc1..a', displayName: 'byoi', compartmentId: COMPARTMENT };
const notFound = () => {
  throw serviceError(404, 'NotAuthorizedOrNotFound');
};

interface Group {
  readonly id: string;
  readonly displayName: string;
  readonly compartmentId: string;
  readonly logs: readonly object[] | 'hidden';
}
const group = (logs: Group['logs'], parts: Partial<Group> = {}): Group => ({
  ...{ id: 'ocid1.loggroup.oc1..g', displayName: 'all-logs', compartmentId: COMPARTMENT, logs },
  ...parts,
});
const elsewhere = (logs: Group['logs']) =>
  group(logs, { id: 'ocid1.loggroup.oc1..h', compartmentId: 'ocid1.compartment.oc1..b' });
const log = (parts: object = {}, source: object = {}) => ({
  ...{ id: 'ocid1.log.oc1..l', logGroupId: 'ocid1.loggroup.oc1..g', displayName: 'calls' },
  ...{ isEnabled: true, lifecycleState: 'ACTIVE', retentionDuration: 30 },
  configuration: {
    source: { service: 'functions', category: 'invoke', resource: APPLICATION.id, ...source },
  },
  ...parts,
});

/** What the doctor finds where a tenancy has these log groups. */
async function found(groups: readonly Group[], { application = {}, refused = [] as readonly string[] } = {}) {
  const listLogGroups = (request: { compartmentId: string; isCompartmentIdInSubtree: boolean }) => {
    if (refused.includes(request.compartmentId)) return notFound();
    const all = request.isCompartmentIdInSubtree;
    return { items: groups.filter(({ compartmentId }) => all || compartmentId === request.compartmentId) };
  };
  const listLogs = ({ logGroupId }: { logGroupId: string }) => {
    const logs = groups.find(({ id }) => id === logGroupId)?.logs ?? [];
    return logs === 'hidden' ? notFound() : { items: logs };
  };
  const clients = fakeClients({
    functions: {
      getFunction: () => ({ function: { applicationId: APPLICATION.id } }),
      getApplication: () => ({ application: { ...APPLICATION, ...application } }),
      listFunctions: () => ({ items: [] }),
    },
    regional: { listLogGroups, listLogs },
  });
  const deployment = fakeDeployment({ clients, ledger: A_LEDGER, config: { tenancyId: TENANCY } });
  const checked = await runChecks([loggingCheck(factsOf(deployment, undefined))], deployment.log);
  return checked[0]?.findings[0];
}

test.each([
  ['in the compartment of the application', [group([log()])]],
  ['in another compartment', [group([]), elsewhere([log()])]],
])('a log of the invocations %s', async (_, groups) => {
  expect(await found(groups)).toMatchObject({ level: 'ok', sentence: 'in the log calls, for 30 days' });
});

test('a syslog URL, and then nothing more is asked', async () => {
  const application = { syslogUrl: 'tcp://10.0.0.1:514' };
  expect(await found([], { application, refused: [COMPARTMENT] })).toMatchObject({ level: 'ok' });
});

test.each([
  [{ isEnabled: false, lifecycleState: 'INACTIVE' }, 'disabled'],
  [{ lifecycleState: 'FAILED' }, 'FAILED'],
])('a log with %j is told with the command that enables it', async (parts, state) => {
  expect(await found([group([log(parts)])])).toEqual({
    level: 'warning',
    code: 'LOG_INACTIVE',
    sentence: `The log calls is ${state}: what the functions say is lost.`,
    remedy:
      '`oci logging log update --region us-ashburn-1 --log-group-id ocid1.loggroup.oc1..g --log-id ocid1.log.oc1..l --is-enabled true`',
  });
});

test('a log that is being made only needs a moment', async () => {
  expect(await found([group([log({ lifecycleState: 'CREATING' })])])).toMatchObject({
    level: 'warning',
    code: 'LOG_INACTIVE',
    remedy: 'OCI takes a moment: look again.',
  });
});

const CREATE_GROUP = `oci logging log-group create --region us-ashburn-1 -c ${COMPARTMENT} --display-name byoi --wait-for-state SUCCEEDED`;
const CREATE_LOG = 'oci logging log create --region us-ashburn-1 --log-group-id';

test.each([
  ['of another application', [log({}, { resource: 'ocid1.fnapp.oc1..other' })]],
  ['of another category', [log({}, { category: 'else' })]],
  ['that is being deleted', [log({ lifecycleState: 'DELETING' })]],
])('a log %s is none', async (_, logs) => {
  const finding = await found([group(logs)]);
  expect(finding).toMatchObject({ level: 'warning', code: 'LOG_MISSING' });
  expect(finding?.remedy).toContain(`\`${CREATE_GROUP}`);
  expect(finding?.remedy).toContain(`${CREATE_LOG} "$(oci logging log-group list`);
  expect(finding?.remedy).toContain(`"resource":"${APPLICATION.id}"`);
});

test('a log group of the name that it would be given is taken as it is', async () => {
  const { remedy } = (await found([group([], { displayName: 'byoi' })])) ?? {};
  expect(remedy).toContain(`\`${CREATE_LOG} ocid1.loggroup.oc1..g --display-name byoi-functions`);
});

test.each([
  [
    'other compartments',
    [group([])],
    [TENANCY],
    `in ${COMPARTMENT}, and in other compartments you may not look`,
  ],
  ['a log group', [group('hidden')], [], 'in the log groups that you may look into; 1 you may not'],
])(
  'where the caller may not look into %s, none is not said to be missing',
  async (_, groups, refused, sentence) => {
    const finding = await found(groups as Group[], { refused: refused as string[] });
    expect(finding).toMatchObject({ level: 'unknown', code: 'CHECK_NOT_ALLOWED' });
    expect(finding?.sentence).toContain(sentence);
    expect(finding?.remedy).toContain('`Allow group <yours> to inspect log-groups in tenancy`');
    expect(finding?.remedy).toContain(CREATE_LOG);
    expect(await found([...(groups as Group[]), elsewhere([log()])])).toMatchObject({ level: 'ok' });
  },
);

test('where the caller may not even look into the compartment of the application, nothing is known', async () => {
  expect(await found([group([log()])], { refused: [COMPARTMENT] })).toMatchObject({
    level: 'unknown',
    code: 'CHECK_NOT_ALLOWED',
    remedy: 'As an administrator: `Allow group <yours> to inspect log-groups in tenancy`.',
  });
});
