import { describe, expect, test, vi } from 'vitest';
import { bucketChecks, ledgerCheck } from '../../../../cli/doctor/buckets.ts';
import { configCheck } from '../../../../cli/doctor/config.ts';
import { factsOf, findBucket } from '../../../../cli/doctor/facts.ts';
import { type Check, ok } from '../../../../cli/doctor/finding.ts';
import { copyPolicyCheck, dynamicGroupCheck } from '../../../../cli/doctor/policies.ts';
import { imageLimitChecks, regionsCheck } from '../../../../cli/doctor/regions.ts';
import { rulesChecks } from '../../../../cli/doctor/rules.ts';
import { HiddenError, runChecks } from '../../../../cli/doctor/run-checks.ts';
import { scheduleCheck } from '../../../../cli/doctor/schedule.ts';
import { selfChecks } from '../../../../cli/doctor/self-check.ts';
import { topicCheck } from '../../../../cli/doctor/topic.ts';
import { waitingCheck } from '../../../../cli/doctor/waiting.ts';
import { NO_DEADLINE } from '../../../../shared/deadline.ts';
import { copyStatement } from '../../../../shared/drive/policy-statements.ts';
import { A_CONFIG, A_LEDGER, fakeClients, fakeDeployment, serviceError } from '../../../support/fake-oci.ts';

const COMPARTMENT = 'ocid1.compartment.oc1..a';
const LOG = fakeDeployment({}).log;
const TENANCY = 'ocid1.tenancy.oc1..t';
const notFound = () => {
  throw serviceError(404, 'NotAuthorizedOrNotFound');
};
type Services = Parameters<typeof fakeClients>[0];

/** Facts of a deployment whose services answer so; every other call fails the check. */
function facts(services: Services, config: object = {}) {
  const clients = fakeClients(services);
  return factsOf(fakeDeployment({ clients, ledger: A_LEDGER, config }), COMPARTMENT);
}

/** As the doctor runs it. */
async function run(check: Check | undefined) {
  if (!check) throw new Error('There is no such check.');
  const [{ findings = [] } = {}] = await runChecks([check], LOG);
  return findings;
}

describe('checks', () => {
  const check = (name: string, outcome: () => Promise<never>): Check => ({
    ...{ name, right: 'read buckets in tenancy', run: outcome },
  });

  test('are told in their order, and one that fails stops no other', async () => {
    const warn = vi.fn();
    const checks = [
      check('refused', async () => Promise.reject(new HiddenError('There, and hidden.'))),
      check('a mistake of ours', async () => Promise.reject(new TypeError('x is undefined'))),
      { name: 'well', right: '', run: async () => [ok('well')] },
    ];
    const checked = await runChecks(checks, { ...LOG, warn });
    expect(warn).toHaveBeenCalledTimes(2);
    expect(warn.mock.calls[1]?.[1].error).toContain('checks.test.ts');
    expect(checked.map(({ check, level }) => [check, level])).toEqual([
      ['refused', 'unknown'],
      ['a mistake of ours', 'unknown'],
      ['well', 'ok'],
    ]);
    expect(checked[0]?.findings[0]).toMatchObject({
      code: 'CHECK_NOT_ALLOWED',
      sentence: 'You may not look: There, and hidden.',
      remedy: 'As an administrator: `Allow group <yours> to read buckets in tenancy`.',
    });
    expect(checked[1]?.findings[0]).toMatchObject({ code: 'CHECK_FAILED', sentence: 'x is undefined' });
  });

  test('are some at a time only', async () => {
    let [now, most] = [0, 0];
    const slow = (name: string) =>
      check(name, async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 5));
        now -= 1;
        return [] as never;
      });
    await runChecks(
      Array.from({ length: 30 }, (_, index) => slow(String(index))),
      LOG,
    );
    expect(most).toBe(8);
  });
});

