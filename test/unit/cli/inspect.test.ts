import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { runProgram } from '../../../cli/program.ts';
import { ASHBURN, startCloud } from '../../support/cloud.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';
import { objectStorageOf } from '../../support/object-storage.ts';
import { recordingIo } from '../../support/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-inspect-'));
const path = join(folder, 'disk.qcow2');
const importable = buildQcow2(bootable());
let cloud: Awaited<ReturnType<typeof startCloud>>;

/** A MiB with boot code and one active Linux partition in its master boot record. */
function bootable(): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  disk.write('boot code', 0);
  disk.set([0x80, 0, 2, 0, 0x83, 0, 0, 0], 446);
  disk.writeUInt32LE(64, 454);
  disk.writeUInt32LE(1024, 458);
  disk.writeUInt16BE(0x55aa, 510);
  return disk;
}

beforeAll(async () => {
  writeFileSync(path, importable);
  cloud = await startCloud();
  const storage = objectStorageOf(cloud);
  await storage.createBucket('drop');
  await storage.put('drop', 'folder/disk.qcow2', importable, { opcMeta: { 'byoi-launch-mode': 'emulated' } });
});

beforeEach(() => {
  vi.stubEnv('OCI_CLI_CONFIG_FILE', cloud.configFile);
  vi.stubEnv('BYOI_ENDPOINTS', JSON.stringify({ [ASHBURN]: cloud.region(ASHBURN)?.endpoint }));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await cloud.remove();
  rmSync(folder, { recursive: true });
});

async function inspect(...argv: string[]) {
  const io = recordingIo();
  const status = await runProgram(['inspect', ...argv], io);
  return { status, out: io.out.written(), err: io.err.written() };
}

test('a file that can be imported gives its verdict and exit status 0', async () => {
  const { status, out } = await inspect(path);
  expect(status).toBe(0);
  expect(out).toMatch(/^disk\.qcow2 {2}can be imported\n +Image +qcow2 v3, 1 MiB virtual disk\n/);
  expect(JSON.parse((await inspect(path, '--output', 'json')).out)).toMatchObject({
    format: 'qcow2',
    virtualSize: 2 ** 20,
  });
});

test('an image that is refused gives its reasons and exit status 2', async () => {
  const garbage = join(folder, 'garbage.img');
  writeFileSync(garbage, 'no image');
  const { status, out } = await inspect(garbage);
  expect(status).toBe(2);
  expect(out).toMatch(/^garbage\.img {2}refused\n/);
  expect(out).toContain('refused FORMAT_UNKNOWN');
});

test('a file that is not there, and a directory, give an error naming it and exit status 1', async () => {
  expect(await inspect(join(folder, 'none.qcow2'))).toMatchObject({
    status: 1,
    out: '',
    err: expect.stringMatching(/^error FILE_UNREADABLE: .*none\.qcow2 .*no such file/),
  });
  expect(await inspect(folder)).toMatchObject({
    status: 1,
    out: '',
    err: expect.stringMatching(/^error FILE_UNREADABLE: .*not a regular file/),
  });
});

test('an object is read with the settings on it, as when it is dropped', async () => {
  for (const namespace of ['', `@${cloud.tenancy.namespace}`]) {
    const { status, out } = await inspect(`oci://drop${namespace}/folder/disk.qcow2`, '--output', 'json');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: 'qcow2', launchMode: 'EMULATED' });
  }
});

test('an object that is not there, and an address of none, are told apart', async () => {
  expect(await inspect('oci://drop/none')).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^error OBJECT_NOT_FOUND/),
  });
  expect(await inspect('oci://drop')).toMatchObject({
    status: 2,
    err: expect.stringMatching(/^error USAGE/),
  });
});

test('a URL is read by ranges, and neither it nor its secret is printed', async () => {
  const storage = objectStorageOf(cloud);
  const { preauthenticatedRequest } = await storage.sdk.createPreauthenticatedRequest({
    namespaceName: storage.namespaceName,
    bucketName: 'drop',
    createPreauthenticatedRequestDetails: {
      name: 'one',
      objectName: 'folder/disk.qcow2',
      accessType: 'ObjectRead' as never,
      timeExpires: new Date(Date.now() + 60_000),
    },
  });
  const { accessUri } = preauthenticatedRequest;
  const secret = accessUri.split('/')[2] ?? '';
  const endpoint = cloud.region(ASHBURN)?.endpoint;
  const read = await inspect(`${endpoint}${accessUri}`);
  expect(read).toMatchObject({ status: 0, out: expect.stringMatching(/^disk\.qcow2 {2}can be imported/) });
  const missing = await inspect(`${endpoint}${accessUri}x`, '--debug');
  expect(missing).toMatchObject({ status: 1, err: expect.stringMatching(/^error SOURCE_UNAVAILABLE/) });
  expect(secret.length).toBeGreaterThan(20);
  expect(read.out + missing.err).not.toContain(secret);
});
