import type { FilesystemFormat } from '../filesystem.ts';
import { damaged, NAME } from './damaged.ts';
import { isDirty } from './log.ts';
import { openNode } from './node.ts';
import { MAGIC, readSuperblock } from './superblock.ts';
import { xfsVolume } from './volume.ts';

/**
 * XFS, versions 4 and 5. Read as it lies there: what its log has not brought to its place yet is not seen.
 * Files on a realtime device are not readable; attributes, quotas and the trees of free space are never read.
 */
export const xfs: FilesystemFormat = {
  name: NAME,
  matches: (head) => head.subarray(0, MAGIC.length).equals(MAGIC),
  async open(bytes) {
    const superblock = await readSuperblock(bytes);
    const volume = xfsVolume(bytes, superblock);
    const [root, dirty] = await Promise.all([
      openNode(volume, superblock.rootInode),
      isDirty(bytes, superblock),
    ]);
    if (root.kind !== 'directory') throw damaged('its root is no directory');
    return { type: 'xfs', label: superblock.label, uuid: superblock.uuid, dirty, root };
  },
};
