import { describe, expect, test } from 'vitest';
import { FilesystemDamagedError } from '../../../../shared/filesystem/errors.ts';
import type { DirectoryNode } from '../../../../shared/filesystem/filesystem.ts';
import type { GuestReading, WindowsDriver } from '../../../../shared/guest/guest.ts';
import type { SystemReading } from '../../../../shared/guest/read-guest.ts';
import { readWindows } from '../../../../shared/guest/windows/read-windows.ts';
import { decide } from '../../../../shared/launch/decide.ts';
import { guestReading } from '../../../support/guest-readings.ts';
import { guestVolumes } from '../../../support/guest-volumes.ts';
import {
  AMD64,
  BARE_SYSTEM,
  critical,
  I386,
  inDatabase,
  peFile,
  RELEASES,
  SERVICES,
  seen,
  service,
  softwareHive,
  VIOSCSI_IDS,
  virtio,
  type WindowsGuest,
  windowsFiles,
} from '../../../support/guests/windows.ts';
import { buildHive, expand, type HiveContent } from '../../../support/hive.ts';
import type { MemoryFile } from '../../../support/memory-directory.ts';

const NEW = 17763;
const OLD = 7601;

async function readFiles(files: Readonly<Record<string, MemoryFile>>, explain = false) {
  return readWindows(await guestVolumes([{ type: 'ntfs', files }]), { explain });
}
async function read(guest: WindowsGuest, explain = false): Promise<SystemReading> {
  const reading = await readFiles(windowsFiles(guest), explain);
  if (!reading) throw new Error('no Windows was found');
  return reading;
}
const system = (...parts: HiveContent[]): HiveContent => Object.assign({}, BARE_SYSTEM, ...parts);
const driver = ({ windows }: Pick<GuestReading, 'windows'>, name: WindowsDriver) => windows?.drivers[name];
const codes = ({ problems }: Pick<GuestReading, 'problems'>) => problems.map(({ code }) => code);
const facts = ({ evidence }: Pick<GuestReading, 'evidence'>) => evidence.map(({ fact }) => fact).join('\n');
const decided = (reading: SystemReading) => {
  const guest = guestReading(reading);
  const evidence = { format: 'qcow2', archive: null, architecture: null, windows: true, guest } as const;
  return decide({ ...evidence, firmware: 'BIOS' }, {});
};

describe('which Windows it is', () => {
  test.each(Object.entries(RELEASES))('Windows Server %s', async (version, release) => {
    const reading = await read({ system: system(virtio(release.build)), software: softwareHive(release) });
    expect(reading.system).toEqual({
      family: 'windows',
      id: 'windows',
      like: [],
      name: release.productName,
      version,
    });
    expect(reading.windows).toMatchObject({
      productName: release.productName,
      editionId: 'ServerStandard',
      installationType: 'Server',
      build: release.build,
      hibernated: false,
    });
    expect(reading).toMatchObject({ architecture: 'x86_64', linux: null, rootRead: true, agents: [] });
    expect(facts(reading)).toContain(`build ${release.build}`);
    expect(codes(reading)).toEqual([]);
    expect(decided(reading)).toMatchObject({
      launchMode: 'PARAVIRTUALIZED',
      confidence: 'high',
      problems: [],
    });
  });

  const client = (productName: string, build: number) =>
    softwareHive({ productName, editionId: 'Professional', installationType: 'Client', build });
  test.each([
    ['Windows 10 Pro', 22631, 'Windows 11 Pro', '11'],
    ['Windows 10 Pro', 19045, 'Windows 10 Pro', '10'],
    ['Windows 7 Professional', 7601, 'Windows 7 Professional', '7'],
  ])('%s of build %i is %s', async (productName, build, name, version) => {
    const reading = await read({ system: system(), software: client(productName, build) });
    expect(reading.system).toMatchObject({ name, version });
  });

  test('by its build where it does not say its name', async () => {
    const key = 'Microsoft\\Windows NT\\CurrentVersion';
    const software = { [key]: { CurrentBuild: '20348', InstallationType: 'Server' } };
    expect((await read({ system: system(), software })).system).toMatchObject({
      name: 'Windows Server 2022',
      version: '2022',
    });
  });

  test('a name that is made for a terminal is escaped, and cut', async () => {
    const release = { ...RELEASES['2019'], productName: `Windows \x1b]0;\x07${'x'.repeat(5000)}` };
    const { system: found } = await read({ system: system(), software: softwareHive(release) });
    expect(found?.name).toMatch(/^Windows \\u001b\]0;\\u0007x{10,200}$/);
  });

  test('a 32-bit Windows, by the kernel', async () => {
    expect((await read({ system: system(), machine: I386 })).architecture).toBe('i386');
  });
});

