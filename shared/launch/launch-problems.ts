import type { Problem } from '../finding.ts';
import type { LinuxReading, WindowsReading } from '../guest/guest.ts';
import { cut, printable } from '../printable.ts';
import type { LaunchEvidence } from './decision-table.ts';
import { driversRemedy } from './driver-remedies.ts';
import { BOOT_DRIVERS, isInstalled, missingAtBoot } from './linux-drivers.ts';
import { bindsVioscsi, hasNetkvm, startsViostor } from './windows-drivers.ts';

/** What the rows of the decision table have to tell beside the launch mode. */
type Told = (evidence: LaunchEvidence) => Problem[];

/** Says it of a Linux guest; the rows that tell it have one. */
const ofLinux =
  (tell: (linux: LinuxReading) => Problem[]): Told =>
  ({ guest }) =>
    guest?.linux ? tell(guest.linux) : [];

const kernelOf = ({ kernel }: LinuxReading): string =>
  kernel ? `The default kernel (${printable(kernel.release)})` : 'The kernel';

const rootRemedy = ({ rootRemedy }: LinuxReading): string =>
  rootRemedy ?? 'Name the root by its UUID (`findmnt -no UUID /`) in the boot loader’s configuration.';

export const linuxRootUnnamed = ofLinux((linux) => [
  {
    code: 'ROOT_DEVICE_NOT_ON_OCI',
    severity: 'reject',
    sentence: `${kernelOf(linux)} is told that its root is ${shown(linux.root)}. OCI shows a boot volume as /dev/sda in every launch mode: it would wait for its root, and start an emergency shell.`,
    remedy: rootRemedy(linux),
  },
]);

export const linuxOnIdeOnly = ofLinux((linux) => [
  {
    code: 'ROOT_ON_IDE_DISK',
    severity: 'warn',
    sentence: `${kernelOf(linux)} is told that its root is ${shown(linux.root)}, an IDE disk. It is launched with emulated devices, which are much slower.`,
    remedy: rootRemedy(linux),
  },
]);

export const linuxForXen = ofLinux((linux) => [
  {
    code: 'KERNEL_FOR_XEN_ONLY',
    severity: 'reject',
    sentence: `${kernelOf(linux)} is made for paravirtualized Xen guests; no launch mode of OCI can start it.`,
    remedy:
      'Install the standard kernel in the guest (`yum install kernel`, `zypper install kernel-default`), make it the default, install GRUB on the disk, and upload it again.',
  },
]);

/** A device's name is short; what is not comes from a hostile image. */
const MAX_SHOWN = 200;
const shown = (text: string | null): string => cut(printable(text ?? ''), MAX_SHOWN);

/** The drivers that are missing, and where they would have to be. */
function lacks(linux: LinuxReading): string {
  const missing = missingAtBoot(linux, BOOT_DRIVERS);
  const installed = missing.filter((driver) => linux.drivers[driver].state === 'disk');
  const isBlocked = missing.some((driver) => linux.drivers[driver].state === 'blocked');
  const where = isBlocked
    ? ': modprobe is told not to load it'
    : installed.length < missing.length
      ? ''
      : linux.initramfs.outcome === 'none'
        ? ': installed as modules, but there is no initramfs to load them from'
        : ': installed, but not in its initramfs';
  return `${kernelOf(linux)} finds no ${missing.join(', ')} when it looks for its root${where}`;
}

export const linuxNotBootable = ofLinux((linux) => [
  {
    code: 'LINUX_DRIVERS_MISSING',
    severity: 'reject',
    sentence: `${lacks(linux)}; it would start in none of OCI's launch modes.`,
    remedy: driversRemedy(linux, missingAtBoot(linux, BOOT_DRIVERS)),
  },
]);

export const linuxEmulated = ofLinux((linux) => {
  const problems: Problem[] = [
    {
      code: 'PARAVIRTUALIZED_DRIVERS_MISSING',
      severity: 'warn',
      sentence: `${lacks(linux)}. It is launched with emulated devices, which are much slower.`,
      remedy: driversRemedy(linux, missingAtBoot(linux, BOOT_DRIVERS)),
    },
  ];
  if (isInstalled(linux, 'e1000') === 'no') {
    problems.push({
      code: 'NIC_DRIVER_MISSING',
      severity: 'warn',
      sentence: `${kernelOf(linux)} has no e1000, the driver of the emulated network interface: it starts without a network.`,
      remedy:
        'Install e1000 in the guest (it is in the kernel’s package of extra modules), and upload it again.',
    });
  }
  return problems;
});

