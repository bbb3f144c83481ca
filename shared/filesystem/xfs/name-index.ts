import { DIRECTORY_END } from './content.ts';
import { damaged } from './damaged.ts';
import type { Inode } from './inode.ts';

/*
 * XFS Algorithms & Data Structures, "Leaf Directories" and "Node Directories": names by their hashes. The root is at
 * 32 GiB of the directory's own address space: a leaf, or a node of a B+tree of them.
 *
 *           version 4                version 5
 *   0x00    0x00           4  next block of the same level, 0: none
 *   0x08    0x08           2  what this is
 *           0x30           8  inode whose directory this is
 *   0x0C    0x38           2  entries
 *   0x0E    0x3A           2  level, in a node
 *   0x10    0x40              entries, in the order of their hashes:
 *                               4  hash; in a node the highest below it
 *                               4  node: block of the child, in blocks of the filesystem
 *                                  leaf: where the name is, in 8 bytes from the directory's start; 0: nowhere
 */
const LAYOUTS = {
  4: { count: 0x0c, entries: 0x10, leaves: [0xd2f1, 0xd2ff], node: 0xfebe },
  5: { count: 0x38, entries: 0x40, leaves: [0x3df1, 0x3dff], node: 0x3ebe },
} as const;
const OWNER_OFFSET = 0x30;
const ENTRY_LENGTH = 8;
const DATA_UNIT = 8;
/** XFS_DA_NODE_MAXDEPTH. */
const MAX_LEVEL = 5;
/** Names of one hash do not come in thousands unless someone makes them to. */
const MAX_COLLISIONS = 4096;
const MAX_LEAVES = 32;

/** XFS_DIR2_LEAF_OFFSET, in bytes: where names end. The index ends where that of free space begins. */
export const INDEX_OFFSET = 2 ** 35;

/** xfs_da_hashname. */
export function hashName(name: Buffer): number {
  let hash = 0;
  for (const byte of name) hash = byte ^ ((hash << 7) | (hash >>> 25));
  return hash >>> 0;
}

export interface NameIndex {
  readonly inode: Inode;
  readonly version: 4 | 5;
  readonly blockSize: number;
  /** The directory's block at this offset in bytes. */
  read(offset: number): Promise<Buffer>;
}

/** Where in the directory, in bytes, names with this hash are: one block read per level of the index. */
export async function* findHash(index: NameIndex, hash: number): AsyncGenerator<number> {
  let collisions = 0;
  let leaf: IndexBlock | null = await findLeaf(index, hash);
  for (let leaves = 0; leaf; leaves++) {
    if (leaves >= MAX_LEAVES) throw tooMany(index);
    const { entries } = leaf;
    let at = firstNotBelow(entries, hash);
    for (; at < entries.length && entries.readUInt32BE(at) === hash; at += ENTRY_LENGTH) {
      const place = entries.readUInt32BE(at + 4) * DATA_UNIT;
      if (++collisions > MAX_COLLISIONS) throw tooMany(index);
      if (place !== 0) yield place;
    }
    // Names of the hash that ends this leaf may go on in the next.
    const lastHash = entries.length === 0 ? null : entries.readUInt32BE(entries.length - ENTRY_LENGTH);
    leaf = lastHash === hash && leaf.next !== 0 ? await readIndex(index, leaf.next) : null;
    if (leaf && leaf.level !== 0) throw misplaced(index);
  }
}

/** The places of a sorted run of (hash, place), as in the only block of a small directory. */
export function placesOf(entries: Buffer, hash: number): number[] {
  const places: number[] = [];
  for (let at = firstNotBelow(entries, hash); at < entries.length; at += ENTRY_LENGTH) {
    if (entries.readUInt32BE(at) !== hash) break;
    const place = entries.readUInt32BE(at + 4) * DATA_UNIT;
    if (place !== 0) places.push(place);
  }
  return places;
}

interface IndexBlock {
  /** 0 in a leaf. */
  readonly level: number;
  readonly next: number;
  readonly entries: Buffer;
}

/** Null where every hash there is lower. */
async function findLeaf(index: NameIndex, hash: number): Promise<IndexBlock | null> {
  let block = await readIndex(index, INDEX_OFFSET / index.blockSize);
  if (block.level > MAX_LEVEL) throw misplaced(index);
  while (block.level > 0) {
    const at = firstNotBelow(block.entries, hash);
    if (at === block.entries.length) return null;
    const child: IndexBlock = await readIndex(index, block.entries.readUInt32BE(at + 4));
    if (child.level !== block.level - 1) throw misplaced(index);
    block = child;
  }
  return block;
}

async function readIndex(index: NameIndex, number: number): Promise<IndexBlock> {
  const { inode, version } = index;
  const offset = number * index.blockSize;
  if (offset < INDEX_OFFSET || offset >= DIRECTORY_END) throw misplaced(index);
  const bytes = await index.read(offset);
  const layout = LAYOUTS[version];
  const magic = bytes.readUInt16BE(0x08);
  const isNode = magic === layout.node;
  const end = layout.entries + bytes.readUInt16BE(layout.count) * ENTRY_LENGTH;
  const known = isNode || layout.leaves.some((leaf) => leaf === magic);
  const owned = version === 4 || bytes.readBigUInt64BE(OWNER_OFFSET) === BigInt(inode.number);
  if (!known || !owned || end > bytes.length) {
    throw damaged(`block ${number} of directory ${inode.number} is no index of its names`);
  }
  const level = isNode ? bytes.readUInt16BE(layout.count + 2) : 0;
  if (isNode && level === 0) throw misplaced(index);
  return { level, next: bytes.readUInt32BE(0), entries: bytes.subarray(layout.entries, end) };
}

/** Where the first entry begins whose hash is not lower; the end where there is none. */
function firstNotBelow(entries: Buffer, hash: number): number {
  let low = 0;
  let high = entries.length / ENTRY_LENGTH;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (entries.readUInt32BE(middle * ENTRY_LENGTH) < hash) low = middle + 1;
    else high = middle;
  }
  return low * ENTRY_LENGTH;
}

const misplaced = ({ inode }: NameIndex) =>
  damaged(`the index of directory ${inode.number} points to a block of another kind`);

const tooMany = ({ inode }: NameIndex) =>
  damaged(`too many names in directory ${inode.number} have one hash`);
