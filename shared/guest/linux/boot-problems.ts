import type { FileTree } from '../../filesystem/file-tree.ts';
import type { Problem } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import type { GuestArchitecture, InitramfsReading, InitramfsTool } from '../guest.ts';
import type { BootLoader } from './boot-loaders/menu.ts';
import { type CommandLine, namesSerialConsole, rootOf } from './command-line.ts';
import { isBareDeviceName } from './volume-names.ts';

/** What of the boot chain OCI will trip over; remedies are commands to run in the guest. */

/** What configures the guest's kernel command line: its own tool, if it has one. */
export type CommandLineTool =
  | 'grubby'
  | 'update-grub'
  | 'grub2-mkconfig'
  | 'grub-mkconfig'
  | 'update-extlinux'
  | 'menu.lst'
  | 'kernel-install'
  | 'rpm-ostree'
  | 'none';

const TOOL_FILES: readonly (readonly [CommandLineTool, readonly string[]])[] = [
  ['rpm-ostree', ['/usr/bin/rpm-ostree']],
  ['update-grub', ['/usr/sbin/update-grub']],
  ['grubby', ['/usr/sbin/grubby', '/sbin/grubby']],
  ['grub2-mkconfig', ['/usr/sbin/grub2-mkconfig', '/usr/bin/grub2-mkconfig']],
  ['grub-mkconfig', ['/usr/bin/grub-mkconfig', '/usr/sbin/grub-mkconfig']],
];

export async function findCommandLineTool(tree: FileTree, loader: BootLoader): Promise<CommandLineTool> {
  if (loader === 'GRUB Legacy') return 'menu.lst';
  if (loader === 'SYSLINUX') return 'update-extlinux';
  if (loader === 'systemd-boot') return 'kernel-install';
  if (loader !== 'GRUB' && loader !== 'none') return 'none';
  const found = await Promise.all(
    TOOL_FILES.map(async ([tool, paths]) => {
      const files = await Promise.all(paths.map((path) => tree.find(path)));
      return files.some((file) => file !== null) ? tool : null;
    }),
  );
  return found.find((tool) => tool !== null) ?? 'none';
}

/** The command that adds parameters to the default kernel's command line. */
function addParameters(tool: CommandLineTool, parameters: string): string {
  const inDefaultGrub = `sed -i 's|^GRUB_CMDLINE_LINUX="|&${parameters} |' /etc/default/grub`;
  switch (tool) {
    case 'grubby':
      return `grubby --update-kernel=ALL --args="${parameters}"`;
    case 'rpm-ostree':
      return `rpm-ostree kargs ${parameters
        .split(' ')
        .map((one) => `--append=${one}`)
        .join(' ')}`;
    case 'update-grub':
      return `${inDefaultGrub} && update-grub`;
    case 'grub2-mkconfig':
      return `${inDefaultGrub} && grub2-mkconfig -o /boot/grub2/grub.cfg`;
    case 'grub-mkconfig':
      return `${inDefaultGrub} && grub-mkconfig -o /boot/grub/grub.cfg`;
    case 'update-extlinux':
      return `sed -i 's|^default_kernel_opts="|&${parameters} |' /etc/update-extlinux.conf && update-extlinux`;
    case 'menu.lst':
      return `sed -i 's|^[[:space:]]*kernel .*|& ${parameters}|' /boot/grub/menu.lst`;
    case 'kernel-install':
      return `echo "$(cat /etc/kernel/cmdline || cat /proc/cmdline) ${parameters}" > /etc/kernel/cmdline && kernel-install add-all`;
    case 'none':
      return `Add ${parameters} to the kernel's command line in the boot loader's configuration.`;
  }
}

/** Shown of what a guest's configuration has: a path, a device. */
const MAX_SHOWN = 200;
const show = (text: string): string => cut(printable(text), MAX_SHOWN);

/** @param findTool asked only where there is something to remedy */
export async function commandLineProblems(
  line: CommandLine,
  source: string,
  architecture: GuestArchitecture | null,
  findTool: () => Promise<CommandLineTool>,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const root = rootOf(line);
  const bare = root !== null && isBareDeviceName(root);
  if (namesSerialConsole(line) && !bare) return problems;
  const tool = await findTool();
  if (!namesSerialConsole(line)) {
    const console = architecture === 'aarch64' ? 'ttyAMA0' : 'ttyS0,115200';
    problems.push({
      code: 'NO_SERIAL_CONSOLE',
      severity: 'warn',
      sentence: `The kernel's command line (${show(source)}) names no serial console: should it not boot, OCI's console shows nothing.`,
      remedy: addParameters(tool, `console=tty0 console=${console}`),
    });
  }
  if (bare) {
    const scsi = /^\/dev\/sd/.test(root);
    problems.push({
      code: 'ROOT_BY_DEVICE_NAME',
      severity: 'warn',
      sentence: `The kernel's command line (${show(source)}) names its root by a device, ${show(root)}${
        scsi
          ? ': another volume of the instance may get that name.'
          : ', but OCI shows a paravirtualized boot volume as /dev/sda: the kernel will not find it.'
      }`,
      remedy: rootByUuid(tool),
    });
  }
  return problems;
}

