import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import { BudgetExceededError, SourceChangedError } from '../../shared/bytes/errors.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { MAX_INPUT } from '../../shared/guest/linux/initramfs-archive.ts';
import { BUDGET, inspect } from '../../shared/inspect.ts';
import { rejections, type Verdict } from '../../shared/launch/verdict.ts';
import { buildGpt, buildMbr, TYPES } from '../support/disks.ts';
import { buildOciArchive, exportedMetadata, type OciArchiveOptions } from '../support/images/oci-archive.ts';
import { buildQcow2 } from '../support/images/qcow2.ts';

const root = join(import.meta.dirname, '../..');
const fixture = (name: string) => readFileSync(join(root, 'test/fixtures', name));
const documentation = readFileSync(join(root, 'docs/VERDICT.md'), 'utf8');

const codes = (verdict: Verdict) => verdict.problems.map(({ code }) => code);
const rejected = (verdict: Verdict) => rejections(verdict).map(({ code }) => code);
/** Its format is refused with the line to convert it; all else is as it would be after that. */
const inspectRaw = (disk: Buffer, name = 'disk.raw', metadata = {}) =>
  inspect(bufferSource(disk), { name, metadata });

describe('the demo disk', () => {
  test.each([
    ['demo-disk.qcow2', 'qcow2', 'v3'],
    ['demo-disk.vmdk', 'vmdk', 'streamOptimized'],
  ])(
    '%s is accepted, paravirtualized by the drivers in its initramfs, with BIOS from its partition table',
    async (name, format, variant) => {
      const image = fixture(name);
      const verdict = await inspect(bufferSource(image), { name });
      expect(verdict).toMatchObject({
        format,
        variant,
        virtualSize: 64 * 2 ** 20,
        launchMode: 'PARAVIRTUALIZED',
        firmware: 'BIOS',
        architecture: 'x86_64',
        operatingSystem: 'Debian',
        operatingSystemVersion: '12',
        confidence: 'high',
        guest: { kernel: '6.1.0-demo-amd64', drivers: { virtio_scsi: 'initramfs', virtio_blk: 'absent' } },
      });
      expect(codes(verdict)).toEqual([]);
      expect(verdict.cost.requests).toBeGreaterThan(0);
      expect(verdict.cost.bytes).toBeLessThanOrEqual(image.length);
    },
  );

  test('what a person set is in the verdict', async () => {
    const verdict = await inspect(bufferSource(fixture('demo-disk.qcow2')), {
      name: 'demo-disk.qcow2',
      metadata: {
        'opc-meta-byoi-launch-mode': 'EMULATED',
        'opc-meta-byoi-firmware': 'UEFI_64',
        'opc-meta-byoi-os': 'ubuntu',
        'opc-meta-byoi-os-version': '24.04',
      },
    });
    expect(verdict).toMatchObject({
      launchMode: 'EMULATED',
      firmware: 'UEFI_64',
      operatingSystem: 'Ubuntu',
      operatingSystemVersion: '24.04',
    });
    expect(new Set(codes(verdict))).toEqual(new Set(['OVERRIDE_CONFLICT']));
  });

  test('a value that a setting cannot have refuses it', async () => {
    const metadata = { 'opc-meta-byoi-firmware': 'OPENFIRMWARE' };
    const verdict = await inspect(bufferSource(fixture('demo-disk.qcow2')), { name: 'a.qcow2', metadata });
    expect(rejected(verdict)).toEqual(['OVERRIDE_INVALID']);
  });
});

