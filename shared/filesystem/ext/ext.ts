import { memoize } from '../../bytes/memoize.ts';
import type { DirectoryNode, Filesystem, FilesystemFormat, Node } from '../filesystem.ts';
import { contentOf } from './content.ts';
import { findEntry, rawEntries } from './directory.ts';
import { damaged, NAME, unsupported } from './errors.ts';
import { BLOCK_LENGTH, type Inode, readInode } from './inode.ts';
import { MAGIC, MAGIC_OFFSET, readSuperblock, SUPERBLOCK_OFFSET } from './superblock.ts';
import { type ExtVolume, extVolume } from './volume.ts';

/** The first inode with a meaning of its own (EXT4_ROOT_INO). */
const ROOT_INODE = 2;
/** Linux' PATH_MAX: no symlink is longer. */
const MAX_SYMLINK = 4096;
/** A search comes back to the same few directories; an inode takes some hundred bytes. */
const CACHED_INODES = 512;

/**
 * ext2, ext3 and ext4; https://docs.kernel.org/filesystems/ext4/. A journal that was not replayed is not replayed
 * here: the filesystem is read as it lies there, and says that it is dirty. Checksums are not verified.
 */
export const ext: FilesystemFormat = {
  name: NAME,
  matches: (head) =>
    head.length >= SUPERBLOCK_OFFSET + MAGIC_OFFSET + 2 &&
    head.readUInt16LE(SUPERBLOCK_OFFSET + MAGIC_OFFSET) === MAGIC,
  async open(bytes): Promise<Filesystem> {
    const superblock = await readSuperblock(bytes);
    const volume = extVolume(bytes, superblock);
    const inodes = memoize(CACHED_INODES, (number) => readInode(volume, number));
    const root = await inodes(ROOT_INODE);
    if (root.kind !== 'directory') throw damaged('its root is no directory');
    const { type, label, uuid, dirty } = superblock;
    return { type, label, uuid, dirty, root: directoryNode(volume, inodes, root) };
  },
};

type Inodes = (number: number) => Promise<Inode>;

function nodeOf(volume: ExtVolume, inodes: Inodes, inode: Inode): Node {
  switch (inode.kind) {
    case 'file':
      return { kind: 'file', content: contentOf(volume, inode) };
    case 'directory':
      return directoryNode(volume, inodes, inode);
    case 'symlink':
      return { kind: 'symlink', target: () => readSymlink(volume, inode) };
    default:
      return { kind: 'other' };
  }
}

function directoryNode(volume: ExtVolume, inodes: Inodes, inode: Inode): DirectoryNode {
  const node = async (number: number) => nodeOf(volume, inodes, await inodes(number));
  return {
    kind: 'directory',
    async lookup(name) {
      const entry = await findEntry(volume, inode, Buffer.from(name));
      return entry && node(entry.inode);
    },
    async *entries() {
      for await (const entry of rawEntries(volume, inode)) {
        yield { name: entry.name.toString(), kind: entry.kind, node: () => node(entry.inode) };
      }
    },
  };
}

/** Up to 59 bytes lie in place of the block map (a fast symlink), longer ones in a block. */
async function readSymlink(volume: ExtVolume, inode: Inode): Promise<string> {
  if (inode.encrypted) throw unsupported(`symlink ${inode.number} is encrypted (encrypt)`);
  if (inode.size > MAX_SYMLINK) throw damaged(`symlink ${inode.number} is of ${inode.size} bytes`);
  if (inode.size < BLOCK_LENGTH && !inode.inlineData) return inode.block.toString('utf8', 0, inode.size);
  return (await contentOf(volume, inode).read(0, inode.size)).toString();
}
