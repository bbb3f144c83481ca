import type { FileTree } from '../../../filesystem/file-tree.ts';
import { fileTree } from '../../../filesystem/file-tree.ts';
import type { GuestVolume } from '../../guest.ts';
import { isKernelName, releaseInName } from '../kernel-image.ts';
import { compareVersions } from '../versions.ts';
import { readFlatcar } from './flatcar.ts';
import { readGrub } from './grub.ts';
import { readGrubLegacy } from './grub-legacy.ts';
import {
  type BootDirectory,
  type BootEntry,
  type BootFile,
  type BootMenu,
  bootDirectories,
  findBootFile,
  join,
} from './menu.ts';
import { readSyslinux } from './syslinux.ts';
import { readSystemdBoot, SYSTEMD_LOADERS } from './systemd-boot.ts';

/** Where the guest itself has what its boot loaders read; the ESP first, as systemd-boot does. */
const IN_GUEST = ['/efi', '/boot/efi', '/boot', '/'];
/** GRUB for BIOS reads /boot; what lies on an ESP beside it may be older. */
const IN_GUEST_OF_BIOS = ['/boot', '/', '/efi', '/boot/efi'];
/** The same on a volume that is not mounted: an ESP, a boot partition; a root with /boot in it. */
const ON_VOLUME = ['/', '/boot'];

/** Readers of one directory, in the order of preference where several loaders are there. */
const LOADERS: readonly ((
  directory: BootDirectory,
  directories: readonly BootDirectory[],
) => Promise<BootMenu | null>)[] = [readGrub, readGrubLegacy, readSyslinux, readFlatcar];

/** A menu, and what it starts; null where its kernel is not there. */
export interface FoundMenu {
  readonly menu: BootMenu;
  readonly kernel: BootFile | null;
  /** Where its other files are. */
  readonly directories: readonly BootDirectory[];
}

/**
 * The boot loader's menu: of the guest's own directories first, then of volumes that are not mounted in it. A menu whose
 * kernel is not there, or whose loader is not, counts only where there is no better one; null where no loader's
 * configuration was found.
 *
 * @param efiFirst false where BIOS starts the disk
 */
export async function readBootMenu(
  tree: FileTree,
  volumes: readonly GuestVolume[],
  efiFirst: boolean,
): Promise<FoundMenu | null> {
  const guest = await bootDirectories(tree, efiFirst ? IN_GUEST : IN_GUEST_OF_BIOS, null);
  const inGuest = await bestMenu(guest, guest, efiFirst);
  if (inGuest?.kernel && inGuest.menu.loader !== 'unknown') return inGuest;
  const mounted = new Set(
    (await Promise.all(guest.map(({ path }) => tree.find(path)))).map((found) => found?.node),
  );
  const others = await Promise.all(
    volumes
      .filter(({ filesystem }) => !mounted.has(filesystem.root))
      .map(({ name, filesystem }) => bootDirectories(fileTree(filesystem.root), ON_VOLUME, name)),
  );
  const all = [...guest, ...others.flat()];
  const elsewhere = await Promise.all(others.map((own) => bestMenu(own, [...own, ...all], efiFirst)));
  const found = [inGuest, ...elsewhere].filter((menu) => menu !== null);
  const startable = found.filter(({ kernel }) => kernel !== null);
  return startable.find(({ menu }) => menu.loader !== 'unknown') ?? startable[0] ?? found[0] ?? null;
}

/**
 * Of all loaders that these directories have a configuration of, the one that is taken for the one in use.
 *
 * @param directories where the files lie that it names: on another volume than the ESP, mostly
 */
async function bestMenu(
  own: readonly BootDirectory[],
  directories: readonly BootDirectory[],
  efiFirst: boolean,
): Promise<FoundMenu | null> {
  const [systemdBoot, inUse, menus] = await Promise.all([
    readSystemdBoot(own),
    startsSystemdBoot(own),
    Promise.all(LOADERS.flatMap((read) => own.map((directory) => read(directory, directories)))),
  ]);
  const grub = menus.slice(0, own.length);
  const others = menus.slice(own.length);
  const ordered = inUse && efiFirst ? [systemdBoot, ...grub, ...others] : [...grub, systemdBoot, ...others];
  const found = ordered.filter((menu) => menu !== null);
  for (const menu of found) {
    const kernel = await findBootFile(directories, menu.chosen.kernel);
    if (kernel) return { menu, kernel, directories };
  }
  const [menu] = found;
  return menu ? { menu, kernel: null, directories } : null;
}

const FALLBACK_LOADERS = ['EFI/BOOT/BOOTX64.EFI', 'EFI/BOOT/BOOTAA64.EFI'];

/** Is what firmware starts systemd-boot? It installs itself twice, and then both files are of one length. */
async function startsSystemdBoot(directories: readonly BootDirectory[]): Promise<boolean> {
  const sizes = async (directory: BootDirectory, names: readonly string[]) => {
    const found = await Promise.all(names.map((name) => directory.tree.find(join(directory.path, name))));
    return found.flatMap((file) => (file?.node.kind === 'file' ? file.node.content.size : []));
  };
  const same = await Promise.all(
    directories.map(async (directory) => {
      const installed = await sizes(directory, SYSTEMD_LOADERS);
      if (installed.length === 0) return false;
      const started = await sizes(directory, FALLBACK_LOADERS);
      return started.some((size) => installed.includes(size));
    }),
  );
  return same.includes(true);
}

/** Where kernels lie that no configuration names. */
const KERNEL_FOLDERS = ['/boot', '/'];
/** Names of the initramfs of `vmlinuz-NAME`, by distribution: Debian, Fedora, RHEL 5, SUSE, Arch and Alpine, Gentoo. */
const INITRAMFS_NAMES: readonly ((name: string) => string)[] = [
  (name) => `initrd.img-${name}`,
  (name) => `initramfs-${name}.img`,
  (name) => `initrd-${name}.img`,
  (name) => `initrd-${name}`,
  (name) => `initramfs-${name}`,
  (name) => `initramfs-genkernel-${name}`,
  (name) => `initramfs-genkernel-x86_64-${name}`,
  () => 'initrd.img',
  () => 'initramfs.img',
  () => 'initrd',
];

/** Without a boot loader's configuration: the newest kernel in /boot and the initramfs of its name. */
export async function newestKernel(tree: FileTree): Promise<FoundMenu | null> {
  for (const folder of KERNEL_FOLDERS) {
    const names = (await tree.list(folder)).map(({ name }) => name);
    const kernels = names.filter(isKernelName).sort((a, b) => compareVersions(suffix(b), suffix(a)));
    // A kernel by its release comes before `vmlinuz`, which may link to any.
    kernels.sort((a, b) => Number(releaseInName(b) !== null) - Number(releaseInName(a) !== null));
    const entries = kernels.map((name): BootEntry => {
      const initramfs = INITRAMFS_NAMES.map((nameOf) => nameOf(suffix(name))).find((file) =>
        names.includes(file),
      );
      return {
        id: name,
        title: name,
        kernel: join(folder, name),
        initramfs: initramfs === undefined ? [] : [join(folder, initramfs)],
        commandLine: null,
      };
    });
    const [chosen] = entries;
    const directories: BootDirectory[] = [{ tree, path: folder, volume: null }];
    const kernel = chosen ? await findBootFile(directories, chosen.kernel) : null;
    if (chosen && kernel)
      return { menu: { loader: 'none', source: folder, entries, chosen }, kernel, directories };
  }
  return null;
}

const suffix = (name: string): string => name.slice(name.indexOf('-') + 1);
