import { type BootDirectory, type BootEntry, type BootMenu, join, located } from './menu.ts';

/*
 * Flatcar Container Linux: its GRUB has its configuration inside, and starts the kernel of the slot in use from the
 * EFI system partition. https://www.flatcar.org/docs/latest/reference/developer-guides/sdk-disk-partitions/
 *
 *   /flatcar/vmlinuz-a   of partition USR-A; /coreos/vmlinuz-a in images made by its predecessor
 *   /flatcar/vmlinuz-b   of partition USR-B
 *
 * The slot is chosen by an attribute of the partitions. An image as it is published has slot a only.
 */

const KERNELS = ['flatcar/vmlinuz-a', 'flatcar/vmlinuz-b', 'coreos/vmlinuz-a', 'coreos/vmlinuz-b'];

export async function readFlatcar(directory: BootDirectory): Promise<BootMenu | null> {
  const found = await Promise.all(KERNELS.map((path) => directory.tree.find(join(directory.path, path))));
  const entries = KERNELS.flatMap((path, index): BootEntry[] =>
    found[index]?.node.kind === 'file'
      ? [{ id: path, title: `Flatcar (${path})`, kernel: `/${path}`, initramfs: [], commandLine: null }]
      : [],
  );
  const [chosen] = entries;
  if (!chosen) return null;
  const source = located(directory, join(directory.path, chosen.kernel));
  return { loader: 'Flatcar', source, entries, chosen };
}