describe('config.json', () => {
  const content = (text: string) => ({
    getObject: () => ({ value: new Blob([text]).stream(), eTag: 'e' }),
  });
  const check = (objectStorage: Services['objectStorage'], opened = () => {}) =>
    run(configCheck(fakeClients({ objectStorage }), A_LEDGER, NO_DEADLINE, LOG, opened));

  test('that is valid opens the deployment', async () => {
    const opened = vi.fn();
    expect(await check(content(JSON.stringify(A_CONFIG)), opened)).toMatchObject([{ level: 'ok' }]);
    expect(opened).toHaveBeenCalledOnce();
  });

  test('is told with all that is wrong with it', async () => {
    const wrong = { ...A_CONFIG, dropBuckets: [], colour: 'blue' };
    const findings = await check(content(JSON.stringify(wrong)));
    expect(findings.map(({ code }) => code)).toEqual(['CONFIG_INVALID', 'CONFIG_INVALID']);
    expect(await check(content('{'))).toMatchObject([{ sentence: expect.stringContaining('no valid JSON') }]);
    const twice = { ...A_CONFIG, dropBuckets: ['ledger'] };
    expect(await check(content(JSON.stringify(twice)))).toMatchObject([
      { sentence: expect.stringContaining('ledger in us-ashburn-1 is named for more than one thing') },
    ]);
  });

  test('with a mistake that no function minds is told, and the rest is looked at', async () => {
    const opened = vi.fn();
    const unknown = { ...A_CONFIG, replicateDropsTo: ['eu-frankfurt-1'] };
    const found = await check(content(JSON.stringify(unknown)), opened);
    expect(found).toMatchObject([
      { code: 'CONFIG_INVALID', sentence: expect.stringContaining('eu-frankfurt-1') },
    ]);
    expect(opened).toHaveBeenCalledOnce();
  });

  test.each([
    ['is not there', [], 'CONFIG_INVALID'],
    ['is there and cannot be read', ['config.json'], 'CHECK_NOT_ALLOWED'],
  ])('that %s', async (_, names, code) => {
    const objects = names.map((name) => ({ name }));
    const listObjects = () => ({ listObjects: { objects } });
    expect(await check({ getObject: notFound, listObjects })).toMatchObject([{ code }]);
    expect(await check({ getObject: notFound, listObjects: notFound })).toMatchObject([
      { level: 'unknown', code: 'CHECK_NOT_ALLOWED' },
    ]);
  });
});

describe('a bucket', () => {
  const bucket = { compartmentId: COMPARTMENT, objectEventsEnabled: true };
  const found = (parts: object) => ({
    objectStorage: { getBucket: () => ({ bucket: { ...bucket, ...parts } }) },
  });
  const drop = (services: Services) => run(bucketChecks(facts(services))[0]);

  test.each([
    [{}, undefined],
    [{ objectEventsEnabled: false }, 'BUCKET_EVENTS_OFF'],
    [{ publicAccessType: 'ObjectRead' }, 'BUCKET_PUBLIC'],
    [{ storageTier: 'Archive' }, 'BUCKET_ARCHIVED'],
    [{ isReadOnly: true }, 'BUCKET_READ_ONLY'],
  ])('of disks with %j', async (parts, code) => {
    const [finding, ...others] = await drop(found(parts));
    expect([finding?.code, others]).toEqual([code, []]);
  });

  test('that is not there is a problem only where the caller would see it', async () => {
    const gone = (listBuckets: () => unknown) =>
      drop({ objectStorage: { getBucket: notFound, listBuckets } });
    expect(await gone(() => ({ items: [{ name: 'other' }] }))).toMatchObject([
      {
        level: 'problem',
        code: 'BUCKET_MISSING',
        remedy: `\`oci os bucket create --region us-ashburn-1 -ns ns --name drop -c ${COMPARTMENT} --object-events-enabled true\``,
      },
    ]);
    expect(await gone(() => ({ items: [{ name: 'drop' }] }))).toMatchObject([{ level: 'unknown' }]);
    expect(await gone(notFound)).toMatchObject([{ level: 'unknown' }]);
  });

  test('of another region needs no events, and one of another tenancy is not looked at', async () => {
    const destinations = [
      { region: 'us-phoenix-1', bucket: 'copies' },
      { region: 'us-phoenix-1', bucket: 'theirs', namespace: 'they' },
    ];
    const checks = bucketChecks(facts(found({ objectEventsEnabled: false }), { destinations }));
    expect(checks.map(({ name }) => name)).toEqual([
      'drop bucket drop in us-ashburn-1',
      'destination bucket copies in us-phoenix-1',
    ]);
    expect(await run(checks[1])).toMatchObject([
      { level: 'ok', sentence: expect.stringContaining('emits no events') },
    ]);
  });

  test('that is public is a problem where it is the ledger, which needs no events', async () => {
    const ledger = (parts: object) => {
      const clients = fakeClients(found({ objectEventsEnabled: false, ...parts }));
      return run(ledgerCheck(A_LEDGER, (address) => findBucket(clients, address, undefined), undefined));
    };
    expect(await ledger({})).toMatchObject([{ level: 'ok' }]);
    expect(await ledger({ publicAccessType: 'ObjectRead' })).toMatchObject([
      {
        level: 'problem',
        code: 'BUCKET_PUBLIC',
        remedy:
          '`oci os bucket update --region us-ashburn-1 -ns ns --name ledger --public-access-type NoPublicAccess`',
      },
    ]);
  });
});

