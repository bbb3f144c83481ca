import { type BootDirectory, type BootEntry, type BootMenu, join, located } from './menu.ts';

/*
 * SYSLINUX and EXTLINUX (Alpine, ALT, Arch), and U-Boot's generic distribution boot, which reads the same file.
 * https://wiki.syslinux.org/wiki/index.php?title=Config
 *
 *   DEFAULT lts
 *   LABEL lts
 *     MENU LABEL Linux lts
 *     MENU DEFAULT                   this one, whatever DEFAULT says
 *     LINUX vmlinuz-lts              also KERNEL; from the configuration's folder on
 *     INITRD initramfs-lts           several with commas; or `initrd=…` in APPEND
 *     APPEND root=UUID=… modules=sd-mod,usb-storage,ext4
 */

const FILES = [
  'extlinux.conf',
  'extlinux/extlinux.conf',
  'syslinux/syslinux.cfg',
  'syslinux/extlinux.conf',
  'syslinux.cfg',
];
const MAX_ENTRIES = 256;

export async function readSyslinux(directory: BootDirectory): Promise<BootMenu | null> {
  const texts = await Promise.all(FILES.map((file) => directory.tree.readText(join(directory.path, file))));
  for (const [index, file] of FILES.entries()) {
    const text = texts[index] ?? null;
    if (text === null) continue;
    const path = join(directory.path, file);
    const { entries, chosen } = parseSyslinux(text, path.slice(0, path.lastIndexOf('/')) || '/');
    if (chosen) return { loader: 'SYSLINUX', source: located(directory, path), entries, chosen };
  }
  return null;
}

/** @param folder the configuration's own, from which paths go that do not start with a slash */
export function parseSyslinux(
  text: string,
  folder: string,
): { entries: BootEntry[]; chosen: BootEntry | null } {
  let first = '';
  let marked: string | null = null;
  const labels: { id: string; title: string; kernel: string; initramfs: string; append: string }[] = [];
  for (const line of text.split('\n')) {
    const [, keyword = '', value = ''] =
      /^\s*(menu\s+label|menu\s+default|[a-z]+)(?:\s+(\S.*))?$/i.exec(line.trimEnd()) ?? [];
    const current = labels.at(-1);
    switch (keyword.toLowerCase().replace(/\s+/, ' ')) {
      case 'default':
        first = value;
        break;
      case 'label':
        if (labels.length < MAX_ENTRIES)
          labels.push({ id: value, title: value, kernel: '', initramfs: '', append: '' });
        break;
      case 'menu label':
        if (current) current.title = value.replace('^', '');
        break;
      case 'menu default':
        marked = current?.id ?? marked;
        break;
      case 'linux':
      case 'kernel':
        if (current) current.kernel = value;
        break;
      case 'initrd':
        if (current) current.initramfs = value;
        break;
      case 'append':
        if (current) current.append = value;
        break;
    }
  }

  const pathOf = (path: string) => (path.startsWith('/') ? path : join(folder, path));
  const entries = labels.flatMap(({ id, title, kernel, initramfs, append }): BootEntry[] => {
    // Modules of SYSLINUX itself, and other boot sectors.
    if (kernel === '' || /\.(c32|com|cbt|bin|bss|0)$/i.test(kernel)) return [];
    const files = initramfs || (/(?:^|\s)initrd=(\S+)/.exec(append)?.[1] ?? '');
    const paths = files.split(/[,\s]+/).filter((path) => path !== '');
    return [{ id, title, kernel: pathOf(kernel), initramfs: paths.map(pathOf), commandLine: append }];
  });
  const named = entries.find(({ id }) => id === (marked ?? first));
  return { entries, chosen: named ?? entries[0] ?? null };
}
