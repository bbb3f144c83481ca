import type { FileTree } from '../../filesystem/file-tree.ts';
import type { InitramfsTool } from '../guest.ts';

/**
 * Debian's initramfs-tools comes first: parts of dracut may lie beside it, and are not what makes its initramfs. mkinitrd
 * comes last: where there is dracut, it is dracut by another name.
 */
const PROGRAMS: readonly (readonly [InitramfsTool, readonly string[]])[] = [
  ['initramfs-tools', ['/usr/sbin/mkinitramfs']],
  ['dracut', ['/usr/bin/dracut', '/usr/sbin/dracut', '/sbin/dracut']],
  ['mkinitcpio', ['/usr/bin/mkinitcpio']],
  ['mkinitfs', ['/usr/sbin/mkinitfs', '/sbin/mkinitfs']],
  ['genkernel', ['/usr/bin/genkernel']],
  ['mkinitrd', ['/sbin/mkinitrd', '/usr/bin/mkinitrd']],
];

/** What can make an initramfs in this guest, by its programs; null where it has none of them. */
export async function findInitramfsTool(tree: FileTree): Promise<InitramfsTool | null> {
  const found = await Promise.all(
    PROGRAMS.map(async ([tool, paths]) => {
      const files = await Promise.all(paths.map((path) => tree.find(path)));
      return files.some((file) => file !== null) ? tool : null;
    }),
  );
  return found.find((tool) => tool !== null) ?? null;
}
