import { describe, expect, test } from 'vitest';
import type { DriverState, LinuxDriver, LinuxReading } from '../../../shared/guest/guest.ts';
import type { ArchiveMetadata } from '../../../shared/image/format.ts';
import { type Decision, decide } from '../../../shared/launch/decide.ts';
import { type LaunchEvidence, rows } from '../../../shared/launch/decision-table.ts';
import { guestReading, linuxReading, windowsReading } from '../../support/guest-readings.ts';

const archive: ArchiveMetadata = {
  launchMode: 'NATIVE',
  firmware: 'UEFI_64',
  networkType: 'VFIO',
  bootVolumeType: 'ISCSI',
  operatingSystem: 'Oracle Linux',
  operatingSystemVersion: '9',
  shapes: null,
};
const nothing: LaunchEvidence = {
  format: 'qcow2',
  archive: null,
  architecture: null,
  firmware: 'BIOS',
  windows: false,
  guest: null,
};
const codes = ({ problems }: Decision) => problems.map(({ code }) => code);

type Drivers = Partial<Record<LinuxDriver, DriverState>>;
const linux = (drivers: Drivers, changes?: Partial<LinuxReading>): LaunchEvidence => ({
  ...nothing,
  architecture: 'x86_64',
  guest: guestReading({ linux: linuxReading(drivers, changes) }),
});
const windows = (drivers: Parameters<typeof windowsReading>[0]): LaunchEvidence => ({
  ...nothing,
  windows: true,
  guest: guestReading({ windows: windowsReading(drivers) }),
});

const virtio: Drivers = {
  virtio_pci: 'initramfs',
  virtio_scsi: 'initramfs',
  sd_mod: 'builtin',
  virtio_net: 'disk',
};
const onDisk: Drivers = { virtio_pci: 'disk', virtio_scsi: 'disk', sd_mod: 'disk', virtio_net: 'disk' };
const ide: Drivers = { ...onDisk, ata_piix: 'initramfs', sd_mod: 'initramfs', e1000: 'disk' };
const oldIde: Drivers = { piix: 'builtin', ide_disk: 'builtin' };
const unreadable: LinuxReading['initramfs'] = {
  paths: ['/boot/initrd.img'],
  outcome: 'unreadable',
  reason: 'it is compressed with a method nobody knows',
  hostOnly: null,
};
const kernel = (release: string, assumed = false) => ({
  release,
  path: '/boot/vmlinuz',
  commandLine: null,
  assumed,
  source: '/boot',
});
const vioscsi = { start: 0, file: true, devices: ['1AF4:1004', '1AF4:1048'] };
const netkvm = { start: 3, file: true, devices: ['1AF4:1000'] };
const unknownDrivers: Drivers = { virtio_pci: 'unknown', virtio_scsi: 'unknown', sd_mod: 'unknown' };

type Expected = Pick<Decision, 'launchMode' | 'firmware' | 'confidence'>;
const is = (
  launchMode: Expected['launchMode'],
  confidence: Expected['confidence'],
  firmware: Expected['firmware'] = 'BIOS',
): Expected => ({ launchMode, firmware, confidence });

