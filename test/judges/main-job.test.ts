import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Deployed, deploy } from '../support/deployment.ts';
import { ociCli } from '../support/oci-cli.ts';
import { run } from '../support/programs.ts';

/** Above the CLI's limit for a single put (128 MiB), and content that no image format makes smaller. */
const LARGE_BYTES = 300_000_000;
const CHUNK_BYTES = 50_000_000;
const EMULATED = ['--metadata', '{"byoi-launch-mode":"EMULATED"}'];

interface CliImage {
  readonly id: string;
  readonly 'display-name': string;
  readonly 'launch-mode': string;
  readonly 'launch-options': Record<string, unknown>;
  readonly 'freeform-tags': Record<string, string>;
}

let byoi: Deployed;
let oci: ReturnType<typeof ociCli>;
let compartment: string[];
let folder: string;
let disk: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'byoi-main-job-'));
  byoi = await deploy();
  oci = ociCli(byoi.cloud);
  compartment = ['-c', byoi.deployment.compartmentId];
  disk = join(folder, 'web.qcow2');
  run('qemu-utils', ['qemu-img', 'convert', '-O', 'qcow2', 'test/fixtures/demo-disk.qcow2', disk]);
});
afterAll(async () => {
  await byoi.remove();
  rmSync(folder, { recursive: true, force: true });
});

function drop(name: string, file: string, ...more: string[]) {
  return oci(['os', 'object', 'put', '-bn', 'byoi-drop', '--name', name, '--file', file, ...more]);
}

/** Waits until the CLI lists an AVAILABLE image of this name, and only one. */
async function imageCalled(name: string): Promise<CliImage> {
  const list = ['compute', 'image', 'list', ...compartment, '--display-name', name];
  const available = async () =>
    (await oci<CliImage[] | undefined>([...list, '--lifecycle-state', 'AVAILABLE'])).data ?? [];
  await expect.poll(available, { timeout: 60_000, interval: 500 }).toHaveLength(1);
  const [image] = await available();
  const { data } = await oci<CliImage>(['compute', 'image', 'get', '--image-id', image?.id ?? '']);
  return data;
}

async function notified(image: CliImage): Promise<unknown> {
  const told = async () =>
    (await byoi.notifications()).filter(({ run }) => run === image['freeform-tags']['byoi-run']);
  await expect.poll(told).toHaveLength(1);
  return (await told())[0];
}

/** Waits for the end of a Compute work request. @returns its status and what it was about */
async function ended(id: string) {
  const get = async () =>
    (
      await oci<{ status: string; resources: object[] }>([
        ...['work-requests', 'work-request', 'get', '--work-request-id', id],
      ])
    ).data;
  const status = async () => (await get()).status;
  await expect.poll(status, { timeout: 60_000, interval: 500 }).toMatch(/SUCCEEDED|FAILED|CANCELED/);
  return get();
}

test('a qcow2 that the CLI drops becomes an image with the verdict in its tags, and a notification', async () => {
  await drop('images/web.qcow2', disk);
  const image = await imageCalled('web');
  expect(image).toMatchObject({
    'launch-mode': 'PARAVIRTUALIZED',
    'launch-options': { firmware: 'BIOS', 'boot-volume-type': 'PARAVIRTUALIZED' },
    'freeform-tags': {
      'byoi-run': expect.any(String),
      'byoi-launch-mode': 'PARAVIRTUALIZED',
      'byoi-firmware': 'BIOS',
      'byoi-source': 'byoi-drop/images/web.qcow2',
    },
  });
  expect(await notified(image)).toMatchObject({ state: 'SUCCEEDED', images: [{ imageId: image.id }] });
  const pars = await oci<object[] | undefined>(['os', 'preauth-request', 'list', '-bn', 'byoi-drop']);
  expect(pars.data ?? []).toEqual([]);
});

test('the launch mode that the CLI sets as the object’s metadata wins', async () => {
  await drop('old.qcow2', disk, ...EMULATED);
  const image = await imageCalled('old');
  expect(image).toMatchObject({
    'launch-mode': 'EMULATED',
    'launch-options': { 'network-type': 'E1000' },
    'freeform-tags': { 'byoi-launch-mode': 'EMULATED' },
  });
});

