import { type BootDirectory, type BootEntry, type BootMenu, join, located } from './menu.ts';

/*
 * GRUB Legacy (0.9x), of RHEL and SUSE up to 6 and 11. https://www.gnu.org/software/grub/manual/legacy/
 *
 *   default=0                            the number of an entry, or `saved`
 *   title CentOS (2.6.32-754.el6.x86_64)
 *           root (hd0,0)
 *           kernel /vmlinuz-2.6.32-754.el6.x86_64 ro root=/dev/mapper/vg-root
 *           initrd /initramfs-2.6.32-754.el6.x86_64.img
 *
 * Under Xen `kernel` is the hypervisor, and `module` lines name the kernel and its initramfs.
 */

const FILES = ['grub/grub.conf', 'grub/menu.lst'];
const MAX_ENTRIES = 256;

export async function readGrubLegacy(directory: BootDirectory): Promise<BootMenu | null> {
  for (const file of FILES) {
    const path = join(directory.path, file);
    const text = await directory.tree.readText(path);
    if (text === null) continue;
    const saved = await directory.tree.read(join(directory.path, 'grub/default'), 16);
    const { entries, chosen } = parseGrubLegacy(text, saved?.toString('latin1') ?? '');
    if (chosen) return { loader: 'GRUB Legacy', source: located(directory, path), entries, chosen };
  }
  return null;
}

/** @param saved what `default saved` stands for: the content of `grub/default` */
export function parseGrubLegacy(
  text: string,
  saved: string,
): { entries: BootEntry[]; chosen: BootEntry | null } {
  let first = '';
  const titles: { title: string; kernel: string[]; modules: string[][]; initramfs: string[] }[] = [];
  for (const line of text.split('\n')) {
    const [, command = '', value = ''] = /^\s*([a-z]+)(?:\s*=\s*|\s+)(\S.*)$/.exec(line) ?? [];
    const words = value.trim().split(/\s+/);
    const current = titles.at(-1);
    if (command === 'title' && titles.length < MAX_ENTRIES) {
      titles.push({ title: value.trim(), kernel: [], modules: [], initramfs: [] });
    } else if (command === 'default' && current === undefined) first = words[0] ?? '';
    else if (command === 'kernel' && current) current.kernel = words.filter((word) => !word.startsWith('--'));
    else if (command === 'module' && current) current.modules.push(words);
    else if (command === 'initrd' && current) current.initramfs = words;
  }

  const items = titles.map(({ title, kernel, modules, initramfs }, index): BootEntry | null => {
    const [dom0, ...rest] = modules;
    const [path, ...parameters] = dom0 ?? kernel;
    if (path === undefined) return null;
    const files = dom0 ? rest.flatMap(([file]) => file ?? []) : initramfs;
    return { id: String(index), title, kernel: path, initramfs: files, commandLine: parameters.join(' ') };
  });
  const entries = items.filter((entry) => entry !== null);
  const number = Number.parseInt(first === 'saved' ? saved : first, 10);
  return { entries, chosen: items[number] ?? entries[0] ?? null };
}
