import { crc32c } from '../../bytes/crc32c.ts';
import { safeInteger } from '../../bytes/integers.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { FilesystemUnsupportedError } from '../errors.ts';
import { damaged } from './damaged.ts';

/*
 * https://btrfs.readthedocs.io/en/latest/dev/On-disk-format.html ; all fields little-endian.
 *
 *   0x000  32  checksum of what follows       0x0c4   2  checksum type
 *   0x020  16  fsid                           0x0c6   1  level of the root tree
 *   0x030   8  physical address of this copy  0x0c7   1  level of the chunk tree
 *   0x040   8  "_BHRfS_M"                     0x0c9   8  id of this device
 *   0x048   8  generation                     0x12b 256  label, ended by NUL
 *   0x050   8  root tree (logical)            0x23b  16  metadata UUID
 *   0x058   8  chunk tree (logical)           0x32b 2048 system chunks: keys of 17 bytes, each
 *   0x060   8  log tree (logical)                        followed by its chunk item
 *   0x080   8  directory in the root tree
 *   0x088   8  number of devices
 *   0x090   4  sector size
 *   0x094   4  node size
 *   0x0a0   4  length of the system chunks
 *   0x0a4   8  generation of the chunk tree
 *   0x0bc   8  incompatible features
 */
export const SUPERBLOCK_OFFSET = 64 * 1024;
/** Copies for when the first is bad; only so many as the device has room for. */
const MIRROR_OFFSETS = [SUPERBLOCK_OFFSET, 64 * 2 ** 20, 256 * 2 ** 30];
const SUPERBLOCK_LENGTH = 4096;
export const MAGIC_OFFSET = 0x40;
export const MAGIC = '_BHRfS_M';

const CHECKSUM_LENGTH = 32;
const CRC32C = 0;

/** The kernel's BTRFS_MAX_METADATA_BLOCKSIZE; sectors are never larger than nodes. */
const MAX_NODE_SIZE = 64 * 1024;
/** mkfs.btrfs makes none smaller, but the kernel's own tests use sectors of 2 KiB. */
const MIN_SECTOR_SIZE = 2048;
/** The kernel's BTRFS_MAX_LEVEL: a tree has levels 0 to 7. */
export const MAX_LEVEL = 7;
const MAX_SYSTEM_CHUNKS_LENGTH = 2048;

/**
 * Incompatible features by their bits, as /sys/fs/btrfs/features names them. Those that are true change nothing for
 * a reader, or are handled here: a RAID profile is refused by the chunk that has it.
 */
const FEATURES: readonly (readonly [name: string, readable: boolean])[] = [
  ['mixed_backref', true],
  ['default_subvol', true],
  ['mixed_groups', true],
  ['compress_lzo', true],
  ['compress_zstd', true],
  ['big_metadata', true],
  ['extended_iref', true],
  ['raid56', true],
  ['skinny_metadata', true],
  ['no_holes', true],
  ['metadata_uuid', true],
  ['raid1c34', true],
  ['zoned', false],
  ['extent_tree_v2', false],
  ['raid_stripe_tree', false],
  ['encrypt', false],
  ['simple_quota', true],
  ['remap_tree', false],
];
const METADATA_UUID = 1n << 10n;

export interface Superblock {
  /** As blkid prints it. */
  readonly uuid: string;
  readonly label: string | null;
  /** What every tree node carries: the fsid, unless that was changed since. */
  readonly metadataUuid: Buffer;
  readonly generation: bigint;
  readonly rootTree: { readonly address: number; readonly level: number };
  readonly chunkTree: { readonly address: number; readonly level: number; readonly generation: bigint };
  /** There is a log to replay: files were synced after the last commit. */
  readonly logged: boolean;
  /** The directory in the root tree that has the default subvolume. */
  readonly rootDirectory: bigint;
  readonly deviceId: bigint;
  /** In bytes. */
  readonly sectorSize: number;
  readonly nodeSize: number;
  /** Nodes are checked by CRC-32C; other checksums are not known here. */
  readonly checksummed: boolean;
  readonly systemChunks: Buffer;
}

