import type { ByteSource } from '../../../bytes/source.ts';
import type { FileTree } from '../../../filesystem/file-tree.ts';
import type { DirectoryNode } from '../../../filesystem/filesystem.ts';

/** A directory in which boot loaders keep their files: `/boot` of the guest, the root of an ESP that is not mounted. */
export interface BootDirectory {
  readonly tree: FileTree;
  /** In the tree: `/boot`, `/boot/efi`, `/`. */
  readonly path: string;
  /** The volume of a tree that is not the guest's own: "partition 1"; null for the guest's. */
  readonly volume: string | null;
}

/** `unknown`: entries for a loader that was not found; `none`: neither. */
export type BootLoader =
  | 'GRUB'
  | 'GRUB Legacy'
  | 'SYSLINUX'
  | 'systemd-boot'
  | 'Flatcar'
  | 'unknown'
  | 'none';

/** Something that a boot loader can start: a Linux kernel. */
export interface BootEntry {
  /** By which a default is named: a file's name, GRUB's `--id`, a label. */
  readonly id: string;
  readonly title: string;
  /** As the configuration has it, from the root of the volume that the loader reads: `/vmlinuz-6.1.0-13-amd64`. */
  readonly kernel: string;
  /** The same of each initramfs, in their order. */
  readonly initramfs: readonly string[];
  readonly commandLine: string | null;
}

/** A unified kernel image has kernel, initramfs and command line in one file. */
export const isUnified = (entry: BootEntry): boolean => /\.efi$/i.test(entry.kernel);

/** What one loader's configuration says. */
export interface BootMenu {
  readonly loader: BootLoader;
  /** The configuration's file, or the folder of its files. */
  readonly source: string;
  /** In the menu's order. */
  readonly entries: readonly BootEntry[];
  /** What is started unless someone chooses another: one of `entries`. */
  readonly chosen: BootEntry;
}

export interface BootFile {
  /** For a person: its path in the guest, or "partition 1: /EFI/Linux/…" on a volume that is not mounted. */
  readonly name: string;
  /** In its tree, symlinks followed. */
  readonly path: string;
  readonly content: ByteSource;
}

/** Names a file of this directory's tree for a person. */
export function located(directory: Pick<BootDirectory, 'volume'>, path: string): string {
  return directory.volume === null ? path : `${directory.volume}: ${path}`;
}

export function join(directory: string, name: string): string {
  return `${directory === '/' ? '' : directory}/${name.replace(/^\/+/, '')}`;
}

/** Btrfs: `/@/boot/vmlinuz`, `/@/.snapshots/1/snapshot/boot/vmlinuz`: a path from above the subvolume of the root. */
const MAX_SUBVOLUME_DEPTH = 5;

/**
 * The file that a loader's configuration names. Its paths start at the root of the volume that holds it, and whether
 * `/boot` is a volume of its own or not the tree does not tell; an ESP's configuration names files of another volume.
 *
 * @param directories where to look, in order of preference
 */
export async function findBootFile(
  directories: readonly BootDirectory[],
  path: string,
): Promise<BootFile | null> {
  // GRUB's `(hd0,gpt2)/vmlinuz`, its `($root)/vmlinuz` once the variable is gone.
  const plain = path.replace(/^\([^)]*\)/, '');
  const names = plain.split('/').filter((name) => name !== '');
  for (const directory of directories) {
    const candidates = [join(directory.path, plain), join('/', plain)];
    for (let depth = 1; depth <= MAX_SUBVOLUME_DEPTH && depth < names.length; depth++) {
      candidates.push(join('/', names.slice(depth).join('/')));
    }
    for (const candidate of new Set(candidates)) {
      const found = await directory.tree.find(candidate);
      if (found?.node.kind === 'file') {
        return { name: located(directory, found.path), path: found.path, content: found.node.content };
      }
    }
  }
  return null;
}

/** The directories of a tree that hold loaders' files; those of them that are there. */
export async function bootDirectories(
  tree: FileTree,
  paths: readonly string[],
  volume: string | null,
): Promise<BootDirectory[]> {
  const found = await Promise.all(paths.map((path) => tree.find(path)));
  const seen = new Set<DirectoryNode>();
  return found.flatMap((place) => {
    if (place?.node.kind !== 'directory' || seen.has(place.node)) return [];
    seen.add(place.node);
    return [{ tree, path: place.path, volume }];
  });
}
