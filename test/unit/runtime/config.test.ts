import { describe, expect, it } from 'vitest';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import { parseConfig } from '../../../shared/runtime/config.ts';
import { deploymentOn } from '../../../shared/runtime/deployment.ts';
import { readEnvironment } from '../../../shared/runtime/environment.ts';
import { createLog } from '../../../shared/runtime/log.ts';
import { isIgnoredName } from '../../../shared/runtime/name-filter.ts';
import { fakeClients, serviceError } from '../../support/fake-oci.ts';

const VALID = {
  compartmentId: 'ocid1.compartment.oc1..a',
  dropBuckets: ['drop'],
  advanceRunsFunctionId: 'ocid1.fnfunc.oc1.iad.a',
};

describe('config.json', () => {
  it.each([
    ['compartmentId', { ...VALID, compartmentId: 'my compartment' }],
    ['dropBuckets', { ...VALID, dropBuckets: [] }],
    ['advanceRunsFunctionId', { ...VALID, advanceRunsFunctionId: undefined }],
    ['pollMaxSeconds', { ...VALID, pollMaxSeconds: 0 }],
    ['importTimeoutHours', { ...VALID, importTimeoutHours: 25 }],
    ['licenses', { ...VALID, licenses: { solaris: 'ours' } }],
    ['dropBucket', { ...VALID, dropBucket: 'drop' }],
    ['the document', []],
  ])('that is wrong in %s says so', (key, value) => {
    expect(() => parseConfig(value)).toThrow(key);
  });

  it('ignores by default what comes with a disk, and no disk', () => {
    const { ignoreNames } = parseConfig(VALID);
    const folder = [
      'vm/disk1.vmdk',
      'vm/vm.ovf',
      'vm/vm.mf',
      'vm/vm.vmx',
      'vm/vm.NVRAM',
      'vm/.DS_Store',
      'SHA256SUMS',
    ];
    expect(folder.filter((name) => !isIgnoredName(name, ignoreNames))).toEqual(['vm/disk1.vmdk']);
    for (const disk of ['a.qcow2', 'a.vmdk', 'a.oci', 'a', 'a.img', 'ovf', 'a.mf.qcow2'])
      expect(isIgnoredName(disk, ignoreNames)).toBe(false);
  });

  const open = (getObject: () => unknown) =>
    deploymentOn(
      fakeClients({ objectStorage: { getObject } }),
      { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' },
      NO_DEADLINE,
      createLog({}, () => {}),
    );
  const holding = (text: string) => () => ({ value: new Response(text).body, eTag: 'e' });

  it('that is there and right opens the deployment', async () => {
    expect((await open(holding(JSON.stringify(VALID)))).config.dropBuckets).toEqual(['drop']);
  });

  it('that is no JSON, or not there, is told apart from a service that cannot be reached', async () => {
    await expect(open(holding('{'))).rejects.toThrow('not valid JSON');
    const failing = (status: number) => () => {
      throw serviceError(status, 'x');
    };
    await expect(open(failing(404))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(open(failing(503))).rejects.toMatchObject({ code: 'OCI_UNAVAILABLE' });
    const mistake = () => {
      throw new RangeError('a mistake of ours');
    };
    await expect(open(mistake)).rejects.toThrow('a mistake of ours');
  });
});

it.each(['BYOI_LEDGER_REGION', 'BYOI_LEDGER_NAMESPACE', 'BYOI_LEDGER_BUCKET'])(
  'a function without %s names that key',
  (key) => {
    const variables = {
      BYOI_LEDGER_REGION: 'r',
      BYOI_LEDGER_NAMESPACE: 'n',
      BYOI_LEDGER_BUCKET: 'b',
      [key]: '',
    };
    expect(() => readEnvironment(variables)).toThrow(key);
  },
);
