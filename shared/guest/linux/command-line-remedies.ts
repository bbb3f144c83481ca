import type { FileTree } from '../../filesystem/file-tree.ts';
import type { BootLoader } from './boot-loaders/menu.ts';

/** What changes the kernel's command line in a guest: a program, or the file that is to be edited. */
export type CommandLineTool =
  | 'rpm-ostree'
  | 'update-grub'
  | 'grubby'
  | 'grub2-mkconfig'
  | 'grub-mkconfig'
  | 'update-extlinux'
  | 'menu.lst'
  | 'loader-entries'
  | 'none';

/** For GRUB, in the order of preference: each leaves the command line as the distribution keeps it. */
const PROGRAMS: readonly (readonly [CommandLineTool, readonly string[]])[] = [
  ['rpm-ostree', ['/usr/bin/rpm-ostree']],
  ['update-grub', ['/usr/sbin/update-grub']],
  ['grubby', ['/usr/sbin/grubby', '/sbin/grubby']],
  ['grub2-mkconfig', ['/usr/sbin/grub2-mkconfig', '/usr/bin/grub2-mkconfig']],
  ['grub-mkconfig', ['/usr/bin/grub-mkconfig', '/usr/sbin/grub-mkconfig']],
];

/** @param source the configuration that names the kernel */
export async function findCommandLineTool(
  tree: FileTree,
  loader: BootLoader,
  source: string,
): Promise<CommandLineTool> {
  const found = await Promise.all(
    PROGRAMS.map(async ([tool, paths]) => {
      const files = await Promise.all(paths.map((path) => tree.find(path)));
      return files.some((file) => file !== null) ? tool : null;
    }),
  );
  const [program = 'none'] = found.filter((tool) => tool !== null);
  switch (loader) {
    case 'GRUB':
    case 'unknown':
    case 'none':
      return program;
    case 'GRUB Legacy':
      return program === 'grubby' ? program : 'menu.lst';
    case 'SYSLINUX':
      return 'update-extlinux';
    case 'systemd-boot':
      return /^\/[\w/]*\/loader\/entries$/.test(source) ? 'loader-entries' : 'none';
    default:
      return 'none';
  }
}

const inDefaultGrub = (parameters: string): string =>
  `sed -i "s|^GRUB_CMDLINE_LINUX=.|&${parameters} |" /etc/default/grub`;

const COMMANDS: Readonly<Record<CommandLineTool, (parameters: string, source: string) => string>> = {
  'rpm-ostree': (parameters) => {
    const options = parameters.split(/ (?=\w+=)/).map((parameter) => `--append="${parameter}"`);
    return `rpm-ostree kargs ${options.join(' ')}`;
  },
  'update-grub': (parameters) => `${inDefaultGrub(parameters)} && update-grub`,
  grubby: (parameters) => `grubby --update-kernel=ALL --args="${parameters}"`,
  'grub2-mkconfig': (parameters) => `${inDefaultGrub(parameters)} && grub2-mkconfig -o /boot/grub2/grub.cfg`,
  'grub-mkconfig': (parameters) => `${inDefaultGrub(parameters)} && grub-mkconfig -o /boot/grub/grub.cfg`,
  'update-extlinux': (parameters) =>
    `sed -i "s|^default_kernel_opts=.|&${parameters} |" /etc/update-extlinux.conf && update-extlinux`,
  'menu.lst': (parameters) => `sed -i "s|^[[:space:]]*kernel .*|& ${parameters}|" /boot/grub/menu.lst`,
  'loader-entries': (parameters, source) => `sed -i "s|^options .*|& ${parameters}|" ${source}/*.conf`,
  none: (parameters) =>
    `Add ${parameters} to the kernel's command line: in the boot loader's configuration, or in /etc/kernel/cmdline ` +
    'where that is put into a unified kernel image.',
};

/**
 * The command, run in the guest as root, that adds these parameters behind what the tool writes itself: of one given
 * twice, such as `root=`, the last counts.
 */
export function addParameters(tool: CommandLineTool, parameters: string, source: string): string {
  return COMMANDS[tool](parameters, source);
}
