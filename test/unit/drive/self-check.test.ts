import { expect, test } from 'vitest';
import { selfCheck, tryAll } from '../../../shared/drive/self-check.ts';
import { trialsOf } from '../../../shared/drive/trials.ts';
import { call } from '../../../shared/oci/errors.ts';
import type { Invocation } from '../../../shared/runtime/define-function.ts';
import { A_LEDGER, fakeClients, fakeDeployment, serviceError } from '../../support/fake-oci.ts';

const CONFIG = {
  tenancyId: 'ocid1.tenancy.oc1..t',
  notificationTopicId: 'ocid1.onstopic.oc1..t',
  definedTags: { Finance: { Account: 'A-1' } },
  exportBuckets: [{ region: 'us-ashburn-1', bucket: 'exports' }],
  destinations: [
    { region: 'us-phoenix-1', bucket: 'copies', compartmentId: 'ocid1.compartment.oc1..phx' },
    { region: 'us-phoenix-1', bucket: 'theirs', namespace: 'they' },
  ],
};

function deployment(config: object = CONFIG) {
  const calls: string[] = [];
  const told = (name: string, answer: unknown) => (request: unknown) => {
    calls.push(`${name} ${JSON.stringify(request)}`);
    return answer;
  };
  const made = {
    preauthenticatedRequest: { id: 'par', accessUri: '/p/SECRET/n/ns', fullPath: 'https://SECRET' },
  };
  const clients = fakeClients({
    objectStorage: {
      headBucket: told('HeadBucket', {}),
      listObjects: told('ListObjects', { listObjects: { objects: [] } }),
      listMultipartUploads: told('ListMultipartUploads', { items: [] }),
      createPreauthenticatedRequest: told('CreatePreauthenticatedRequest', made),
      deletePreauthenticatedRequest: told('DeletePreauthenticatedRequest', {}),
    },
    compute: {
      listImages: told('ListImages', { items: [] }),
      listComputeGlobalImageCapabilitySchemas: told('ListComputeGlobalImageCapabilitySchemas', { items: [] }),
    },
    functions: { getFunction: told('GetFunction', { function: { invokeEndpoint: 'https://x' } }) },
    functionsInvoke: { invokeFunction: told('InvokeFunction', {}) },
    identity: { listRegionSubscriptions: told('ListRegionSubscriptions', { items: [] }) },
    limits: { getResourceAvailability: told('GetResourceAvailability', { resourceAvailability: {} }) },
  });
  return {
    calls,
    deployment: fakeDeployment({ clients, closingClients: clients, ledger: A_LEDGER, config }),
  };
}

test('tries what can be tried harmlessly, and names the rest with its statement', async () => {
  const { calls, deployment: it } = deployment();
  const tried = await tryAll(trialsOf(it, 'copy-image'));
  expect(tried.filter(({ ok }) => ok === false)).toEqual([]);
  const untried = tried
    .filter(({ ok }) => ok === null)
    .map(({ operation, where }) => `${operation}: ${where}`);
  expect(untried).toEqual([
    'PutObject: the bucket exports in us-ashburn-1',
    'PutObject: the bucket copies in us-phoenix-1',
    'CopyObject: from us-ashburn-1 to the bucket copies in us-phoenix-1',
    'CreateImage and ExportImage: the compartment ocid1.compartment.oc1..a in us-ashburn-1',
    'CreateComputeImageCapabilitySchema: the compartment ocid1.compartment.oc1..a in us-ashburn-1',
    'CreateImage and ExportImage: the compartment ocid1.compartment.oc1..phx in us-phoenix-1',
    'CreateComputeImageCapabilitySchema: the compartment ocid1.compartment.oc1..phx in us-phoenix-1',
    'CreateImage: with the tags of config.json',
    'PublishMessage: the topic ocid1.onstopic.oc1..t',
  ]);
  // Of the other tenancy's bucket it is only asked whether it is there.
  expect(calls.filter((text) => text.includes('theirs'))).toEqual([
    'HeadBucket {"namespaceName":"they","bucketName":"theirs"}',
  ]);
  for (const { statement } of tried) expect(statement).toMatch(/^(Allow|Endorse) (dynamic-group|service) /);
  // What was made is gone, and the answer says no URL.
  const made = calls.filter((text) => text.startsWith('CreatePre')).length;
  expect([made, calls.filter((text) => text.startsWith('DeletePre')).length]).toEqual([3, 3]);
  expect(JSON.stringify(tried)).not.toContain('SECRET');
});

test('a statement stands for what was refused; what passes by itself keeps its own code', async () => {
  const refused = (status: number) => ({
    ...{ operation: 'ListImages', where: 'there', statement: 'Allow it' },
    attempt: () => call('ListImages', () => Promise.reject(serviceError(status, 'x'))),
  });
  const tried = await tryAll([refused(404), refused(503), { ...refused(404), attempt: async () => 1 }]);
  expect(tried.map(({ ok, code }) => [ok, code])).toEqual([
    [false, 'FUNCTION_NOT_ALLOWED'],
    [false, 'OCI_UNAVAILABLE'],
    [true, undefined],
  ]);
});

test('a mistake of ours is no answer about rights', async () => {
  const trial = {
    operation: 'x',
    where: 'x',
    statement: 'x',
    attempt: () => Promise.reject(new TypeError('oh')),
  };
  await expect(tryAll([trial])).rejects.toThrow('oh');
});

test('without the tenancy’s OCID, a topic, or copies, nothing is asked about them', () => {
  const { deployment: it } = deployment({ strategy: 'direct', destinations: CONFIG.destinations });
  const operations = new Set(trialsOf(it, 'copy-image').map(({ operation }) => operation));
  for (const operation of [
    'PublishMessage',
    'CopyObject',
    'ListRegionSubscriptions',
    'GetResourceAvailability',
  ])
    expect(operations).not.toContain(operation);
});

test('without a resource principal, which a function always has, it fails as by any mistake', async () => {
  const invocation = {
    environment: { ledger: A_LEDGER, functionName: 'copy-image', endpoints: {} },
    deadline: { remainingMs: () => 1_000 },
    log: { info() {}, warn() {}, error() {} },
  } as unknown as Invocation;
  await expect(selfCheck(invocation)).rejects.toThrow(/RESOURCE_PRINCIPAL/);
});