/**
 * The first good copy of the superblock.
 *
 * @throws {FilesystemDamagedError} when none is
 * @throws {FilesystemUnsupportedError} for several devices, and for features that would be read wrong
 */
export async function readSuperblock(volume: ByteSource): Promise<Superblock> {
  for (const offset of MIRROR_OFFSETS) {
    if (offset + SUPERBLOCK_LENGTH > volume.size) break;
    const bytes = await volume.read(offset, SUPERBLOCK_LENGTH);
    if (isWhole(bytes, offset)) return parse(bytes);
  }
  throw damaged('no copy of its superblock is whole');
}

function isWhole(bytes: Buffer, offset: number): boolean {
  if (bytes.toString('latin1', MAGIC_OFFSET, MAGIC_OFFSET + MAGIC.length) !== MAGIC) return false;
  if (bytes.readBigUInt64LE(0x30) !== BigInt(offset)) return false;
  return bytes.readUInt16LE(0xc4) !== CRC32C || hasChecksum(bytes);
}

/** Does the block begin with the CRC-32C of the rest of it? */
export function hasChecksum(block: Buffer): boolean {
  return ~crc32c(0xffffffff, block.subarray(CHECKSUM_LENGTH)) >>> 0 === block.readUInt32LE(0);
}

function parse(bytes: Buffer): Superblock {
  const features = bytes.readBigUInt64LE(0xbc);
  checkFeatures(features);
  const devices = bytes.readBigUInt64LE(0x88);
  if (devices !== 1n) throw new FilesystemUnsupportedError('btrfs', `it spans ${devices} devices`);
  const fsid = bytes.subarray(0x20, 0x30);
  return {
    uuid: fsid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    label: bytes.toString('utf8', 0x12b, 0x22b).replace(/\0.*$/s, '') || null,
    metadataUuid: (features & METADATA_UUID) === 0n ? fsid : bytes.subarray(0x23b, 0x24b),
    generation: bytes.readBigUInt64LE(0x48),
    rootTree: { address: safeInteger(bytes.readBigUInt64LE(0x50)), level: checkLevel(bytes.readUInt8(0xc6)) },
    chunkTree: {
      address: safeInteger(bytes.readBigUInt64LE(0x58)),
      level: checkLevel(bytes.readUInt8(0xc7)),
      generation: bytes.readBigUInt64LE(0xa4),
    },
    logged: bytes.readBigUInt64LE(0x60) !== 0n,
    rootDirectory: bytes.readBigUInt64LE(0x80),
    deviceId: bytes.readBigUInt64LE(0xc9),
    ...checkSizes(bytes.readUInt32LE(0x90), bytes.readUInt32LE(0x94)),
    checksummed: bytes.readUInt16LE(0xc4) === CRC32C,
    systemChunks: bytes.subarray(0x32b, 0x32b + checkSystemChunksLength(bytes.readUInt32LE(0xa0))),
  };
}

function checkFeatures(features: bigint): void {
  for (let bit = 0; bit < 64; bit++) {
    if ((features & (1n << BigInt(bit))) === 0n) continue;
    const [name, readable] = FEATURES[bit] ?? [`incompatible feature ${bit}, which is not known`, false];
    if (!readable) throw new FilesystemUnsupportedError('btrfs', name);
  }
}

function checkSizes(sectorSize: number, nodeSize: number): { sectorSize: number; nodeSize: number } {
  const powers = [sectorSize, nodeSize].every((size) => Number.isInteger(Math.log2(size)));
  if (powers && sectorSize >= MIN_SECTOR_SIZE && sectorSize <= nodeSize && nodeSize <= MAX_NODE_SIZE) {
    return { sectorSize, nodeSize };
  }
  throw damaged(`its sectors have ${sectorSize} bytes and its nodes ${nodeSize}`);
}

/** A tree's level as a superblock or a root item has it. */
export function checkLevel(level: number): number {
  if (level <= MAX_LEVEL) return level;
  throw damaged(`a tree has ${level} levels`);
}

function checkSystemChunksLength(length: number): number {
  if (length <= MAX_SYSTEM_CHUNKS_LENGTH) return length;
  throw damaged(`its system chunks take ${length} bytes`);
}
