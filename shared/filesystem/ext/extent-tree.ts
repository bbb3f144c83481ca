import type { Extent } from '../extents.ts';
import { damaged } from './errors.ts';
import type { Inode } from './inode.ts';
import { checkBlocks, type ExtVolume } from './volume.ts';

/*
 * https://docs.kernel.org/filesystems/ext4/ifork.html#extent-tree
 *
 * A node, in the inode's i_block or in a block:      An entry of a leaf (depth 0):
 *
 *   0x00  2  magic 0xf30a                              0x00  4  first block of the file
 *   0x02  2  entries                                   0x04  2  blocks; above 32,768: unwritten, less 32,768
 *   0x04  2  entries that there is room for            0x06  2  first block on the volume, high
 *   0x06  2  depth, 0 for a leaf                       0x08  4  and low
 *   0x0c     entries of 12 bytes
 *
 * An entry of any other node: 0x00 first block of the file, 0x04 the child's block low, 0x08 and high.
 */
const MAGIC = 0xf30a;
const HEADER_LENGTH = 12;
const ENTRY_LENGTH = 12;
/** Five levels of the smallest blocks map more than the 2^32 blocks that a file can have. */
const MAX_DEPTH = 5;
const MAX_WRITTEN = 32_768;

/** Blocks of a file. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The written extents with blocks in `[from, to)` of the file. What is unwritten reads as zeros, as a hole does.
 *
 * @throws {FilesystemDamagedError} for a tree that no ext4 writes
 */
export async function extentsOf(volume: ExtVolume, inode: Inode, wanted: Range): Promise<Extent[]> {
  const found: Extent[] = [];
  await walk(volume, inode, inode.block, null, wanted, found);
  return found;
}

/** @param depth what the parent promises; each level is one less, so that no loop lasts */
async function walk(
  volume: ExtVolume,
  inode: Inode,
  node: Buffer,
  depth: number | null,
  wanted: Range,
  found: Extent[],
): Promise<void> {
  const entries = readNode(inode, node, depth);
  const ownDepth = node.readUInt16LE(0x06);
  if (ownDepth === 0) return readLeaf(volume, inode, entries, wanted, found);
  for (const [index, entry] of entries.entries()) {
    const next = entries[index + 1]?.readUInt32LE(0x00) ?? Number.POSITIVE_INFINITY;
    // Only what the parent says a child maps is taken from it: a tree of many parents costs no more than its range.
    const range = {
      from: Math.max(wanted.from, entry.readUInt32LE(0x00)),
      to: Math.min(wanted.to, next),
    };
    if (range.from >= range.to) continue;
    const child = await volume.readBlock(entry.readUInt16LE(0x08) * 2 ** 32 + entry.readUInt32LE(0x04));
    await walk(volume, inode, child, ownDepth - 1, range, found);
  }
}

/** The entries of a node, in ascending order of the file's blocks. */
function readNode(inode: Inode, node: Buffer, depth: number | null): Buffer[] {
  const count = node.readUInt16LE(0x02);
  const room = Math.floor((node.length - HEADER_LENGTH) / ENTRY_LENGTH);
  const ownDepth = node.readUInt16LE(0x06);
  const valid = node.readUInt16LE(0x00) === MAGIC && count <= room && ownDepth <= MAX_DEPTH;
  if (!valid || (depth !== null && ownDepth !== depth)) {
    throw damaged(`the extents of inode ${inode.number} are no tree`);
  }
  return Array.from({ length: count }, (_, index) => {
    const at = HEADER_LENGTH + index * ENTRY_LENGTH;
    const descends = index > 0 && node.readUInt32LE(at) <= node.readUInt32LE(at - ENTRY_LENGTH);
    if (descends) throw damaged(`the extents of inode ${inode.number} are not in order`);
    return node.subarray(at, at + ENTRY_LENGTH);
  });
}

function readLeaf(
  { superblock }: ExtVolume,
  inode: Inode,
  entries: readonly Buffer[],
  wanted: Range,
  found: Extent[],
): void {
  const { blockSize } = superblock;
  for (const [index, entry] of entries.entries()) {
    const first = entry.readUInt32LE(0x00);
    const length = entry.readUInt16LE(0x04);
    const count = length > MAX_WRITTEN ? length - MAX_WRITTEN : length;
    const next = entries[index + 1]?.readUInt32LE(0x00);
    if (count === 0 || (next !== undefined && first + count > next)) {
      throw damaged(`the extents of inode ${inode.number} overlap`);
    }
    const from = Math.max(first, wanted.from);
    const to = Math.min(first + count, wanted.to);
    if (from >= to || length > MAX_WRITTEN) continue;
    const start = entry.readUInt16LE(0x06) * 2 ** 32 + entry.readUInt32LE(0x08);
    checkBlocks(superblock, start, count);
    found.push({
      start: from * blockSize,
      offset: (start + from - first) * blockSize,
      length: (to - from) * blockSize,
    });
  }
}