describe('the driver of the boot volume', () => {
  test('is bound by the driver database since Windows 8', async () => {
    const reading = await read({ system: system(service('vioscsi', 0), inDatabase('vioscsi', VIOSCSI_IDS)) });
    expect(driver(reading, 'vioscsi')).toEqual({ start: 0, file: true, devices: ['1AF4:1004', '1AF4:1048'] });
    expect(facts(reading)).toContain(
      'vioscsi is started at boot; its file is /Windows/System32/drivers/vioscsi.sys',
    );
  });

  test('is bound by the critical devices before', async () => {
    const reading = await read({ system: system(service('vioscsi', 0), critical('vioscsi', VIOSCSI_IDS)) });
    expect(driver(reading, 'vioscsi')?.devices).toEqual(['1AF4:1004', '1AF4:1048']);
  });

  test('is not bound by the critical devices where Windows no longer looks into them', async () => {
    const reading = await read({
      system: system(
        service('vioscsi', 0),
        critical('vioscsi', VIOSCSI_IDS),
        inDatabase('viostor', ['VEN_1AF4&DEV_1001']),
      ),
    });
    expect(driver(reading, 'vioscsi')?.devices).toEqual([]);
    expect(decided(reading)).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'medium' });
    expect(codes(decided(reading))).toContain('WINDOWS_DRIVER_UNBOUND');
  });

  test('is not bound by a package that starts another service', async () => {
    const reading = await read({ system: system(service('vioscsi', 0), inDatabase('viostor', VIOSCSI_IDS)) });
    expect(driver(reading, 'vioscsi')?.devices).toEqual([]);
  });

  test('is bound where Windows ran with the device', async () => {
    const [device = ''] = VIOSCSI_IDS;
    const reading = await read({ system: system(service('vioscsi', 0), seen('vioscsi', device)) });
    expect(driver(reading, 'vioscsi')?.devices).toEqual(['1AF4:1004']);
  });

  test('only viostor: nothing that OCI presents', async () => {
    const reading = await read({
      system: system(service('viostor', 0), inDatabase('viostor', ['VEN_1AF4&DEV_1001'])),
      drivers: ['viostor'],
    });
    expect(driver(reading, 'vioscsi')).toEqual({ start: null, file: null, devices: [] });
    expect(driver(reading, 'viostor')?.start).toBe(0);
    expect(facts(reading)).toContain('there is no service vioscsi');
    const { launchMode, problems } = decided(reading);
    expect(launchMode).toBeNull();
    expect(problems).toMatchObject([
      { code: 'WINDOWS_DRIVERS_MISSING', severity: 'reject', sentence: expect.stringContaining('viostor') },
    ]);
  });

  test('none at all, as on VMware', async () => {
    const reading = await read({
      system: system(service('pvscsi', 0), service('vmxnet3ndis6', 3)),
      drivers: [],
    });
    expect(driver(reading, 'pvscsi')?.start).toBe(0);
    expect(driver(reading, 'vmxnet3')?.start).toBe(3);
    expect(driver(reading, 'e1000')?.start).toBe(3);
    expect(decided(reading)).toMatchObject({ launchMode: null, confidence: 'high' });
  });

  test('its start at boot was turned off by StartOverride, since the device was not seen', async () => {
    const reading = await read({
      system: system(virtio(NEW), { [`${SERVICES}\\vioscsi\\StartOverride`]: { '0': 3 } }),
    });
    expect(driver(reading, 'vioscsi')).toMatchObject({ start: 3, file: true });
    expect(reading.problems).toMatchObject([
      { code: 'WINDOWS_DRIVER_NOT_AT_BOOT', remedy: expect.stringContaining('vioscsi\\StartOverride /f`') },
    ]);
    expect(decided(reading).launchMode).toBeNull();
  });

  test('a StartOverride that leaves it at boot changes nothing', async () => {
    const reading = await read({
      system: system(virtio(NEW), { [`${SERVICES}\\vioscsi\\StartOverride`]: { '0': 0 } }),
    });
    expect(decided(reading)).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'high' });
  });

  test.each([
    [3, 'on demand'],
    [4, 'never (disabled)'],
  ])('a Start of %i is %s, and no boot', async (start, words) => {
    const reading = await read({ system: system(virtio(NEW), service('vioscsi', start)) });
    expect(reading.problems).toMatchObject([
      { code: 'WINDOWS_DRIVER_NOT_AT_BOOT', sentence: expect.stringContaining(words) },
    ]);
    expect(decided(reading)).toMatchObject({
      launchMode: null,
      problems: [
        { severity: 'reject', sentence: expect.stringContaining('it is installed, but started later') },
      ],
    });
  });

  test.each<[string, WindowsGuest['files'], string]>([
    ['is missing', {}, 'is missing'],
    ['is empty', { 'Windows/System32/drivers/vioscsi.sys': '' }, 'is no driver'],
    ['is for another architecture', { 'Windows/System32/drivers/vioscsi.sys': peFile(I386) }, 'is for i386'],
  ])('its file %s', async (_, files, words) => {
    const reading = await read({ system: system(virtio(NEW)), drivers: ['netkvm'], ...(files && { files }) });
    expect(driver(reading, 'vioscsi')).toMatchObject({ start: 0, file: false });
    expect(facts(reading)).toContain(words);
    expect(decided(reading)).toMatchObject({
      launchMode: null,
      problems: [{ severity: 'reject', sentence: expect.stringContaining('its file is missing') }],
    });
  });

  test.each([
    'System32\\drivers\\other.sys',
    '\\SystemRoot\\System32\\drivers\\other.sys',
    '%SystemRoot%\\System32\\drivers\\other.sys',
    '\\??\\C:\\Windows\\System32\\drivers\\other.sys',
    'C:\\Windows\\System32\\drivers\\other.sys',
  ])('its file is where ImagePath says: %s', async (path) => {
    const reading = await read({
      system: system(virtio(NEW), { [`${SERVICES}\\vioscsi`]: { Start: 0, ImagePath: expand(path) } }),
      drivers: ['other'],
    });
    expect(driver(reading, 'vioscsi')?.file).toBe(true);
  });

  test('without an ImagePath its file is where it always is', async () => {
    const reading = await read({ system: system(virtio(NEW), { [`${SERVICES}\\vioscsi`]: { Start: 0 } }) });
    expect(driver(reading, 'vioscsi')?.file).toBe(true);
  });

  test('a path that leads elsewhere is not taken for absent', async () => {
    const elsewhere = { Start: 0, ImagePath: '\\\\server\\share\\vioscsi.sys' };
    const reading = await read({ system: system(virtio(NEW), { [`${SERVICES}\\vioscsi`]: elsewhere }) });
    expect(driver(reading, 'vioscsi')).toMatchObject({ start: 0, file: null });
  });

  test('the control set that is current decides', async () => {
    const reading = await read({
      system: system(virtio(OLD), {
        Select: { Current: 2 },
        'ControlSet002\\Services\\vioscsi': { Start: 4 },
      }),
    });
    expect(driver(reading, 'vioscsi')?.start).toBe(4);
  });

  test('the files of drivers that decide nothing are read on request only', async () => {
    const guest = { system: system(virtio(NEW)), drivers: ['vioscsi', 'netkvm', 'atapi'] };
    expect(driver(await read(guest), 'atapi')?.file).toBeNull();
    expect(driver(await read(guest, true), 'atapi')?.file).toBe(true);
  });
});