/** For each row the cases that it, and none before it, is for. */
const expected: Record<string, readonly (readonly [LaunchEvidence, Expected, ...string[]])[]> = {
  'the archive says it': [
    [{ ...nothing, format: 'oci', archive }, is('NATIVE', 'certain', 'UEFI_64')],
    [
      { ...linux(ide), format: 'oci', archive: { ...archive, launchMode: 'PARAVIRTUALIZED' } },
      is('PARAVIRTUALIZED', 'certain', 'UEFI_64'),
      'ARCHIVE_DRIVERS_MISSING',
    ],
    [
      { ...linux(virtio), format: 'oci', archive: { ...archive, launchMode: 'PARAVIRTUALIZED' } },
      is('PARAVIRTUALIZED', 'certain', 'UEFI_64'),
    ],
  ],
  'an archive whose metadata was not read': [[{ ...nothing, format: 'oci' }, is(null, 'low')]],
  "a qcow2 with OCI's own marks": [
    [linux({ ...virtio, iscsi_tcp: 'initramfs' }, { ociIscsiBoot: true }), is('NATIVE', 'high')],
    [linux({ ...onDisk, iscsi_tcp: 'initramfs' }, { ociIscsiBoot: true }), is('NATIVE', 'high')],
  ],
  'Linux with a kernel that runs under Xen only': [
    [linux(ide, { kernel: kernel('2.6.18-398.el5xen') }), is(null, 'high'), 'KERNEL_FOR_XEN_ONLY'],
    [linux(virtio, { kernel: kernel('3.0.101-63-xen') }), is(null, 'high'), 'KERNEL_FOR_XEN_ONLY'],
    [linux(ide, { kernel: kernel('2.6.26-2-xen-amd64') }), is(null, 'high'), 'KERNEL_FOR_XEN_ONLY'],
    [linux(ide, { kernel: kernel('2.6.21.7-5.fc8xen') }), is(null, 'high'), 'KERNEL_FOR_XEN_ONLY'],
  ],
  'Linux whose root goes by a name that no disk of OCI has': [
    [linux(virtio, { root: '/dev/vda1' }), is(null, 'high'), 'ROOT_DEVICE_NOT_ON_OCI'],
    [linux(virtio, { root: '/dev/nvme0n1p1' }), is(null, 'high'), 'ROOT_DEVICE_NOT_ON_OCI'],
    [linux(ide, { root: '/dev/xvda1' }), is(null, 'high'), 'ROOT_DEVICE_NOT_ON_OCI'],
    // Where the guest ran, the disk was its second.
    [linux(virtio, { root: '/dev/sdb2' }), is(null, 'high'), 'ROOT_DEVICE_NOT_ON_OCI'],
    [
      linux(virtio, { root: '/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0-part2' }),
      is(null, 'high'),
      'ROOT_DEVICE_NOT_ON_OCI',
    ],
    [
      linux(virtio, { root: '/dev/disk/by-id/scsi-36000c29a5b7c9d1e-part2' }),
      is(null, 'high'),
      'ROOT_DEVICE_NOT_ON_OCI',
    ],
    // ata_piix calls it /dev/sda.
    [linux({ ...virtio, ...ide }, { root: '/dev/hda1' }), is(null, 'high'), 'ROOT_DEVICE_NOT_ON_OCI'],
    [
      { ...linux({ ...virtio, ...oldIde }, { root: '/dev/hda1' }), firmware: 'UEFI_64' },
      is(null, 'high', 'UEFI_64'),
      'ROOT_DEVICE_NOT_ON_OCI',
    ],
  ],
  'Linux whose root goes by the name of an IDE disk': [
    [linux(oldIde, { root: '/dev/hda1' }), is('EMULATED', 'medium'), 'ROOT_ON_IDE_DISK'],
    [linux({ ...virtio, ...oldIde }, { root: '/dev/hda1' }), is('EMULATED', 'medium'), 'ROOT_ON_IDE_DISK'],
  ],
  'Linux with the paravirtualized drivers': [
    // Debian's kernel of that name starts anywhere.
    [linux(virtio, { kernel: kernel('2.6.32-5-xen-amd64') }), is('PARAVIRTUALIZED', 'high')],
    // Another volume may be called so, but mostly the boot volume is.
    [linux(virtio, { root: '/dev/sda1' }), is('PARAVIRTUALIZED', 'high')],
    [linux(virtio, { root: 'UUID=5f3c' }), is('PARAVIRTUALIZED', 'high')],
    [linux(virtio), is('PARAVIRTUALIZED', 'high')],
    // The mark on the command line alone, or iSCSI alone, proves nothing; nor does either in a VMDK.
    [linux({ ...virtio, iscsi_tcp: 'disk' }, { ociIscsiBoot: true }), is('PARAVIRTUALIZED', 'high')],
    [linux({ ...virtio, iscsi_tcp: 'initramfs' }), is('PARAVIRTUALIZED', 'high')],
    [
      { ...linux({ ...virtio, iscsi_tcp: 'initramfs' }, { ociIscsiBoot: true }), format: 'vmdk' },
      is('PARAVIRTUALIZED', 'high'),
    ],
    [linux({ ...virtio, virtio_blk: 'absent' }), is('PARAVIRTUALIZED', 'high')],
    [{ ...linux(virtio), firmware: 'UEFI_64' }, is('PARAVIRTUALIZED', 'high', 'UEFI_64')],
    [{ ...linux(virtio), architecture: 'aarch64', firmware: null }, is('PARAVIRTUALIZED', 'high', 'UEFI_64')],
    // A kernel of before 3.4 that the distribution gave the driver to.
    [linux(virtio, { kernel: kernel('2.6.32-754.el6.x86_64') }), is('PARAVIRTUALIZED', 'high')],
  ],
  'Linux with the paravirtualized disk drivers only': [
    [linux({ ...virtio, virtio_net: 'absent' }), is('PARAVIRTUALIZED', 'medium'), 'NIC_DRIVER_MISSING'],
    [linux({ ...virtio, virtio_net: 'unknown' }), is('PARAVIRTUALIZED', 'medium'), 'NIC_DRIVER_MISSING'],
  ],
  'Linux that lacks them where only they would do': [
    [{ ...linux(ide), firmware: 'UEFI_64' }, is(null, 'high', 'UEFI_64'), 'LINUX_DRIVERS_MISSING'],
    [{ ...linux(ide), architecture: 'aarch64' }, is(null, 'high', 'UEFI_64'), 'LINUX_DRIVERS_MISSING'],
  ],
  'Linux that lacks them and has the emulated ones': [
    [linux(ide), is('EMULATED', 'high'), 'PARAVIRTUALIZED_DRIVERS_MISSING'],
    [
      linux({ ...ide, e1000: 'absent' }),
      is('EMULATED', 'high'),
      'PARAVIRTUALIZED_DRIVERS_MISSING',
      'NIC_DRIVER_MISSING',
    ],
    // The case that breaks real migrations: virtio_blk alone does not boot on OCI.
    [
      linux({ ...ide, virtio_pci: 'initramfs', virtio_blk: 'initramfs' }),
      is('EMULATED', 'high'),
      'PARAVIRTUALIZED_DRIVERS_MISSING',
    ],
    // It is there, and modprobe is told not to load it.
    [
      linux({ ...ide, ...virtio, virtio_scsi: 'blocked', sd_mod: 'initramfs' }),
      is('EMULATED', 'high'),
      'PARAVIRTUALIZED_DRIVERS_MISSING',
    ],
    // Installed, but without an initramfs to bring it in time.
    [
      linux(
        { ...ide, ata_piix: 'builtin', sd_mod: 'builtin' },
        { initramfs: { ...unreadable, outcome: 'none' } },
      ),
      is('EMULATED', 'high'),
      'PARAVIRTUALIZED_DRIVERS_MISSING',
    ],
    [
      linux(
        { ata_piix: 'initramfs', sd_mod: 'initramfs', e1000: 'disk' },
        { kernel: kernel('2.6.18-412.el5') },
      ),
      is('EMULATED', 'high'),
      'PARAVIRTUALIZED_DRIVERS_MISSING',
    ],
    // RHEL 5 from another hypervisor: its initramfs has no driver for OCI, its kernel the IDE ones of old.
    [
      linux({ ...oldIde, e1000: 'disk' }, { kernel: kernel('2.6.18-412.el5') }),
      is('EMULATED', 'high'),
      'PARAVIRTUALIZED_DRIVERS_MISSING',
    ],
  ],
  'Linux that lacks both': [
    [
      linux({ ...onDisk, vmw_pvscsi: 'initramfs', ata_piix: 'disk' }),
      is(null, 'high'),
      'LINUX_DRIVERS_MISSING',
    ],
    [linux({}), is(null, 'high'), 'LINUX_DRIVERS_MISSING'],
  ],
  'Linux that lacks them, whatever else it has': [
    [
      linux({ ...virtio, virtio_scsi: 'absent', ata_piix: 'disk' }, { initramfs: unreadable }),
      is('EMULATED', 'medium'),
      'PARAVIRTUALIZED_DRIVERS_MISSING',
      'NIC_DRIVER_MISSING',
    ],
  ],
  'Linux whose initramfs could not be read, for any machine': [
    [linux(onDisk, { initramfs: unreadable }), is('PARAVIRTUALIZED', 'medium'), 'INITRAMFS_UNREADABLE'],
    [
      { ...linux(onDisk, { initramfs: unreadable }), architecture: 'aarch64' },
      is('PARAVIRTUALIZED', 'medium', 'UEFI_64'),
      'INITRAMFS_UNREADABLE',
    ],
    [
      linux(onDisk, { initramfs: { ...unreadable, hostOnly: false }, initramfsTool: 'dracut' }),
      is('PARAVIRTUALIZED', 'medium'),
      'INITRAMFS_UNREADABLE',
    ],
  ],
  'Linux for Arm or UEFI': [
    [
      { ...linux(unknownDrivers), firmware: 'UEFI_64' },
      is('PARAVIRTUALIZED', 'medium', 'UEFI_64'),
      'DRIVERS_NOT_READ',
    ],
  ],
  'Linux before 3.4': [
    [linux(unknownDrivers, { kernel: kernel('3.3.8') }), is('EMULATED', 'low'), 'DRIVERS_NOT_READ'],
  ],
  'Linux of which only the kernel is known': [
    [linux(unknownDrivers, { kernel: kernel('3.4.0') }), is('PARAVIRTUALIZED', 'low'), 'DRIVERS_NOT_READ'],
    [linux(unknownDrivers, { kernel: kernel('linux') }), is('PARAVIRTUALIZED', 'low'), 'DRIVERS_NOT_READ'],
    [
      linux(onDisk, { initramfs: { ...unreadable, hostOnly: true } }),
      is('PARAVIRTUALIZED', 'low'),
      'DRIVERS_NOT_READ',
    ],
    // RHEL's dracut, Arch's mkinitcpio leave out what the machine did not need where it was made.
    ...(['dracut', 'mkinitcpio', 'mkinitrd', null] as const).map(
      (initramfsTool): [LaunchEvidence, Expected, string] => [
        linux(onDisk, { initramfs: unreadable, initramfsTool }),
        is('PARAVIRTUALIZED', 'low'),
        'DRIVERS_NOT_READ',
      ],
    ),
    [
      linux({ ...onDisk, virtio_scsi: 'unknown' }, { initramfs: unreadable }),
      is('PARAVIRTUALIZED', 'low'),
      'DRIVERS_NOT_READ',
    ],
    // What the boot loader would load is not there at all.
    [
      linux(onDisk, { initramfs: { ...unreadable, paths: [] } }),
      is('PARAVIRTUALIZED', 'low'),
      'DRIVERS_NOT_READ',
    ],
  ],
  'Windows with the paravirtualized drivers': [
    [windows({ vioscsi, netkvm }), is('PARAVIRTUALIZED', 'high')],
    [windows({ vioscsi: { ...vioscsi, devices: ['1AF4:1048'] }, netkvm }), is('PARAVIRTUALIZED', 'high')],
  ],
  'Windows with the paravirtualized disk driver, not all of it seen': [
    [windows({ vioscsi }), is('PARAVIRTUALIZED', 'medium'), 'NIC_DRIVER_MISSING'],
    [
      windows({ vioscsi: { ...vioscsi, devices: [] }, netkvm }),
      is('PARAVIRTUALIZED', 'medium'),
      'WINDOWS_DRIVER_UNBOUND',
    ],
    [
      windows({ vioscsi: { ...vioscsi, file: null }, netkvm }),
      is('PARAVIRTUALIZED', 'medium'),
      'WINDOWS_DRIVER_UNBOUND',
    ],
    [
      windows({ vioscsi: { ...vioscsi, devices: ['1AF4:1001'] }, netkvm }),
      is('PARAVIRTUALIZED', 'medium'),
      'WINDOWS_DRIVER_UNBOUND',
    ],
  ],
  'Windows without the paravirtualized disk driver': [
    [windows({}), is(null, 'high'), 'WINDOWS_DRIVERS_MISSING'],
    [windows({ viostor: vioscsi, netkvm }), is(null, 'high'), 'WINDOWS_DRIVERS_MISSING'],
    [windows({ vioscsi: { ...vioscsi, start: 3 }, netkvm }), is(null, 'high'), 'WINDOWS_DRIVERS_MISSING'],
    [windows({ vioscsi: { ...vioscsi, file: false }, netkvm }), is(null, 'high'), 'WINDOWS_DRIVERS_MISSING'],
  ],
  'Windows that was not read': [
    [{ ...nothing, windows: true }, is('PARAVIRTUALIZED', 'low'), 'DRIVERS_NOT_READ'],
    [
      { ...nothing, windows: true, firmware: 'UEFI_64' },
      is('PARAVIRTUALIZED', 'low', 'UEFI_64'),
      'DRIVERS_NOT_READ',
    ],
  ],
  arm64: [
    [
      { ...nothing, architecture: 'aarch64', firmware: null },
      is('PARAVIRTUALIZED', 'high', 'UEFI_64'),
      'DRIVERS_NOT_READ',
    ],
  ],
  'x86 with UEFI only': [
    [
      { ...nothing, architecture: 'x86_64', firmware: 'UEFI_64' },
      is('PARAVIRTUALIZED', 'high', 'UEFI_64'),
      'DRIVERS_NOT_READ',
    ],
  ],
  'anything else': [
    [
      { ...nothing, firmware: null },
      is('PARAVIRTUALIZED', 'low', null),
      'DRIVERS_NOT_READ',
      'FIRMWARE_UNKNOWN',
    ],
    [linux(ide, { kernel: null }), is('PARAVIRTUALIZED', 'low'), 'DRIVERS_NOT_READ'],
  ],
};