export const linuxNicMissing = ofLinux((linux) => {
  const known = isInstalled(linux, 'virtio_net') === 'no';
  const e1000 = isInstalled(linux, 'e1000') === 'yes';
  return [
    {
      code: 'NIC_DRIVER_MISSING',
      severity: 'warn',
      sentence: known
        ? `${kernelOf(linux)} has no virtio_net, the driver of the paravirtualized network interface: it starts without a network.`
        : `${kernelOf(linux)} may have virtio_net, the driver of the paravirtualized network interface, or not: it could not be read.`,
      remedy: e1000
        ? 'Install virtio_net in the guest, or set Network.AttachmentType to E1000 by a capability schema: the guest has e1000.'
        : 'Install virtio_net in the guest, shut it down and upload it again.',
    },
  ];
});

export const initramfsUnread = ofLinux(({ initramfs }) => [
  {
    code: 'INITRAMFS_UNREADABLE',
    severity: 'warn',
    sentence: `The initramfs could not be read: ${initramfs.reason ?? 'nobody knows why'}. Whether it has the drivers is an assumption.`,
    remedy: NOT_READ_REMEDY,
  },
]);

const NOT_READ_REMEDY =
  'If you know better, set the object metadata opc-meta-byoi-launch-mode to PARAVIRTUALIZED, EMULATED or ' +
  'NATIVE and upload it again.';

export const driversNotRead: Told = ({ guest }) => [
  {
    code: 'DRIVERS_NOT_READ',
    severity: 'warn',
    sentence:
      `Which drivers the guest starts with could not be read${whyUnread(guest?.linux)}. PARAVIRTUALIZED boots only ` +
      'where it starts with virtio_scsi and virtio_net (on Windows: vioscsi and NetKVM).',
    remedy: NOT_READ_REMEDY,
  },
];

function whyUnread(linux: LinuxReading | null | undefined): string {
  return linux?.initramfs.reason ? ` (its initramfs: ${linux.initramfs.reason})` : '';
}

export const windowsDoubts: Told = ({ guest }) => {
  const problems: Problem[] = [];
  if (!guest?.windows) return problems;
  if (!hasNetkvm(guest.windows)) {
    problems.push({
      code: 'NIC_DRIVER_MISSING',
      severity: 'warn',
      sentence:
        'Windows has no NetKVM, the driver of the paravirtualized network interface: it starts without a network.',
      remedy: VIRTIO_REMEDY,
    });
  }
  if (!bindsVioscsi(guest.windows)) {
    problems.push({
      code: 'WINDOWS_DRIVER_UNBOUND',
      severity: 'warn',
      sentence:
        'Windows starts vioscsi at boot, but it was not seen that its driver is there and bound to the virtio-scsi ' +
        'controller (PCI 1AF4:1004, 1AF4:1048).',
      remedy: VIRTIO_REMEDY,
    });
  }
  return problems;
};

export const windowsNotBootable: Told = ({ guest }) => [
  {
    code: 'WINDOWS_DRIVERS_MISSING',
    severity: 'reject',
    sentence:
      'Windows does not start vioscsi, the driver of the paravirtualized boot volume, at boot' +
      (guest?.windows ? whyNotAtBoot(guest.windows) : '') +
      '. It would stop with INACCESSIBLE_BOOT_DEVICE.',
    remedy: VIRTIO_REMEDY,
  },
];

function whyNotAtBoot(windows: WindowsReading): string {
  const { vioscsi } = windows.drivers;
  if (vioscsi.start !== null && vioscsi.file === false) return ': its file is missing, or cannot be loaded';
  if (vioscsi.start !== null) return ': it is installed, but started later or never';
  return startsViostor(windows) ? ': it has viostor, which is for another kind of disk' : '';
}

const VIRTIO_REMEDY =
  'Install the Oracle VirtIO Drivers for Microsoft Windows in the guest (they bring vioscsi and NetKVM), shut it down ' +
  'fully (`shutdown /s /t 0`) and upload it again.';

/** An archive is imported as it says; that its guest cannot start so is worth a word. */
export const archiveContradicted: Told = (evidence) => {
  const { archive, guest } = evidence;
  if (archive?.launchMode !== 'PARAVIRTUALIZED') return [];
  const linux = guest?.linux?.kernel ? guest.linux : null;
  const missing = linux ? missingAtBoot(linux, BOOT_DRIVERS) : [];
  if (!linux || missing.length === 0) return [];
  return [
    {
      code: 'ARCHIVE_DRIVERS_MISSING',
      severity: 'warn',
      sentence: `The archive says PARAVIRTUALIZED, but: ${lacks(linux)}.`,
      remedy: driversRemedy(linux, missing),
    },
  ];
};
