import { safeInteger } from '../../bytes/integers.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { damaged, unsupported } from './errors.ts';
import { hasIncompatible, INCOMPATIBLE, INCOMPATIBLE_NAMES, READABLE } from './features.ts';

/*
 * https://docs.kernel.org/filesystems/ext4/super.html ; all fields little-endian.
 *
 *   0x00  4  inodes                          0x5c   4  compatible features
 *   0x04  4  blocks, low half                0x60   4  incompatible features
 *   0x14  4  first data block                0x64   4  features compatible for reading
 *   0x18  4  log2(block size) - 10           0x68  16  UUID
 *   0x20  4  blocks per group                0x78  16  label
 *   0x28  4  inodes per group                0xec  16  hash seed
 *   0x38  2  magic 0xef53                    0xfe   2  size of a group descriptor (64bit)
 *   0x3a  2  state                          0x104   4  first group of meta_bg
 *   0x4c  4  revision                       0x150   4  blocks, high half (64bit)
 *   0x58  2  inode size (revision 1)        0x160   4  flags
 *                                           0x24c   8  two groups with a copy (sparse_super2)
 */
export const SUPERBLOCK_OFFSET = 1024;
const SUPERBLOCK_LENGTH = 1024;
export const MAGIC_OFFSET = 0x38;
export const MAGIC = 0xef53;

/** 64 KiB: the largest page of a machine that Linux runs on. */
const MAX_LOG_BLOCK_SIZE = 6;
const MIN_INODE_SIZE = 128;
const SMALL_DESCRIPTOR = 32;
const LARGE_DESCRIPTOR = 64;
/** The kernel's EXT4_MAX_DESC_SIZE is a block; of more than 64 bytes nothing is defined. */
const MAX_DESCRIPTOR = 1024;
const MAX_REVISION = 1;

const STATE_CLEAN = 1;
const STATE_ERRORS = 2;
const FLAG_UNSIGNED_HASH = 2;

const HAS_JOURNAL = 0x4;
const DIRECTORY_INDEX = 0x20;
const SPARSE_SUPER_2 = 0x200;
const SPARSE_SUPER = 0x1;
const BIGALLOC = 0x200;

/** What a driver for ext2 or ext3 understands, as libblkid tells the three apart. */
const EXT2_READ_ONLY = 0x7;
const EXT2_INCOMPATIBLE = INCOMPATIBLE.filetype | INCOMPATIBLE.meta_bg;
const EXT3_INCOMPATIBLE = EXT2_INCOMPATIBLE | INCOMPATIBLE.recover;

/** A superblock that passed every check. Sizes in bytes, unless they are said to be blocks. */
export interface Superblock {
  readonly type: 'ext2' | 'ext3' | 'ext4';
  readonly label: string | null;
  readonly uuid: string;
  readonly dirty: boolean;
  readonly blockSize: number;
  readonly blocks: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly inodesPerGroup: number;
  readonly inodes: number;
  readonly inodeSize: number;
  readonly groups: number;
  readonly descriptorSize: number;
  /** From this block of the descriptor table on, its blocks are spread over their groups; null: none is. */
  readonly firstMetaGroup: number | null;
  /** The groups with copies of the superblock: all, those of sparse_super, or two that are named. */
  readonly copies: 'all' | 'sparse' | readonly number[];
  readonly fileTypes: boolean;
  readonly largeDirectories: boolean;
  readonly directoryIndex: boolean;
  /** Four words that make hashes of names differ from filesystem to filesystem. */
  readonly hashSeed: readonly number[];
  readonly unsignedHash: boolean;
}

/**
 * Reads the superblock and runs all checks on it.
 *
 * @throws {FilesystemDamagedError} when it is none, or says what cannot be
 * @throws {FilesystemUnsupportedError} for a feature that changes what the rest means
 */
export async function readSuperblock(volume: ByteSource): Promise<Superblock> {
  if (volume.size < SUPERBLOCK_OFFSET + SUPERBLOCK_LENGTH) throw damaged('it is shorter than its superblock');
  const bytes = await volume.read(SUPERBLOCK_OFFSET, SUPERBLOCK_LENGTH);
  if (bytes.readUInt16LE(MAGIC_OFFSET) !== MAGIC) throw damaged('its superblock has no magic number');
  const revision = bytes.readUInt32LE(0x4c);
  if (revision > MAX_REVISION) throw unsupported(`revision ${revision}`);
  const features = (offset: number) => (revision === 0 ? 0 : bytes.readUInt32LE(offset));
  const compatible = features(0x5c);
  const incompatible = features(0x60);
  const readOnly = features(0x64);
  checkFeatures(incompatible);
  const state = bytes.readUInt16LE(0x3a);
  return {
    type: typeOf(compatible, incompatible, readOnly),
    label: bytes.toString('utf8', 0x78, 0x88).replace(/\0.*$/s, '') || null,
    uuid: uuid(bytes.toString('hex', 0x68, 0x78)),
    dirty:
      hasIncompatible(incompatible, 'recover') || (state & STATE_CLEAN) === 0 || (state & STATE_ERRORS) !== 0,
    ...checkGeometry(bytes, { volumeSize: volume.size, revision, incompatible, readOnly }),
    firstMetaGroup: hasIncompatible(incompatible, 'meta_bg') ? bytes.readUInt32LE(0x104) : null,
    copies: copiesOf(bytes, compatible, readOnly),
    fileTypes: hasIncompatible(incompatible, 'filetype'),
    largeDirectories: hasIncompatible(incompatible, 'large_dir'),
    directoryIndex: (compatible & DIRECTORY_INDEX) !== 0,
    hashSeed: [0xec, 0xf0, 0xf4, 0xf8].map((offset) => bytes.readUInt32LE(offset)),
    unsignedHash: (bytes.readUInt32LE(0x160) & FLAG_UNSIGNED_HASH) !== 0,
  };
}

