import { memoize } from '../../bytes/memoize.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { FilesystemDamagedError } from '../errors.ts';
import type { DirectoryNode, FilesystemFormat } from '../filesystem.ts';
import { chunkLocator, type Locate, systemLocator } from './chunks.ts';
import { damaged } from './damaged.ts';
import { directoryNode, type OpenEntry } from './directory.ts';
import { contentOpener } from './file-content.ts';
import { entryOpener } from './inode.ts';
import { parseNode, type TreeNode } from './node.ts';
import { defaultSubvolume, findSubvolume } from './subvolumes.ts';
import { MAGIC, MAGIC_OFFSET, readSuperblock, SUPERBLOCK_OFFSET, type Superblock } from './superblock.ts';
import { openTree, TOP_LEVEL_ID, type Tree, type TreeRoot } from './tree.ts';

const ROOT_TREE_ID = 1n;
const CHUNK_TREE_ID = 3n;

const MAGIC_START = SUPERBLOCK_OFFSET + MAGIC_OFFSET;

/** Bytes of tree nodes that are kept: 256 of the usual 16 KiB, for the upper levels and what a search comes back to. */
const CACHED_NODES_LENGTH = 4 * 1024 * 1024;

/**
 * https://btrfs.readthedocs.io/en/latest/dev/On-disk-format.html, linux/btrfs_tree.h. A log that was not replayed is
 * not read: files are as the last commit left them.
 */
export const btrfs: FilesystemFormat = {
  name: 'btrfs',
  matches: (head) => head.toString('latin1', MAGIC_START, MAGIC_START + MAGIC.length) === MAGIC,
  async open(volume) {
    const superblock = await readSuperblock(volume);
    const chunkTree = openTree(
      { id: CHUNK_TREE_ID, ...superblock.chunkTree },
      nodeReader(volume, superblock, systemLocator(superblock, volume)),
    );
    const locate = chunkLocator(chunkTree, superblock, volume);
    const readNode = nodeReader(volume, superblock, locate);
    const open = (root: TreeRoot) => openTree(root, readNode);
    const rootTree = open({ id: ROOT_TREE_ID, generation: superblock.generation, ...superblock.rootTree });
    const openEntry = entryOpener(rootTree, open, superblock, contentOpener(volume, superblock, locate));
    const id = await defaultSubvolume(rootTree, superblock);
    const topLevel = await rootOf(TOP_LEVEL_ID, rootTree, open, openEntry);
    return {
      type: 'btrfs',
      label: superblock.label,
      uuid: superblock.uuid,
      dirty: superblock.logged,
      root: id === TOP_LEVEL_ID ? topLevel : await rootOf(id, rootTree, open, openEntry),
      topLevel,
    };
  },
};

async function rootOf(
  id: bigint,
  rootTree: Tree,
  open: (root: TreeRoot) => Tree,
  openEntry: OpenEntry,
): Promise<DirectoryNode> {
  const subvolume = await findSubvolume(rootTree, id);
  if (!subvolume) throw damaged(`there is no subvolume ${id}`);
  return directoryNode(open(subvolume.root), subvolume.directory, openEntry);
}

/** Reads nodes by their logical address, the second copy where the first is bad; those read last are kept. */
function nodeReader(
  volume: ByteSource,
  superblock: Superblock,
  locate: Locate,
): (address: number) => Promise<TreeNode> {
  const { nodeSize } = superblock;
  return memoize(CACHED_NODES_LENGTH / nodeSize, async (address) => {
    const [first = 0, second] = await locate(address, nodeSize);
    // Copied, or a small node would keep the larger piece alive that it was read with.
    const readCopy = async (offset: number) =>
      parseNode(Buffer.from(await volume.read(offset, nodeSize)), address, superblock);
    try {
      return await readCopy(first);
    } catch (error) {
      if (second === undefined || !(error instanceof FilesystemDamagedError)) throw error;
      return readCopy(second);
    }
  });
}
