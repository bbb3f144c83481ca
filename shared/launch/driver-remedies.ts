import type { InitramfsTool, LinuxDriver, LinuxReading } from '../guest/guest.ts';

/** A release that may stand in a command as it is; any other comes from a hostile image. */
const RELEASE = /^[\w.+~-]{1,128}$/;

/** How each tool is told to put drivers into the initramfs of one kernel. */
const COMMANDS: Readonly<Record<InitramfsTool, (drivers: string, release: string) => string>> = {
  dracut: (drivers, release) =>
    `dracut -f --add-drivers "${drivers}" /boot/initramfs-${release}.img ${release}`,
  'initramfs-tools': (drivers, release) =>
    `printf '%s\\n' ${drivers} >> /etc/initramfs-tools/modules && update-initramfs -u -k ${release}`,
  mkinitcpio: (drivers) => `sed -i 's/^MODULES=(/&${drivers} /' /etc/mkinitcpio.conf && mkinitcpio -P`,
  mkinitfs: (_, release) =>
    `sed -i 's/^features="/&scsi virtio /' /etc/mkinitfs/mkinitfs.conf && mkinitfs ${release}`,
  genkernel: () => 'genkernel --virtio initramfs',
  mkinitrd: (drivers, release) =>
    `mkinitrd -f ${drivers
      .split(' ')
      .map((driver) => `--with=${driver}`)
      .join(' ')} /boot/initrd-${release}.img ${release}`,
};

/** The command, run in the guest as root, that puts these drivers into the initramfs of its default kernel. */
export function initramfsCommand(
  { initramfsTool, kernel }: LinuxReading,
  drivers: readonly LinuxDriver[],
): string | null {
  const release = kernel && RELEASE.test(kernel.release) ? kernel.release : '"$(uname -r)"';
  return initramfsTool && COMMANDS[initramfsTool](drivers.join(' '), release);
}

/** What to do about drivers that the kernel lacks when it looks for its root. */
export function driversRemedy(linux: LinuxReading, missing: readonly LinuxDriver[]): string {
  const nowhere = missing.filter((driver) => linux.drivers[driver].state === 'absent');
  if (nowhere.length > 0) {
    return `Install a kernel that has ${nowhere.join(', ')} in the guest, shut it down and upload it again.`;
  }
  const command = initramfsCommand(linux, [...missing, 'virtio_net']);
  const rebuild = command
    ? `Run \`${command}\` in the guest`
    : `Rebuild the guest's initramfs with ${missing.join(', ')}`;
  return `${rebuild}, shut it down and upload it again.`;
}