describe('the topic', () => {
  const topic = { notificationTopic: { compartmentId: COMPARTMENT, name: 'byoi' } };
  const check = (states: string[], config: object = { notificationTopicId: 'ocid1.onstopic.oc1..t' }) =>
    run(
      topicCheck(
        facts(
          {
            regional: { getTopic: () => topic },
            notifications: {
              listSubscriptions: () => ({
                items: states.map((lifecycleState) => ({ id: 'ocid1.subscription', lifecycleState })),
              }),
            },
          },
          config,
        ),
      ),
    );

  test.each([
    [['ACTIVE'], 'ok', undefined],
    [['ACTIVE', 'PENDING'], 'problem', 'SUBSCRIPTION_UNCONFIRMED'],
    [['DELETED'], 'warning', 'TOPIC_UNHEARD'],
    [[], 'warning', 'TOPIC_UNHEARD'],
  ])('with subscriptions that are %j', async (states, level, code) => {
    const [finding] = await check(states);
    expect([finding?.level, finding?.code]).toEqual([level, code]);
  });

  test('that config.json does not name, or that is not there', async () => {
    expect(await check([], {})).toMatchObject([{ level: 'warning', code: 'TOPIC_UNHEARD' }]);
    const gone = (listTopics: () => unknown) =>
      run(
        topicCheck(
          facts(
            { regional: { getTopic: notFound, listTopics } },
            { notificationTopicId: 'ocid1.onstopic.oc1..t' },
          ),
        ),
      );
    expect(await gone(() => ({ items: [] }))).toMatchObject([{ level: 'problem', code: 'TOPIC_MISSING' }]);
    expect(await gone(notFound)).toMatchObject([{ level: 'unknown' }]);
  });
});

describe('the schedule', () => {
  const functionId = A_CONFIG.advanceRunsFunctionId;
  const schedule = (value: unknown, parts: object = {}) => ({
    ...{ id: 's', displayName: 'tick', lifecycleState: 'ACTIVE' },
    resources: [{ id: functionId, parameters: [{ parameterType: 'BODY', value }] }],
    ...parts,
  });
  const check = (...schedules: object[]) =>
    run(
      scheduleCheck(
        facts({
          functions: { getFunction: notFound, listApplications: notFound },
          regional: {
            listSchedules: () => ({ scheduleCollection: { items: schedules } }),
            getSchedule: () => ({ schedule: schedules[0] }),
          },
        }),
      ),
    );

  test.each([
    ['as the SDK sends it', { byoi: 'tick' }],
    ['as text', '{"byoi":"tick"}'],
    ['as Terraform sends it', ['{"byoi": "tick"}']],
  ])('sends the tick %s', async (_, value) => {
    expect(await check(schedule(value))).toMatchObject([{ level: 'ok' }]);
  });

  test.each([
    [schedule({ byoi: 'tick' }, { lastRunStatus: 'FAILED' }), 'SCHEDULE_FAILED'],
    [schedule({ byoi: 'tick' }, { lifecycleState: 'INACTIVE' }), 'SCHEDULE_INACTIVE'],
    [schedule({ byoi: 'poll' }), 'SCHEDULE_MISSING'],
    [schedule('no JSON'), 'SCHEDULE_MISSING'],
    [schedule({ byoi: 'tick' }, { resources: [{ id: 'another' }] }), 'SCHEDULE_MISSING'],
  ])('%j', async (one, code) => {
    expect(await check(one)).toMatchObject([{ level: 'problem', code }]);
  });
});