function checkFeatures(incompatible: number): void {
  if (hasIncompatible(incompatible, 'journal_dev')) throw unsupported("journal_dev, another's journal");
  const unreadable = (incompatible & ~READABLE) >>> 0;
  if (unreadable === 0) return;
  const names = INCOMPATIBLE_NAMES.filter((name) => hasIncompatible(unreadable, name));
  const unknown = names.reduce((bits, name) => bits & ~INCOMPATIBLE[name], unreadable) >>> 0;
  throw unsupported([...names, ...(unknown ? [`features 0x${unknown.toString(16)}`] : [])].join(', '));
}

/** ext3 has a journal and nothing that ext2 has not, ext2 has none; all else is ext4. */
function typeOf(compatible: number, incompatible: number, readOnly: number): Superblock['type'] {
  const journal = (compatible & HAS_JOURNAL) !== 0;
  const known = journal ? EXT3_INCOMPATIBLE : EXT2_INCOMPATIBLE;
  if ((incompatible & ~known) !== 0 || (readOnly & ~EXT2_READ_ONLY) !== 0) return 'ext4';
  return journal ? 'ext3' : 'ext2';
}

interface Given {
  readonly volumeSize: number;
  readonly revision: number;
  readonly incompatible: number;
  readonly readOnly: number;
}

function checkGeometry(bytes: Buffer, { volumeSize, revision, incompatible, readOnly }: Given) {
  const logBlockSize = bytes.readUInt32LE(0x18);
  if (logBlockSize > MAX_LOG_BLOCK_SIZE) throw damaged(`its block size is 2^${logBlockSize + 10}`);
  const blockSize = 1024 * 2 ** logBlockSize;
  const large = hasIncompatible(incompatible, '64bit');

  const inodeSize = revision === 0 ? MIN_INODE_SIZE : bytes.readUInt16LE(0x58);
  if (inodeSize < MIN_INODE_SIZE || inodeSize > blockSize || !isPowerOfTwo(inodeSize)) {
    throw damaged(`its inodes are of ${inodeSize} bytes`);
  }
  const descriptorSize = large ? bytes.readUInt16LE(0xfe) : SMALL_DESCRIPTOR;
  const smallest = large ? LARGE_DESCRIPTOR : SMALL_DESCRIPTOR;
  if (descriptorSize < smallest || descriptorSize > MAX_DESCRIPTOR || !isPowerOfTwo(descriptorSize)) {
    throw damaged(`its group descriptors are of ${descriptorSize} bytes`);
  }

  const high = large ? bytes.readUInt32LE(0x150) : 0;
  const blocks = safeInteger((BigInt(high) << 32n) | BigInt(bytes.readUInt32LE(0x04)));
  const firstDataBlock = bytes.readUInt32LE(0x14);
  if (firstDataBlock > 1 || blocks <= firstDataBlock || blocks > volumeSize / blockSize) {
    throw damaged(`it has ${blocks} blocks of ${blockSize} bytes, and its volume ${volumeSize} bytes`);
  }

  // Each group has a bitmap of one block: a bit for each block (bigalloc: for each cluster), and for each inode.
  const blocksPerGroup = bytes.readUInt32LE(0x20);
  const inodesPerGroup = bytes.readUInt32LE(0x28);
  const mapped = (readOnly & BIGALLOC) !== 0 ? bytes.readUInt32LE(0x24) : blocksPerGroup;
  if (blocksPerGroup === 0 || mapped === 0 || mapped > 8 * blockSize) {
    throw damaged(`its groups are of ${blocksPerGroup} blocks`);
  }
  if (inodesPerGroup === 0 || inodesPerGroup > 8 * blockSize) {
    throw damaged(`its groups are of ${inodesPerGroup} inodes`);
  }
  const groups = Math.ceil((blocks - firstDataBlock) / blocksPerGroup);
  const inodes = bytes.readUInt32LE(0x00);
  if (inodes > groups * inodesPerGroup) throw damaged(`it has ${inodes} inodes in ${groups} groups`);
  return {
    blockSize,
    blocks,
    firstDataBlock,
    blocksPerGroup,
    inodesPerGroup,
    inodes,
    inodeSize,
    groups,
    descriptorSize,
  };
}

function copiesOf(bytes: Buffer, compatible: number, readOnly: number): Superblock['copies'] {
  if (compatible & SPARSE_SUPER_2) return [bytes.readUInt32LE(0x24c), bytes.readUInt32LE(0x250)];
  return readOnly & SPARSE_SUPER ? 'sparse' : 'all';
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));

const uuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
