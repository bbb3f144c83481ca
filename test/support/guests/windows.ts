import { buildHive, expand, type HiveContent, type HiveLayout } from '../hive.ts';
import type { MemoryFile } from '../memory-directory.ts';

/*
 * Windows guests as far as their registry and files tell, made after documentation and not by Windows:
 *
 *   Services        learn.microsoft.com/windows-hardware/drivers/install/hklm-system-currentcontrolset-services-registry-tree
 *   DriverDatabase, CriticalDeviceDatabase
 *                   what virt-v2v (libguestfs) and distrobuilder (LXC) write into guests that then boot
 *   CurrentVersion  learn.microsoft.com/windows-server/get-started/windows-server-release-info
 *   Setup\State     learn.microsoft.com/windows-hardware/manufacture/desktop/windows-setup-states
 */

export interface WindowsRelease {
  readonly productName: string;
  readonly editionId: string;
  readonly installationType: string;
  readonly build: number;
  /** ReleaseId, later DisplayVersion. */
  readonly release?: string;
}

/** Of each release that OCI has a licence for, and the one before. */
export const RELEASES = {
  '2008': server('Windows Server (R) 2008 Standard', 6003),
  '2008 R2': server('Windows Server 2008 R2 Standard', 7601),
  '2012': server('Windows Server 2012 Standard', 9200),
  '2012 R2': server('Windows Server 2012 R2 Standard', 9600),
  '2016': { ...server('Windows Server 2016 Standard', 14393), release: '1607' },
  '2019': { ...server('Windows Server 2019 Standard', 17763), release: '1809' },
  '2022': { ...server('Windows Server 2022 Standard', 20348), release: '21H2' },
  '2025': { ...server('Windows Server 2025 Standard', 26100), release: '24H2' },
} as const;

function server(productName: string, build: number): WindowsRelease {
  return { productName, editionId: 'ServerStandard', installationType: 'Server', build };
}

export const SERVICES = 'ControlSet001\\Services';
const SCSI_CLASS = '{4d36e97b-e325-11ce-bfc1-08002be10318}';

/** A driver's service, as an .inf file's AddService makes it. */
export const service = (name: string, start: number, group = 'SCSI miniport'): HiveContent => ({
  [`${SERVICES}\\${name}`]: {
    Type: 1,
    Start: start,
    ErrorControl: 1,
    Group: group,
    ImagePath: expand(`System32\\drivers\\${name}.sys`),
  },
});

/** Since Windows 8: how the device's hardware id leads to the service, by the .inf of a package. */
export function inDatabase(name: string, hardwareIds: readonly string[]): HiveContent {
  const inf = `oem-${name}.inf`;
  const directory = `${name}.inf_amd64_78d23e29bdcf3e06`;
  const packageKey = `DriverDatabase\\DriverPackages\\${directory}`;
  return {
    [`DriverDatabase\\DriverInfFiles\\${inf}`]: {
      '': [directory],
      Active: directory,
      Configurations: ['install'],
    },
    [packageKey]: { '': inf, InfName: `${name}.inf`, Provider: 'Red Hat, Inc.' },
    [`${packageKey}\\Configurations\\install`]: { ConfigFlags: 0, Service: name },
    ...Object.fromEntries(
      hardwareIds.flatMap((id) => [
        [`DriverDatabase\\DeviceIds\\PCI\\${id}`, { [inf]: Buffer.from('02ff0000', 'hex') }],
        [`${packageKey}\\Descriptors\\PCI\\${id}`, { Configuration: 'install' }],
      ]),
    ),
  };
}

/** Before Windows 8. */
export const critical = (name: string, hardwareIds: readonly string[]): HiveContent =>
  Object.fromEntries(
    hardwareIds.map((id) => [
      `ControlSet001\\Control\\CriticalDeviceDatabase\\PCI#${id}`,
      { Service: name, ClassGUID: SCSI_CLASS },
    ]),
  );

/** The device was there when Windows last ran. */
export const seen = (name: string, device: string): HiveContent => ({
  [`ControlSet001\\Enum\\PCI\\${device}\\3&11583659&0&20`]: { Service: name, ClassGUID: SCSI_CLASS },
});

export const VIOSCSI_IDS = [
  'VEN_1AF4&DEV_1004&SUBSYS_00081AF4&REV_00',
  'VEN_1AF4&DEV_1004',
  'VEN_1AF4&DEV_1048&SUBSYS_11001AF4&REV_01',
  'VEN_1AF4&DEV_1048',
];
export const NETKVM_IDS = ['VEN_1AF4&DEV_1000', 'VEN_1AF4&DEV_1041'];

/** What every Windows has. */
export const BARE_SYSTEM: HiveContent = {
  Select: { Current: 1, Default: 1, Failed: 0, LastKnownGood: 1 },
  Setup: { SystemSetupInProgress: 0, SetupType: 0 },
  'ControlSet001\\Control\\Session Manager': { BootExecute: ['autocheck autochk *'] },
  [`${SERVICES}\\Tcpip\\Parameters\\Interfaces\\{0badcafe-0000-4000-8000-000000000001}`]: { EnableDHCP: 1 },
  ...service('atapi', 0),
  ...service('intelide', 0, 'System Bus Extender'),
  ...service('storahci', 0),
  ...service('E1G60', 3, 'NDIS'),
  ...service('vmicheartbeat', 3),
};

