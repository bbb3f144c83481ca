import { damaged } from './errors.ts';
import { type ExtVolume, inodeOffset } from './volume.ts';

/*
 * https://docs.kernel.org/filesystems/ext4/inodes.html
 *
 *   0x00   2  mode                             0x28  60  block map, extent tree, symlink or inline data
 *   0x04   4  size, low half                   0x6c   4  size, high half (of files)
 *   0x20   4  flags                            0x80   2  bytes of fields beyond the first 128
 */
const FIXED_LENGTH = 128;
export const BLOCK_OFFSET = 0x28;
export const BLOCK_LENGTH = 60;

const TYPE_MASK = 0xf000;
const TYPES: Readonly<Record<number, Inode['kind']>> = {
  4096: 'other',
  8192: 'other',
  16384: 'directory',
  24576: 'other',
  32768: 'file',
  40960: 'symlink',
  49152: 'other',
};

const COMPRESSED = 0x4;
const ENCRYPTED = 0x800;
const INDEXED = 0x1000;
const EXTENTS = 0x8_0000;
const INLINE_DATA = 0x1000_0000;
const CASE_FOLDED = 0x4000_0000;

/** A file has at most 2^32 blocks, however it is mapped. */
const MAX_BLOCKS = 2 ** 32;

export interface Inode {
  readonly number: number;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Bytes of its content. */
  readonly size: number;
  /** i_block, 60 bytes. */
  readonly block: Buffer;
  /** The extended attributes inside the inode with their magic number; empty where it has no room for any. */
  readonly attributes: Buffer;
  readonly extents: boolean;
  readonly inlineData: boolean;
  readonly encrypted: boolean;
  readonly compressed: boolean;
  /** A directory with a tree of hashes of its names. */
  readonly indexed: boolean;
  /** A directory whose names are compared without regard to case. */
  readonly caseFolded: boolean;
}

/** @throws {FilesystemDamagedError} where there is no such inode, or it is not in use */
export async function readInode(volume: ExtVolume, number: number): Promise<Inode> {
  const { blockSize, inodeSize, largeDirectories } = volume.superblock;
  const offset = await inodeOffset(volume, number);
  // Copied: a part of a page of the cache below would keep the whole of it in memory.
  const bytes = Buffer.from(await volume.bytes.read(offset, inodeSize));
  const kind = TYPES[bytes.readUInt16LE(0x00) & TYPE_MASK];
  if (!kind) throw damaged(`inode ${number} is in a directory and not in use`);
  const hasHigh = kind === 'file' || (kind === 'directory' && largeDirectories);
  const size = bytes.readUInt32LE(0x04) + (hasHigh ? bytes.readUInt32LE(0x6c) * 2 ** 32 : 0);
  if (size > MAX_BLOCKS * blockSize) throw damaged(`inode ${number} is of ${size} bytes`);
  const flags = bytes.readUInt32LE(0x20);
  const has = (flag: number) => (flags & flag) !== 0;
  return {
    number,
    kind,
    size,
    block: bytes.subarray(BLOCK_OFFSET, BLOCK_OFFSET + BLOCK_LENGTH),
    attributes: attributesOf(bytes),
    extents: has(EXTENTS),
    inlineData: has(INLINE_DATA),
    encrypted: has(ENCRYPTED),
    compressed: has(COMPRESSED),
    indexed: has(INDEXED),
    caseFolded: has(CASE_FOLDED),
  };
}

function attributesOf(inode: Buffer): Buffer {
  if (inode.length <= FIXED_LENGTH) return Buffer.alloc(0);
  return inode.subarray(FIXED_LENGTH + inode.readUInt16LE(0x80));
}
