import type { DriverState, InitramfsTool, LinuxDriver, LinuxReading } from '../guest/guest.ts';

/**
 * What a Linux guest needs to find its root on OCI's paravirtualized boot volume: a virtio-scsi controller behind PCI,
 * and SCSI disks. virtio_blk is for another kind of disk, which OCI does not present.
 */
export const BOOT_DRIVERS = ['virtio_pci', 'virtio_scsi', 'sd_mod'] as const satisfies readonly LinuxDriver[];
/** The same on the emulated IDE controller: by libata, and by the IDE drivers that were before it. */
const EMULATED_BOOT_DRIVERS = ['ata_piix', 'sd_mod'] as const satisfies readonly LinuxDriver[];
export const OLD_IDE_BOOT_DRIVERS = ['piix', 'ide_disk'] as const satisfies readonly LinuxDriver[];

/**
 * Can the kernel use a driver before its root filesystem is there? `no` only where that was seen: it is nowhere, or on
 * disk and in no initramfs that was read; `unknown` where what would tell was not read.
 */
export function startsWith(
  { drivers, initramfs }: LinuxReading,
  driver: LinuxDriver,
): 'yes' | 'no' | 'unknown' {
  const { state } = drivers[driver];
  if (state === 'builtin' || state === 'initramfs') return 'yes';
  if (state === 'absent' || state === 'blocked') return 'no';
  const readWhole = initramfs.outcome === 'whole' || initramfs.outcome === 'none';
  return state === 'disk' && readWhole ? 'no' : 'unknown';
}

/** The same of several: `no` where one of them is seen to be missing. */
export function startsWithAll(
  linux: LinuxReading,
  drivers: readonly LinuxDriver[],
): 'yes' | 'no' | 'unknown' {
  const answers = drivers.map((driver) => startsWith(linux, driver));
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

/** Does the kernel find a disk on the emulated IDE controller, whichever way? */
export function startsEmulated(linux: LinuxReading): 'yes' | 'no' | 'unknown' {
  const answers = [EMULATED_BOOT_DRIVERS, OLD_IDE_BOOT_DRIVERS].map((drivers) =>
    startsWithAll(linux, drivers),
  );
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

/** Those that the kernel is seen to lack before its root filesystem is there. */
export function missingAtBoot(linux: LinuxReading, drivers: readonly LinuxDriver[]): LinuxDriver[] {
  return drivers.filter((driver) => startsWith(linux, driver) === 'no');
}

/** Can it be loaded once the root filesystem is there, as a network driver is? */
export function isInstalled({ drivers }: LinuxReading, driver: LinuxDriver): 'yes' | 'no' | 'unknown' {
  const answers: Readonly<Record<DriverState, 'yes' | 'no' | 'unknown'>> = {
    builtin: 'yes',
    initramfs: 'yes',
    disk: 'yes',
    blocked: 'no',
    absent: 'no',
    unknown: 'unknown',
  };
  return answers[drivers[driver].state];
}

/** They leave nothing out unless they are told to. Distributions have dracut and mkinitcpio do so, and mkinitrd always does. */
const GENERIC_TOOLS: readonly (InitramfsTool | null)[] = ['initramfs-tools', 'mkinitfs'];

/** Was its initramfs made for any machine, by its own marks, or else by what makes it? */
export const isForAnyMachine = ({ initramfs, initramfsTool }: LinuxReading): boolean =>
  initramfs.hostOnly === null ? GENERIC_TOOLS.includes(initramfsTool) : !initramfs.hostOnly;

/**
 * The kernels that Red Hat (5), Fedora (up to 8), SUSE (up to 12 SP1) and Debian (up to 5) called `xen`, built for
 * paravirtualized guests alone. Debian's of that name, from 2.6.32 on, start anywhere.
 */
export const isForXenOnly = (release: string): boolean =>
  /(?:\.(?:el5|fc\d)xen|-xen)$|^2\.6\.(?:18|26)-\d+-xen-/.test(release);

/** Upstream Linux got virtio_scsi in 3.4; null where the release is not one of Linux. */
export function hasVirtioScsi(release: string): boolean | null {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return null;
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 4);
}