describe('what the disk says', () => {
  test('arm64 gives UEFI_64', async () => {
    const verdict = await inspectRaw(
      buildGpt([
        { type: TYPES.esp, start: 100, sectors: 100 },
        { type: TYPES.rootArm64, start: 300, sectors: 100 },
      ]),
    );
    expect(verdict).toMatchObject({
      architecture: 'aarch64',
      firmware: 'UEFI_64',
      launchMode: 'PARAVIRTUALIZED',
    });
  });

  test('an architecture that a person set decides the firmware too', async () => {
    const disk = buildMbr([{ type: 0x83, start: 64, sectors: 100 }]);
    const verdict = await inspectRaw(disk, 'disk.raw', { 'opc-meta-byoi-architecture': 'aarch64' });
    expect(verdict).toMatchObject({ architecture: 'aarch64', firmware: 'UEFI_64' });
  });

  test('Windows is held for its licence, and its version and size are asked for', async () => {
    const disk = buildGpt([
      { type: TYPES.esp, start: 100, sectors: 100 },
      { type: TYPES.microsoftReserved, start: 300, sectors: 100 },
    ]);
    const verdict = await inspectRaw(disk, 'images/golden.raw');
    expect(verdict).toMatchObject({
      licensedSystem: 'windows',
      operatingSystem: 'Windows',
      operatingSystemVersion: null,
      firmware: 'UEFI_64',
    });
    expect(codes(verdict)).toEqual(
      expect.arrayContaining(['DRIVERS_NOT_READ', 'WINDOWS_VERSION_UNKNOWN', 'WINDOWS_BOOT_VOLUME_SMALL']),
    );
  });

  test('a system that a person set does not make a Windows disk free of its licence', async () => {
    const disk = buildGpt([{ type: TYPES.microsoftReserved, start: 300, sectors: 100 }]);
    const verdict = await inspectRaw(disk, 'disk.raw', { 'opc-meta-byoi-os': 'Debian' });
    expect(verdict).toMatchObject({ operatingSystem: 'Debian', licensedSystem: 'windows' });
    expect(codes(verdict)).toContain('OVERRIDE_CONFLICT');
  });

  test('the folder of an object says nothing about its system', async () => {
    const disk = buildMbr([{ type: 0x83, start: 64, sectors: 100 }], { bootCode: true });
    expect(await inspectRaw(disk, 'windows-2019/disk.raw')).toMatchObject({ licensedSystem: null });
    expect(await inspectRaw(disk, 'any/rhel-9.4.raw')).toMatchObject({
      licensedSystem: 'rhel',
      operatingSystem: 'RHEL',
      operatingSystemVersion: '9.4',
    });
  });

  test('a system guessed from the name gives way to what a person set, version and all, without a conflict', async () => {
    const disk = buildMbr([{ type: 0x83, start: 64, sectors: 100 }], { bootCode: true });
    const verdict = await inspectRaw(disk, 'ubuntu-22.04.raw', { 'opc-meta-byoi-os': 'Debian' });
    expect(verdict).toMatchObject({ operatingSystem: 'Debian', operatingSystemVersion: null });
    expect(codes(verdict)).not.toContain('OVERRIDE_CONFLICT');
  });

  test('a disk that is refused gets no launch mode', async () => {
    const disk = buildMbr([{ type: 0x83, start: 64, sectors: 100 }], { bootCode: true });
    disk.write('LUKS\xba\xbe\0\x01', 64 * 512, 'latin1');
    const verdict = await inspectRaw(disk);
    expect(rejected(verdict)).toContain('DISK_ENCRYPTED');
    expect(verdict.launchMode).toBeNull();
  });
});

describe('an .oci archive', () => {
  const disk = buildGpt([
    { type: TYPES.esp, start: 100, sectors: 100 },
    { type: TYPES.linux, start: 300, sectors: 100 },
  ]);
  const inspectArchive = (options: Partial<OciArchiveOptions> = {}, metadata = {}) =>
    inspect(bufferSource(buildOciArchive({ disk: buildQcow2(disk), ...options })), {
      name: 'exported.oci',
      metadata,
    });

  test.each([{}, { gzip: true }, { diskFirst: true }, { gzip: true, diskFirst: true }])(
    'is believed: OCI wrote it (%o)',
    async (options) => {
      const verdict = await inspectArchive(options);
      expect(verdict).toMatchObject({
        format: 'oci',
        launchMode: 'PARAVIRTUALIZED',
        firmware: 'UEFI_64',
        architecture: 'aarch64',
        operatingSystem: 'Oracle Linux',
        operatingSystemVersion: '9',
        bootVolumeType: 'PARAVIRTUALIZED',
        networkType: 'PARAVIRTUALIZED',
        confidence: 'certain',
      });
      expect(rejected(verdict)).toEqual([]);
      expect(codes(verdict)).not.toContain('DRIVERS_NOT_READ');
    },
  );

  test('without a launch mode in its metadata is left to OCI, at low confidence', async () => {
    const verdict = await inspectArchive({ metadata: { ...exportedMetadata, externalLaunchOptions: {} } });
    expect(verdict).toMatchObject({ launchMode: null, firmware: 'UEFI_64', confidence: 'low' });
  });

  test('of Windows is held for its licence and keeps OCI’s terms', async () => {
    const metadata = {
      ...exportedMetadata,
      operatingSystem: 'Windows',
      operatingSystemVersion: 'Server 2022 Standard',
    };
    const verdict = await inspectArchive({ metadata });
    expect(verdict).toMatchObject({
      licensedSystem: 'windows',
      operatingSystemVersion: 'Server 2022 Standard',
    });
    // Its EFI system partition is empty here.
    expect(codes(verdict)).toEqual(['UEFI_FALLBACK_LOADER_MISSING', 'WINDOWS_BOOT_VOLUME_SMALL']);
  });

  test('is overruled by a person, with a conflict that names both', async () => {
    const verdict = await inspectArchive({}, { 'opc-meta-byoi-launch-mode': 'NATIVE' });
    expect(verdict).toMatchObject({ launchMode: 'NATIVE', confidence: 'low' });
    expect(codes(verdict)).toEqual([
      'OVERRIDE_CONFLICT',
      'LAUNCH_MODE_UNSUPPORTED',
      'UEFI_FALLBACK_LOADER_MISSING',
    ]);
  });
});