describe('decision table', () => {
  test.each(rows)('$name', (row) => {
    const cases = expected[row.name] ?? [];
    expect(cases.length).toBeGreaterThan(0);
    for (const [evidence, decision, ...problems] of cases) {
      expect(rows.find(({ when }) => when(evidence))?.name).toBe(row.name);
      const decided = decide(evidence, {});
      expect(decided).toMatchObject(decision);
      expect(decided.evidence[0]?.source).toBe('decision table');
      expect(codes(decided)).toEqual(problems);
    }
  });

  test('every expectation is of a row', () => {
    expect(Object.keys(expected)).toEqual(rows.map(({ name }) => name));
  });

  test('an archive that says no firmware leaves it to the partition table', () => {
    const decision = decide({ ...nothing, format: 'oci', archive: { ...archive, firmware: null } }, {});
    expect(decision.firmware).toBe('BIOS');
  });

  test('a launch mode in the archive that OCI does not have is not passed on', () => {
    const decision = decide({ ...nothing, format: 'oci', archive: { ...archive, launchMode: 'WARP' } }, {});
    expect(decision).toMatchObject({ launchMode: null, confidence: 'low' });
  });
});

test.each([
  ['it has viostor', { viostor: vioscsi }],
  ['its file is missing', { vioscsi: { ...vioscsi, file: false } }],
  ['started later or never', { vioscsi: { ...vioscsi, start: 3 }, viostor: vioscsi }],
  ['does not start vioscsi, the driver of the paravirtualized boot volume, at boot.', {}],
  ['at boot. It would', { viostor: { ...vioscsi, start: 4 } }],
])('a Windows that is refused is told why: %s', (why, drivers) => {
  expect(decide(windows(drivers), {}).problems[0]?.sentence).toContain(why);
});

