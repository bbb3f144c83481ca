import { memoize } from '../../bytes/memoize.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { damaged } from './damaged.ts';
import type { Superblock } from './superblock.ts';

/** Blocks of extent B+trees that are kept: one path down per file that is read, and a few files at a time. */
const CACHED_BLOCKS = 64;

/** What everything in a filesystem is read through. */
export interface XfsVolume {
  readonly bytes: ByteSource;
  readonly superblock: Superblock;
  /** The block at this offset in bytes, from a small cache. */
  readBlock(offset: number): Promise<Buffer>;
}

export function xfsVolume(bytes: ByteSource, superblock: Superblock): XfsVolume {
  return {
    bytes,
    superblock,
    // Copied: a part of a page of the cache below would keep the whole of it in memory.
    readBlock: memoize(CACHED_BLOCKS, async (offset) =>
      Buffer.from(await bytes.read(offset, superblock.blockSize)),
    ),
  };
}

/**
 * Where blocks lie, in bytes. A block's number is its group's, and in the low `groupBlocksLog` bits its place in
 * that group; no extent crosses into another group.
 *
 * @throws {FilesystemDamagedError} where the filesystem has no such blocks
 */
export function blockOffset(superblock: Superblock, number: number, count: number): number {
  const { blockSize, blocks, groupBlocks, groupBlocksLog } = superblock;
  const inGroup = number % 2 ** groupBlocksLog;
  const first = Math.floor(number / 2 ** groupBlocksLog) * groupBlocks + inGroup;
  if (inGroup + count > groupBlocks || first + count > blocks) {
    throw damaged(`it refers to ${count} blocks at ${number}, which it does not have`);
  }
  return first * blockSize;
}

/** An inode's number is that of its block, and in the low bits its place in that block. */
export function inodeOffset(superblock: Superblock, number: number): number {
  const inodesPerBlock = 2 ** superblock.inodesPerBlockLog;
  const block = blockOffset(superblock, Math.floor(number / inodesPerBlock), 1);
  return block + (number % inodesPerBlock) * superblock.inodeSize;
}
