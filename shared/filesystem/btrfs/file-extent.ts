import { safeInteger } from '../../bytes/integers.ts';
import { FilesystemUnsupportedError } from '../errors.ts';
import { type Compression, compressionOf } from './compression.ts';
import { damaged } from './damaged.ts';
import type { Item } from './node.ts';
import type { Superblock } from './superblock.ts';

/*
 * File extent; its key is (inode, 108, offset in the file).
 *
 *   0x00  8  generation
 *   0x08  8  bytes of the whole extent when it is decompressed
 *   0x10  1  compression: 0 none, 1 zlib, 2 lzo, 3 zstd
 *   0x11  1  encryption
 *   0x12  2  other encoding
 *   0x14  1  type: 0 inline, 1 regular, 2 preallocated
 *
 * Inline, the data follows. Otherwise:
 *
 *   0x15  8  logical address of the extent; 0: a hole
 *   0x1d  8  its length there
 *   0x25  8  where in the decompressed extent this file's part starts
 *   0x2d  8  and its length
 */
const INLINE = 0;
const PREALLOCATED = 2;
const INLINE_HEADER_LENGTH = 0x15;
const HEADER_LENGTH = 0x35;

/** The kernel's BTRFS_MAX_COMPRESSED and BTRFS_MAX_UNCOMPRESSED. */
const MAX_COMPRESSED_EXTENT = 128 * 1024;

export interface FileExtent {
  /** In the file, in bytes. */
  readonly start: number;
  readonly length: number;
  /** Null where it has zeros. */
  readonly content: InlineContent | DiskContent | null;
}

interface InlineContent {
  readonly inline: Buffer;
  readonly compression: Compression;
  readonly openLength: number;
}

export interface DiskContent {
  readonly inline: null;
  readonly compression: Compression;
  /** Of the extent, decompressed. */
  readonly openLength: number;
  /** Logical. */
  readonly address: number;
  readonly diskLength: number;
  /** Where in the extent, decompressed, this file's part starts. */
  readonly skip: number;
}

export function parseFileExtent({ key, data }: Item, { sectorSize, nodeSize }: Superblock): FileExtent {
  const start = safeInteger(key.offset);
  const type = data.length < INLINE_HEADER_LENGTH ? -1 : data.readUInt8(0x14);
  const isInline = type === INLINE;
  const whole = isInline || (type > INLINE && type <= PREALLOCATED && data.length >= HEADER_LENGTH);
  if (!whole || start % sectorSize !== 0) {
    throw damaged(`inode ${key.objectId} has no right extent at ${start}`);
  }
  if (data.readUInt8(0x11) !== 0 || data.readUInt16LE(0x12) !== 0) {
    throw new FilesystemUnsupportedError('btrfs', `inode ${key.objectId} is encrypted`);
  }
  const compression = compressionOf(data.readUInt8(0x10));
  const openLength = safeInteger(data.readBigUInt64LE(0x08));
  if (isInline) {
    const inline = data.subarray(INLINE_HEADER_LENGTH);
    const fits = compression === 'none' ? inline.length : nodeSize;
    if (openLength > fits) throw damaged(`inode ${key.objectId} has more inline than there is room for`);
    return { start, length: openLength, content: { inline, compression, openLength } };
  }
  const address = safeInteger(data.readBigUInt64LE(0x15));
  const diskLength = safeInteger(data.readBigUInt64LE(0x1d));
  const skip = safeInteger(data.readBigUInt64LE(0x25));
  const length = safeInteger(data.readBigUInt64LE(0x2d));
  if (address === 0 || type === PREALLOCATED) return { start, length, content: null };
  const room = compression === 'none' ? diskLength : openLength;
  const tooLong = compression !== 'none' && Math.max(diskLength, openLength) > MAX_COMPRESSED_EXTENT;
  if (skip + length > room || tooLong) {
    throw damaged(`inode ${key.objectId} has an extent at ${start} that is longer than it can be`);
  }
  return {
    start,
    length,
    content: { inline: null, compression, openLength, address, diskLength, skip },
  };
}
