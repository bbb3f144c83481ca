import { describe, expect, test } from 'vitest';
import type { ArchiveMetadata } from '../../../shared/image/format.ts';
import { architectureProblems, readArchitecture } from '../../../shared/launch/architecture.ts';
import {
  operatingSystemTerm,
  readOperatingSystem,
  type SystemClues,
} from '../../../shared/launch/operating-system.ts';
import { WINDOWS_VERSIONS, windowsProblems, windowsVersion } from '../../../shared/launch/windows-terms.ts';
import { guestReading, windowsReading } from '../../support/guest-readings.ts';

const GB = 2 ** 30;
const codes = (problems: readonly { code: string }[]) => problems.map(({ code }) => code);

test.each([
  ['win2k19-std.qcow2', 'Server 2019 Standard'],
  ['Windows_Server_2022_Datacenter.vmdk', 'Server 2022 Datacenter'],
  ['Windows-Server-2012-R2-Standard-Edition.vmdk', 'Server 2012 R2 Standard'],
  ['windows-2012-dc.qcow2', 'Server 2012 Datacenter'],
  ['w2k8r2-ent.vmdk', 'Server 2008 R2 Enterprise'],
  ['win2025_standard_core.qcow2', 'Server 2025 Standard Core'],
  ['Windows Server 2019 Standard Evaluation', 'Server 2019 Standard'],
  ['win2k19.qcow2', null],
  ['windows-2008-standard.qcow2', null],
  ['windows-2016-web.qcow2', null],
  ['windows-standard-or-datacenter-2019.qcow2', null],
  ['windows-standard-2022-05-01.qcow2', null],
  ['windows-standard-20220501.qcow2', null],
  ['windows10-enterprise.qcow2', null],
])('the Windows version in %s is %s', (name, version) => {
  expect(windowsVersion(name)).toBe(version);
});

test('every Windows term is recognised as itself', () => {
  for (const term of WINDOWS_VERSIONS) expect(windowsVersion(term)).toBe(term);
});

describe('windowsProblems', () => {
  test('an unknown version names the terms of its release', () => {
    const [problem] = windowsProblems(null, 300 * GB, 'win2k12r2.vmdk');
    expect(problem).toMatchObject({ code: 'WINDOWS_VERSION_UNKNOWN', severity: 'warn' });
    expect(problem?.remedy).toBe(
      'Set opc-meta-byoi-os-version to one of: Server 2012 R2 Standard, Server 2012 R2 Datacenter.',
    );
  });

  test('a release that OCI does not have names all terms', () => {
    expect(windowsProblems('10 Enterprise', 300 * GB, 'x')[0]?.remedy).toContain(WINDOWS_VERSIONS.join(', '));
  });

  test('a boot volume under 256 GB is warned of, one of 256 GB is not', () => {
    expect(codes(windowsProblems('Server 2019 Standard', 256 * GB - 512, 'x'))).toEqual([
      'WINDOWS_BOOT_VOLUME_SMALL',
    ]);
    expect(windowsProblems('Server 2019 Standard', 256 * GB, 'x')).toEqual([]);
  });
});

