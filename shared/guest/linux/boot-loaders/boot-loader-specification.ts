import { compareVersions } from '../versions.ts';
import type { BootDirectory, BootEntry } from './menu.ts';
import { join } from './menu.ts';

/*
 * Entries of the Boot Loader Specification, type 1: a file each in loader/entries/.
 * https://uapi-group.org/specifications/specs/boot_loader_specification/
 *
 *   title      Fedora Linux 40
 *   version    6.8.5-301.fc40.x86_64
 *   sort-key   fedora
 *   linux      /vmlinuz-6.8.5-301.fc40.x86_64
 *   initrd     /initramfs-6.8.5-301.fc40.x86_64.img     (several lines, or several in a line with GRUB)
 *   options    root=UUID=… ro                           (several lines are joined)
 *   efi, uki   a unified kernel image instead of `linux`
 */

/** A guest keeps two or three kernels, OSTree two deployments; hundreds would be an attack. */
const MAX_ENTRIES = 64;
const MAX_ENTRY_LENGTH = 64 * 1024;

/** An entry, and what it is sorted by. */
export interface SpecifiedEntry extends BootEntry {
  readonly sortKey: string | null;
  readonly machineId: string;
  readonly version: string;
  /** Boot counting has used up all its tries (`+0`): it is sorted last. */
  readonly failed: boolean;
}

/** The entries of `loader/entries/` below this directory, in the menu's order. */
export async function readSpecifiedEntries(
  directory: BootDirectory,
  expand: (text: string) => string = (text) => text,
): Promise<SpecifiedEntry[]> {
  const folder = join(directory.path, 'loader/entries');
  const names = (await directory.tree.list(folder))
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.conf'))
    .sort((a, b) => compareVersions(b, a))
    .slice(0, MAX_ENTRIES);
  const texts = await Promise.all(
    names.map((name) => directory.tree.read(join(folder, name), MAX_ENTRY_LENGTH)),
  );
  const entries = names.map((name, index) => parseEntry(name, expand(texts[index]?.toString('utf8') ?? '')));
  return entries.filter((entry) => entry !== null).sort(compareEntries);
}

/** Null for an entry that starts no Linux. */
export function parseEntry(fileName: string, text: string): SpecifiedEntry | null {
  const fields = new Map<string, string[]>();
  for (const [, key, value] of text.matchAll(/^[ \t]*([a-z][a-z_-]*)[ \t]+(\S.*)$/gm)) {
    if (key !== undefined && value !== undefined)
      fields.set(key, [...(fields.get(key) ?? []), value.trimEnd()]);
  }
  const last = (key: string) => fields.get(key)?.at(-1);
  const unified = last('uki') ?? last('efi');
  const kernel = last('linux') ?? unified;
  if (kernel === undefined) return null;
  const [, id = '', left] = /^(.*?)(?:\+(\d+)(?:-\d+)?)?\.conf$/.exec(fileName) ?? [];
  const options = fields.get('options');
  return {
    id,
    title: last('title') ?? id,
    kernel,
    initramfs: (fields.get('initrd') ?? []).flatMap((value) => value.split(/[ \t]+/)),
    commandLine: options || unified === undefined ? (options ?? []).join(' ') : null,
    sortKey: last('sort-key') ?? null,
    machineId: last('machine-id') ?? '',
    version: last('version') ?? '',
    failed: left !== undefined && Number(left) === 0,
  };
}

/** Specification, "Sorting": entries with a sort-key come first, by it; newer versions come first. */
export function compareEntries(a: SpecifiedEntry, b: SpecifiedEntry): number {
  if (a.failed !== b.failed) return Number(a.failed) - Number(b.failed);
  if ((a.sortKey === null) !== (b.sortKey === null)) return a.sortKey === null ? 1 : -1;
  if (a.sortKey !== null && b.sortKey !== null) {
    const order =
      compareText(a.sortKey, b.sortKey) ||
      compareText(a.machineId, b.machineId) ||
      compareVersions(b.version, a.version);
    if (order !== 0) return order;
  }
  return compareVersions(b.id, a.id);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
