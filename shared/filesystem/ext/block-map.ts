import type { Extent } from '../extents.ts';
import { damaged } from './errors.ts';
import type { Inode } from './inode.ts';
import { checkBlocks, type ExtVolume } from './volume.ts';

/*
 * https://docs.kernel.org/filesystems/ext4/ifork.html#direct-indirect-block-addressing
 *
 * Fifteen block numbers of 4 bytes in i_block: twelve of data, then one of a block full of such numbers, one of a
 * block of numbers of such blocks, and one of a third level. Zero is a hole, of whatever it would map.
 */
const DIRECT_BLOCKS = 12;
const LEVELS = [1, 2, 3];
const NUMBER_LENGTH = 4;

/**
 * The blocks with numbers in `[from, to)` of a file of ext2 or ext3, neighbours on the volume as one extent.
 *
 * @throws {FilesystemDamagedError} for blocks that the filesystem has not
 */
export async function mappedBlocks(
  volume: ExtVolume,
  inode: Inode,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Extent[]> {
  const { superblock } = volume;
  const { blockSize } = superblock;
  const perBlock = blockSize / NUMBER_LENGTH;
  const found: { start: number; offset: number; length: number }[] = [];

  function push(block: number, position: number): void {
    checkBlocks(superblock, block, 1);
    const piece = { start: position * blockSize, offset: block * blockSize, length: blockSize };
    const last = found.at(-1);
    const joins =
      last && last.start + last.length === piece.start && last.offset + last.length === piece.offset;
    if (joins) last.length += blockSize;
    else found.push(piece);
  }

  /** @param first the file's first block that `block` maps, through `level` levels of numbers */
  async function walk(block: number, level: number, first: number): Promise<void> {
    if (block === 0) return;
    if (level === 0) return push(block, first);
    const each = perBlock ** (level - 1);
    const numbers = await volume.readBlock(block);
    const begin = Math.max(0, Math.floor((from - first) / each));
    const end = Math.min(perBlock, Math.ceil((to - first) / each));
    for (let index = begin; index < end; index++) {
      const number = numbers.readUInt32LE(index * NUMBER_LENGTH);
      if (level > 1) await walk(number, level - 1, first + index * each);
      else if (number !== 0) push(number, first + index);
    }
  }

  for (let position = from; position < Math.min(to, DIRECT_BLOCKS); position++) {
    await walk(inode.block.readUInt32LE(position * NUMBER_LENGTH), 0, position);
  }
  let first = DIRECT_BLOCKS;
  for (const level of LEVELS) {
    const end = first + perBlock ** level;
    if (from < end && to > first) {
      await walk(inode.block.readUInt32LE((DIRECT_BLOCKS + level - 1) * NUMBER_LENGTH), level, first);
    }
    first = end;
  }
  if (to > first) throw damaged(`inode ${inode.number} has more blocks than its map can hold`);
  return found;
}