describe('readOperatingSystem', () => {
  const mark = { fact: 'an NTFS boot sector', source: 'partition 1' };
  const archive = (operatingSystem: string, operatingSystemVersion: string | null): ArchiveMetadata => ({
    launchMode: null,
    firmware: null,
    networkType: null,
    bootVolumeType: null,
    operatingSystem,
    operatingSystemVersion,
    shapes: null,
  });

  const clues: SystemClues = { archive: null, guest: null, windows: null, name: 'golden.qcow2' };
  const debian = guestReading({
    system: {
      family: 'linux',
      id: 'debian',
      like: [],
      name: 'Debian GNU/Linux 12 (bookworm)',
      version: '12',
    },
  });

  test('the system on the disk is believed before the name', () => {
    expect(readOperatingSystem({ ...clues, guest: debian, name: 'ubuntu-22.04' })).toMatchObject({
      operatingSystem: 'Debian',
      operatingSystemVersion: '12',
      guessed: false,
    });
  });

  test('a system that OCI has no term for keeps its own name', () => {
    const system = { family: 'linux', id: 'void', like: [], name: 'Void Linux', version: null } as const;
    const guest = guestReading({ system });
    expect(readOperatingSystem({ ...clues, guest })).toMatchObject({
      operatingSystem: 'Void Linux',
      operatingSystemVersion: null,
    });
  });

  test.each([
    ['Windows Server 2019 Standard', 'Server', 'Server 2019 Standard'],
    ['Windows Server 2022 Datacenter Evaluation', 'Server Core', 'Server 2022 Datacenter Core'],
    ['Windows Server 2012 R2 Standard', 'Server', 'Server 2012 R2 Standard'],
    ['Windows 10 Pro', 'Client', null],
  ])('%s (%s) is %s in OCI’s terms', (productName, installationType, version) => {
    const windows = { ...windowsReading({}), productName, installationType };
    expect(readOperatingSystem({ ...clues, guest: guestReading({ windows }) })).toMatchObject({
      operatingSystem: 'Windows',
      operatingSystemVersion: version,
    });
  });

  test.each([
    ['debian-12-genericcloud-amd64.qcow2', 'Debian', '12'],
    ['ubuntu-22.04.3-server.vmdk', 'Ubuntu', '22.04'],
    ['OL9U4_x86_64-kvm.qcow2', 'Oracle Linux', '9'],
    ['oracle-linux-8.10.qcow2', 'Oracle Linux', '8.10'],
    ['rhel-9.4-x86_64-kvm.qcow2', 'RHEL', '9.4'],
    ['SLES15-SP5.qcow2', 'SUSE', '15'],
    ['Rocky-9-GenericCloud-Base.latest.x86_64.qcow2', 'Rocky Linux', '9'],
    ['CentOS-Stream-GenericCloud-9.qcow2', 'CentOS', null],
    ['win2k19-std.qcow2', 'Windows', 'Server 2019 Standard'],
    ['fedora-20240101.qcow2', 'Fedora', null],
  ])('%s is guessed to be %s %s', (name, operatingSystem, operatingSystemVersion) => {
    expect(readOperatingSystem({ ...clues, name: name })).toMatchObject({
      operatingSystem,
      operatingSystemVersion,
      guessed: true,
      evidence: [{ source: 'object name' }],
    });
  });

  test('a name that says nothing gives nothing', () => {
    expect(readOperatingSystem({ ...clues, name: 'golden.qcow2' })).toMatchObject({
      operatingSystem: null,
      evidence: [],
    });
  });

  test('the archive is believed before the disk, the disk before the name', () => {
    expect(
      readOperatingSystem({ ...clues, archive: archive('windows', 'server 2016 datacenter'), guest: debian }),
    ).toMatchObject({
      operatingSystem: 'Windows',
      operatingSystemVersion: 'Server 2016 Datacenter',
      guessed: false,
    });
    expect(readOperatingSystem({ ...clues, windows: mark, name: 'debian-12' })).toMatchObject({
      operatingSystem: 'Windows',
      operatingSystemVersion: null,
      guessed: false,
    });
  });

  test('a name of 1024 hostile characters is read in no time', () => {
    const started = performance.now();
    for (const part of ['win-', 'red_hat.', '2k', 'suse linux ', '-_. ']) {
      readOperatingSystem({ ...clues, name: part.repeat(1024) });
    }
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('OCI’s spelling is kept for what it knows, any other is left as it is', () => {
    expect(operatingSystemTerm('ORACLE LINUX')).toBe('Oracle Linux');
    expect(operatingSystemTerm('Canonical Ubuntu')).toBe('Canonical Ubuntu');
  });
});

describe('readArchitecture', () => {
  test.each([
    ['the guest', { guest: 'aarch64', disk: null, shapes: null, firmware: 'BIOS' }, 'aarch64'],
    ['a 32-bit guest', { guest: 'i386', disk: null, shapes: null, firmware: null }, 'x86_64'],
    [
      'the disk',
      { guest: null, disk: 'aarch64', shapes: ['VM.Standard.E4.Flex'], firmware: 'BIOS' },
      'aarch64',
    ],
    [
      'Arm shapes',
      { guest: null, disk: null, shapes: ['VM.Standard.A1.Flex', 'BM.Standard.A1.160'], firmware: null },
      'aarch64',
    ],
    [
      'x86 shapes',
      { guest: null, disk: null, shapes: ['VM.Standard.E4.Flex'], firmware: 'UEFI_64' },
      'x86_64',
    ],
    [
      'shapes of both',
      { guest: null, disk: null, shapes: ['VM.Standard.A1.Flex', 'VM.Standard3.Flex'], firmware: null },
      null,
    ],
    ['BIOS', { guest: null, disk: null, shapes: null, firmware: 'BIOS' }, 'x86_64'],
    ['UEFI alone', { guest: null, disk: null, shapes: [], firmware: 'UEFI_64' }, null],
  ] as const)('by %s', (_, clues, architecture) => {
    expect(readArchitecture(clues).architecture).toBe(architecture);
  });
});

test('of a Windows disk under 1 GB it is said that it is that small, not that it has none', () => {
  const [problem] = windowsProblems('Server 2019 Standard', 2 ** 29, 'disk');
  expect(problem?.sentence).toContain('less than 1 GB');
});

test.each([
  ['x86_64', []],
  ['aarch64', []],
  [null, []],
  ['i386', ['warn ARCHITECTURE_32_BIT']],
  ['other', ['reject ARCHITECTURE_UNSUPPORTED']],
] as const)('a guest for %s has the problems %s', (guest, problems) => {
  expect(architectureProblems(guest).map(({ severity, code }) => `${severity} ${code}`)).toEqual(problems);
});
