import {
  type DriverState,
  type GuestReading,
  LINUX_DRIVERS,
  type LinuxDriver,
  type LinuxReading,
  WINDOWS_DRIVERS,
  type WindowsDriver,
  type WindowsDriverReading,
  type WindowsReading,
} from '../../shared/guest/guest.ts';

/** A Linux guest whose initramfs was read whole and holds nothing; what is not named is absent. */
export function linuxReading(
  drivers: Partial<Record<LinuxDriver, DriverState>>,
  changes: Partial<LinuxReading> = {},
): LinuxReading {
  const states = LINUX_DRIVERS.map((name) => [name, { state: drivers[name] ?? 'absent', source: '' }]);
  return {
    kernel: {
      release: '6.1.0-13-amd64',
      path: '/boot/vmlinuz',
      commandLine: null,
      assumed: false,
      source: '/boot/grub/grub.cfg',
    },
    otherKernels: [],
    initramfs: { paths: ['/boot/initrd.img'], outcome: 'whole', reason: null, hostOnly: null },
    drivers: Object.fromEntries(states),
    initramfsTool: 'initramfs-tools',
    root: null,
    rootMissing: false,
    rootRemedy: null,
    ociIscsiBoot: false,
    ...changes,
  };
}

/** A Windows guest; what is not named is not installed. */
export function windowsReading(
  drivers: Partial<Record<WindowsDriver, Partial<WindowsDriverReading>>>,
): WindowsReading {
  const none: WindowsDriverReading = { start: null, file: null, devices: [] };
  const found = WINDOWS_DRIVERS.map((name) => [name, { ...none, ...drivers[name] }]);
  return {
    productName: 'Windows Server 2019 Standard',
    editionId: 'ServerStandard',
    installationType: 'Server',
    build: 17763,
    drivers: Object.fromEntries(found),
    hibernated: false,
  };
}

export function guestReading(changes: Partial<GuestReading>): GuestReading {
  return {
    system: null,
    architecture: null,
    linux: null,
    windows: null,
    efi: null,
    agents: [],
    rootRead: false,
    evidence: [],
    problems: [],
    ...changes,
  };
}
