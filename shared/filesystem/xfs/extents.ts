import { safeInteger } from '../../bytes/integers.ts';
import { damaged } from './damaged.ts';
import { BTREE, EXTENTS, type Inode } from './inode.ts';
import { blockOffset, type XfsVolume } from './volume.ts';

/*
 * XFS Algorithms & Data Structures, "Data Extents". A record is 128 bits, in extents as in leaves of the B+tree:
 *
 *   1 bit    allocated, not written: reads as zeros
 *   54 bits  first block in the file
 *   52 bits  first block on the volume (group and place in it)
 *   21 bits  blocks
 *
 * The B+tree's root, in the inode (xfs_bmdr_block):      A block of it (xfs_btree_block, long form):
 *   0x00  2  level, 1 or more                              0x00  4  "BMAP", or "BMA3" in version 5
 *   0x02  2  entries                                       0x04  2  level; 0 is a leaf
 *   0x04  8  first block in the file, for each entry       0x06  2  entries
 *            there is room for                             0x18     entries (0x48 in version 5): records in a
 *         8  block of the child, likewise                           leaf, else keys and then children as in the root
 */
const RECORD_LENGTH = 16;
const ROOT_HEADER_LENGTH = 4;
/** A key, and a pointer. */
const NODE_ENTRY_LENGTH = 16;
/** Far above XFS_BM_MAXLEVELS: with two entries a block, nine levels would already hold more than any file has. */
const MAX_LEVEL = 16;

/** Blocks that follow each other in the file and on the volume. */
export interface Extent {
  /** In blocks of the file. */
  readonly start: number;
  readonly count: number;
  /** On the volume, in bytes. */
  readonly offset: number;
  /** Reads as zeros. */
  readonly unwritten: boolean;
}

/** Blocks of a file, its end excluded. */
interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A file's extents that overlap the blocks `[from, to)`, in their order; what lies between them is a hole.
 * Of a B+tree only the blocks that lead there are read. Records that overlap or run backwards are refused, as are
 * those outside of what their parent announced: so no more come than the range has blocks, however the tree is made.
 */
export function extentsOf(volume: XfsVolume, inode: Inode, range: BlockRange): AsyncIterable<Extent> {
  // Past 2^53 bytes no file ends, and numbers become inexact.
  const whole = { from: 0, to: Math.floor(Number.MAX_SAFE_INTEGER / volume.superblock.blockSize) };
  const walk = { volume, inode, range };
  if (inode.format === BTREE) return inNode(walk, rootOf(inode), whole);
  if (inode.format !== EXTENTS) throw damaged(`inode ${inode.number} has no extents`);
  const length = inode.extentCount * RECORD_LENGTH;
  if (length > inode.fork.length) {
    throw damaged(`inode ${inode.number} has no room for its ${inode.extentCount} extents`);
  }
  return inRecords(walk, inode.fork.subarray(0, length), whole);
}

interface Walk {
  readonly volume: XfsVolume;
  readonly inode: Inode;
  readonly range: BlockRange;
}

/** @param bounds within which the records must lie */
async function* inRecords({ volume, inode, range }: Walk, records: Buffer, bounds: BlockRange) {
  let end = bounds.from;
  for (let at = 0; at < records.length; at += RECORD_LENGTH) {
    const low = records.readUInt32BE(at + 12);
    const count = low & 0x1fffff;
    const start = startOf(records, at);
    if (start < end || count === 0 || start + count > bounds.to) {
      throw damaged(`extents of inode ${inode.number} overlap, or are out of order`);
    }
    end = start + count;
    if (start >= range.to) return;
    if (end <= range.from) continue;
    const block =
      (records.readUInt32BE(at + 4) & 0x1ff) * 2 ** 43 +
      records.readUInt32BE(at + 8) * 2 ** 11 +
      Math.floor(low / 2 ** 21);
    const unwritten = records.readUInt8(at) >= 0x80;
    yield { start, count, offset: blockOffset(volume.superblock, block, count), unwritten };
  }
}

interface TreeNode {
  readonly level: number;
  /** Eight bytes each; as many as there are entries. */
  readonly keys: Buffer;
  readonly children: Buffer;
}

async function* inNode(walk: Walk, node: TreeNode, bounds: BlockRange): AsyncGenerator<Extent> {
  const { volume, inode, range } = walk;
  let end = bounds.from;
  for (let at = 0; at < node.keys.length; at += 8) {
    const from = keyOf(node.keys, at);
    const to = at + 8 < node.keys.length ? keyOf(node.keys, at + 8) : bounds.to;
    if (from < end || from >= to || to > bounds.to) {
      throw damaged(`the keys of the extents of inode ${inode.number} are out of order`);
    }
    end = to;
    if (from >= range.to) return;
    if (to <= range.from) continue;
    const number = safeInteger(node.children.readBigUInt64BE(at));
    const block = await volume.readBlock(blockOffset(volume.superblock, number, 1));
    const { level, entries } = readHeader(walk, block);
    if (level !== node.level - 1) {
      throw damaged(`a block of level ${level} is below one of level ${node.level} in inode ${inode.number}`);
    }
    yield* level === 0
      ? inRecords(walk, entries, { from, to })
      : inNode(walk, { level, ...splitEntries(block, entries) }, { from, to });
  }
}

function rootOf(inode: Inode): TreeNode {
  const { fork } = inode;
  const level = fork.length < ROOT_HEADER_LENGTH ? 0 : fork.readUInt16BE(0);
  const count = level === 0 ? 0 : fork.readUInt16BE(2);
  const room = Math.floor((fork.length - ROOT_HEADER_LENGTH) / NODE_ENTRY_LENGTH);
  if (level < 1 || level > MAX_LEVEL || count < 1 || count > room) {
    throw damaged(`inode ${inode.number} has an extent tree of level ${level} with ${count} entries`);
  }
  const children = ROOT_HEADER_LENGTH + room * 8;
  return {
    level,
    keys: fork.subarray(ROOT_HEADER_LENGTH, ROOT_HEADER_LENGTH + count * 8),
    children: fork.subarray(children, children + count * 8),
  };
}

/** `entries`: as long as there are entries; records and pairs of key and pointer take the same room. */
function readHeader({ volume, inode }: Walk, block: Buffer): { level: number; entries: Buffer } {
  const [magic, start] = volume.superblock.version === 5 ? ['BMA3', 0x48] : ['BMAP', 0x18];
  const count = block.readUInt16BE(0x06);
  const end = start + count * RECORD_LENGTH;
  if (block.toString('latin1', 0, 4) !== magic || count < 1 || end > block.length) {
    throw damaged(`a block of the extent tree of inode ${inode.number} is none`);
  }
  return { level: block.readUInt16BE(0x04), entries: block.subarray(start, end) };
}

/** The children come after the room for all keys, not after those that there are. */
function splitEntries(block: Buffer, entries: Buffer): { keys: Buffer; children: Buffer } {
  const start = entries.byteOffset - block.byteOffset;
  const count = entries.length / NODE_ENTRY_LENGTH;
  const children = start + Math.floor((block.length - start) / NODE_ENTRY_LENGTH) * 8;
  return {
    keys: entries.subarray(0, count * 8),
    children: block.subarray(children, children + count * 8),
  };
}

const startOf = (records: Buffer, at: number): number =>
  (records.readUInt32BE(at) & 0x7fffffff) * 2 ** 23 + Math.floor(records.readUInt32BE(at + 4) / 2 ** 9);

const keyOf = (keys: Buffer, at: number): number => safeInteger(keys.readBigUInt64BE(at));
