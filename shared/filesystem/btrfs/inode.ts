import { safeInteger } from '../../bytes/integers.ts';
import type { DirectoryNode, FileNode, SymlinkNode } from '../filesystem.ts';
import { decompressExtent } from './compression.ts';
import { damaged } from './damaged.ts';
import { directoryNode, type OpenEntry } from './directory.ts';
import type { OpenContent } from './file-content.ts';
import { parseFileExtent } from './file-extent.ts';
import { EXTENT_DATA, INODE_ITEM, ROOT_ITEM, writeKey } from './key.ts';
import { findSubvolume, isMountedAt } from './subvolumes.ts';
import type { Superblock } from './superblock.ts';
import type { Tree, TreeRoot } from './tree.ts';

/*
 * Inode item; its key is (inode, 1, 0).
 *
 *   0x10  8  size in bytes
 *   0x34  4  mode
 */
const INODE_ITEM_LENGTH = 0xa0;
const FILE_TYPE_MASK = 0xf000;
const REGULAR_FILE = 0x8000;
/** Linux' PATH_MAX. */
const MAX_TARGET_LENGTH = 4096;

/** Opens what entries of directories stand for. The kind is the entry's: only files need their inode item. */
export function entryOpener(
  rootTree: Tree,
  open: (root: TreeRoot) => Tree,
  superblock: Superblock,
  openContent: OpenContent,
): OpenEntry {
  const openEntry: OpenEntry = async (tree, directory, { location, kind, name }) => {
    const inode = location.objectId;
    if (location.type === ROOT_ITEM) {
      const place = { tree: tree.id, directory, name };
      const subvolume = await findSubvolume(rootTree, inode);
      if (!subvolume || !(await isMountedAt(rootTree, inode, place))) return EMPTY_DIRECTORY;
      return directoryNode(open(subvolume.root), subvolume.directory, openEntry);
    }
    if (location.type !== INODE_ITEM) throw damaged(`directory ${directory} has an entry for no inode`);
    if (kind === 'directory') return directoryNode(tree, inode, openEntry);
    if (kind === 'symlink') return symlinkNode(tree, inode, superblock);
    if (kind === 'file') return fileNode(tree, inode, openContent);
    return { kind: 'other' };
  };
  return openEntry;
}

const EMPTY_DIRECTORY: DirectoryNode = {
  kind: 'directory',
  lookup: async () => null,
  async *entries() {},
};

async function fileNode(tree: Tree, inode: bigint, openContent: OpenContent): Promise<FileNode> {
  const data = await tree.find(writeKey(inode, INODE_ITEM, 0n));
  const isFile =
    data && data.length >= INODE_ITEM_LENGTH && (data.readUInt32LE(0x34) & FILE_TYPE_MASK) === REGULAR_FILE;
  if (!isFile) throw damaged(`inode ${inode} is no file`);
  return { kind: 'file', content: openContent(tree, inode, safeInteger(data.readBigUInt64LE(0x10))) };
}

/** The target is always inline; mkfs.btrfs wrote a NUL behind it for years, where the kernel stops too. */
function symlinkNode(tree: Tree, inode: bigint, superblock: Superblock): SymlinkNode {
  return {
    kind: 'symlink',
    async target() {
      const item = await tree.floor(writeKey(inode, EXTENT_DATA, 0n));
      const isExtent = item?.key.objectId === inode && item.key.type === EXTENT_DATA;
      const content = item && isExtent ? parseFileExtent(item, superblock).content : null;
      if (!content?.inline || content.openLength > MAX_TARGET_LENGTH) {
        throw damaged(`symlink ${inode} has no target`);
      }
      const { compression, inline, openLength } = content;
      const open = decompressExtent(compression, inline, openLength, superblock.sectorSize);
      return open.toString('utf8', 0, openLength).replace(/\0.*$/s, '');
    },
  };
}