describe('regions', () => {
  const config = { tenancyId: TENANCY, destinations: [{ region: 'us-phoenix-1', bucket: 'copies' }] };
  const check = (items: object[], changed: object = config) =>
    run(
      regionsCheck(
        facts({ identity: { listRegionSubscriptions: () => ({ items }), getCompartment } }, changed),
      ),
    );
  const getCompartment = () => ({ compartment: { compartmentId: TENANCY } });
  const ashburn = { regionName: 'us-ashburn-1', status: 'READY' };

  test('that the tenancy is not subscribed to, or not yet', async () => {
    const phoenix = { regionName: 'us-phoenix-1', status: 'READY' };
    expect(await check([ashburn, phoenix])).toMatchObject([{ level: 'ok' }]);
    expect(await check([ashburn])).toMatchObject([{ level: 'problem', code: 'REGION_NOT_SUBSCRIBED' }]);
    expect(await check([ashburn, { ...phoenix, status: 'IN_PROGRESS' }])).toMatchObject([
      { sentence: 'The subscription to us-phoenix-1 is IN_PROGRESS.' },
    ]);
  });

  test('of a tenancy that config.json does not name, which is found by its compartments', async () => {
    expect(await check([ashburn], {})).toMatchObject([
      { level: 'warning', code: 'TENANCY_UNKNOWN', remedy: `Add "tenancyId": "${TENANCY}" to it.` },
    ]);
  });

  test.each([
    [0, 'problem', 'OCI_LIMIT_EXCEEDED'],
    [4, 'warning', 'IMAGE_LIMIT_NEAR'],
    [5, 'ok', undefined],
    [undefined, 'ok', undefined],
  ])('with room for %s images', async (available, level, code) => {
    const limits = { getResourceAvailability: () => ({ resourceAvailability: { available } }) };
    const checks = imageLimitChecks(facts({ limits }, config));
    expect(checks.map(({ name }) => name)).toEqual([
      'image limit in us-ashburn-1',
      'image limit in us-phoenix-1',
    ]);
    const [finding] = await run(checks[1]);
    expect([finding?.level, finding?.code]).toEqual([level, code]);
  });
});

describe('the limit on rules', () => {
  const check = (
    getResourceAvailability: () => unknown,
    listRules: () => unknown = () => ({ items: [] }),
  ) => {
    const names = ['import-image', 'export-image', 'copy-image', 'advance-runs'];
    const items = names.map((displayName) => ({ id: displayName, displayName }));
    const services = {
      functions: { ...FUNCTIONS, listFunctions: () => ({ items }) },
      objectStorage: { getBucket: () => ({ bucket: { compartmentId: COMPARTMENT } }) },
      limits: { getResourceAvailability },
      regional: { listRules },
    };
    const [rules, limit] = rulesChecks(facts(services, { tenancyId: TENANCY }), undefined);
    return Promise.all([run(rules), run(limit)]);
  };
  const left = (available: number) => () => ({ resourceAvailability: { available } });

  test('is told, and a problem only where what is to be made does not fit', async () => {
    const [differing, room] = await check(left(50));
    expect(room).toEqual([ok('room for 50 rules')]);
    const creations = differing.filter(({ code }) => code === 'RULES_DIFFER').length;
    expect(creations).toBeGreaterThan(1);
    expect((await check(left(creations)))[1]).toMatchObject([{ level: 'ok' }]);
    expect((await check(left(creations - 1)))[1]).toMatchObject([
      {
        level: 'problem',
        code: 'RULE_LIMIT_EXCEEDED',
        sentence: `${creations} rules are to be created in us-ashburn-1, and the limit rule-count leaves room for ${creations - 1}.`,
      },
    ]);
  });

  test('is asked for once, and the rules are read once', async () => {
    const asked = vi.fn(left(0));
    const listed = vi.fn(() => ({ items: [] }));
    await check(asked, listed);
    expect(asked).toHaveBeenCalledOnce();
    // A compartment each, of buckets and of images: here the same.
    expect(listed).toHaveBeenCalledOnce();
  });

  test('that OCI does not tell, or beside rules that may not be read, is no problem', async () => {
    expect((await check(notFound))[1]).toMatchObject([{ level: 'ok' }]);
    const [hidden, room] = await check(left(0), notFound);
    expect([hidden[0]?.level, room[0]?.sentence]).toEqual(['unknown', 'room for 0 rules']);
  });
});

