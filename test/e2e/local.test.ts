import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openConnection } from '../../cli/connection.ts';
import { ownerOf } from '../../cli/local/owner.ts';
import { processMark } from '../../cli/local/process-mark.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'byoi-local-'));
  folder = join(parent, 'data');
});
afterEach(async () => {
  await byoi(['local', 'reset', '--force']);
  rmSync(parent, { recursive: true, force: true });
});

/** Runs the built command on the test's data folder. */
function byoi(
  argv: readonly string[],
  variables: Record<string, string> = {},
): Promise<{ status: number; out: string; err: string }> {
  const env = { ...process.env, BYOI_LOCAL_DATA_DIR: folder, ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/byoi.js', ...argv], { env }, (error, out, err) => {
      resolve({ status: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** The same, succeeding. @returns the JSON that it printed */
async function told(argv: readonly string[], variables: Record<string, string> = {}) {
  const { status, out, err } = await byoi([...argv, '--output', 'json'], variables);
  expect({ status, err: status === 0 ? '' : err }).toEqual({ status: 0, err: '' });
  return JSON.parse(out);
}

/** A connection as the variables of `byoi local env` make it. */
async function administrator() {
  const env = await told(['local', 'env']);
  const { clients, region } = await openConnection({
    configFile: env.OCI_CLI_CONFIG_FILE,
    endpoint: env.OCI_CLI_ENDPOINT,
    profile: env.OCI_CLI_PROFILE,
    auth: env.OCI_CLI_AUTH,
    output: 'table',
    debug: false,
  });
  return { clients, region, env };
}

/** Drops the demo disk and follows it as a person would, with what `byoi local env` prints. @returns its run */
async function dropAndWatch(name: string) {
  const { clients, region, env } = await administrator();
  const storage = await clients.objectStorage(region);
  const disk = readFileSync('test/fixtures/demo-disk.qcow2');
  const before = (await told(['local', 'status'])).runs.all;
  await storage.putObject({
    namespaceName: env.BYOI_LEDGER_NAMESPACE,
    bucketName: 'byoi-drop',
    objectName: name,
    putObjectBody: Readable.from([disk]),
    contentLength: disk.length,
  });
  const count = async () => (await told(['local', 'status'])).runs.all;
  await expect.poll(count, { timeout: 30_000 }).toBe(before + 1);
  expect((await byoi(['runs', 'watch'], env)).status).toBe(0);
  const runs = await told(['runs', 'list', '--all'], env);
  return runs.find(({ source }: { source: { object: string } }) => source.object === name);
}

/** Processes whose parent is this one. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const stat = readFileSync(`/proc/${child}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });
}

test('a local cloud keeps its endpoints, runs, images and objects over a stop, which ends the functions too', async () => {
  expect(await byoi(['local', 'status'])).toMatchObject({
    status: 3,
    out: expect.stringContaining('not running: never started'),
  });
  const first = await told(['local', 'start']);
  const run = await dropAndWatch('kept.qcow2');
  expect(run).toMatchObject({ state: 'SUCCEEDED', branches: [{ imageId: expect.any(String) }] });
  const functions = childrenOf(first.pid);
  expect(functions.length).toBeGreaterThan(0);

  expect(await told(['local', 'stop'])).toEqual({ running: false, stopped: first.pid });
  expect([first.pid, ...functions].map(processMark).filter(Boolean)).toEqual([]);
  expect(await told(['local', 'stop'])).toEqual({ running: false, stopped: null });
  expect(await byoi(['local', 'status'])).toMatchObject({
    status: 3,
    out: expect.stringContaining('stopped'),
  });
  expect(await byoi(['local', 'env'])).toMatchObject({
    status: 1,
    out: '',
    err: expect.stringContaining('LOCAL_NOT_RUNNING'),
  });

  const second = await told(['local', 'start']);
  expect(second).toEqual({ ...first, pid: second.pid, since: second.since });
  const again = await told(['local', 'start']);
  expect(again).toEqual(second);
  const env = await told(['local', 'env']);
  expect(await told(['runs', 'show', run.id], env)).toEqual(run);
  const status = await told(['local', 'status']);
  expect(status).toEqual({ ...second, runs: { open: 0, all: 1 } });
  const { clients, region } = await administrator();
  const { image } = await (await clients.compute(region)).getImage({ imageId: run.branches[0].imageId });
  expect(image).toMatchObject({ displayName: 'kept', lifecycleState: 'AVAILABLE' });
  const kept = { namespaceName: 'local', bucketName: 'byoi-drop', objectName: 'kept.qcow2' };
  const head = await (await clients.objectStorage(region)).headObject(kept);
  expect(head.contentLength).toBe(readFileSync('test/fixtures/demo-disk.qcow2').length);
  expect(await dropAndWatch('second.qcow2')).toMatchObject({ state: 'SUCCEEDED' });
});

test('who goes on asking a local cloud that was stopped is told to start it, and not what may be the matter with OCI', async () => {
  await told(['local', 'start']);
  const env = await told(['local', 'env']);
  await told(['local', 'stop']);
  const commands = [['runs', 'list'], ['rules', 'plan'], ['doctor']];
  const outcomes = await Promise.all(commands.map((command) => byoi(command, env)));
  for (const { status, out, err } of outcomes) {
    expect(status).toBe(1);
    expect(out + err).toContain('`byoi local start`');
    expect(out + err).not.toContain('ocistatus');
  }
});

test('on other ports than before the functions find the regions all the same', async () => {
  const first = await told(['local', 'start']);
  await told(['local', 'stop']);
  const second = await told(['local', 'start', '--port', '0']);
  expect(Object.values(second.endpoints)).not.toEqual(Object.values(first.endpoints));
  expect(await dropAndWatch('moved.qcow2')).toMatchObject({ state: 'SUCCEEDED' });
});

test('a local cloud that was killed is told from a running one, and of two starts at once one takes it up', async () => {
  const first = await told(['local', 'start']);
  await dropAndWatch('before.qcow2');
  const functions = childrenOf(first.pid);
  expect(functions.length).toBeGreaterThan(0);
  process.kill(first.pid, 'SIGKILL');
  await expect.poll(() => processMark(first.pid)).toBeUndefined();
  expect(await byoi(['local', 'status'])).toMatchObject({
    status: 3,
    out: expect.stringContaining('killed'),
  });
  const [one, other] = await Promise.all([told(['local', 'start']), told(['local', 'start'])]);
  expect(one).toEqual(other);
  expect(one.endpoints).toEqual(first.endpoints);
  // The functions that outlived it are gone, too.
  expect(functions.map(processMark).filter(Boolean)).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith('owner-'))).toHaveLength(1);
});

test('a stale record whose number is another program’s by now has nobody signalled', async () => {
  const stranger = spawn('sleep', ['60']);
  onTestFinished(() => void stranger.kill('SIGKILL'));
  await once(stranger, 'spawn');
  const first = await told(['local', 'start']);
  await told(['local', 'stop']);
  const { owner } = ownerOf(folder) ?? {};
  const stale = { ...owner, pid: stranger.pid, endedAt: null };
  const [record = ''] = readdirSync(folder).filter((name) => name.startsWith('owner-'));
  writeFileSync(join(folder, record), JSON.stringify(stale));

  expect(await told(['local', 'stop'])).toEqual({ running: false, stopped: null });
  expect((await byoi(['local', 'status'])).status).toBe(3);
  expect((await told(['local', 'start'])).endpoints).toEqual(first.endpoints);
  expect((await byoi(['local', 'reset', '--force'])).status).toBe(0);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test('in the foreground it ends at Ctrl-C', async () => {
  const env = { ...process.env, BYOI_LOCAL_DATA_DIR: folder };
  const child = spawn(process.execPath, ['dist/byoi.js', 'local', 'start', '--foreground'], { env });
  const exited = once(child, 'exit');
  const [text] = await once(child.stdout, 'data');
  expect(String(text)).toContain('Ctrl-C ends it');
  expect(await told(['local', 'status'])).toMatchObject({ pid: child.pid });
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  expect((await byoi(['local', 'status'])).status).toBe(3);
});

test('what keeps it from starting is said, and nothing is left running', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect(await byoi(['local', 'start', '--port', String(port)])).toMatchObject({
    status: 1,
    err: expect.stringMatching(new RegExp(`^error LOCAL_PORT_TAKEN: Port ${port} .*\n  .*--port 0`)),
  });
  expect((await byoi(['local', 'status'])).status).toBe(3);
  // The port that could not be had is not the one for the next time.
  await told(['local', 'start']);
  await told(['local', 'stop']);

  const stateFile = join(folder, 'local.json');
  const state = JSON.parse(readFileSync(stateFile, 'utf8'));
  writeFileSync(stateFile, JSON.stringify({ ...state, layout: 0, version: '0.0.1' }));
  expect(await byoi(['local', 'start'])).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^error LOCAL_DATA_VERSION: .* byoi 0\.0\.1, .*\n {2}.*`byoi local reset`/),
  });
});

test('a reset asks first, and leaves what is not its own', async () => {
  await told(['local', 'start']);
  expect(await byoi(['local', 'reset'])).toMatchObject({
    status: 2,
    err: expect.stringContaining('--force'),
  });
  expect((await byoi(['local', 'status'])).status).toBe(0);
  writeFileSync(join(folder, 'mine.txt'), 'x');
  expect(await told(['local', 'reset', '--force'])).toEqual({ removed: folder });
  expect(readdirSync(folder)).toEqual(['mine.txt']);
  expect(await byoi(['local', 'start'])).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^error LOCAL_DATA_FOLDER: .*mine\.txt/),
  });
  expect(await told(['local', 'reset', '--force'])).toEqual({ removed: null });
  rmSync(join(folder, 'mine.txt'));
  mkdirSync(join(folder, 'cloud'));
  writeFileSync(join(folder, 'cloud', 'mine.txt'), 'x');
  expect((await byoi(['local', 'start'])).err).toContain('LOCAL_DATA_FOLDER');
  expect(await told(['local', 'reset', '--force'])).toEqual({ removed: null });
  expect(existsSync(join(folder, 'cloud', 'mine.txt'))).toBe(true);
});
