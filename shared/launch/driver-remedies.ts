import type { InitramfsTool, LinuxDriver, LinuxReading } from '../guest/guest.ts';

/** A release that may stand in a command as it is; any other comes from a hostile image. */
const RELEASE = /^[\w.+~-]{1,128}$/;

/** The same of the initramfs' path. */
const PATH = /^\/[\w./+~-]{1,255}$/;

interface Target {
  readonly drivers: string;
  readonly release: string;
  /** What the boot loader loads; null where it is no file of the guest's own: a part of a unified kernel image. */
  readonly path: string | null;
}

/** How each tool is told to put drivers into the initramfs of one kernel. */
const COMMANDS: Readonly<Record<InitramfsTool, (target: Target) => string>> = {
  // By itself it writes where its own distribution has it; SUSE, Debian and Fedora differ. dracut(8)
  dracut: ({ drivers, release, path }) => `dracut -f --add-drivers "${drivers}" ${path ?? '""'} ${release}`,
  'initramfs-tools': ({ drivers, release }) =>
    `printf '%s\\n' ${drivers} >> /etc/initramfs-tools/modules && update-initramfs -u -k ${release}`,
  mkinitcpio: ({ drivers }) => `sed -i 's/^MODULES=(/&${drivers} /' /etc/mkinitcpio.conf && mkinitcpio -P`,
  mkinitfs: ({ release }) =>
    `sed -i 's/^features="/&scsi virtio /' /etc/mkinitfs/mkinitfs.conf && mkinitfs ${release}`,
  genkernel: () => 'genkernel --virtio initramfs',
  // Red Hat's, whose files end in .img, and SUSE's are two programs of one name.
  mkinitrd: ({ drivers, release, path }) =>
    path?.endsWith('.img')
      ? `mkinitrd -f ${drivers.replace(/\S+/g, '--with=$&')} ${path} ${release}`
      : `sed -i 's/^INITRD_MODULES="/&${drivers} /' /etc/sysconfig/kernel && mkinitrd`,
};

/** The command, run in the guest as root, that puts these drivers into the initramfs of its default kernel. */
export function initramfsCommand(
  { initramfs, initramfsTool, kernel }: LinuxReading,
  drivers: readonly LinuxDriver[],
): string | null {
  const release = kernel && RELEASE.test(kernel.release) ? kernel.release : '"$(uname -r)"';
  // Microcode comes first, the initramfs itself last.
  const last = initramfs.paths.at(-1) ?? '';
  const path = PATH.test(last) ? last : null;
  return initramfsTool && COMMANDS[initramfsTool]({ drivers: drivers.join(' '), release, path });
}

/** What to do about drivers that the kernel lacks when it looks for its root. */
export function driversRemedy(linux: LinuxReading, missing: readonly LinuxDriver[]): string {
  const nowhere = missing.filter((driver) => linux.drivers[driver].state === 'absent');
  if (nowhere.length > 0) {
    return `Install a kernel that has ${nowhere.join(', ')} in the guest, shut it down and upload it again.`;
  }
  const command = initramfsCommand(linux, [...missing, 'virtio_net']);
  const blocked = missing.filter((driver) => linux.drivers[driver].state === 'blocked');
  if (blocked.length > 0) {
    const names = blocked.join(', ');
    const then = command === null ? 'make the initramfs again' : `run \`${command}\``;
    return `Take ${names} out of modprobe.blacklist= on the kernel's command line and out of /etc/modprobe.d (\`grep -rE "(blacklist|install) +(${blocked.join('|')})" /etc/modprobe.d\`), then ${then}, shut it down and upload it again.`;
  }
  const rebuild = command
    ? `Run \`${command}\` in the guest`
    : `Rebuild the guest's initramfs with ${missing.join(', ')}`;
  return `${rebuild}, shut it down and upload it again.`;
}