test.each<[string, Drivers, Partial<LinuxReading>]>([
  [
    'finds no virtio_pci, virtio_scsi when it looks for its root: installed, but not in its initramfs.',
    ide,
    {},
  ],
  [
    'installed as modules, but there is no initramfs to load them from.',
    { ...ide, ata_piix: 'builtin', sd_mod: 'builtin' },
    { initramfs: { ...unreadable, outcome: 'none' } },
  ],
  [
    'finds no virtio_scsi when it looks for its root: modprobe is told not to load it.',
    { ...ide, ...virtio, virtio_scsi: 'blocked' },
    {},
  ],
  ['finds no virtio_pci, virtio_scsi when it looks for its root.', { ...ide, virtio_scsi: 'absent' }, {}],
])('a Linux that is launched with emulated devices is told why: %s', (why, drivers, changes) => {
  expect(decide(linux(drivers, changes), {}).problems[0]?.sentence).toContain(why);
});

test.each([
  ['absent', 'has no virtio_net'],
  ['unknown', 'could not be read'],
] as const)('of a NIC driver that is %s it is told that it %s', (state, sentence) => {
  const [problem] = decide(
    linux({ ...virtio, virtio_net: state }, { kernel: kernel('6.1-MANJARO') }),
    {},
  ).problems;
  expect(problem?.sentence).toContain(sentence);
  expect(problem?.sentence).toContain('6.1-MANJARO');
});