test('without NetKVM it starts without a network', async () => {
  const reading = await read({ system: system(service('vioscsi', 0), inDatabase('vioscsi', VIOSCSI_IDS)) });
  expect(decided(reading)).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'medium' });
  expect(codes(decided(reading))).toEqual(['NIC_DRIVER_MISSING']);
});

describe('the state it was left in', () => {
  test('a dirty hive that has the drivers is told', async () => {
    const reading = await read({ system: system(virtio(NEW)), layout: { dirty: true } });
    expect(codes(reading)).toEqual(['WINDOWS_HIVE_DIRTY']);
    // What is not written yet may be that the driver is no longer started at boot.
    expect(decided(reading)).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'medium' });
  });

  test('a dirty hive that lacks them is not taken for a Windows without them', async () => {
    const reading = await read({ system: system(), layout: { dirty: true } });
    expect(reading).toMatchObject({ system: { name: 'Windows Server 2019 Standard' }, windows: null });
    expect(codes(reading)).toEqual(['WINDOWS_HIVE_DIRTY']);
    expect(decided(reading)).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'low' });
  });

  test.each([
    ['HIBR', true],
    ['hibr', true],
    ['wake', false],
    ['\0\0\0\0', false],
    ['', false],
  ])('a hiberfil.sys that begins with %j', async (head, sleeps) => {
    const reading = await read({ system: system(virtio(NEW)), files: { 'hiberfil.sys': head } });
    expect(reading.windows?.hibernated).toBe(sleeps);
    expect(codes(reading)).toEqual(sleeps ? ['WINDOWS_HIBERNATED'] : []);
  });

  test('updates that are half installed, but not files to be renamed', async () => {
    const manager = (values: HiveContent['']) => ({
      'ControlSet001\\Control\\Session Manager': values ?? {},
    });
    const renames = { PendingFileRenameOperations: ['\\??\\C:\\Windows\\Temp\\a', ''] };
    expect(codes(await read({ system: system(virtio(NEW), manager(renames)) }))).toEqual([]);
    const poqexec = '\\SystemRoot\\WinSxS\\amd64\\poqexec.exe /noreboot /transactionally';
    const pending = { SetupExecute: [poqexec] };
    expect(codes(await read({ system: system(virtio(NEW), manager(pending)) }))).toEqual([
      'WINDOWS_UPDATES_PENDING',
    ]);
  });

  test.each([
    ['IMAGE_STATE_COMPLETE', []],
    ['IMAGE_STATE_UNDEPLOYABLE', ['WINDOWS_SETUP_UNFINISHED']],
    ['IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT', ['WINDOWS_SETUP_UNFINISHED']],
    ['IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE', []],
    ['constructor', []],
  ])('setup in the state %s', async (ImageState, expected) => {
    const software = softwareHive(RELEASES['2019'], {
      'Microsoft\\Windows\\CurrentVersion\\Setup\\State': { ImageState },
    });
    const reading = await read({ system: system(virtio(NEW)), software });
    expect(codes(reading)).toEqual(expected);
    expect(facts(reading).includes('generalized')).toBe(ImageState.endsWith('RESEAL_TO_OOBE'));
  });
});

