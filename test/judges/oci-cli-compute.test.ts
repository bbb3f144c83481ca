import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCloud } from '../support/cloud.ts';
import { patternDisk } from '../support/images/disk.ts';
import { buildQcow2 } from '../support/images/qcow2.ts';
import { ociCli } from '../support/oci-cli.ts';
import { run } from '../support/programs.ts';

interface CliImage {
  id: string;
  'lifecycle-state': string;
  'display-name': string;
  'launch-options': Record<string, unknown>;
}
interface CliWorkRequest {
  status: string;
  'percent-complete': number;
  resources: { 'entity-type': string; 'action-type': string; identifier: string }[];
}

let cloud: Awaited<ReturnType<typeof startCloud>>;
let oci: ReturnType<typeof ociCli>;
let folder: string;
let imageId: string;
beforeAll(async () => {
  cloud = await startCloud();
  oci = ociCli(cloud);
  folder = mkdtempSync(join(tmpdir(), 'byoi-cli-'));
  const disk = join(folder, 'disk.qcow2');
  writeFileSync(disk, buildQcow2(patternDisk(2 ** 20)));
  await oci(['os', 'bucket', 'create', '--name', 'disks', '-c', cloud.tenancy.id]);
  await oci(['os', 'object', 'put', '-bn', 'disks', '--name', 'web.qcow2', '--file', disk]);
  imageId = await importedByPar();
});
afterAll(async () => {
  await cloud.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function par(name: string, accessType: string): Promise<string> {
  const { data } = await oci<{ 'access-uri': string }>([
    ...['os', 'preauth-request', 'create', '-bn', 'disks', '--name', name, '--object-name', name],
    ...['--access-type', accessType, '--time-expires', '2099-01-01T00:00:00Z'],
  ]);
  return `${cloud.homeRegion.endpoint}${data['access-uri']}`;
}

async function ended(workRequestId: string): Promise<CliWorkRequest> {
  for (;;) {
    const { data } = await oci<CliWorkRequest>([
      ...['work-requests', 'work-request', 'get', '--work-request-id', workRequestId],
    ]);
    if (!['ACCEPTED', 'IN_PROGRESS'].includes(data.status)) return data;
    await sleep(100);
  }
}

async function importedByPar(): Promise<string> {
  const answer = await oci<CliImage>([
    ...['compute', 'image', 'import', 'from-object-uri', '--compartment-id', cloud.tenancy.id],
    ...['--uri', await par('web.qcow2', 'ObjectRead'), '--source-image-type', 'QCOW2'],
    ...['--display-name', 'web', '--launch-mode', 'PARAVIRTUALIZED', '--operating-system', 'Debian'],
    ...['--freeform-tags', '{"run":"1"}'],
  ]);
  expect(answer.data['lifecycle-state']).toBe('PROVISIONING');
  expect(await ended(answer['opc-work-request-id'])).toMatchObject({
    status: 'SUCCEEDED',
    'percent-complete': 100,
    resources: [{ 'entity-type': 'image', 'action-type': 'CREATED', identifier: answer.data.id }],
  });
  return answer.data.id;
}

test('the CLI gets and lists the image it imported', async () => {
  const { data, etag } = await oci<CliImage>(['compute', 'image', 'get', '--image-id', imageId]);
  expect(etag).toBeTruthy();
  expect(data).toMatchObject({
    'display-name': 'web',
    'lifecycle-state': 'AVAILABLE',
    'operating-system': 'Debian',
    'launch-options': { firmware: 'BIOS', 'network-type': 'PARAVIRTUALIZED' },
    'freeform-tags': { run: '1' },
  });
  const listed = await oci<CliImage[]>([
    ...['compute', 'image', 'list', '-c', cloud.tenancy.id, '--operating-system', 'Debian', '--all'],
  ]);
  expect(listed.data.map(({ id }) => id)).toEqual([imageId]);
});

test('the CLI imports by name as well, and lists the work requests of an image', async () => {
  const answer = await oci<CliImage>([
    ...['compute', 'image', 'import', 'from-object', '-c', cloud.tenancy.id, '--namespace', 'local'],
    ...['--bucket-name', 'disks', '--name', 'web.qcow2', '--source-image-type', 'QCOW2'],
  ]);
  expect((await ended(answer['opc-work-request-id'])).status).toBe('SUCCEEDED');
  const { data } = await oci<{ id: string }[]>([
    ...['work-requests', 'work-request', 'list', '-c', cloud.tenancy.id, '--resource-id', answer.data.id],
  ]);
  expect(data.map(({ id }) => id)).toEqual([answer['opc-work-request-id']]);
  await oci(['compute', 'image', 'delete', '--image-id', answer.data.id, '--force']);
  const gone = await oci<CliImage>(['compute', 'image', 'get', '--image-id', answer.data.id]);
  expect(gone.data['lifecycle-state']).toBe('DELETED');
});

test('the CLI reads why an import failed', async () => {
  const answer = await oci<CliImage>([
    ...['compute', 'image', 'import', 'from-object-uri', '-c', cloud.tenancy.id],
    ...['--uri', await par('web.qcow2', 'ObjectRead'), '--source-image-type', 'VMDK'],
  ]);
  const workRequestId = answer['opc-work-request-id'];
  expect((await ended(workRequestId)).status).toBe('FAILED');
  const { data } = await oci<{ message: string }[]>([
    ...['work-requests', 'work-request-error', 'list', '--work-request-id', workRequestId],
  ]);
  expect(data.map(({ message }) => message).join()).toContain('QCOW2, not VMDK');
});

test('the CLI exports an archive that tar and qemu-img read', async () => {
  const answer = await oci<CliImage>([
    ...['compute', 'image', 'export', 'to-object-uri', '--image-id', imageId],
    ...['--uri', await par('web.oci', 'ObjectWrite'), '--export-format', 'OCI'],
  ]);
  expect(answer.data['lifecycle-state']).toBe('EXPORTING');
  expect((await ended(answer['opc-work-request-id'])).status).toBe('SUCCEEDED');
  const archive = join(folder, 'web.oci');
  await oci(['os', 'object', 'get', '-bn', 'disks', '--name', 'web.oci', '--file', archive]);
  run('tar', ['tar', '-xf', archive, '-C', folder]);
  expect(JSON.parse(readFileSync(join(folder, 'image_metadata.json'), 'utf8'))).toMatchObject({
    version: 2,
    operatingSystem: 'Debian',
    externalLaunchOptions: { launchOptionsSource: 'PARAVIRTUALIZED', firmware: 'BIOS' },
  });
  const disk = join(folder, 'output.QCOW2');
  expect(run('qemu-utils', ['qemu-img', 'compare', disk, join(folder, 'disk.qcow2')])).toContain('identical');
});

test('the CLI gives an image its firmware and shapes', async () => {
  const schemas = await oci<{ 'current-version-name': string }[]>([
    ...['compute', 'global-image-capability-schema', 'list'],
  ]);
  const versionName = schemas.data[0]?.['current-version-name'] ?? '';
  const firmware = {
    descriptorType: 'enumstring',
    source: 'IMAGE',
    values: ['UEFI_64'],
    defaultValue: 'UEFI_64',
  };
  const schema = await oci<{ id: string; 'lifecycle-state': string }>([
    ...['compute', 'image-capability-schema', 'create', '-c', cloud.tenancy.id, '--image-id', imageId],
    ...['--global-image-capability-schema-version-name', versionName],
    ...['--schema-data', JSON.stringify({ 'Compute.Firmware': firmware })],
  ]);
  expect(schema.data['lifecycle-state']).toBe('ACTIVE');
  const { data } = await oci<CliImage>(['compute', 'image', 'get', '--image-id', imageId]);
  expect(data['launch-options'].firmware).toBe('UEFI_64');
  const shape = 'VM.Standard.A1.Flex';
  const entry = ['--image-id', imageId, '--shape-name', shape];
  await oci(['compute', 'image-shape-compatibility-entry', 'add', ...entry]);
  const entries = await oci<{ shape: string }[]>([
    ...['compute', 'image-shape-compatibility-entry', 'list', '--image-id', imageId],
  ]);
  expect(entries.data.map((item) => item.shape)).toEqual([shape]);
  await oci(['compute', 'image-shape-compatibility-entry', 'remove', ...entry, '--force']);
  const id = ['--image-capability-schema-id', schema.data.id];
  await oci(['compute', 'image-capability-schema', 'delete', ...id, '--force']);
});
