import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { demoDiskOf } from '../support/fixtures.ts';

const MIB = 2 ** 20;
const DEMO = 'test/fixtures/demo-disk.qcow2';

let byoi: Deployed;
let folder: string;

beforeAll(async () => {
  byoi = await deploy();
  folder = mkdtempSync(join(tmpdir(), 'byoi-drop-'));
});
afterEach(() => byoi.cloud.faults.clear());
afterAll(async () => {
  await byoi.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** The demo's disk with some noise behind it, which no reader of qcow2 looks at. */
function disk(name: string, noise = 0): string {
  const path = join(folder, name);
  copyFileSync(DEMO, path);
  if (noise > 0) appendFileSync(path, randomBytes(noise));
  return path;
}

async function contentOf(object: string): Promise<Buffer> {
  const { ledger, dropBucket } = byoi.deployment;
  const storage = await byoi.clients.objectStorage(ASHBURN);
  const bucket = { namespaceName: ledger.namespace, bucketName: dropBucket };
  const { value } = await storage.getObject({ ...bucket, objectName: object });
  return buffer(value as ReadableStream);
}

async function objects(): Promise<string[]> {
  const { ledger, dropBucket } = byoi.deployment;
  const storage = await byoi.clients.objectStorage(ASHBURN);
  const { listObjects } = await storage.listObjects({
    namespaceName: ledger.namespace,
    bucketName: dropBucket,
  });
  return listObjects.objects.map(({ name }) => name);
}

/** How many parts of the unfinished upload are there, once those have ended that were on their way. */
async function partsThere(object: string): Promise<number> {
  const { ledger, dropBucket } = byoi.deployment;
  const storage = await byoi.clients.objectStorage(ASHBURN);
  const bucket = { namespaceName: ledger.namespace, bucketName: dropBucket };
  await sleep(600);
  const { items } = await storage.listMultipartUploads(bucket);
  const uploadId = items.find((upload) => upload.object === object)?.uploadId ?? '';
  return (await storage.listMultipartUploadParts({ ...bucket, objectName: object, uploadId })).items.length;
}

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** Counts the parts that are sent from now on; `delayMs` makes each take so long. */
function watchParts(delayMs = 0): () => number {
  byoi.cloud.faults.add({ operation: 'UploadPart', skip: 1_000_000 });
  if (delayMs > 0) byoi.cloud.faults.add({ operation: 'UploadPart', delayMs });
  const [counter] = byoi.cloud.faults.list();
  return () => counter?.seen ?? 0;
}

const runsIn = (out: string) => JSON.parse(out) as Run[];

describe('byoi drop', () => {
  test('makes a disk an image, and shows its steps', async () => {
    const { code, out, err } = await byoi.command('drop', disk('one.qcow2'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/one\.qcow2 {2}qcow2 v3, 64 MiB, PARAVIRTUALIZED, BIOS, confidence high\n/);
    expect(out).toMatch(
      /one\.qcow2 {2}uploaded .* in .*, its MD5 verified; run \w{8} begins as its event arrives\n/,
    );
    expect(out).toMatch(/us-ashburn-1 importing\n/);
    expect(out).toMatch(/SUCCEEDED {2}us-ashburn-1 ocid1\.image\./);
  });

  test('sets what a person knows better, and goes on to another region', async () => {
    const path = disk('two.qcow2');
    const settings = ['--launch-mode', 'EMULATED', '--display-name', 'Mine', '--to', PHOENIX];
    const answer = await byoi.command('drop', path, ...settings, '--output', 'json');
    expect(answer.code).toBe(0);
    expect(answer.err).toMatch(/us-phoenix-1 copying/);
    expect(runsIn(answer.out)).toMatchObject([
      {
        state: 'SUCCEEDED',
        verdict: { launchMode: 'EMULATED' },
        branches: [
          { id: ASHBURN, displayName: 'Mine' },
          { id: PHOENIX, displayName: 'Mine', step: 'done' },
        ],
      },
    ]);
  });

  test('leaves with the run’s id where nobody waits, and follows that run when the same is dropped again', async () => {
    const path = disk('three.qcow2');
    const left = await byoi.command('drop', path, '--no-wait');
    const [, id = ''] = /byoi runs watch ([a-z2-7]{26})/.exec(left.out) ?? [];
    expect(left).toMatchObject({ code: 0, err: '' });
    expect(left.out).toMatch(/^Dropped three\.qcow2: run \w+; .* follows it\.$/m);
    const again = await byoi.command('drop', path, '--output', 'json');
    expect(again.err).toContain('is there already, as oci://byoi-drop@');
    expect(runsIn(again.out)).toMatchObject([{ id, state: 'SUCCEEDED' }]);
  });

  test('overwrites other content only by force', async () => {
    const path = disk('four.qcow2');
    await byoi.command('drop', path, '--no-wait');
    appendFileSync(path, 'changed');
    const refused = await byoi.command('drop', path);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/OBJECT_EXISTS: .*four\.qcow2 is there already: it has other content/);
    const settings = await byoi.command('drop', disk('four.qcow2'), '--firmware', 'BIOS');
    expect(settings.err).toMatch(/OBJECT_EXISTS: .*the same content, with other settings/);
    appendFileSync(path, 'changed');
    const forced = await byoi.command('drop', path, '--force', '--output', 'json');
    expect(runsIn(forced.out)).toMatchObject([{ state: 'SUCCEEDED' }]);
    expect((await contentOf('four.qcow2')).equals(readFileSync(path))).toBe(true);
  });

  test('follows all of several', async () => {
    const { code, out } = await byoi.command(
      'drop',
      disk('five.qcow2'),
      disk('six.qcow2'),
      '--output',
      'json',
    );
    expect(code).toBe(0);
    expect(runsIn(out).map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  });
});

test('a drop whose event is lost goes on when the schedule has looked', async () => {
  byoi.cloud.faults.events = { lose: 1, duplicate: 0, delayMs: 0 };
  const answer = byoi.command('drop', disk('lost.qcow2'));
  await expect.poll(objects, { timeout: 20_000 }).toContain('lost.qcow2');
  await byoi.tick();
  expect(await answer).toMatchObject({ code: 0, err: '', out: expect.stringContaining('SUCCEEDED') });
});

test('byoi config check finds the deployment’s own configuration valid', async () => {
  const { code, out } = await byoi.command('config', 'check', '--output', 'json');
  expect({ code, answer: JSON.parse(out) }).toMatchObject({ code: 0, answer: { valid: true, problems: [] } });
});

describe('byoi drop uploads nothing', () => {
  const before: string[] = [];
  beforeAll(async () => before.push(...(await objects())));
  afterEach(async () => expect(await objects()).toEqual(before));

  test('that would be refused, and says the command that helps', async () => {
    const raw = join(folder, 'raw.img');
    writeFileSync(raw, Buffer.alloc(MIB, 0));
    const boot = Buffer.alloc(512);
    boot.writeUInt16BE(0x55aa, 510);
    writeFileSync(raw, Buffer.concat([boot, Buffer.alloc(MIB)]));
    const { code, out, err } = await byoi.command('drop', disk('good.qcow2'), raw);
    expect({ code, err }).toEqual({ code: 2, err: 'Nothing was uploaded.\n' });
    expect(out).toMatch(/qemu-img convert -f raw -O qcow2 raw\.img raw\.qcow2/);
  });

  test('that would only be held for a licence, unless told to', async () => {
    const path = join(folder, 'appliance.qcow2');
    writeFileSync(path, await demoDiskOf('rhel'));
    const { code, err } = await byoi.command('drop', path);
    expect(code).toBe(2);
    expect(err).toMatch(/LICENSE_NOT_ATTESTED: .*\(rhel\).*\n.*--license .*--hold/);
  });

  test.each([
    ['a name that is ignored', ['notes.txt'], /USAGE: .*notes\.txt is no image by its name/],
    [
      'an unknown destination',
      ['x.qcow2', '--to', 'eu-frankfurt-1'],
      /DESTINATION_UNKNOWN: .*eu-frankfurt-1/,
    ],
    ['another bucket', ['x.qcow2', '--bucket', 'elsewhere'], /USAGE: elsewhere is no drop bucket/],
    ['a text that no header carries', ['x.qcow2', '--display-name', 'Müller'], /USAGE: .*Müller/],
    ['a name for two', ['x.qcow2', 'y.qcow2', '--name', 'z'], /USAGE: --name is for one file/],
  ])('for %s', async (_what, [file = '', ...more], error) => {
    const others = more.filter((word) => word === 'y.qcow2').map((name) => disk(name));
    const words = more.filter((word) => word !== 'y.qcow2');
    const { code, err } = await byoi.command('drop', disk(file), ...others, ...words);
    expect(code).toBe(2);
    expect(err).toMatch(error);
  });
});

describe('two at the same time', () => {
  const drop = (path: string, ...options: string[]) =>
    byoi.command('drop', path, '--output', 'json', ...options);
  const uploadsThere = async () => ({
    state: readdirSync(join(byoi.environment.XDG_STATE_HOME ?? '', 'byoi', 'uploads')),
    unfinished: (await byoi.leftovers()).filter((found) => found.startsWith('upload')),
  });

  test.each([
    ['a small disk', 0, []],
    ['a large one', 70 * MIB, []],
    ['a large one, by force', 70 * MIB, ['--force']],
  ])(
    'of %s make one object and follow the same run; no part is sent twice',
    async (_what, noise, options) => {
      const path = disk(`both-${noise}-${options.length}.qcow2`, noise);
      const count = watchParts(100);
      const answers = await Promise.all([drop(path, ...options), drop(path, ...options)]);
      expect(answers.map(({ code }) => code)).toEqual([0, 0]);
      const [one, other] = answers.map(({ out }) => runsIn(out));
      expect(one).toMatchObject([{ state: 'SUCCEEDED', id: other?.[0]?.id }]);
      expect(count()).toBe(noise > 0 ? 5 : 0);
      if (noise > 0)
        expect(answers.map(({ err }) => err).join('')).toMatch(/waiting for another byoi \(process \d+\)/);
      expect(sha256(await contentOf(basename(path)))).toBe(sha256(readFileSync(path)));
      expect(await uploadsThere()).toEqual({ state: [], unfinished: [] });
    },
  );

  test('of different disks under one name: the first is uploaded, the second refused', async () => {
    const [first, second] = [disk('first.qcow2', 40 * MIB), disk('second.qcow2', 40 * MIB)];
    const count = watchParts(400);
    const uploading = drop(first, '--name', 'one-name.qcow2');
    await expect.poll(count, { timeout: 20_000, interval: 10 }).toBeGreaterThan(0);
    const refused = await drop(second, '--name', 'one-name.qcow2');
    expect(refused).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/OBJECT_EXISTS: .*other content/),
    });
    expect(await uploading).toMatchObject({ code: 0 });
    expect(sha256(await contentOf('one-name.qcow2'))).toBe(sha256(readFileSync(first)));
    expect(await uploadsThere()).toEqual({ state: [], unfinished: [] });
  });

  test('and the first is killed: the second goes on with its upload', async () => {
    const path = disk('heir.qcow2', 70 * MIB);
    const env = { ...process.env, ...byoi.environment };
    const start = () => spawn(process.execPath, [resolve('dist/byoi.js'), 'drop', path], { env });
    const count = watchParts();
    // Four are sent at once: the fifth is begun when one of them has come, and is at work until the first is killed.
    byoi.cloud.faults.add({ operation: 'UploadPart', skip: 4, delayMs: 20_000 });
    const killed = start();
    await expect.poll(count, { timeout: 20_000, interval: 10 }).toBeGreaterThan(4);
    const heir = start();
    const [code, said] = [once(heir, 'exit'), { text: '' }];
    heir.stdout.on('data', (chunk) => {
      said.text += chunk;
    });
    await expect
      .poll(() => said.text, { timeout: 20_000 })
      .toContain(`waiting for another byoi (process ${killed.pid})`);
    killed.kill('SIGKILL');
    byoi.cloud.faults.clear();
    expect(await code).toEqual([0, null]);
    expect(said.text).toMatch(/of it were there already/);
    expect(sha256(await contentOf('heir.qcow2'))).toBe(sha256(readFileSync(path)));
    expect(await uploadsThere()).toEqual({ state: [], unfinished: [] });
  });
});