describe('the network', () => {
  const adapters = 'ControlSet001\\Control\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}';
  const networks = 'ControlSet001\\Control\\Network\\{4D36E972-E325-11CE-BFC1-08002BE10318}';
  const id = '{0badcafe-0000-4000-8000-000000000002}';
  const interfaces = `${SERVICES}\\Tcpip\\Parameters\\Interfaces`;

  test('a hardware address that was set is told, with the command to remove it', async () => {
    const reading = await read({
      system: system(virtio(NEW), {
        [`${adapters}\\0000`]: { DriverDesc: 'WAN Miniport (IP)' },
        [`${adapters}\\0007`]: { DriverDesc: 'vmxnet3 Ethernet Adapter', NetworkAddress: '005056AB0102' },
        [`${adapters}\\Properties`]: {},
      }),
    });
    expect(reading.problems).toEqual([
      {
        code: 'FIXED_MAC',
        severity: 'warn',
        sentence:
          'vmxnet3 Ethernet Adapter is given the hardware address 005056AB0102; in OCI the NIC has another one.',
        remedy:
          'reg delete "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e972-e325-11ce-bfc1-08002be10318}\\0007" /v NetworkAddress /f',
      },
    ]);
  });

  test('a fixed address is told, with the name of its connection', async () => {
    const reading = await read({
      system: system(virtio(NEW), {
        [`${interfaces}\\${id}`]: { EnableDHCP: 0, IPAddress: ['192.0.2.7'] },
        [`${networks}\\${id}\\Connection`]: { Name: 'Ethernet0' },
      }),
    });
    expect(reading.problems).toMatchObject([
      {
        code: 'STATIC_ADDRESS',
        sentence: 'Ethernet0 has the fixed address 192.0.2.7; OCI gives addresses by DHCP.',
        remedy: expect.stringContaining('set address name="Ethernet0" source=dhcp'),
      },
    ]);
  });

  test('a name that is made to be run is in no command', async () => {
    const reading = await read({
      system: system(virtio(NEW), {
        [`${interfaces}\\${id}`]: { EnableDHCP: 0, IPAddress: ['192.0.2.7'] },
        [`${networks}\\${id}\\Connection`]: { Name: '" & del C:\\' },
      }),
    });
    expect(reading.problems[0]?.remedy).toContain('name="NAME"');
  });

  test('DHCP, and addresses that are none, are fine', async () => {
    const reading = await read({
      system: system(virtio(NEW), {
        [`${interfaces}\\${id}`]: { EnableDHCP: 1, IPAddress: ['192.0.2.7'] },
        [`${interfaces}\\{1}`]: { EnableDHCP: 0, IPAddress: ['0.0.0.0'] },
      }),
    });
    expect(codes(reading)).toEqual([]);
  });
});

