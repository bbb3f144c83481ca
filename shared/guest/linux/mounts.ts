import { EFI_SYSTEM_TYPES } from '../../disk/firmware.ts';
import { type FileTree, fileTree } from '../../filesystem/file-tree.ts';
import type { DirectoryNode, Filesystem } from '../../filesystem/filesystem.ts';
import type { Problem } from '../../finding.ts';
import type { GuestVolume } from '../guest.ts';
import { readable } from '../readable.ts';
import type { FstabEntry } from './fstab.ts';
import { onOtherDisk, volumeNamed } from './volume-names.ts';

/** UAPI Group, Discoverable Partitions Specification: Extended Boot Loader Partition. */
const XBOOTLDR_TYPES = ['BC13C2FF-59E6-4262-A352-B275FD6F7172', 'ea'];

/** The parts of a system that tell what it is and how it starts; what else is mounted (/home, /srv) costs and tells nothing. */
const MOUNTED = /^\/(?:boot|efi|etc|usr|var)(?:\/|$)/;
/** openSUSE mounts about ten subvolumes; far more mounts than that only keep a reader busy. */
const MAX_MOUNTS = 32;

export type Mounts = ReadonlyMap<string, GuestVolume>;

/**
 * Mounts the volumes as fstab says, and as systemd and ostree do where it says nothing; gives what is where. What is
 * damaged is told in `problems`, and not mounted.
 */
export async function mountVolumes(
  tree: FileTree,
  fstab: readonly FstabEntry[],
  volumes: readonly GuestVolume[],
  problems: Problem[],
): Promise<Mounts> {
  const mounts = new Map<string, GuestVolume>();
  const isElsewhere = onOtherDisk(fstab.find(({ path }) => path === '/')?.device);
  const wanted = fstab
    .filter(({ device, path }) => MOUNTED.test(path) && !isElsewhere(device))
    .slice(0, MAX_MOUNTS);
  await Promise.all(
    wanted.map(async ({ device, path, options }) => {
      const volume = volumeNamed(device, volumes);
      if (!volume) return;
      const directory = await readable(volume.name, problems, null, () =>
        mountedDirectory(volume.filesystem, options),
      );
      if (!directory) return;
      tree.mount(path, directory);
      mounts.set(path, volume);
    }),
  );
  await readable('/boot', problems, undefined, async () => {
    await mountBoot(tree, mounts, volumes);
    await mountEsp(tree, mounts, volumes);
  });
  return mounts;
}

/** systemd-gpt-auto-generator(8), and Fedora CoreOS' LABEL=boot: only onto a /boot that is empty without it. */
async function mountBoot(
  tree: FileTree,
  mounts: Map<string, GuestVolume>,
  volumes: readonly GuestVolume[],
): Promise<void> {
  if (mounts.has('/boot')) return;
  const boot =
    volumes.find(({ partition }) => partition !== null && XBOOTLDR_TYPES.includes(partition.type)) ??
    volumes.find(({ partition, filesystem }) => [partition?.name, filesystem.label].includes('boot'));
  if (!boot || (await tree.list('/boot')).length > 0) return;
  tree.mount('/boot', boot.filesystem.root);
  mounts.set('/boot', boot);
}

/**
 * systemd mounts the ESP onto an empty /boot, else onto /efi; where there is neither, what most distributions write
 * into fstab is taken.
 */
async function mountEsp(
  tree: FileTree,
  mounts: Map<string, GuestVolume>,
  volumes: readonly GuestVolume[],
): Promise<void> {
  const esp = volumes.find(isEsp);
  if (!esp || [...mounts.values()].includes(esp)) return;
  const freeBoot = !mounts.has('/boot') && (await tree.list('/boot')).length === 0;
  const efi = freeBoot ? null : await tree.find('/efi');
  const path = freeBoot ? '/boot' : efi?.node.kind === 'directory' ? '/efi' : '/boot/efi';
  tree.mount(path, esp.filesystem.root);
  mounts.set(path, esp);
}

export const isEsp = ({ partition, filesystem }: GuestVolume): boolean =>
  filesystem.type === 'vfat' && partition !== null && EFI_SYSTEM_TYPES.has(partition.type);

/** btrfs(5): `subvol=` is a path from the top level, whose id is 5; other ids are not looked up. */
async function mountedDirectory(
  filesystem: Filesystem,
  options: readonly string[],
): Promise<DirectoryNode | null> {
  if (filesystem.type !== 'btrfs') return filesystem.root;
  const value = (name: string) =>
    options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const path = value('subvol') ?? (value('subvolid') === '5' ? '/' : undefined);
  if (path !== undefined) return subvolume(filesystem, path);
  return value('subvolid') === undefined ? filesystem.root : null;
}

/** The directory of a btrfs subvolume by its path from the top level; null where there is none. */
export async function subvolume(filesystem: Filesystem, path: string): Promise<DirectoryNode | null> {
  const found = await fileTree(filesystem.topLevel ?? filesystem.root).find(path);
  return found?.node.kind === 'directory' ? found.node : null;
}
