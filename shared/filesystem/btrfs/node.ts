import { safeInteger } from '../../bytes/integers.ts';
import { damaged } from './damaged.ts';
import { compareKeys, KEY_LENGTH, type Key, readKey } from './key.ts';
import { hasChecksum, MAX_LEVEL, type Superblock } from './superblock.ts';

/*
 * A node of a tree:
 *
 *   0x00  32  checksum of what follows
 *   0x20  16  metadata UUID
 *   0x30   8  logical address of this node
 *   0x50   8  generation
 *   0x58   8  tree that it was written for
 *   0x60   4  number of items
 *   0x64   1  level; 0: a leaf
 *
 * Then, in a leaf, an array of
 *
 *   0x00  17  key
 *   0x11   4  where the item's data is, from the end of the node's header on
 *   0x15   4  its length
 *
 * with the data growing towards it from the end of the node; in other nodes an array of
 *
 *   0x00  17  first key below
 *   0x11   8  logical address of the node below
 *   0x19   8  its generation
 */
const HEADER_LENGTH = 0x65;
const LEAF_ENTRY_LENGTH = KEY_LENGTH + 8;
const POINTER_LENGTH = KEY_LENGTH + 16;

/** A node whose structure is right in itself; what it should be in its tree is checked by who follows a pointer. */
export interface TreeNode {
  readonly bytes: Buffer;
  readonly generation: bigint;
  readonly owner: bigint;
  readonly level: number;
  readonly count: number;
}

export interface Item {
  readonly key: Key;
  readonly data: Buffer;
}

/** Where a node is, and what has to be there. */
export interface Pointer {
  readonly address: number;
  readonly generation: bigint;
}

/** @throws {FilesystemDamagedError} when that is no node of this filesystem, or its structure is wrong */
export function parseNode(bytes: Buffer, address: number, superblock: Superblock): TreeNode {
  const ours =
    (!superblock.checksummed || hasChecksum(bytes)) &&
    bytes.subarray(0x20, 0x30).equals(superblock.metadataUuid) &&
    bytes.readBigUInt64LE(0x30) === BigInt(address);
  if (!ours) throw damaged(`there is no tree node at ${address}, or its checksum is wrong`);
  const node = {
    bytes,
    generation: bytes.readBigUInt64LE(0x50),
    owner: bytes.readBigUInt64LE(0x58),
    count: bytes.readUInt32LE(0x60),
    level: bytes.readUInt8(0x64),
  };
  const most = Math.floor((bytes.length - HEADER_LENGTH) / entryLength(node));
  // Only a leaf may be empty, and only where it is the whole tree.
  if (node.level > MAX_LEVEL || node.count > most || (node.count === 0 && node.level > 0)) {
    throw damaged(`the tree node at ${address} has ${node.count} items on level ${node.level}`);
  }
  checkOrder(node, address);
  if (node.level === 0) checkItems(node, address);
  return node;
}

/** Keys that ascend in every node, and stay between those of the node above, make a loop impossible. */
function checkOrder(node: TreeNode, address: number): void {
  for (let index = 1; index < node.count; index++) {
    if (compareKeys(node.bytes, entryAt(node, index - 1), node.bytes, entryAt(node, index)) >= 0) {
      throw damaged(`the keys of the tree node at ${address} do not ascend`);
    }
  }
}

/** Each item's data lies between the array and the data of the item before. */
function checkItems(node: TreeNode, address: number): void {
  const arrayEnd = entryAt(node, node.count);
  let end = node.bytes.length;
  for (let index = 0; index < node.count; index++) {
    const { from, to } = dataRange(node, index);
    if (from < arrayEnd || to > end) throw damaged(`item ${index} of the leaf at ${address} lies outside it`);
    end = from;
  }
}

const entryLength = ({ level }: { level: number }): number =>
  level === 0 ? LEAF_ENTRY_LENGTH : POINTER_LENGTH;

/** Where in the node's bytes the entry, and with it its key, is. */
export function entryAt(node: TreeNode, index: number): number {
  return HEADER_LENGTH + index * entryLength(node);
}

function dataRange({ bytes }: TreeNode, index: number): { from: number; to: number } {
  const at = HEADER_LENGTH + index * LEAF_ENTRY_LENGTH + KEY_LENGTH;
  const from = HEADER_LENGTH + bytes.readUInt32LE(at);
  return { from, to: from + bytes.readUInt32LE(at + 4) };
}

/** An item of a leaf; it shares the leaf's memory. */
export function itemOf(leaf: TreeNode, index: number): Item {
  const { from, to } = dataRange(leaf, index);
  return { key: readKey(leaf.bytes, entryAt(leaf, index)), data: leaf.bytes.subarray(from, to) };
}

export function pointerOf(node: TreeNode, index: number): Pointer {
  const at = entryAt(node, index) + KEY_LENGTH;
  return {
    address: safeInteger(node.bytes.readBigUInt64LE(at)),
    generation: node.bytes.readBigUInt64LE(at + 8),
  };
}

/** The last entry whose key is at most `key`, by halving; -1 where all are greater. */
export function floorIndex(node: TreeNode, key: Buffer): number {
  let low = 0;
  let high = node.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(node.bytes, entryAt(node, middle), key, 0) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