const FUNCTIONS = {
  getFunction: () => ({
    function: {
      id: 'f',
      applicationId: 'app',
      compartmentId: COMPARTMENT,
      displayName: 'import-image',
      invokeEndpoint: 'https://invoke',
    },
  }),
  getApplication: () => ({ application: { displayName: 'byoi', compartmentId: COMPARTMENT } }),
  listFunctions: () => ({ items: [{ id: 'f' }] }),
};

describe('the dynamic group', () => {
  test.each([
    ["resource.type = 'fnfunc'", 'ok', 'functions'],
    [
      "ALL {resource.type = 'fnfunc', tag.a.b.value = 'c'}",
      'warning',
      'Whether functions has the functions in it',
    ],
    ["resource.type = 'instance'", 'warning', 'No dynamic group'],
  ])('%s', async (matchingRule, level, sentence) => {
    const items = [{ name: 'functions', lifecycleState: 'ACTIVE', matchingRule }];
    const services = { functions: FUNCTIONS, identity: { listDynamicGroups: () => ({ items }) } };
    const [finding] = await run(dynamicGroupCheck(facts(services, { tenancyId: TENANCY })));
    expect(finding?.level).toBe(level);
    expect(finding?.sentence).toContain(sentence);
  });
});

describe('the policy of copies', () => {
  const config = { tenancyId: TENANCY, destinations: [{ region: 'us-phoenix-1', bucket: 'copies' }] };
  const check = (
    statements: string[],
    changed: object = {},
    policies: () => unknown = () => ({ items: [{ statements, lifecycleState: 'ACTIVE' }] }),
  ) =>
    run(
      copyPolicyCheck(
        facts(
          {
            objectStorage: { getBucket: () => ({ bucket: { compartmentId: 'ocid1.compartment.oc1..b' } }) },
            identity: {
              listPolicies: policies,
              getCompartment: () => ({ compartment: { compartmentId: TENANCY } }),
            },
          },
          { ...config, ...changed },
        ),
      ),
    );

  test('counts where the bucket lies, and is told as the command that makes it', async () => {
    expect(await check([copyStatement('us-ashburn-1', 'ocid1.compartment.oc1..b')])).toMatchObject([
      { level: 'ok' },
    ]);
    const [finding] = await check([copyStatement('us-ashburn-1', COMPARTMENT)]);
    expect(finding).toMatchObject({ level: 'problem', code: 'OCI_SERVICE_POLICY_MISSING' });
    expect(finding?.remedy).toContain(
      `oci iam policy create -c ${TENANCY} --name byoi-copies-us-ashburn-1 --description 'Object Storage copies images' --statements '["Allow service objectstorage-us-ashburn-1 to manage object-family in compartment id ocid1.compartment.oc1..b"]'`,
    );
  });

  test('that cannot be judged is not known', async () => {
    const byName = 'Allow service objectstorage-us-ashburn-1 to manage object-family in compartment images';
    expect(await check([byName])).toMatchObject([{ level: 'unknown', code: 'COPY_POLICY_UNCLEAR' }]);
    expect(await check([], {}, notFound)).toMatchObject([{ level: 'unknown', code: 'CHECK_NOT_ALLOWED' }]);
  });

  test('is needed only where something is copied', async () => {
    for (const changed of [{ strategy: 'direct' }, { destinations: [] }])
      expect(await check([], changed)).toMatchObject([{ level: 'ok', sentence: 'nothing is copied' }]);
  });
});

