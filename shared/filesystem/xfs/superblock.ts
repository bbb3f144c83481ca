import { safeInteger } from '../../bytes/integers.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { FilesystemUnsupportedError } from '../errors.ts';
import { damaged, NAME } from './damaged.ts';

/*
 * XFS Algorithms & Data Structures, 3rd edition, "Superblocks"; struct xfs_dsb of the kernel's
 * fs/xfs/libxfs/xfs_format.h. Big-endian, as all of XFS but its checksums.
 *
 *   0x00   4  "XFSB"                         0x7B  1  log2 of inodes in a block
 *   0x04   4  block size                     0x7C  1  log2 of blocks in an allocation group, rounded up
 *   0x08   8  blocks                         0x7E  1  mkfs is still at work
 *   0x20  16  UUID, as a user sees it        0xC0  1  log2 of blocks in a directory block
 *   0x30   8  block of the log; 0: external  0xC8  4  features2 (version 4)
 *   0x38   8  root inode                     0xD8  4  incompatible features (version 5)
 *   0x54   4  blocks in an allocation group  0xE0  4  CRC-32C (version 5)
 *   0x58   4  allocation groups              0xF0  8  LSN of this block's last write (version 5)
 *   0x60   4  blocks of the log              0xF8 16  UUID in the metadata, if that is another
 *   0x64   2  version and its flags
 *   0x68   2  inode size
 *   0x6C  12  label
 *   0x78   1  log2 of the block size
 *   0x7A   1  log2 of the inode size
 *
 * No checksum of the metadata is compared: whoever makes an image to deceive computes them right, so every
 * field is checked against what can be true all the same, and the way here is covered by Object Storage's own.
 */
export const MAGIC = Buffer.from('XFSB', 'latin1');
/** The smallest sector: the superblock's own fields end before it does. */
const SUPERBLOCK_LENGTH = 512;
/** XFS_MIN_BLOCKSIZE_LOG to XFS_MAX_BLOCKSIZE_LOG; a directory block is no larger either. */
const MIN_BLOCK_LOG = 9;
const MAX_BLOCK_LOG = 16;
/** XFS_DINODE_MIN_LOG to XFS_DINODE_MAX_LOG. */
const MIN_INODE_LOG = 8;
const MAX_INODE_LOG = 11;
/** XFS_MAX_AG_BYTES is 2^40, in blocks of at least 2^9. */
const MAX_GROUP_BLOCKS_LOG = 31;

const VERSION_MASK = 0x000f;
const DIRECTORIES_V2 = 0x2000;
const CASE_INSENSITIVE = 0x4000;
const MORE_FEATURES = 0x8000;
const FEATURES2_FILE_TYPE = 0x200;

/**
 * sb_features_incompat by the names of mkfs.xfs and the kernel. Those that are read: what they change is dealt
 * with where it lies (`ftype`, `nrext64`), or in what is never read here: times, attributes, the inodes of quotas.
 */
const READABLE = [
  'ftype',
  'spinodes',
  'meta_uuid',
  'bigtime',
  'needsrepair',
  'nrext64',
  'exchrange',
  'parent',
];
const NAMED = [...READABLE, 'metadir', 'zoned', 'zone_gaps'];
const FEATURE_BITS = 32;
const FILE_TYPE = 1 << READABLE.indexOf('ftype');
const NEEDS_REPAIR = 1 << READABLE.indexOf('needsrepair');

/** What of the superblock reading files takes. */
export interface Superblock {
  readonly version: 4 | 5;
  readonly blockSize: number;
  readonly blocks: number;
  readonly groups: number;
  readonly groupBlocks: number;
  readonly groupBlocksLog: number;
  readonly inodeSize: number;
  readonly inodesPerBlockLog: number;
  readonly rootInode: number;
  readonly directoryBlockSize: number;
  /** Directory entries carry the type of what they name. */
  readonly fileTypes: boolean;
  /** `mkfs.xfs -n version=ci`: names are found without regard to the case of ASCII letters. */
  readonly caseInsensitive: boolean;
  readonly needsRepair: boolean;
  readonly label: string | null;
  readonly uuid: string | null;
  /** Null where it lies on a device of its own. */
  readonly log: { readonly block: number; readonly blocks: number } | null;
  /** Where in the log this superblock was last written to; null in version 4. */
  readonly lastWrite: { readonly cycle: number; readonly sector: number } | null;
}

