import { type FileTree, fileTree } from '../../filesystem/file-tree.ts';
import type { DirectoryNode } from '../../filesystem/filesystem.ts';
import type { GuestVolume } from '../guest.ts';
import { readConfig } from './config-text.ts';
import { isEsp } from './mounts.ts';
import type { LinuxRoot } from './roots.ts';
import type { SystemReading } from './system.ts';

/** The root of a tree in which everything is mounted. */
export const EMPTY: DirectoryNode = {
  kind: 'directory',
  lookup: async () => null,
  async *entries() {},
};

/** A kernel as its file is called, or the folders of Talos' two versions. */
const KERNEL = /^(?:vmlinu[xz]|bzImage|kernel)(?:[-.]|$)/i;
const TALOS_SLOTS = ['A', 'B'];

/**
 * A disk that starts Linux without holding a root that can be read: Talos (its root is in its initramfs), a unified
 * kernel image, a root on an encrypted or otherwise unreadable volume. Null where nothing of Linux starts.
 */
export async function findBootOnly(volumes: readonly GuestVolume[]): Promise<LinuxRoot | null> {
  const esp = volumes.find(isEsp);
  const [boots, ofEsp] = await Promise.all([
    Promise.all(volumes.map(async (volume) => ((await hasKernel(volume)) ? volume : null))),
    esp && startsLinux(esp),
  ]);
  const boot = boots.find((volume) => volume && volume !== esp) ?? (ofEsp ? esp : null);
  if (!boot) return null;
  const tree = fileTree(EMPTY);
  const mounts = new Map([['/boot', boot]]);
  if (esp && esp !== boot) mounts.set('/boot/efi', esp);
  for (const [path, { filesystem }] of mounts) tree.mount(path, filesystem.root);
  return { name: boot.name, volume: boot, tree, onDisk: false, fstab: [], mounts, volumes };
}

async function hasKernel({ filesystem }: GuestVolume): Promise<boolean> {
  const tree = fileTree(filesystem.root);
  const slots = await Promise.all(TALOS_SLOTS.map((slot) => tree.find(`/${slot}/vmlinuz`)));
  return slots.some((slot) => slot !== null) || (await tree.list('/')).some(({ name }) => KERNEL.test(name));
}

/** Boot Loader Specification: entries of type 1 in loader/entries, of type 2 in EFI/Linux. */
async function startsLinux({ filesystem }: GuestVolume): Promise<boolean> {
  const tree = fileTree(filesystem.root);
  const lists = await Promise.all(['/loader/entries', '/EFI/Linux'].map((path) => tree.list(path)));
  return lists.some((entries) => entries.some(({ name }) => /\.(?:conf|efi)$/i.test(name)));
}

/**
 * Talos by its own boot menu: GRUB's (`set default="A - Talos v1.7.6"`), or the name of its unified kernel image
 * (`Talos-v1.10.0.efi`). https://docs.siderolabs.com/talos/
 */
export async function readBootOnlySystem(tree: FileTree): Promise<Omit<SystemReading, 'variant'>> {
  const menu = /^set default="[AB] - Talos (v\S+?)"/m.exec(
    (await readConfig(tree, '/boot/grub/grub.cfg')) ?? '',
  );
  if (menu) return talos(menu[1], '/boot/grub/grub.cfg');
  for (const folder of ['/boot/EFI/Linux', '/boot/efi/EFI/Linux']) {
    for (const { name } of await tree.list(folder)) {
      const image = /^Talos-(v[\w.+-]+?)(?:~\w+)?\.efi$/i.exec(name);
      if (image) return talos(image[1], `${folder}/${name}`);
    }
  }
  return { system: null, evidence: [] };
}

function talos(tag = '', source: string): Omit<SystemReading, 'variant'> {
  const version = tag.replace(/^v/, '');
  const name = `Talos ${tag}`;
  return {
    system: { family: 'linux', id: 'talos', like: [], name, version },
    evidence: [{ fact: `the system is ${name}`, source }],
  };
}