test('an image that takes more than may be read is not refused: what was read by then counts, and that is told', async () => {
  const disk = gunzipSync(fixture('windows.raw.gz'));
  const source: ByteSource = {
    size: disk.length,
    async read(offset, length) {
      // Table and heads are at the beginning, a format's mark at the end: between them is the guest.
      const ofGuest = offset > 2 * 2 ** 20 && offset < disk.length - 2 ** 20;
      if (ofGuest) throw new BudgetExceededError('requests', BUDGET.requests);
      return disk.subarray(offset, offset + length);
    },
  };
  const verdict = await inspect(source, { name: 'disk.raw' });
  expect(codes(verdict)).toContain('GUEST_READING_STOPPED');
  expect(rejected(verdict)).toEqual(['RAW_UNSUPPORTED']);
  expect(verdict).toMatchObject({ confidence: 'low', guest: null });
});

test('an initramfs of any size leaves enough of what may be read for the rest of the guest', () => {
  expect(MAX_INPUT + 32 * 2 ** 20).toBeLessThanOrEqual(BUDGET.bytes);
});

describe('what cannot be inspected', () => {
  test.each(['.', '..'])('an object named %s is refused without a read', async (name) => {
    const verdict = await inspect(bufferSource(fixture('demo-disk.qcow2')), { name });
    expect(rejected(verdict)).toEqual(['OBJECT_NAME_UNSUPPORTED']);
    expect(verdict.cost.requests).toBe(0);
  });

  test.each([
    ['an empty object', Buffer.alloc(0), 'IMAGE_EMPTY'],
    ['a 10-byte object', Buffer.alloc(10, 'x'), 'FORMAT_UNKNOWN'],
  ])('%s is refused with the code of its format', async (_, bytes, code) => {
    const verdict = await inspect(bufferSource(bytes), { name: 'disk.qcow2' });
    expect(rejected(verdict)).toEqual([code]);
    expect(verdict).toMatchObject({ format: null, launchMode: null, confidence: 'low' });
  });

  test.each(['demo-disk.qcow2', 'demo-disk.vmdk'])('a truncated %s is refused', async (name) => {
    const image = fixture(name);
    for (const length of [512, 1024, 65536]) {
      const verdict = await inspect(bufferSource(image.subarray(0, length)), { name });
      expect(rejections(verdict).length).toBeGreaterThan(0);
    }
  });

  const failing = (error: Error): ByteSource => ({
    size: 2 ** 20,
    read: () => Promise.reject(error),
  });

  test.each([new SourceChangedError(), new TypeError('fetch failed')])(
    'an error that is not the image’s is thrown on: %s',
    async (error) => {
      await expect(inspect(failing(error), { name: 'disk.qcow2' })).rejects.toBe(error);
    },
  );
});

describe('docs/VERDICT.md', () => {
  test('lists every field', async () => {
    const listed = [...documentation.matchAll(/^\| `([\w.[\]]+)` \| (?:string|integer|array|object)/gm)].map(
      ([, field]) => field,
    );
    const { cost, guest, ...fields } = await inspect(bufferSource(fixture('host-only-disk.qcow2')), {
      name: 'x.qcow2',
    });
    const [problem] = fields.problems;
    const below = (name: string, object: object | null | undefined) =>
      Object.keys(object ?? {}).map((key) => `${name}.${key}`);
    expect(listed.toSorted()).toEqual(
      [
        ...Object.keys(fields),
        'guest',
        ...below('guest', guest),
        ...below('problems[]', problem),
        ...below('cost', cost),
      ].toSorted(),
    );
  });

  test('lists every problem that disk/, guest/ and launch/ tell, with its severity', () => {
    const folders = ['shared/disk', 'shared/guest', 'shared/launch'];
    const sources = folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `${folder}/${file}`),
    );
    const told = [...sources, 'shared/inspect.ts'].flatMap((path) => {
      const source = readFileSync(join(root, path), 'utf8');
      const problems = source.matchAll(/code: '(\w+)',\s+severity: '(\w+)'/g);
      // A disk is read around its damaged volumes: their errors become warnings with the same code.
      const errors = path.startsWith('shared/disk/') ? source.matchAll(/super\(\s*'([A-Z0-9_]+)'/g) : [];
      return [
        ...Array.from(problems, ([, code, severity]) => `${code} ${severity}`),
        ...Array.from(errors, ([, code]) => `${code} warn`),
      ];
    });
    const listed = Array.from(
      documentation.matchAll(/^\| `([A-Z_0-9]+)` \| (reject|warn) \|/gm),
      ([, code, severity]) => `${code} ${severity}`,
    );
    expect(listed.toSorted()).toEqual(Array.from(new Set(told)).sort());
  });
});