export async function readSuperblock(volume: ByteSource): Promise<Superblock> {
  const bytes = await volume.read(0, SUPERBLOCK_LENGTH);
  const version = readVersion(bytes);
  const features = version === 5 ? bytes.readUInt32BE(0xd8) : 0;
  checkFeatures(features);
  if (bytes.readUInt8(0x7e) !== 0) throw damaged('mkfs.xfs did not finish making it');

  const geometry = readGeometry(bytes, volume.size);
  const flags = bytes.readUInt16BE(0x64);
  const features2 = flags & MORE_FEATURES ? bytes.readUInt32BE(0xc8) : 0;
  const logBlock = safeInteger(bytes.readBigUInt64BE(0x30));
  return {
    version,
    ...geometry,
    rootInode: safeInteger(bytes.readBigUInt64BE(0x38)),
    fileTypes: version === 5 ? (features & FILE_TYPE) !== 0 : (features2 & FEATURES2_FILE_TYPE) !== 0,
    caseInsensitive: (flags & CASE_INSENSITIVE) !== 0,
    needsRepair: (features & NEEDS_REPAIR) !== 0,
    label: bytes.toString('utf8', 0x6c, 0x78).replace(/\0.*$/s, '') || null,
    uuid: readUuid(bytes.subarray(0x20, 0x30)),
    log: logBlock === 0 ? null : { block: logBlock, blocks: bytes.readUInt32BE(0x60) },
    lastWrite: version === 5 ? { cycle: bytes.readUInt32BE(0xf0), sector: bytes.readUInt32BE(0xf4) } : null,
  };
}

function readVersion(bytes: Buffer): 4 | 5 {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged('its superblock has no "XFSB"');
  const version = bytes.readUInt16BE(0x64) & VERSION_MASK;
  if (version === 5) return 5;
  if (version !== 4) throw new FilesystemUnsupportedError(NAME, `version ${version}`);
  if ((bytes.readUInt16BE(0x64) & DIRECTORIES_V2) === 0) {
    throw new FilesystemUnsupportedError(NAME, 'version 1 directories');
  }
  return 4;
}

function checkFeatures(features: number): void {
  const unknown: string[] = [];
  for (let bit = READABLE.length; bit < FEATURE_BITS; bit++) {
    if (features & (1 << bit)) unknown.push(NAMED[bit] ?? `incompatible feature bit ${bit}`);
  }
  if (unknown.length > 0) throw new FilesystemUnsupportedError(NAME, unknown.join(', '));
}

function readGeometry(bytes: Buffer, volumeSize: number) {
  const blockSize = bytes.readUInt32BE(0x04);
  const blockLog = bytes.readUInt8(0x78);
  const inodeSize = bytes.readUInt16BE(0x68);
  const inodeLog = bytes.readUInt8(0x7a);
  const directoryLog = blockLog + bytes.readUInt8(0xc0);
  const inodesPerBlockLog = bytes.readUInt8(0x7b);
  const sizesFit =
    isLog(blockSize, blockLog, MIN_BLOCK_LOG, MAX_BLOCK_LOG) &&
    isLog(inodeSize, inodeLog, MIN_INODE_LOG, MAX_INODE_LOG) &&
    inodesPerBlockLog === blockLog - inodeLog &&
    inodesPerBlockLog >= 0 &&
    directoryLog <= MAX_BLOCK_LOG;
  if (!sizesFit) throw damaged(`its superblock has blocks of ${blockSize} and inodes of ${inodeSize} bytes`);

  const blocks = safeInteger(bytes.readBigUInt64BE(0x08));
  const groupBlocks = bytes.readUInt32BE(0x54);
  const groupBlocksLog = bytes.readUInt8(0x7c);
  const groups = bytes.readUInt32BE(0x58);
  const groupsFit =
    groupBlocksLog <= MAX_GROUP_BLOCKS_LOG &&
    groupBlocks <= 2 ** groupBlocksLog &&
    groupBlocks > 2 ** groupBlocksLog / 2 &&
    groups >= 1 &&
    blocks > (groups - 1) * groupBlocks &&
    blocks <= groups * groupBlocks;
  if (!groupsFit) throw damaged(`its superblock has ${groups} groups of ${groupBlocks} blocks for ${blocks}`);
  if (blocks * blockSize > volumeSize) {
    throw damaged(`it has ${blocks} blocks of ${blockSize} bytes on a volume of ${volumeSize} bytes`);
  }
  const directoryBlockSize = 2 ** directoryLog;
  return {
    blockSize,
    blocks,
    groups,
    groupBlocks,
    groupBlocksLog,
    inodeSize,
    inodesPerBlockLog,
    directoryBlockSize,
  };
}

const isLog = (value: number, log: number, least: number, most: number): boolean =>
  log >= least && log <= most && value === 2 ** log;

/** Null where it is zero: nothing can be found by it. */
function readUuid(bytes: Buffer): string | null {
  if (bytes.every((byte) => byte === 0)) return null;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