test("of a disk with OCI's own marks it is told whether PARAVIRTUALIZED works, too", () => {
  const facts = (drivers: Drivers) =>
    decide(linux({ ...drivers, iscsi_tcp: 'initramfs' }, { ociIscsiBoot: true }), {}).evidence[0]?.fact;
  expect(facts(virtio)).toContain('PARAVIRTUALIZED works too');
  expect(facts(onDisk)).not.toContain('PARAVIRTUALIZED');
});

test('a launch mode is trusted no further than the firmware that it starts with', () => {
  const decision = decide({ ...linux(virtio), firmware: null }, {});
  expect(decision).toMatchObject({ launchMode: 'PARAVIRTUALIZED', firmware: null, confidence: 'low' });
  expect(codes(decision)).toEqual(['FIRMWARE_UNKNOWN']);
});

test('a kernel that no boot loader was seen to start makes no high confidence', () => {
  const decision = decide(linux(virtio, { kernel: kernel('6.1.0', true) }), {});
  expect(decision).toMatchObject(is('PARAVIRTUALIZED', 'medium'));
});

test.each([
  ['SEVERAL_SYSTEMS', 'Linux', linux(virtio)],
  ['WINDOWS_HIVE_DIRTY', 'Windows', windows({ vioscsi, netkvm })],
])('with %s what was read of %s is no high confidence', (code, _, evidence) => {
  expect(decide(evidence, {})).toMatchObject(is('PARAVIRTUALIZED', 'high'));
  const problem = { code, severity: 'warn', sentence: '', remedy: '' } as const;
  const guest = evidence.guest && { ...evidence.guest, problems: [problem] };
  expect(decide({ ...evidence, guest }, {})).toMatchObject(is('PARAVIRTUALIZED', 'medium'));
});

