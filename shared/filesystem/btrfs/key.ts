/*
 * The key of an item in a tree; items are in ascending order of it.
 *
 *   0x00  8  object id (an inode, a subvolume, …)
 *   0x08  1  type
 *   0x09  8  offset; its meaning depends on the type
 */
export const KEY_LENGTH = 17;

/** Types of items (linux/btrfs_tree.h). */
export const INODE_ITEM = 1;
export const DIR_ITEM = 84;
export const DIR_INDEX = 96;
export const EXTENT_DATA = 108;
export const ROOT_ITEM = 132;
export const ROOT_REF = 156;
export const CHUNK_ITEM = 228;

export const MAX_KEY_OFFSET = 2n ** 64n - 1n;

export interface Key {
  readonly objectId: bigint;
  readonly type: number;
  readonly offset: bigint;
}

export function readKey(bytes: Buffer, at: number): Key {
  return {
    objectId: bytes.readBigUInt64LE(at),
    type: bytes.readUInt8(at + 8),
    offset: bytes.readBigUInt64LE(at + 9),
  };
}

export function writeKey(objectId: bigint, type: number, offset: bigint): Buffer {
  const bytes = Buffer.alloc(KEY_LENGTH);
  bytes.writeBigUInt64LE(objectId);
  bytes.writeUInt8(type, 8);
  bytes.writeBigUInt64LE(offset, 9);
  return bytes;
}

/** Negative, zero or positive, as the key at `a` comes before, is, or comes after the one at `b`; without a bigint. */
export function compareKeys(first: Buffer, a: number, second: Buffer, b: number): number {
  return (
    first.readUInt32LE(a + 4) - second.readUInt32LE(b + 4) ||
    first.readUInt32LE(a) - second.readUInt32LE(b) ||
    first.readUInt8(a + 8) - second.readUInt8(b + 8) ||
    first.readUInt32LE(a + 13) - second.readUInt32LE(b + 13) ||
    first.readUInt32LE(a + 9) - second.readUInt32LE(b + 9)
  );
}
