import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkValue } from '../../../cli/handlers/config-check.ts';
import { runProgram } from '../../../cli/program.ts';
import { recordingIo } from '../../support/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const VALID = {
  compartmentId: 'ocid1.compartment.oc1..a',
  dropBuckets: ['drop'],
  advanceRunsFunctionId: 'ocid1.fnfunc.oc1.iad.a',
};
const LEDGER = { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' };
const DESTINATIONS = [{ region: 'us-phoenix-1', bucket: 'copies' }];

async function check(content: string, ...more: string[]) {
  const path = join(folder, 'config.json');
  writeFileSync(path, content);
  const io = recordingIo();
  const status = await runProgram(['config', 'check', path, ...more], io);
  return { status, out: io.out.written(), err: io.err.written() };
}

test('what is right says so, with the keys that are left out', async () => {
  const { status, out } = await check(JSON.stringify(VALID));
  expect(status).toBe(0);
  expect(out).toMatch(
    /config\.json {2}valid\n {2}left at their defaults: notificationTopicId, ignoreNames, /,
  );
});

test('everything that is wrong is named, each with its key', async () => {
  const wrong = { ...VALID, compartmentId: 'mine', pollMaxSeconds: 0, dropBucket: 'drop' };
  const { status, out } = await check(
    JSON.stringify({ ...wrong, exportBuckets: [{ region: 'x', bucket: 'b' }] }),
  );
  expect(status).toBe(2);
  expect(out).toContain('not valid\n');
  for (const key of ['compartmentId: ', 'pollMaxSeconds: ', 'exportBuckets.0.region: ', '"dropBucket"'])
    expect(out).toContain(key);
});

test('a key that is missing is said to be missing, and one of the wrong kind what it must be', () => {
  expect(checkValue({ compartmentId: 'mine', destinations: [{ region: 'us-phoenix-1' }] }, LEDGER)).toEqual({
    problems: [
      'compartmentId: Invalid string: must be the OCID of a compartment.',
      'dropBuckets: it is missing.',
      'advanceRunsFunctionId: it is missing.',
      'destinations.0.bucket: it is missing.',
    ],
    defaults: [],
  });
  expect(checkValue({}, LEDGER).problems[0]).toBe('compartmentId: it is missing.');
});

test('the rules between keys are looked at, too: buckets and destinations', () => {
  const { problems } = checkValue(
    {
      ...VALID,
      dropBuckets: ['drop', 'drop', 'ledger'],
      destinations: DESTINATIONS,
      replicateDropsTo: ['us-phoenix-1', 'us-ashburn-1', 'eu-frankfurt-1'],
      replicateExportsTo: ['us-phoenix-1@theirs'],
    },
    LEDGER,
  );
  expect(problems).toEqual([
    'the bucket drop in us-ashburn-1 is named for more than one thing.',
    'the bucket ledger in us-ashburn-1 is named for more than one thing.',
    'replicateDropsTo: config.json has no destination eu-frankfurt-1; it has us-phoenix-1.',
    'replicateExportsTo: config.json has no destination us-phoenix-1@theirs; it has us-phoenix-1.',
  ]);
});

test('what needs no bucket is no unknown destination', () => {
  const config = { ...VALID, strategy: 'direct', replicateDropsTo: ['eu-frankfurt-1'] };
  expect(checkValue(config, LEDGER).problems).toEqual([]);
});

test('the region of a file’s ledger is as the options say', async () => {
  const config = { ...VALID, exportBuckets: [{ region: 'us-ashburn-1', bucket: 'drop' }] };
  expect((await check(JSON.stringify(config))).status).toBe(0);
  const { status, out } = await check(JSON.stringify(config), '--region', 'us-ashburn-1');
  expect(status).toBe(2);
  expect(out).toContain('the bucket drop in us-ashburn-1');
});

test('what is no JSON, and no file, is told apart', async () => {
  const { status, out } = await check('{"a": \u001b}', '--output', 'json');
  expect(status).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    valid: false,
    problems: [expect.stringMatching(/not valid JSON/)],
  });
  const io = recordingIo();
  expect(await runProgram(['config', 'check', join(folder, 'none.json')], io)).toBe(1);
  expect(io.err.written()).toMatch(/^error FILE_UNREADABLE: .*none\.json cannot be read: no such file/);
});
