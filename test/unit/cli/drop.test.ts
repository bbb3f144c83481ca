import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { destinationsOf } from '../../../cli/destination-checks.ts';
import { checkNames, dropBucketOf, metadataOf, nameFiles } from '../../../cli/drop-checks.ts';
import { RefusedError, UsageError } from '../../../cli/errors.ts';
import { followRuns } from '../../../cli/handlers/watch-runs.ts';
import { startProgress } from '../../../cli/progress.ts';
import { noRunYet, noticeAfter } from '../../../cli/run-notice.ts';
import { parseOverrides } from '../../../shared/launch/overrides.ts';
import { OciServiceError } from '../../../shared/oci/errors.ts';
import type { Deployment } from '../../../shared/runtime/deployment.ts';
import { A_CONFIG } from '../../support/fake-oci.ts';
import { aBranch, aRun } from '../../support/runs.ts';
import { recordingTerminal } from '../../support/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-drop-'));
const at = (name: string) => join(folder, name);

beforeAll(() => {
  for (const name of ['a', 'b']) mkdirSync(at(name));
  for (const name of ['a/disk.qcow2', 'b/disk.qcow2', 'notes.txt']) writeFileSync(at(name), 'x');
});
afterAll(() => rmSync(folder, { recursive: true }));

const deployment = {
  config: {
    ...A_CONFIG,
    dropBuckets: ['drop', 'second'],
    destinations: [{ region: 'us-phoenix-1', bucket: 'copies' }],
  },
  ledger: { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' },
} as unknown as Deployment;

describe('names', () => {
  test('are the files’ own, or the one that is given', () => {
    expect(nameFiles([at('a/disk.qcow2')])).toEqual([{ path: at('a/disk.qcow2'), object: 'disk.qcow2' }]);
    expect(nameFiles([at('a/disk.qcow2')], 'images/x')[0]?.object).toBe('images/x');
    expect(() => nameFiles([at('a/disk.qcow2'), at('notes.txt')], 'x')).toThrow('--name');
    expect(() => nameFiles([at('a/disk.qcow2'), at('b/disk.qcow2')])).toThrow('called disk.qcow2');
  });

  test('that Object Storage does not have are told before anything is read', () => {
    for (const name of ['', 'a\nb', 'a\rb', 'é'.repeat(513)])
      expect(() => nameFiles([at('a/disk.qcow2')], name)).toThrow('No object can be called');
    expect(nameFiles([at('a/disk.qcow2')], 'é'.repeat(512))).toHaveLength(1);
  });

  test('that start no run are told: ignored ones, and those of what runs make', () => {
    const check = (object: string) => () => checkNames([{ path: 'p', object }], ['*.txt']);
    expect(check('notes.TXT')).toThrow('p (as notes.TXT) is no image by its name');
    expect(check(`byoi/${'a'.repeat(26)}/disk.oci`)).toThrow('is no image by its name');
    expect(check('byoi/disk.qcow2')).not.toThrow();
  });
});

test('the drop bucket is the first, or one of the others', () => {
  expect(dropBucketOf(deployment, undefined)).toBe('drop');
  expect(dropBucketOf(deployment, 'second')).toBe('second');
  expect(() => dropBucketOf(deployment, 'third')).toThrow('no drop bucket');
});

describe('destinations', () => {
  test('are known, or where an image is made anyway; each is there once, by one name', () => {
    const given = ['us-phoenix-1, us-ashburn-1', 'us-phoenix-1@ns'];
    expect(destinationsOf(deployment, given, 'copy', 'us-ashburn-1')).toEqual([
      'us-phoenix-1',
      'us-ashburn-1',
    ]);
  });

  test('that are not known are refused, with those that are', () => {
    for (const id of ['eu-frankfurt-1', 'us-phoenix-1@theirs', 'nonsense', 'us-ashburn-1']) {
      const asked = () => destinationsOf(deployment, ['us-phoenix-1', id], 'copy');
      expect(asked).toThrow(`config.json has no destination ${id}; it has us-phoenix-1.`);
      expect(asked).toThrow(RefusedError);
    }
  });

  test('need not be known where nothing is copied, but for another tenancy', () => {
    expect(destinationsOf(deployment, ['eu-frankfurt-1'], 'direct')).toEqual(['eu-frankfurt-1']);
    expect(() => destinationsOf(deployment, ['us-phoenix-1@theirs'], 'direct')).toThrow('no destination');
  });

  test('are at least one', () => {
    expect(() => destinationsOf(deployment, [' ', ''], 'copy')).toThrow(UsageError);
  });
});

describe('settings', () => {
  const text = fc
    .string({ minLength: 1, maxLength: 255, unit: 'grapheme-ascii' })
    .filter((value) => value.trim() !== '');

  test('are what the function reads of the object’s metadata', () => {
    fc.assert(
      fc.property(text, text, (license, displayName) => {
        const metadata = metadataOf({
          license,
          displayName,
          launchMode: 'EMULATED',
          architecture: 'aarch64',
        });
        const read = parseOverrides(metadata);
        expect(read).toMatchObject({
          license: license.trim(),
          displayName: displayName.trim(),
          problems: [],
        });
        expect(read.overrides).toMatchObject({ launchMode: 'EMULATED', architecture: 'aarch64' });
      }),
    );
  });

  test('are all known to the function', () => {
    const all = {
      launchMode: 'NATIVE',
      firmware: 'BIOS',
      architecture: 'x86_64',
      os: 'Debian',
      osVersion: '12',
    };
    const metadata = metadataOf({ ...all, displayName: 'x', license: 'y', to: ['us-phoenix-1', 'a,b'] });
    expect(Object.keys(metadata)).toHaveLength(8);
    expect(parseOverrides(metadata).problems).toEqual([]);
    expect(metadata['opc-meta-byoi-replicate-to']).toBe('us-phoenix-1, a, b');
  });

  test.each(['', '  ', 'Müller', 'a\nb', '\u001b[2J'])('that no header carries are told: %j', (os) => {
    expect(() => metadataOf({ os })).toThrow('cannot be metadata');
  });
});

const ENDED = aRun({ state: 'SUCCEEDED', branches: [aBranch({ step: 'done', par: null })] });

test('a run that no event has opened yet is waited for, and told once, after a while', async () => {
  const looks: string[][] = [];
  let left = 5;
  const told: { text: string; looks: number }[] = [];
  const tell = noticeAfter(30, (ids) => told.push({ text: noRunYet(ids), looks: looks.length }));
  const notice = (ids: readonly string[]) => {
    looks.push([...ids]);
    tell(ids);
  };
  // It is opened a few looks after that was told.
  const get = async () => {
    if (told.length > 0) left -= 1;
    return left < 0 ? { value: ENDED, eTag: 'e' } : undefined;
  };
  const progress = startProgress(recordingTerminal());
  expect(await followRuns({ get }, [ENDED.id], progress, 5, { missing: notice })).toEqual([ENDED]);
  expect(looks.length).toBe((told[0]?.looks ?? 0) + 5);
  expect(told).toEqual([
    {
      text: expect.stringMatching(/No event has opened the run \w{26} yet\.\n.*every hour.*\n.*rules/),
      looks: expect.any(Number),
    },
  ]);
  expect(told[0]?.looks).toBeGreaterThan(1);
});

test('an answer that does not come is asked for again while a run is followed', async () => {
  let asked = 0;
  const get = async () => {
    asked += 1;
    if (asked === 1) throw new OciServiceError('GetObject', 0, 'ECONNRESET', 'gone', null);
    return { value: ENDED, eTag: 'e' };
  };
  const progress = startProgress(recordingTerminal());
  expect(await followRuns({ get }, [ENDED.id], progress, 1)).toEqual([ENDED]);
  const refuse = async () => {
    throw new OciServiceError('GetObject', 401, 'NotAuthenticated', 'no', null);
  };
  await expect(followRuns({ get: refuse }, [ENDED.id], progress, 1)).rejects.toThrow('NotAuthenticated');
});
