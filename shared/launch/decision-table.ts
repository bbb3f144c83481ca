import type { Problem } from '../finding.ts';
import type { GuestReading, LinuxReading, WindowsReading } from '../guest/guest.ts';
import { kindOfDeviceName } from '../guest/linux/volume-names.ts';
import type { ArchiveMetadata } from '../image/format.ts';
import * as problems from './launch-problems.ts';
import {
  BOOT_DRIVERS,
  hasVirtioScsi,
  isForAnyMachine,
  isForXenOnly,
  isInstalled,
  OLD_IDE_BOOT_DRIVERS,
  startsEmulated,
  startsWithAll,
} from './linux-drivers.ts';
import type { Architecture, Confidence, Firmware, LaunchMode } from './verdict.ts';
import { bindsVioscsi, hasNetkvm, startsVioscsi } from './windows-drivers.ts';

/** What the launch mode is decided from; `null`: not known. */
export interface LaunchEvidence {
  readonly format: string;
  readonly archive: ArchiveMetadata | null;
  readonly architecture: Architecture | null;
  /** What the partition table is made for. */
  readonly firmware: Firmware | null;
  /** Something says that it is Windows, maybe the guest itself. */
  readonly windows: boolean;
  /** What the guest's filesystems say; null where none could be read. */
  readonly guest: Pick<GuestReading, 'system' | 'linux' | 'windows' | 'problems'> | null;
}

/** One line of the table: when it holds, what follows. */
export interface Row {
  readonly name: string;
  readonly when: (evidence: LaunchEvidence) => boolean;
  /** Null: OCI takes it from the archive, or the guest starts in no mode. */
  readonly launchMode: LaunchMode | null | ((evidence: LaunchEvidence) => LaunchMode | null);
  /** Instead of what the partition table says. */
  readonly firmware?: Firmware | ((evidence: LaunchEvidence) => Firmware | null);
  readonly confidence: Confidence;
  readonly because: string | ((evidence: LaunchEvidence) => string);
  readonly problems?: (evidence: LaunchEvidence) => readonly Problem[];
}

const LAUNCH_MODES: readonly LaunchMode[] = ['NATIVE', 'EMULATED', 'PARAVIRTUALIZED', 'CUSTOM'];
const FIRMWARES: readonly Firmware[] = ['BIOS', 'UEFI_64'];

const archivedLaunchMode = ({ archive }: LaunchEvidence): LaunchMode | null =>
  LAUNCH_MODES.find((mode) => mode === archive?.launchMode) ?? null;

const archivedFirmware = ({ archive, firmware }: LaunchEvidence): Firmware | null =>
  FIRMWARES.find((known) => known === archive?.firmware) ?? firmware;

/** A condition on a Linux guest whose default kernel was found. */
const linux =
  (when: (linux: LinuxReading, evidence: LaunchEvidence) => boolean) => (evidence: LaunchEvidence) =>
    Boolean(evidence.guest?.linux?.kernel && when(evidence.guest.linux, evidence));

/** A condition on a Windows guest whose services were read. */
const windows = (when: (windows: WindowsReading) => boolean) => (evidence: LaunchEvidence) =>
  Boolean(evidence.guest?.windows && when(evidence.guest.windows));

/** Emulated devices are for x86 guests that start with BIOS; Windows and Arm run paravirtualized only. */
const onlyParavirtualized = ({ architecture, firmware }: LaunchEvidence): boolean =>
  architecture === 'aarch64' || firmware === 'UEFI_64';

const paravirtualized = (reading: LinuxReading) => startsWithAll(reading, BOOT_DRIVERS);

/** What kind of disk the kernel is told to find its root on; null where the root is not named by a device. */
const rootName = ({ root }: LinuxReading) => (root === null ? null : kindOfDeviceName(root));

const firmwareOf = ({ architecture, firmware }: LaunchEvidence): Firmware | null =>
  architecture === 'aarch64' ? 'UEFI_64' : firmware;

/**
 * From evidence to launch mode; the first row that fits decides. What a launch mode means to a guest:
 *
 *   PARAVIRTUALIZED  virtio-scsi and virtio-net; BIOS unless a capability schema says UEFI_64
 *   EMULATED         an IDE controller and e1000; BIOS
 *   NATIVE           iSCSI boot and an SR-IOV function, for images that OCI itself made
 */
