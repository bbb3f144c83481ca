import type { Problem } from '../../finding.ts';
import { cut, printable } from '../../printable.ts';
import type { GuestArchitecture, InitramfsTool } from '../guest.ts';
import { type CommandLine, namesSerialConsole, rootOf } from './command-line.ts';
import { addParameters, type CommandLineTool } from './command-line-remedies.ts';
import { isBareDeviceName, kindOfDeviceName } from './volume-names.ts';

/** What of the boot chain OCI will trip over; remedies are commands to run in the guest. */

/** Shown of what a guest's configuration has: a path, a device. */
const MAX_SHOWN = 200;
const show = (text: string): string => cut(printable(text), MAX_SHOWN);

/**
 * @param initramfs whether the kernel has one: without, it knows no UUID of a filesystem, only a partition's
 * @param findTool asked only where there is something to remedy
 */
export async function commandLineProblems(
  line: CommandLine,
  source: string,
  { architecture, initramfs }: { architecture: GuestArchitecture | null; initramfs: boolean },
  findTool: () => Promise<CommandLineTool>,
): Promise<{ problems: Problem[]; rootRemedy: string | null }> {
  const problems: Problem[] = [];
  const root = rootOf(line);
  const bare = root !== null && isBareDeviceName(root);
  const serial = namesSerialConsole(line);
  if (serial && !bare) return { problems, rootRemedy: null };
  const tool = await findTool();
  if (!serial) {
    const console = architecture === 'aarch64' ? 'ttyAMA0' : 'ttyS0,115200';
    problems.push({
      code: 'NO_SERIAL_CONSOLE',
      severity: 'warn',
      sentence: `The kernel's command line (${show(source)}) names no serial console: should it not boot, OCI's console shows nothing.`,
      remedy: addParameters(tool, `console=tty0 console=${console}`, source),
    });
  }
  const tag = initramfs ? 'UUID' : 'PARTUUID';
  const rootRemedy = bare ? addParameters(tool, `root=${tag}=$(findmnt -no ${tag} /)`, source) : null;
  // A name that no disk of OCI has decides the launch mode; one that it may have is a risk.
  if (rootRemedy !== null && root !== null && kindOfDeviceName(root) === 'sd') {
    problems.push({
      code: 'ROOT_BY_DEVICE_NAME',
      severity: 'warn',
      sentence: `The kernel's command line (${show(source)}) names its root by a device, ${show(root)}: another volume of the instance may get that name.`,
      remedy: rootRemedy,
    });
  }
  return { problems, rootRemedy };
}

/**
 * The command that makes the initramfs of this kernel again.
 *
 * @param file what the boot loader calls it
 */
function rebuild(tool: InitramfsTool | null, release: string, file: string): string {
  switch (tool) {
    case 'dracut':
      return `dracut -f "" ${release}`;
    case 'initramfs-tools':
      return `update-initramfs -c -k ${release}`;
    case 'mkinitcpio':
      return 'mkinitcpio -P';
    case 'mkinitfs':
      return `mkinitfs ${release}`;
    case 'genkernel':
      return 'genkernel initramfs';
    case 'mkinitrd':
      // SUSE's, whose files have no ending, takes -f for something else, and without arguments makes all.
      return file.endsWith('.img') ? `mkinitrd -f /boot/initrd-${release}.img ${release}` : 'mkinitrd';
    case null:
      return 'Make the initramfs again with the tool of the distribution.';
  }
}

export function initramfsProblems(
  paths: readonly string[],
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
  const remedy = rebuild(tool, show(release), found.missing.at(-1) ?? paths.at(-1) ?? '');
  if (found.missing.length > 0) {
    problems.push({
      code: 'INITRAMFS_MISSING',
      severity: 'warn',
      sentence: `The boot loader loads an initramfs that is not there: ${names}.`,
      remedy,
    });
  }
  if (found.otherReleases.length > 0 && !found.ownModules) {
    problems.push({
      code: 'INITRAMFS_OF_OTHER_KERNEL',
      severity: 'warn',
      sentence: `The initramfs ${paths.map(show).join(', ')} has the modules of ${found.otherReleases
        .map(show)
        .join(', ')}, but the kernel that is started is ${show(release)}, which cannot load them.`,
      remedy,
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