function rootByUuid(tool: CommandLineTool): string {
  const uuid = 'root=UUID=$(findmnt -no UUID /)';
  switch (tool) {
    case 'grubby':
      return `grubby --update-kernel=ALL --args="${uuid}"`;
    case 'rpm-ostree':
      return `rpm-ostree kargs --delete=root --append=${uuid}`;
    case 'update-grub':
    case 'grub2-mkconfig':
    case 'grub-mkconfig': {
      const output = {
        'update-grub': '',
        'grub2-mkconfig': ' -o /boot/grub2/grub.cfg',
        'grub-mkconfig': ' -o /boot/grub/grub.cfg',
      }[tool];
      return `sed -i '/^GRUB_DISABLE_LINUX_UUID=/d' /etc/default/grub && ${tool}${output}`;
    }
    case 'update-extlinux':
      return `sed -i "s|^root=.*|${uuid.replace('root=', 'root=')}|" /etc/update-extlinux.conf && update-extlinux`;
    case 'menu.lst':
      return `sed -i "s|root=/dev/[^ ]*|${uuid}|" /boot/grub/menu.lst`;
    case 'kernel-install':
      return `sed -i "s|root=/dev/[^ ]*|${uuid}|" /etc/kernel/cmdline && kernel-install add-all`;
    case 'none':
      return `Write ${uuid} for it in the boot loader's configuration.`;
  }
}

/** The command that makes the initramfs of this kernel again. */
function rebuild(tool: InitramfsTool | null, release: string): string {
  switch (tool) {
    case 'dracut':
      return `dracut -f --kver ${release}`;
    case 'initramfs-tools':
      return `update-initramfs -c -k ${release}`;
    case 'mkinitcpio':
      return 'mkinitcpio -P';
    case 'mkinitfs':
      return `mkinitfs ${release}`;
    case 'genkernel':
      return `genkernel --kernel-config=/boot/config-${release} initramfs`;
    case 'mkinitrd':
      return `mkinitrd -f /boot/initrd-${release}.img ${release}`;
    case null:
      return 'Make the initramfs again with the tool of the distribution.';
  }
}

export function initramfsProblems(
  initramfs: InitramfsReading,
  found: {
    readonly missing: readonly string[];
    readonly otherReleases: readonly string[];
    readonly ownModules: boolean;
  },
  release: string,
  tool: InitramfsTool | null,
): Problem[] {
  const problems: Problem[] = [];
  const names = found.missing.map(show).join(', ');
  if (found.missing.length > 0) {
    problems.push({
      code: 'INITRAMFS_MISSING',
      severity: 'warn',
      sentence: `The boot loader loads an initramfs that is not there: ${names}.`,
      remedy: rebuild(tool, show(release)),
    });
  } else if (initramfs.outcome === 'unreadable') {
    problems.push({
      code: 'INITRAMFS_UNREADABLE',
      severity: 'warn',
      sentence: `The initramfs could not be read: ${initramfs.reason}. So it is not known which drivers the guest starts with.`,
      remedy: rebuild(tool, show(release)),
    });
  }
  if (found.otherReleases.length > 0 && !found.ownModules) {
    problems.push({
      code: 'INITRAMFS_OF_OTHER_KERNEL',
      severity: 'warn',
      sentence: `The initramfs ${initramfs.paths.map(show).join(', ')} has the modules of ${found.otherReleases
        .map(show)
        .join(', ')}, but the kernel that is started is ${show(release)}, which cannot load them.`,
      remedy: rebuild(tool, show(release)),
    });
  }
  return problems;
}

export function kernelMissing(source: string, kernel: string): Problem {
  return {
    code: 'KERNEL_MISSING',
    severity: 'warn',
    sentence: `The boot loader's configuration (${show(source)}) starts ${show(kernel)}, which is not there.`,
    remedy:
      "Install the kernel again, or make the boot loader's configuration again, and look whether the guest starts.",
  };
}

export const NO_KERNEL: Problem = {
  code: 'NO_KERNEL',
  severity: 'warn',
  sentence: 'No Linux kernel was found on the disk.',
  remedy: 'If the guest starts where it is now, set opc-meta-byoi-launch-mode to the mode that it needs.',
};

export const NO_BOOT_MENU: Problem = {
  code: 'NO_BOOT_MENU',
  severity: 'warn',
  sentence:
    'No configuration of a boot loader was found: the newest kernel is taken for the one that is started.',
  remedy: 'If the guest starts where it is now, set opc-meta-byoi-launch-mode to the mode that it needs.',
};