test('what is held goes on by --hold and an attestation', async () => {
  const path = join(folder, 'held.qcow2');
  writeFileSync(path, await demoDiskOf('sles'));
  const { code, out } = await byoi.command('drop', path, '--hold', '--output', 'json');
  expect(code).toBe(2);
  const [held] = runsIn(out);
  expect(held?.state).toBe('NEEDS_LICENSE');
  const attest = ['runs', 'attest', held?.id ?? '', '--license', 'ours, BYOS 4711'];
  const attested = await byoi.command(...attest, '--output', 'json');
  expect(JSON.parse(attested.out)).toMatchObject({ id: held?.id, action: 'attest', state: 'OPEN' });
  expect(await byoi.ended(held?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
});

describe('an upload that breaks off', () => {
  const drop = (path: string) =>
    spawn(process.execPath, [resolve('dist/byoi.js'), 'drop', path, '--no-wait'], {
      env: { ...process.env, ...byoi.environment },
      stdio: 'ignore',
    });

  test('because the command is killed goes on: parts that are there are not sent again', async () => {
    const path = disk('killed.qcow2', 150 * MIB);
    const count = watchParts(400);
    const child = drop(path);
    await expect.poll(count, { timeout: 20_000, interval: 10 }).toBeGreaterThan(4);
    child.kill('SIGKILL');
    await new Promise((done) => child.once('exit', done));
    const there = await partsThere('killed.qcow2');
    // The fifth is only begun when one of the first four has come.
    expect(there).toBeGreaterThan(0);
    byoi.cloud.faults.clear();
    const sentAgain = watchParts();
    expect((await byoi.command('drop', path)).code).toBe(0);
    expect(sentAgain()).toBe(10 - there);
    expect(sha256(await contentOf('killed.qcow2'))).toBe(sha256(readFileSync(path)));
    expect(readdirSync(join(byoi.environment.XDG_STATE_HOME ?? '', 'byoi', 'uploads'))).toEqual([]);
    expect((await byoi.leftovers()).filter((found) => found.startsWith('upload'))).toEqual([]);
  });

  test('by faults that pass goes on by itself', async () => {
    byoi.cloud.faults.add({ operation: 'UploadPart', status: 500, times: 2 });
    byoi.cloud.faults.add({ operation: 'UploadPart', status: 429, times: 2 });
    byoi.cloud.faults.add({ operation: 'UploadPart', drop: true, when: 'after', times: 1 });
    byoi.cloud.faults.add({ operation: 'CommitMultipartUpload', drop: true, when: 'after', times: 1 });
    const path = disk('faults.qcow2', 40 * MIB);
    const { code, err } = await byoi.command('drop', path);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(sha256(await contentOf('faults.qcow2'))).toBe(sha256(readFileSync(path)));
  });
});
