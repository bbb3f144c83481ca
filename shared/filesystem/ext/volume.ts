import { memoize } from '../../bytes/memoize.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { damaged } from './errors.ts';
import type { Superblock } from './superblock.ts';

/*
 * Group descriptor, of 32 bytes, or of 64 and more with the feature 64bit:
 * https://docs.kernel.org/filesystems/ext4/group_descr.html
 *
 *   0x08  4  first block of the group's inode table, low half
 *   0x28  4  high half
 */
const MIN_LARGE_DESCRIPTOR = 64;

/** Blocks of descriptors (64 or more groups of 128 MiB each), extent trees and indirect blocks that are kept. */
const CACHED_BLOCKS = 64;

/** What everything in a filesystem is read through. */
export interface ExtVolume {
  readonly bytes: ByteSource;
  readonly superblock: Superblock;
  /**
   * A block of metadata, from a small cache.
   *
   * @throws {FilesystemDamagedError} where the filesystem has no such block
   */
  readBlock(number: number): Promise<Buffer>;
}

export function extVolume(bytes: ByteSource, superblock: Superblock): ExtVolume {
  const { blockSize } = superblock;
  const load = memoize(CACHED_BLOCKS, async (number) =>
    // Copied: a part of a page of the cache below would keep the whole of it in memory.
    Buffer.from(await bytes.read(number * blockSize, blockSize)),
  );
  return {
    bytes,
    superblock,
    async readBlock(number) {
      checkBlocks(superblock, number, 1);
      return load(number);
    },
  };
}

/** @throws {FilesystemDamagedError} where these blocks are not the filesystem's */
export function checkBlocks({ blocks }: Superblock, first: number, count: number): void {
  if (first === 0 || first + count > blocks) {
    throw damaged(`it refers to ${count} blocks at ${first}, of which it has ${blocks}`);
  }
}

/** Where an inode lies on the volume. */
export async function inodeOffset(volume: ExtVolume, number: number): Promise<number> {
  const { superblock } = volume;
  const { blockSize, inodesPerGroup, inodeSize, descriptorSize } = superblock;
  if (number === 0 || number > superblock.inodes) {
    throw damaged(`it refers to inode ${number}, of which it has ${superblock.inodes}`);
  }
  const group = Math.floor((number - 1) / inodesPerGroup);
  const perBlock = blockSize / descriptorSize;
  const table = await volume.readBlock(descriptorBlock(superblock, Math.floor(group / perBlock), perBlock));
  const at = (group % perBlock) * descriptorSize;
  const high = descriptorSize >= MIN_LARGE_DESCRIPTOR ? table.readUInt32LE(at + 0x28) : 0;
  const inTable = ((number - 1) % inodesPerGroup) * inodeSize;
  const block = high * 2 ** 32 + table.readUInt32LE(at + 0x08) + Math.floor(inTable / blockSize);
  checkBlocks(superblock, block, 1);
  return block * blockSize + (inTable % blockSize);
}

/** The block in which the `index`-th block of the descriptor table is. */
function descriptorBlock(superblock: Superblock, index: number, perBlock: number): number {
  const { blockSize, firstMetaGroup, firstDataBlock, blocksPerGroup } = superblock;
  const ofSuperblock = blockSize === 1024 ? 1 : 0;
  if (firstMetaGroup === null || index < firstMetaGroup) return ofSuperblock + 1 + index;
  const group = index * perBlock;
  const first = firstDataBlock + group * blocksPerGroup;
  // With blocks of 1 KiB and bigalloc the first group begins with a block that is not the superblock.
  if (group === 0) return ofSuperblock + 1;
  return first + (hasCopy(superblock, group) ? 1 : 0);
}

/** Does a group begin with a copy of the superblock? https://docs.kernel.org/filesystems/ext4/blockgroup.html */
function hasCopy({ copies }: Superblock, group: number): boolean {
  if (copies === 'all') return true;
  if (copies !== 'sparse') return copies.includes(group);
  return group === 1 || [3, 5, 7].some((base) => isPowerOf(base, group));
}

function isPowerOf(base: number, value: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}