export const rows: readonly Row[] = [
  {
    name: 'the archive says it',
    when: (evidence) => archivedLaunchMode(evidence) !== null,
    launchMode: archivedLaunchMode,
    firmware: archivedFirmware,
    confidence: 'certain',
    because: 'OCI takes the launch mode from the archive itself',
    problems: problems.archiveContradicted,
  },
  {
    name: 'an archive whose metadata was not read',
    when: ({ format }) => format === 'oci',
    launchMode: null,
    confidence: 'low',
    because: 'OCI takes the launch mode from the archive; it was not read here',
  },
  {
    name: "a qcow2 with OCI's own marks",
    when: linux(
      (reading, evidence) =>
        evidence.format === 'qcow2' &&
        evidence.architecture !== 'aarch64' &&
        reading.ociIscsiBoot &&
        startsWithAll(reading, ['iscsi_tcp']) === 'yes',
    ),
    launchMode: 'NATIVE',
    confidence: 'high',
    because: ({ guest }) =>
      "its kernel is told to boot by OCI's iSCSI (netroot), and its initramfs can: OCI made it" +
      (guest?.linux && paravirtualized(guest.linux) === 'yes' ? '; PARAVIRTUALIZED works too' : ''),
  },
  {
    name: 'Linux with a kernel that runs under Xen only',
    when: linux(({ kernel }) => kernel !== null && isForXenOnly(kernel.release)),
    launchMode: null,
    firmware: firmwareOf,
    confidence: 'high',
    because: 'its default kernel is one of a paravirtualized Xen guest, which no other machine can start',
    problems: problems.linuxForXen,
  },
  {
    name: 'Linux whose root goes by a name that no disk of OCI has',
    when: linux((reading, evidence) => {
      const kind = rootName(reading);
      const noIde = onlyParavirtualized(evidence) || startsWithAll(reading, OLD_IDE_BOOT_DRIVERS) === 'no';
      return kind === 'foreign' || (kind === 'hd' && noIde);
    }),
    launchMode: null,
    firmware: firmwareOf,
    confidence: 'high',
    because:
      'its kernel would wait for its root: OCI shows a boot volume as /dev/sda, whatever the launch mode',
    problems: problems.linuxRootUnnamed,
  },
  {
    name: 'Linux whose root goes by the name of an IDE disk',
    when: linux((reading) => rootName(reading) === 'hd'),
    launchMode: 'EMULATED',
    confidence: 'medium',
    because: 'its kernel looks for its root on an IDE disk',
    problems: problems.linuxOnIdeOnly,
  },
  {
    name: 'Linux with the paravirtualized drivers',
    when: linux(
      (reading) => paravirtualized(reading) === 'yes' && isInstalled(reading, 'virtio_net') === 'yes',
    ),
    launchMode: 'PARAVIRTUALIZED',
    firmware: firmwareOf,
    confidence: 'high',
    because:
      'its default kernel finds virtio_pci, virtio_scsi and sd_mod when it looks for its root; it has virtio_net',
  },
  {
    name: 'Linux with the paravirtualized disk drivers only',
    when: linux((reading) => paravirtualized(reading) === 'yes'),
    launchMode: 'PARAVIRTUALIZED',
    firmware: firmwareOf,
    confidence: 'medium',
    because: 'its default kernel finds virtio_pci, virtio_scsi and sd_mod when it looks for its root',
    problems: problems.linuxNicMissing,
  },
  {
    name: 'Linux that lacks them where only they would do',
    when: linux((reading, evidence) => paravirtualized(reading) === 'no' && onlyParavirtualized(evidence)),
    launchMode: null,
    firmware: firmwareOf,
    confidence: 'high',
    because:
      'its default kernel would not find its root on a paravirtualized disk, and no other is to be had',
    problems: problems.linuxNotBootable,
  },
  {
    name: 'Linux that lacks them and has the emulated ones',
    when: linux((reading) => paravirtualized(reading) === 'no' && startsEmulated(reading) === 'yes'),
    launchMode: 'EMULATED',
    confidence: 'high',
    because: 'its default kernel would not find its root on a paravirtualized disk; on an IDE one it does',
    problems: problems.linuxEmulated,
  },
  {
    name: 'Linux that lacks both',
    when: linux((reading) => paravirtualized(reading) === 'no' && startsEmulated(reading) === 'no'),
    launchMode: null,
    confidence: 'high',
    because: 'its default kernel would find its root neither on a paravirtualized disk nor on an IDE one',
    problems: problems.linuxNotBootable,
  },
  {
    name: 'Linux that lacks them, whatever else it has',
    when: linux((reading) => paravirtualized(reading) === 'no'),
    launchMode: 'EMULATED',
    confidence: 'medium',
    because: 'its default kernel would not find its root on a paravirtualized disk',
    problems: problems.linuxEmulated,
  },
  {
    name: 'Linux whose initramfs could not be read, for any machine',
    when: linux(
      (reading) =>
        reading.initramfs.outcome === 'unreadable' &&
        reading.initramfs.paths.length > 0 &&
        isForAnyMachine(reading) &&
        BOOT_DRIVERS.every((driver) => isInstalled(reading, driver) === 'yes'),
    ),
    launchMode: 'PARAVIRTUALIZED',
    firmware: firmwareOf,
    confidence: 'medium',
    because:
      'virtio_pci, virtio_scsi and sd_mod are installed, and what makes its initramfs leaves none of them out',
    problems: problems.initramfsUnread,
  },
  {
    name: 'Linux for Arm or UEFI',
    when: (evidence) => onlyParavirtualized(evidence) && !evidence.windows && evidence.guest?.linux != null,
    launchMode: 'PARAVIRTUALIZED',
    firmware: firmwareOf,
    confidence: 'medium',
    because:
      'Arm shapes and UEFI are to be had paravirtualized only; whether it has the drivers is not known',
    problems: problems.driversNotRead,
  },
  {
    name: 'Linux before 3.4',
    when: linux(({ kernel }) => kernel !== null && hasVirtioScsi(kernel.release) === false),
    launchMode: 'EMULATED',
    confidence: 'low',
    because: 'its default kernel is older than virtio_scsi (3.4)',
    problems: problems.driversNotRead,
  },
  {
    name: 'Linux of which only the kernel is known',
    when: linux(() => true),
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'low',
    because: 'its default kernel is new enough for virtio_scsi (3.4)',
    problems: problems.driversNotRead,
  },
  {
    name: 'Windows with the paravirtualized drivers',
    when: windows((reading) => startsVioscsi(reading) && bindsVioscsi(reading) && hasNetkvm(reading)),
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'high',
    because: 'Windows starts vioscsi at boot for a virtio-scsi controller, and it has NetKVM',
  },
  {
    name: 'Windows with the paravirtualized disk driver, not all of it seen',
    when: windows(startsVioscsi),
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'medium',
    because: 'Windows starts vioscsi at boot',
    problems: problems.windowsDoubts,
  },
  {
    name: 'Windows without the paravirtualized disk driver',
    when: windows(() => true),
    launchMode: null,
    confidence: 'high',
    because: 'Windows runs paravirtualized only, and does not start vioscsi at boot',
    problems: problems.windowsNotBootable,
  },
  {
    name: 'Windows that was not read',
    when: (evidence) => evidence.windows,
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'low',
    because: 'Windows guests run paravirtualized only',
    problems: problems.driversNotRead,
  },
  {
    name: 'arm64',
    when: ({ architecture }) => architecture === 'aarch64',
    launchMode: 'PARAVIRTUALIZED',
    firmware: 'UEFI_64',
    confidence: 'high',
    because: 'Arm shapes start with UEFI and run paravirtualized only',
    problems: problems.driversNotRead,
  },
  {
    name: 'x86 with UEFI only',
    when: ({ firmware }) => firmware === 'UEFI_64',
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'high',
    because: 'emulated devices start with BIOS, this disk only with UEFI',
    problems: problems.driversNotRead,
  },
  {
    name: 'anything else',
    when: () => true,
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'low',
    because: 'an assumption: Linux has had the drivers for it since 3.4, FreeBSD since 10',
    problems: problems.driversNotRead,
  },
];
