import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFileAuthenticationDetailsProvider } from 'oci-common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasChecksum } from '../../cli/upload/checksum.ts';
import { openLocalFile } from '../../cli/upload/local-file.ts';
import { openUploadRecords } from '../../cli/upload/records.ts';
import { uploadFile } from '../../cli/upload/upload-file.ts';
import { NO_DEADLINE } from '../../shared/deadline.ts';
import { connect } from '../../shared/oci/clients.ts';
import { createSigner } from '../../shared/oci/signer.ts';
import { ASHBURN, PHOENIX, startCloud } from '../support/cloud.ts';
import { ociCli } from '../support/oci-cli.ts';

/** Above the CLI's limit for a single put (128 MiB), so that it uploads in parts. */
const DISK_BYTES = 300_000_000;

let cloud: Awaited<ReturnType<typeof startCloud>>;
let oci: ReturnType<typeof ociCli>;
let folder: string;
let disk: string;
beforeAll(async () => {
  cloud = await startCloud();
  oci = ociCli(cloud);
  folder = mkdtempSync(join(tmpdir(), 'byoi-cli-'));
  disk = join(folder, 'disk.raw');
  const block = randomBytes(1_000_000);
  for (let written = 0; written < DISK_BYTES; written += block.length) {
    block.writeUInt32BE(written);
    writeFileSync(disk, block, { flag: 'a' });
  }
  for (const region of [ASHBURN, PHOENIX])
    await oci(['os', 'bucket', 'create', '--name', 'disks', '-c', cloud.tenancy.id], region);
});
afterAll(async () => {
  await cloud.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

test('the CLI finds the namespace, and makes, changes, lists and deletes buckets', async () => {
  expect(await oci(['os', 'ns', 'get'])).toMatchObject({ data: cloud.tenancy.namespace });
  const compartment = ['-c', cloud.tenancy.id];
  await oci(['os', 'bucket', 'create', '--name', 'cli', ...compartment]);
  const updated = await oci(['os', 'bucket', 'update', '--name', 'cli', '--object-events-enabled', 'true']);
  expect(updated.data).toMatchObject({ name: 'cli', 'object-events-enabled': true });
  const { data } = await oci<{ name: string }[]>(['os', 'bucket', 'list', ...compartment]);
  expect(data.map(({ name }) => name)).toEqual(['cli', 'disks']);
  const fields = ['--fields', 'approximateCount', '--fields', 'approximateSize'];
  const got = await oci(['os', 'bucket', 'get', '--name', 'cli', ...fields]);
  expect(got.data).toMatchObject({ 'approximate-count': 0, 'approximate-size': 0 });
  await oci(['os', 'bucket', 'delete', '--name', 'cli', '--force']);
  await expect(oci(['os', 'bucket', 'get', '--name', 'cli'])).rejects.toThrow('BucketNotFound');
});

test('the CLI puts 300 MB in parts, and gets it back whole and by range', async () => {
  const object = ['-bn', 'disks', '--name', 'images/disk.raw'];
  const metadata = ['--metadata', '{"byoi-launch-mode":"NATIVE"}'];
  const put = await oci([
    'os',
    'object',
    'put',
    '-bn',
    'disks',
    '--name',
    'images/disk.raw',
    '--file',
    disk,
    ...metadata,
  ]);
  expect(put['opc-multipart-md5']).toMatch(/-\d+$/);
  // byoi knows a file again that the CLI uploaded in parts of its own size.
  const file = await openLocalFile(disk);
  expect(await hasChecksum(file, put['opc-multipart-md5'], 2 ** 24)).toBe(true);
  await file.close();

  const head = await oci(['os', 'object', 'head', ...object]);
  expect(head).toMatchObject({ 'content-length': String(DISK_BYTES), 'opc-meta-byoi-launch-mode': 'NATIVE' });

  const whole = join(folder, 'whole');
  await oci(['os', 'object', 'get', ...object, '--file', whole]);
  expect(await sha256(whole)).toBe(await sha256(disk));

  const piece = join(folder, 'piece');
  await oci(['os', 'object', 'get', ...object, '--file', piece, '--range', 'bytes=134217720-134217740']);
  const expected = readFileSync(disk).subarray(134_217_720, 134_217_741);
  expect(readFileSync(piece).equals(expected)).toBe(true);

  const { data, prefixes } = await oci<undefined>([
    'os',
    'object',
    'list',
    '-bn',
    'disks',
    '--delimiter',
    '/',
  ]);
  expect([data, prefixes]).toEqual([undefined, ['images/']]);
  const listed = await oci<object[]>(['os', 'object', 'list', '-bn', 'disks', '--prefix', 'images/']);
  expect(listed.data).toMatchObject([{ name: 'images/disk.raw', size: DISK_BYTES, etag: put.etag }]);
});

test('the CLI lists an upload of byoi that broke off, and goes on with it: parts that are there are not sent again', async () => {
  const signer = createSigner(new ConfigFileAuthenticationDetailsProvider(cloud.configFile, 'DEFAULT'));
  const clients = connect(signer, NO_DEADLINE, { [ASHBURN]: cloud.region(ASHBURN)?.endpoint ?? '' });
  const address = {
    region: ASHBURN,
    namespace: cloud.tenancy.namespace,
    bucket: 'disks',
    object: 'broken.raw',
  };
  const records = openUploadRecords(join(folder, 'state'));
  const file = await openLocalFile(disk);
  cloud.faults.add({ operation: 'UploadPart', skip: 6, times: 1, status: 403 });
  await expect(uploadFile(clients, address, file, { records })).rejects.toThrow('UploadPart');
  cloud.faults.clear();
  await file.close();

  const { data } = await oci<Record<string, string>[]>(['os', 'multipart', 'list', '-bn', 'disks']);
  const uploadId = (await records.read(address))?.uploadId ?? '';
  expect(data).toMatchObject([{ object: 'broken.raw', 'upload-id': uploadId }]);
  cloud.faults.add({ operation: 'UploadPart', skip: 1_000_000 });
  const storage = await clients.objectStorage(ASHBURN);
  const upload = {
    namespaceName: address.namespace,
    bucketName: 'disks',
    objectName: 'broken.raw',
    uploadId,
  };
  const there = (await storage.listMultipartUploadParts(upload)).items.length;
  const resume = ['os', 'object', 'resume-put', '-bn', 'disks', '--name', 'broken.raw', '--file', disk];
  const done = await oci([...resume, '--upload-id', uploadId, '--part-size', '16']);
  expect(there).toBeGreaterThan(2);
  expect(cloud.faults.list()[0]?.seen).toBe(Math.ceil(DISK_BYTES / 2 ** 24) - there);
  cloud.faults.clear();

  const arrived = join(folder, 'broken');
  await oci(['os', 'object', 'get', '-bn', 'disks', '--name', 'broken.raw', '--file', arrived]);
  expect(await sha256(arrived)).toBe(await sha256(disk));
  const same = await openLocalFile(disk);
  expect(await hasChecksum(same, done['opc-multipart-md5'], 2 ** 24)).toBe(true);
  await same.close();
  await oci(['os', 'object', 'delete', '-bn', 'disks', '--name', 'broken.raw', '--force']);
});

test('the CLI’s conditional put is refused, and goes through with the ETag that is there', async () => {
  const put = (...more: string[]) =>
    oci([
      'os',
      'object',
      'put',
      '-bn',
      'disks',
      '--name',
      'once',
      '--file',
      disk,
      '--no-multipart',
      '--force',
      ...more,
    ]);
  const { etag } = await put();
  await expect(put('--if-match', 'another')).rejects.toThrow('IfMatchFailed');
  expect((await put('--if-match', etag)).etag).not.toBe(etag);
});

test('a PAR made by the CLI opens the object to anyone, until the CLI deletes it', async () => {
  const small = join(folder, 'small');
  writeFileSync(small, 'shared content');
  await oci(['os', 'object', 'put', '-bn', 'disks', '--name', 'a b.txt', '--file', small]);
  const expiry = new Date(Date.now() + 3_600_000).toISOString();
  const made = await oci<{ id: string; 'full-path': string }>(
    [
      'os',
      'preauth-request',
      'create',
      '-bn',
      'disks',
      '--name',
      'share',
      '--access-type',
      'ObjectRead',
    ].concat(['-on', 'a b.txt', '--time-expires', expiry]),
  );
  const url = made.data['full-path'];
  expect(await (await fetch(url)).text()).toBe('shared content');
  const { data } = await oci<{ name: string }[]>(['os', 'preauth-request', 'list', '-bn', 'disks']);
  expect(data.map(({ name }) => name)).toEqual(['share']);
  const par = ['-bn', 'disks', '--par-id', made.data.id];
  expect((await oci(['os', 'preauth-request', 'get', ...par])).data).toMatchObject({
    'object-name': 'a b.txt',
  });
  await oci(['os', 'preauth-request', 'delete', ...par, '--force']);
  expect((await fetch(url)).status).toBe(404);
});

test('the CLI copies to another region once the policy is there, and follows the work request to COMPLETED', async () => {
  const copy = ['os', 'object', 'copy', '-bn', 'disks', '--source-object-name', 'images/disk.raw'].concat([
    '--destination-region',
    PHOENIX,
    '--destination-bucket',
    'disks',
  ]);
  await expect(oci(copy)).rejects.toThrow('InsufficientServicePermissions');
  cloud.identity.addPolicy('copies', cloud.tenancy.id, [
    `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`,
  ]);
  const { 'opc-work-request-id': id } = await oci(copy);
  const status = async () =>
    (await oci<{ status: string }>(['os', 'work-request', 'get', '--work-request-id', id])).data.status;
  await expect.poll(status, { timeout: 60_000, interval: 500 }).toBe('COMPLETED');
  const works = await oci<object[]>(['os', 'work-request', 'list', '-c', cloud.tenancy.id]);
  expect(works.data[0]).toMatchObject({ id, 'operation-type': 'COPY_OBJECT' });
  const arrived = join(folder, 'arrived');
  const get = ['os', 'object', 'get', '-bn', 'disks', '--name', 'images/disk.raw', '--file', arrived];
  await oci(get, PHOENIX);
  expect(await sha256(arrived)).toBe(await sha256(disk));
  expect(statSync(arrived).size).toBe(DISK_BYTES);
});

test('the CLI renames and deletes objects', async () => {
  const rename = ['os', 'object', 'rename', '-bn', 'disks', '--source-name', 'images/disk.raw'];
  await oci([...rename, '--new-name', 'renamed']);
  await oci(['os', 'object', 'delete', '-bn', 'disks', '--name', 'renamed', '--force']);
  const gone = oci(['os', 'object', 'delete', '-bn', 'disks', '--name', 'renamed', '--force']);
  await expect(gone).rejects.toThrow('ObjectNotFound');
});
