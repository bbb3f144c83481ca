import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DeployedApplication, Facts } from '../../../../cli/doctor/facts.ts';
import { functionsCheck } from '../../../../cli/doctor/functions.ts';
import { FUNCTION_SETTINGS } from '../../../../cli/function-settings.ts';
import { A_LEDGER, fakeDeployment } from '../../../support/fake-oci.ts';

const CONFIG = {
  BYOI_LEDGER_REGION: A_LEDGER.region,
  BYOI_LEDGER_NAMESPACE: A_LEDGER.namespace,
  BYOI_LEDGER_BUCKET: A_LEDGER.bucket,
};

type Parts = Record<string, unknown>;
const deployed = (application: Parts = {}, changes: Record<string, Parts | null> = {}) =>
  ({
    application: { displayName: 'byoi', config: CONFIG, ...application },
    functions: Object.entries(FUNCTION_SETTINGS).flatMap(([displayName, settings]) =>
      changes[displayName] === null
        ? []
        : [
            {
              id: `id-of-${displayName}`,
              displayName,
              image: 'r/byoi/x:1.0',
              ...settings,
              ...changes[displayName],
            },
          ],
    ),
  }) as unknown as DeployedApplication;

async function findings(
  found: DeployedApplication | undefined,
  advanceRunsFunctionId = 'id-of-advance-runs',
) {
  const facts = {
    deployment: fakeDeployment({ ledger: A_LEDGER, config: { advanceRunsFunctionId } }),
    application: async () => found,
    compartmentId: async () => 'ocid1.compartment.oc1..a',
  } as unknown as Facts;
  return functionsCheck(facts).run();
}

test('what is demanded of each function is what its func.yaml says', () => {
  for (const [name, settings] of Object.entries(FUNCTION_SETTINGS)) {
    const text = readFileSync(`functions/${name}/func.yaml`, 'utf8');
    const [, memory] = /^memory: (\d+)$/m.exec(text) ?? [];
    const [, timeout] = /^timeout: (\d+)$/m.exec(text) ?? [];
    const [, minutes] = /detached_mode:\n\s+timeout: (\d+)m$/m.exec(text) ?? [];
    expect(settings).toEqual({
      memoryInMBs: Number(memory),
      timeoutInSeconds: Number(timeout),
      ...(minutes && { detachedModeTimeoutInSeconds: Number(minutes) * 60 }),
    });
  }
});

describe('the functions', () => {
  test('as they should be, with more memory than they need', async () => {
    const found = deployed({}, { 'import-image': { memoryInMBs: 512 } });
    expect(await findings(found)).toEqual([
      { level: 'ok', sentence: '4 in the application byoi, images 1.0', remedy: '' },
    ]);
  });

  test.each<[string, DeployedApplication | undefined, string | undefined, object[]]>([
    [
      'an OCID of no function',
      undefined,
      undefined,
      [
        {
          code: 'FUNCTIONS_MISSING',
          level: 'problem',
          sentence: expect.stringContaining('id-of-advance-runs'),
        },
      ],
    ],
    [
      'one that is missing',
      deployed({}, { 'copy-image': null }),
      undefined,
      [
        {
          code: 'FUNCTIONS_MISSING',
          remedy: expect.stringContaining('`fn deploy --app byoi --no-bump --build-arg FUNCTION=copy-image`'),
        },
      ],
    ],
    [
      'the OCID of another one',
      deployed(),
      'id-of-copy-image',
      [
        {
          code: 'ADVANCE_RUNS_MISNAMED',
          remedy: 'Write the OCID of advance-runs there: id-of-advance-runs.',
        },
      ],
    ],
    [
      'too short a timeout, and a detached one',
      deployed({}, { 'advance-runs': { timeoutInSeconds: 30, detachedModeTimeoutInSeconds: 300 } }),
      undefined,
      [
        {
          code: 'FUNCTION_SETTINGS',
          sentence:
            'The function advance-runs has timeoutInSeconds 30, detachedModeTimeoutInSeconds 300, and needs timeoutInSeconds 300, detachedModeTimeoutInSeconds 1200.',
          remedy: expect.stringContaining(
            '`fn deploy --app byoi --no-bump --build-arg FUNCTION=advance-runs`',
          ),
        },
      ],
    ],
    [
      'one that has failed',
      deployed({}, { 'copy-image': { lifecycleState: 'FAILED' } }),
      undefined,
      [{ code: 'FUNCTION_SETTINGS', sentence: 'The function copy-image is FAILED.' }],
    ],
    [
      'a key of the application that is another deployment’s',
      deployed({ config: { ...CONFIG, BYOI_LEDGER_BUCKET: 'theirs' } }),
      undefined,
      [{ code: 'FUNCTION_CONFIG_DIFFERS', remedy: '`fn config app byoi BYOI_LEDGER_BUCKET ledger`' }],
    ],
    [
      'a key of its own that goes before the application’s',
      deployed({}, { 'copy-image': { config: { BYOI_LEDGER_BUCKET: 'theirs' } } }),
      undefined,
      [
        {
          code: 'FUNCTION_CONFIG_DIFFERS',
          sentence: expect.stringContaining('BYOI_LEDGER_BUCKET of copy-image is theirs'),
          remedy:
            "`fn delete config function byoi copy-image BYOI_LEDGER_BUCKET`: the application's is enough.",
        },
      ],
    ],
    [
      'a configuration of more than 4 KB, with the application’s',
      deployed(
        { config: { ...CONFIG, OTHER: 'x'.repeat(2000) } },
        { 'copy-image': { config: { MORE: 'x'.repeat(2100) } } },
      ),
      undefined,
      [
        {
          code: 'FUNCTION_CONFIG_TOO_LARGE',
          sentence: expect.stringMatching(/of copy-image .* takes 4\d\d\d bytes/),
        },
      ],
    ],
    [
      'images of two versions',
      deployed({}, { 'copy-image': { image: 'r:5000/byoi/copy-image:1.1' } }),
      undefined,
      [
        {
          code: 'FUNCTION_VERSIONS_DIFFER',
          level: 'warning',
          sentence: expect.stringContaining('copy-image 1.1'),
        },
      ],
    ],
  ])('%s', async (_, found, advanceRunsFunctionId, expected) => {
    expect(await findings(found, advanceRunsFunctionId)).toMatchObject(expected);
  });
});