test('what was read counts little where the kernel is told another root', () => {
  expect(decide(linux(virtio, { rootMissing: true }), {})).toMatchObject(is('PARAVIRTUALIZED', 'low'));
});

describe('what a person set wins', () => {
  test('over an assumption, without a conflict', () => {
    const decision = decide(nothing, { launchMode: 'EMULATED' });
    expect(decision).toMatchObject({ launchMode: 'EMULATED', confidence: 'low', problems: [] });
    expect(decision.evidence).toContainEqual({
      fact: 'a person set EMULATED',
      source: 'opc-meta-byoi-launch-mode',
    });
  });

  test('over the archive, with a conflict that names both, and no certainty', () => {
    const decision = decide({ ...nothing, format: 'oci', archive }, { launchMode: 'EMULATED' });
    expect(decision).toMatchObject({ launchMode: 'EMULATED', confidence: 'low' });
    expect(codes(decision)).toEqual(['OVERRIDE_CONFLICT']);
    expect(decision.problems[0]?.sentence).toMatch(/EMULATED.*NATIVE/);
  });

  test('over the archive’s firmware: what OCI did not write is not certain', () => {
    const decision = decide({ ...nothing, format: 'oci', archive }, { firmware: 'BIOS' });
    expect(decision).toMatchObject({ launchMode: 'NATIVE', firmware: 'BIOS', confidence: 'low' });
    expect(codes(decision)).toEqual(['OVERRIDE_CONFLICT']);
  });

  test('over the firmware of the partition table, with a conflict', () => {
    const decision = decide(nothing, { firmware: 'UEFI_64', launchMode: 'PARAVIRTUALIZED' });
    expect(decision.firmware).toBe('UEFI_64');
    expect(codes(decision)).toEqual(['OVERRIDE_CONFLICT']);
  });

  test('where the disk did not tell the firmware, without a conflict', () => {
    const decision = decide(
      { ...nothing, firmware: null },
      { firmware: 'BIOS', launchMode: 'PARAVIRTUALIZED' },
    );
    expect(decision).toMatchObject({ firmware: 'BIOS', problems: [] });
  });

  test.each([
    ['Windows', { ...nothing, windows: true }, 'EMULATED'],
    ['Windows', { ...nothing, windows: true }, 'NATIVE'],
    ['Arm', { ...nothing, architecture: 'aarch64', firmware: 'UEFI_64' }, 'EMULATED'],
  ] as const)('%s is warned about: it runs paravirtualized only', (guest, evidence, launchMode) => {
    const decision = decide(evidence, { launchMode });
    expect(decision.launchMode).toBe(launchMode);
    const told = decision.problems.find(({ code }) => code === 'LAUNCH_MODE_UNSUPPORTED');
    expect(told?.sentence).toContain(guest);
  });

  test('over a root by a name that OCI does not have: it is warned of, and imported', () => {
    const decision = decide(linux(virtio, { root: '/dev/vda1' }), { launchMode: 'PARAVIRTUALIZED' });
    expect(decision).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'low' });
    expect(decision.problems).toMatchObject([{ code: 'ROOT_DEVICE_NOT_ON_OCI', severity: 'warn' }]);
  });

  test('where the guest would not be imported at all: it is warned of, and imported', () => {
    const refused = windows({ viostor: vioscsi });
    expect(decide(refused, {}).problems).toMatchObject([{ severity: 'reject' }]);
    const decision = decide(refused, { launchMode: 'PARAVIRTUALIZED' });
    expect(decision).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'low' });
    expect(decision.problems).toMatchObject([{ code: 'WINDOWS_DRIVERS_MISSING', severity: 'warn' }]);
  });
});

