import { readUnifiedKernel } from '../unified-kernel.ts';
import { compareEntries, readSpecifiedEntries, type SpecifiedEntry } from './boot-loader-specification.ts';
import { type BootDirectory, type BootMenu, join, located } from './menu.ts';

/*
 * systemd-boot: entries of the Boot Loader Specification, type 1 in loader/entries/, type 2 (unified kernel images) in
 * EFI/Linux/; on the EFI system partition and the extended boot partition.
 * https://www.freedesktop.org/software/systemd/man/latest/loader.conf.html
 */

/** Each costs a look into its file; Talos keeps two, distributions three. */
const MAX_UNIFIED_KERNELS = 16;
const MAX_CONFIGURATION = 64 * 1024;

/** @param directories all that belong to the same system: the ESP first, then the extended boot partition */
export async function readSystemdBoot(directories: readonly BootDirectory[]): Promise<BootMenu | null> {
  const configurations = await Promise.all(directories.map(readConfiguration));
  const lists = await Promise.all(
    directories.map(async (directory) => {
      const [specified, unified] = await Promise.all([
        readSpecifiedEntries(directory),
        readUnified(directory),
      ]);
      return [...specified, ...unified].map((entry) => ({ entry, directory }));
    }),
  );
  const found = lists.flat().sort((a, b) => compareEntries(a.entry, b.entry));
  const configuration = configurations.find((text) => text !== null) ?? null;
  const pattern = /^[ \t]*default[ \t]+(\S+)/m.exec(configuration ?? '')?.[1] ?? '';
  const chosen = found.find(({ entry }) => matchesGlob(entry.id, pattern)) ?? found[0];
  if (!chosen) return null;
  const { directory } = chosen;
  const unified = isIn(chosen.entry, 'EFI/Linux');
  // Entries alone may be GRUB's, whose configuration lies on another volume.
  const installed = unified || configuration !== null || (await isInstalled(directories));
  return {
    loader: installed ? 'systemd-boot' : 'unknown',
    source: located(directory, join(directory.path, unified ? 'EFI/Linux' : 'loader/entries')),
    entries: found.map(({ entry }) => entry),
    chosen: chosen.entry,
  };
}

export const SYSTEMD_LOADERS = ['EFI/systemd/systemd-bootx64.efi', 'EFI/systemd/systemd-bootaa64.efi'];

async function isInstalled(directories: readonly BootDirectory[]): Promise<boolean> {
  const paths = directories.flatMap(({ tree, path }) =>
    SYSTEMD_LOADERS.map((name) => tree.find(join(path, name))),
  );
  return (await Promise.all(paths)).some((found) => found !== null);
}

const isIn = ({ kernel }: SpecifiedEntry, folder: string): boolean => kernel.includes(`/${folder}/`);

async function readConfiguration({ tree, path }: BootDirectory): Promise<string | null> {
  const bytes = await tree.read(join(path, 'loader/loader.conf'), MAX_CONFIGURATION);
  return bytes?.toString('utf8') ?? null;
}

async function readUnified(directory: BootDirectory): Promise<SpecifiedEntry[]> {
  const folder = join(directory.path, 'EFI/Linux');
  const names = (await directory.tree.list(folder))
    .map(({ name }) => name)
    .filter((name) => /\.efi$/i.test(name))
    .slice(0, MAX_UNIFIED_KERNELS);
  const entries = await Promise.all(
    names.map(async (name): Promise<SpecifiedEntry | null> => {
      const found = await directory.tree.find(join(folder, name));
      const kernel = found?.node.kind === 'file' ? await readUnifiedKernel(found.node.content) : null;
      if (!kernel) return null;
      const [, id = '', left] = /^(.*?)(?:\+(\d+)(?:-\d+)?)?\.efi$/i.exec(name) ?? [];
      return {
        id,
        title: kernel.title ?? id,
        kernel: `/EFI/Linux/${name}`,
        initramfs: [],
        commandLine: kernel.commandLine,
        sortKey: kernel.sortKey,
        machineId: '',
        version: kernel.version ?? '',
        failed: left !== undefined && Number(left) === 0,
      };
    }),
  );
  return entries.filter((entry) => entry !== null);
}

/** fnmatch(3) without brackets, case ignored as FAT does; also with the file's ending, as older versions had it. */
export function matchesGlob(id: string, pattern: string): boolean {
  const plain = pattern.replace(/\.(?:conf|efi)$/i, '').toLowerCase();
  const name = id.toLowerCase();
  // The usual two-pointer match: after a mismatch the last star takes one character more. Never exponential.
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let afterStar = 0;
  while (at < name.length) {
    const mark = plain[inPattern];
    if (mark === '*') {
      star = inPattern;
      afterStar = at;
      inPattern += 1;
    } else if (mark !== undefined && (mark === '?' || mark === name[at])) {
      inPattern += 1;
      at += 1;
    } else if (star >= 0) {
      inPattern = star + 1;
      afterStar += 1;
      at = afterStar;
    } else return false;
  }
  return plain !== '' && plain.slice(inPattern).replaceAll('*', '') === '';
}
