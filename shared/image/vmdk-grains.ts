import type { ByteSource } from '../bytes/source.ts';
import { decompress } from '../compression/decompress.ts';
import { DamagedImageError } from './errors.ts';
import { type Block, blockCache, tableReader } from './mapped-disk.ts';
import { SECTOR, type VmdkHeader } from './vmdk-header.ts';

// Virtual Disk Format 5.0, "Grain Directories and Grain Tables": entries of 32 bits, little-endian, the
// sector of a grain table or a grain; 0: not there; 1: zeros, where the header's flag says so.
// "Compressed Grains": a marker, then the data:
//
//   00  8  lba (first sector of the grain in the disk)
//   08  4  size of the data in bytes
//   0c     data (RFC 1950)
const ZERO_GRAIN = 1;
const MARKER_LENGTH = 12;
/** CVE-2026-2243: deflate makes nothing twice as long, so that a larger size is a lie. */
const MAX_EXPANSION = 2;

/** Finds the grains of the virtual disk by way of the grain directory and tables, read on demand. */
export function grainLocator(source: ByteSource, header: VmdkHeader): (index: number) => Promise<Block> {
  const { grainSize, grainTableEntries, grainDirectoryOffset } = header;
  const tables = tableReader(source);

  async function entryAt(position: number): Promise<number> {
    const { piece, at } = await tables(position, 4);
    return piece.readUInt32LE(at);
  }

  async function grainEntry(index: number): Promise<number> {
    const table = await entryAt(grainDirectoryOffset + Math.floor(index / grainTableEntries) * 4);
    if (table === 0) return 0;
    const entry = await entryAt(table * SECTOR + (index % grainTableEntries) * 4);
    return entry === ZERO_GRAIN && header.zeroedGrains ? 0 : entry;
  }

  const inflate = blockCache(grainSize, async (index) => {
    const offset = (await grainEntry(index)) * SECTOR;
    const marker = await source.read(offset, MARKER_LENGTH);
    const first = marker.readBigUInt64LE(0);
    const length = marker.readUInt32LE(8);
    if (first * BigInt(SECTOR) !== BigInt(index) * BigInt(grainSize) || length > grainSize * MAX_EXPANSION) {
      throw new DamagedImageError('VMDK_GRAIN_MARKER', `The VMDK has a wrong grain marker at ${offset}.`);
    }
    const grain = decompress('zlib', await source.read(offset + MARKER_LENGTH, length), grainSize);
    if (
      grain.length === Math.min(grainSize, header.capacity - index * grainSize) ||
      grain.length === grainSize
    )
      return grain;
    throw new DamagedImageError(
      'VMDK_COMPRESSED_GRAIN',
      `The compressed grain at ${offset} opens to less than a grain.`,
    );
  });

  return async (index) => {
    const entry = await grainEntry(index);
    if (entry === 0) return null;
    return header.compressed ? inflate(index) : entry * SECTOR;
  };
}