describe('the remedy is a command for the guest', () => {
  const remedy = (evidence: LaunchEvidence) => decide(evidence, {}).problems[0]?.remedy;

  const initrd = (path: string): LinuxReading['initramfs'] => ({
    ...unreadable,
    outcome: 'whole',
    paths: ['/boot/early_ucode.cpio', path],
  });

  test.each([
    ['dracut', '/boot/initramfs-6.1.0-13-amd64.img', '/boot/initramfs-6.1.0-13-amd64.img'],
    // As SUSE, Debian and systemd-boot have it.
    ['dracut', '/boot/initrd-6.1.0-13-amd64', '/boot/initrd-6.1.0-13-amd64'],
    ['dracut', '/boot/initrd.img-6.1.0-13-amd64', '/boot/initrd.img-6.1.0-13-amd64'],
    ['dracut', '/efi/EFI/Linux/debian.efi (.initrd)', '""'],
    ['dracut', '/boot/$(reboot)', '""'],
  ] as const)('with %s it makes %s again', (initramfsTool, path, told) => {
    expect(remedy(linux(ide, { initramfsTool, initramfs: initrd(path) }))).toContain(
      `dracut -f --add-drivers "virtio_pci virtio_scsi virtio_net" ${told} 6.1.0-13-amd64\` in the guest`,
    );
  });

  test.each([
    [
      '/boot/initrd-2.6.18-398.el5.img',
      'mkinitrd -f --with=virtio_pci --with=virtio_scsi --with=virtio_net /boot/initrd-2.6.18-398.el5.img 2.6.18-398.el5',
    ],
    [
      '/boot/initrd-3.0.101-63-default',
      `sed -i 's/^INITRD_MODULES="/&virtio_pci virtio_scsi virtio_net /' /etc/sysconfig/kernel && mkinitrd`,
    ],
  ])("with the mkinitrd that made %s, Red Hat's or SUSE's", (path, command) => {
    const release = path.replace('/boot/initrd-', '').replace('.img', '');
    const guest = linux(ide, {
      initramfsTool: 'mkinitrd',
      initramfs: initrd(path),
      kernel: kernel(release),
    });
    expect(remedy(guest)).toContain(`${command}\` in the guest`);
  });

  test.each([
    [
      'initramfs-tools',
      "printf '%s\\n' virtio_pci virtio_scsi virtio_net >> /etc/initramfs-tools/modules && update-initramfs -u -k 6.1.0-13-amd64",
    ],
    [
      'mkinitcpio',
      "sed -i 's/^MODULES=(/&virtio_pci virtio_scsi virtio_net /' /etc/mkinitcpio.conf && mkinitcpio -P",
    ],
    ['mkinitfs', 'mkinitfs 6.1.0-13-amd64'],
    ['genkernel', 'genkernel --virtio initramfs'],
  ] as const)('with %s', (initramfsTool, command) => {
    expect(remedy(linux(ide, { initramfsTool }))).toContain(`${command}\` in the guest`);
  });

  test('of a tool that is not known it names the drivers', () => {
    expect(remedy(linux(ide, { initramfsTool: null }))).toMatch(/initramfs with virtio_pci, virtio_scsi,/);
  });

  test('a driver that is blocked is let go first', () => {
    expect(remedy(linux({ ...ide, virtio_scsi: 'blocked' }))).toMatch(
      /^Take virtio_scsi out of modprobe\.blacklist=.*then run `printf .*update-initramfs/,
    );
  });

  test('a driver that is nowhere needs another kernel', () => {
    expect(remedy(linux({ ...ide, virtio_scsi: 'absent' }))).toMatch(
      /^Install a kernel that has virtio_scsi/,
    );
  });

  test('a kernel release that is made to be run is in no command', () => {
    const release = '6.1.0; rm -rf /';
    expect(remedy(linux(ide, { kernel: kernel(release) }))).not.toContain('rm -rf');
  });

  test('a NIC without its driver has another where the guest has e1000', () => {
    expect(remedy(linux({ ...virtio, virtio_net: 'absent', e1000: 'disk' }))).toContain(
      'E1000 by a capability schema',
    );
    expect(remedy(linux({ ...virtio, virtio_net: 'absent' }))).not.toContain('E1000');
  });
});
