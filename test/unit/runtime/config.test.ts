import { describe, expect, it } from 'vitest';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import { parseConfig } from '../../../shared/runtime/config.ts';
import { deploymentOn } from '../../../shared/runtime/deployment.ts';
import { readEnvironment } from '../../../shared/runtime/environment.ts';
import { createLog } from '../../../shared/runtime/log.ts';
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

  const namesOf = (count: number) => Array.from({ length: count }, (_, index) => [`k${index}`, 'v']);

  it.each([
    ['a value that is no text', { Ns: { key: 42 } }, 'definedTags.Ns.key: Invalid input: expected string'],
    ['a value too long', { Ns: { key: 'v'.repeat(257) } }, '<=256 characters'],
    ['a namespace with a full stop', { 'N.s': { key: 'v' } }, '1 to 100 printable ASCII'],
    ['a key with a space', { Ns: { 'a key': 'v' } }, 'definedTags.Ns.a key: a namespace or key'],
    ['a key too long', { Ns: { ['k'.repeat(101)]: 'v' } }, '1 to 100 printable ASCII'],
    ['a namespace of OCI’s own', { 'oracle-tags': { CreatedBy: 'me' } }, 'only OCI itself'],
    ['a namespace without a key', { Ns: {} }, 'definedTags: Ns has no key'],
    ['a tag twice', { Ns: { key: 'v' }, NS: { KEY: 'w' } }, 'ns.key is there twice'],
    ['65 tags', { Ns: Object.fromEntries(namesOf(65)) }, 'at most 64'],
    [
      'more than OCI keeps',
      { Ns: Object.fromEntries(namesOf(17).map(([key]) => [key, 'v'.repeat(250)])) },
      '5 KB',
    ],
  ])('takes no defined tags with %s', (_, definedTags, message) => {
    expect(() => parseConfig({ ...VALID, definedTags })).toThrow(message);
  });

  it('takes as many defined tags as OCI does', () => {
    const definedTags = { Operations: Object.fromEntries(namesOf(63)), Finance: { 'Account/1': '' } };
    expect(parseConfig({ ...VALID, definedTags })).toMatchObject({ definedTags });
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