/** The virtio drivers as their installer leaves them. */
export const virtio = (build: number): HiveContent => ({
  ...service('vioscsi', 0),
  ...service('netkvm', 3, 'NDIS'),
  ...(build >= 9200
    ? { ...inDatabase('vioscsi', VIOSCSI_IDS), ...inDatabase('netkvm', NETKVM_IDS) }
    : critical('vioscsi', VIOSCSI_IDS)),
});

/** Since Windows 8.1 it stays the same. */
const CURRENT_VERSIONS: Readonly<Record<number, string>> = { 6003: '6.0', 7601: '6.1', 9200: '6.2' };

export function softwareHive(
  { productName, editionId, installationType, build, release }: WindowsRelease,
  more: HiveContent = {},
): HiveContent {
  return {
    'Microsoft\\Windows NT\\CurrentVersion': {
      ProductName: productName,
      EditionID: editionId,
      InstallationType: installationType,
      CurrentBuild: `${build}`,
      CurrentBuildNumber: `${build}`,
      CurrentVersion: CURRENT_VERSIONS[build] ?? '6.3',
      ...(release && {
        ReleaseId: release,
        UBR: 1234,
        CurrentMajorVersionNumber: 10,
        CurrentMinorVersionNumber: 0,
      }),
    },
    'Microsoft\\Windows\\CurrentVersion\\Setup\\State': { ImageState: 'IMAGE_STATE_COMPLETE' },
    ...more,
  };
}

/** A PE file of nothing but its headers. https://learn.microsoft.com/windows/win32/debug/pe-format */
export function peFile(machine: number): Buffer {
  const file = Buffer.alloc(0x400);
  file.write('MZ', 'latin1');
  file.writeUInt32LE(0x80, 0x3c);
  file.write('PE\0\0', 0x80, 'latin1');
  file.writeUInt16LE(machine, 0x84);
  const [magic, optionalLength] = machine === I386 ? [0x10b, 0xe0] : [0x20b, 0xf0];
  file.writeUInt16LE(optionalLength, 0x94);
  file.writeUInt16LE(0x22, 0x96);
  file.writeUInt16LE(magic, 0x98);
  file.writeUInt16LE(3, 0x98 + 0x44);
  return file;
}
export const AMD64 = 0x8664;
export const I386 = 0x14c;

export interface WindowsGuest {
  readonly system: HiveContent;
  readonly software?: HiveContent;
  readonly layout?: HiveLayout;
  /** In System32\drivers. */
  readonly drivers?: readonly string[];
  readonly machine?: number;
  readonly files?: Readonly<Record<string, MemoryFile>>;
}

/** The files of a system volume, by their paths. */
export function windowsFiles({
  system,
  software = softwareHive(RELEASES['2019']),
  layout = {},
  drivers = ['vioscsi', 'netkvm', 'atapi'],
  machine = AMD64,
  files = {},
}: WindowsGuest): Record<string, MemoryFile> {
  const folder = 'Windows/System32';
  return {
    [`${folder}/config/SYSTEM`]: buildHive(system, layout),
    [`${folder}/config/SOFTWARE`]: buildHive(software),
    [`${folder}/ntoskrnl.exe`]: peFile(machine),
    // By which libguestfs knows a Windows.
    [`${folder}/cmd.exe`]: peFile(machine),
    ...Object.fromEntries(drivers.map((name) => [`${folder}/drivers/${name}.sys`, peFile(machine)])),
    ...files,
  };
}

const numbered = (count: number, make: (number: number) => HiveContent): HiveContent =>
  Object.assign({}, ...Array.from({ length: count }, (_, number) => make(number)));
const device = (number: number) =>
  `VEN_8086&DEV_${number.toString(16).toUpperCase().padStart(4, '0')}&SUBSYS_00018086`;

/** Other services and devices, as many as a Windows Server has: half a MiB of a SYSTEM hive. */
export const CROWDED_SYSTEM: HiveContent = {
  ...numbered(700, (number) => service(`service-of-another-kind-${number}`, 3)),
  ...numbered(60, (number) =>
    inDatabase(
      `net${number}`,
      [1, 2, 3, 4, 5].map((at) => device(number * 50 + at)),
    ),
  ),
  ...numbered(30, (number) => ({
    [`ControlSet001\\Control\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}\\${`${number}`.padStart(4, '0')}`]:
      {
        DriverDesc: `WAN Miniport ${number}`,
        ComponentId: 'ms_wanminiport',
        Characteristics: 41,
      },
  })),
  ...numbered(40, (number) => seen('pci', `${device(number)}&REV_00`)),
};

/** Classes of objects: what a SOFTWARE hive has most of; more than a MiB. */
export const CROWDED_SOFTWARE: HiveContent = numbered(1200, (number) => ({
  [`Classes\\CLSID\\{00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}}\\InprocServer32`]: {
    '': `C:\\Program Files\\Some Product of Someone\\${'a folder of it\\'.repeat(20)}${number}.dll`,
  },
}));