describe('a self-check', () => {
  const check = (answer: () => string) =>
    run(
      selfChecks(
        facts(
          {
            functions: FUNCTIONS,
            functionsInvoke: { invokeFunction: () => ({ value: new Blob([answer()]).stream() }) },
            identity: { listDynamicGroups: () => ({ items: [] }) },
            objectStorage: { getBucket: notFound, listBuckets: notFound },
          },
          { tenancyId: TENANCY },
        ),
      )[0],
    );
  const tried = { operation: 'ListImages', where: 'there', statement: 'Allow …', ok: true };

  test('of which all calls were allowed says what could not be tried', async () => {
    const answer = { selfCheck: [tried, { ...tried, ok: null, statement: 'Allow this' }] };
    expect(await check(() => JSON.stringify(answer))).toMatchObject([
      {
        level: 'ok',
        sentence: expect.stringContaining('1 calls allowed; 1 cannot be tried'),
        statements: ['Allow this'],
      },
    ]);
  });

  test.each([
    [{ code: 'FUNCTION_NOT_ALLOWED', sentence: 'no' }, 'problem', '`Allow …`'],
    [{ code: 'OCI_UNAVAILABLE', sentence: 'no answer' }, 'unknown', 'Try it again.'],
  ])('of which a call failed by %j', async (failure, level, remedy) => {
    const answer = { selfCheck: [tried, { ...tried, ok: false, ...failure }] };
    const [finding, ...others] = await check(() => JSON.stringify(answer));
    expect([finding?.level, others]).toEqual([level, []]);
    expect(finding?.remedy).toContain(remedy);
  });

  test.each(['{"ignored": "not an event"}', 'no JSON', '{"selfCheck": [{}]}', '[]'])(
    'that is answered by %s is of another version',
    async (answer) => {
      expect(await check(() => answer)).toMatchObject([{ level: 'problem', code: 'SELF_CHECK_FAILED' }]);
    },
  );

  test.each([
    [502, 'problem', 'SELF_CHECK_FAILED'],
    [404, 'unknown', 'CHECK_NOT_ALLOWED'],
    [503, 'unknown', 'CHECK_FAILED'],
  ])('of a function that answers %i', async (status, level, code) => {
    const answer = () => {
      throw serviceError(status, 'x');
    };
    expect(await check(answer)).toMatchObject([{ level, code }]);
  });
});

describe('objects without a run', () => {
  const check = (count: number, known: (id: string) => boolean) => {
    const objects = Array.from({ length: count }, (_, index) => ({ name: `${index}.qcow2`, etag: 'e' }));
    const clients = fakeClients({
      objectStorage: {
        listObjects: () => ({ listObjects: { objects: [...objects, { name: 'README.txt' }] } }),
      },
    });
    const runs = {
      openMarkers: async function* () {},
      get: async (id: string) => (known(id) ? { value: {} } : undefined),
    };
    return run(waitingCheck(factsOf(fakeDeployment({ clients, runs, ledger: A_LEDGER }), COMPARTMENT)));
  };

  test.each([
    [1, () => false, 'Without a run, in drop: 1 object.'],
    [1000, () => false, 'Without a run, in drop: 1000 objects.'],
    [
      1001,
      () => false,
      'Without a run, in drop: At least 1000 objects; the first 1000 objects were looked at.',
    ],
    [1, () => true, '0 open'],
    [1001, () => true, '0 open'],
  ])('of %i', async (count, known, sentence) => {
    expect(await check(count, known)).toMatchObject([{ sentence }]);
  });
});