test('what is installed tells agents of OCI, and where it was', async () => {
  const reading = await read({
    system: system(virtio(NEW), service('OCA', 2), service('cloudbase-init', 2), service('VMTools', 2)),
  });
  expect(reading.agents).toEqual(['oracle-cloud-agent', 'cloudbase-init']);
  expect(facts(reading)).toContain('it has the guest tools of VMware');
});

test('the devices that Windows has seen are told on request', async () => {
  const guest = {
    system: system(virtio(NEW), seen('e1i65x64', 'VEN_8086&DEV_10d3&SUBSYS_07D015AD&REV_00')),
  };
  expect(facts(await read(guest))).not.toContain('8086:10D3');
  expect(facts(await read(guest, true))).toContain('Windows has seen the PCI devices 8086:10D3');
});

describe('what is not whole', () => {
  const whole = windowsFiles({ system: system(virtio(NEW)) });
  const config = 'Windows/System32/config';

  test('a disk without Windows has none', async () => {
    expect(await readFiles({ 'data/file': 'x', 'Windows/Fonts/arial.ttf': 'x' })).toBeNull();
    expect(
      await readWindows(await guestVolumes([{ type: 'ext4', files: whole }]), { explain: false }),
    ).toBeNull();
  });

  test('of several volumes, the one with a Windows', async () => {
    const volumes = await guestVolumes([
      { type: 'ntfs', files: { 'Recovery/WindowsRE/winre.wim': 'x' } },
      { type: 'ntfs', files: whole },
    ]);
    expect((await readWindows(volumes, { explain: false }))?.windows?.build).toBe(17763);
  });

  test('WINNT is looked for, too', async () => {
    const files = { 'WINNT/System32/config/SYSTEM': buildHive(system(service('atapi', 0))) };
    expect((await readFiles(files))?.windows?.drivers.atapi.start).toBe(0);
  });

  test.each<[string, MemoryFile]>([
    ['is no hive', 'nothing of that kind'],
    ['is cut off', buildHive(system(virtio(NEW))).subarray(0, 5000)],
    ['does not say its control set', buildHive({ ...system(virtio(NEW)), Select: {} })],
    ['has not the control set that it says', buildHive({ ...system(virtio(NEW)), Select: { Current: 7 } })],
  ])('a SYSTEM that %s is told, and nothing is taken for absent', async (_, hive) => {
    const reading = await readFiles({ ...whole, [`${config}/SYSTEM`]: hive });
    expect(reading).toMatchObject({ system: { name: 'Windows Server 2019 Standard' }, windows: null });
    expect(reading && codes(reading)).toEqual(['GUEST_UNREADABLE']);
    expect(reading && decided(reading)).toMatchObject({ launchMode: 'PARAVIRTUALIZED', confidence: 'low' });
  });

  test('a SOFTWARE that is damaged leaves the services', async () => {
    const reading = await readFiles({ ...whole, [`${config}/SOFTWARE`]: 'nothing of that kind' });
    expect(reading).toMatchObject({ system: { name: 'Windows', version: null }, windows: { build: null } });
    expect(reading && codes(reading)).toEqual(['GUEST_UNREADABLE']);
    expect(reading && driver(reading, 'vioscsi')?.start).toBe(0);
  });

  test('a kernel that is not there leaves the architecture open', async () => {
    const { 'Windows/System32/ntoskrnl.exe': kernel, ...files } = whole;
    expect(kernel).toEqual(peFile(AMD64));
    expect((await readFiles(files))?.architecture).toBeNull();
  });

  /** A volume of which the directory at this path cannot be searched. */
  async function damagedAt(path: string) {
    const [volume] = await guestVolumes([{ type: 'ntfs', files: whole }]);
    if (!volume) throw new Error('no volume');
    const lookupFailing: DirectoryNode['lookup'] = async () => {
      throw new FilesystemDamagedError('NTFS', 'an index block is torn');
    };
    const within = (directory: DirectoryNode, [name, ...rest]: string[]): DirectoryNode => ({
      ...directory,
      lookup:
        name === undefined
          ? lookupFailing
          : async (wanted) => {
              const node = await directory.lookup(wanted);
              return wanted === name && node?.kind === 'directory' ? within(node, rest) : node;
            },
    });
    const names = path.split('/').filter((name) => name !== '');
    return [{ ...volume, filesystem: { ...volume.filesystem, root: within(volume.filesystem.root, names) } }];
  }

  test.each(['/Windows', '/Windows/System32', '/Windows/System32/config'])(
    'a damaged %s is told, and is no disk without Windows',
    async (path) => {
      const reading = await readWindows(await damagedAt(path), { explain: false });
      expect(reading).toMatchObject({ system: { family: 'windows', name: 'Windows' }, windows: null });
      expect(reading && new Set(codes(reading))).toEqual(new Set(['GUEST_UNREADABLE']));
    },
  );

  test('a damaged folder of the drivers leaves open whether they are there', async () => {
    const reading = await readWindows(await damagedAt('/Windows/System32/drivers'), { explain: false });
    expect(reading && driver(reading, 'vioscsi')).toMatchObject({ start: 0, file: null });
    expect(reading && new Set(codes(reading))).toEqual(new Set(['GUEST_UNREADABLE']));
    expect(reading && decided(reading)).toMatchObject({
      launchMode: 'PARAVIRTUALIZED',
      confidence: 'medium',
    });
  });
});