test('a disk of 300 MB that the CLI uploads in parts becomes an image, as its work request says', async () => {
  const raw = join(folder, 'large.raw');
  run('qemu-utils', ['qemu-img', 'convert', '-O', 'raw', disk, raw]);
  for (let added = 0; added < LARGE_BYTES; added += CHUNK_BYTES)
    appendFileSync(raw, randomBytes(CHUNK_BYTES));
  const large = join(folder, 'large.qcow2');
  run('qemu-utils', ['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, large]);
  expect(statSync(large).size).toBeGreaterThan(LARGE_BYTES);

  const put = await drop('large.qcow2', large);
  expect(put['opc-multipart-md5']).toMatch(/-\d+$/);
  const { id } = await imageCalled('large');
  const works = await oci<{ id: string }[]>([
    ...['work-requests', 'work-request', 'list', ...compartment, '--resource-id', id],
  ]);
  expect(works.data).toHaveLength(1);
  expect(await ended(works.data[0]?.id ?? '')).toMatchObject({
    status: 'SUCCEEDED',
    'percent-complete': 100,
    resources: [{ 'entity-type': 'image', 'action-type': 'CREATED', identifier: id }],
  });
});

test('an archive that the CLI exports and drops again becomes an image with the same launch options', async () => {
  await drop('legacy.qcow2', disk, ...EMULATED);
  const legacy = await imageCalled('legacy');
  await oci(['os', 'bucket', 'create', '--name', 'exports', ...compartment]);
  const started = await oci<CliImage>([
    ...['compute', 'image', 'export', 'to-object', '--image-id', legacy.id, '--namespace', 'local'],
    ...['--bucket-name', 'exports', '--name', 'legacy.oci', '--export-format', 'OCI'],
  ]);
  expect(await ended(started['opc-work-request-id'])).toMatchObject({ status: 'SUCCEEDED' });
  const archive = join(folder, 'again.oci');
  await oci(['os', 'object', 'get', '-bn', 'exports', '--name', 'legacy.oci', '--file', archive]);
  run('tar', ['tar', '-xf', archive, '-C', folder]);
  expect(JSON.parse(readFileSync(join(folder, 'image_metadata.json'), 'utf8'))).toMatchObject({
    externalLaunchOptions: { launchOptionsSource: 'EMULATED' },
  });

  await drop('again.oci', archive);
  const again = await imageCalled('again');
  expect(again['freeform-tags']).toMatchObject({ 'byoi-confidence': 'certain' });
  expect([again['launch-mode'], again['launch-options']]).toEqual([
    legacy['launch-mode'],
    legacy['launch-options'],
  ]);
});

test('with every event lost, the CLI’s call of advance-runs with a tick finds the dropped disk', async () => {
  onTestFinished(async () => void (await byoi.control('DELETE', 'faults')));
  await byoi.control('POST', 'faults', { events: { lose: 1 } });
  await drop('unheard.qcow2', disk);
  const invoke = ['fn', 'function', 'invoke', '--file', '-', '--body', '{"byoi":"tick"}'];
  const answer = await oci([...invoke, '--function-id', byoi.deployment.functionIds['advance-runs'] ?? '']);
  expect(answer).toMatchObject({ found: 1 });
  const image = await imageCalled('unheard');
  expect(await notified(image)).toMatchObject({ state: 'SUCCEEDED' });
});

test('the CLI lists the rules that start the functions', async () => {
  const { data } = await oci<{ 'display-name': string; condition: string; 'is-enabled': boolean }[]>([
    ...['events', 'rule', 'list', ...compartment],
  ]);
  const rules = Object.fromEntries(data.map((rule) => [rule['display-name'], JSON.parse(rule.condition)]));
  expect(rules).toMatchObject({
    'byoi-import-image': { data: { additionalDetails: { bucketName: ['byoi-drop'] } } },
    'byoi-advance-runs': { eventType: ['com.oraclecloud.computeapi.createimage.end'] },
  });
  expect(Object.keys(rules)).toHaveLength(6);
  expect(data.every((rule) => rule['is-enabled'])).toBe(true);
});
