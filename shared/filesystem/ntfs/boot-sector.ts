import { safeInteger } from '../../bytes/integers.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { damaged } from './errors.ts';

// https://flatcap.github.io/linux-ntfs/ntfs/files/boot.html ; NTFS is little-endian throughout.
//
//   03  8  "NTFS    "                              30  8  first cluster of $MFT
//   0B  2  bytes per sector                        38  8  first cluster of $MFTMirr
//   0D  1  sectors per cluster; above 0x80 as      40  1  size of a FILE record: positive in clusters,
//          an exponent: 2^(256 - n)                       negative as an exponent: 2^-n bytes
//   28  8  sectors of the volume, without the      44  1  size of an index block, likewise
//          backup of this one at its end           48  8  volume serial number
const LENGTH = 512;
const MARK_OFFSET = 3;
const MARK = Buffer.from('NTFS    ', 'latin1');

const MIN_SECTOR = 256;
const MAX_SECTOR = 4096;
/** format.com goes to 2 MiB since Windows 10 1709. */
const MAX_CLUSTER = 2 * 1024 * 1024;
/** Up to here the byte is a count, from here on an exponent. */
const MAX_SECTORS_PER_CLUSTER = 0x80;
/** Update sequences protect sectors of 512 bytes: a smaller record could not be protected. */
const MIN_RECORD = 512;
/** Windows writes FILE records of 1 or 4 KiB and index blocks of 4 KiB; a cluster of 64 KiB may be one block. */
const MAX_RECORD = 64 * 1024;

/** Where things are on the volume. Sizes in bytes. */
export interface Geometry {
  readonly clusterSize: number;
  /** Clusters of the volume: none of a higher number exists. */
  readonly clusters: number;
  /** The first cluster of $MFT. */
  readonly mftCluster: number;
  readonly recordSize: number;
  /** As blkid prints it: 16 upper-case hexadecimal digits. */
  readonly serial: string;
}

/** Does the volume begin as NTFS does? */
export function isNtfs(head: Buffer): boolean {
  return head.length >= LENGTH && head.subarray(MARK_OFFSET, MARK_OFFSET + MARK.length).equals(MARK);
}

/** @throws {FilesystemDamagedError} when a value cannot be, or the volume is shorter than it says */
export async function readBootSector(volume: ByteSource): Promise<Geometry> {
  const boot = await volume.read(0, LENGTH);
  const sectorSize = boot.readUInt16LE(0x0b);
  if (!isPowerOfTwo(sectorSize) || sectorSize < MIN_SECTOR || sectorSize > MAX_SECTOR) {
    throw damaged(`a sector has ${sectorSize} bytes`);
  }
  const perCluster = boot.readUInt8(0x0d);
  const sectorsPerCluster = perCluster > MAX_SECTORS_PER_CLUSTER ? 2 ** (256 - perCluster) : perCluster;
  const clusterSize = sectorsPerCluster * sectorSize;
  if (!isPowerOfTwo(sectorsPerCluster) || clusterSize > MAX_CLUSTER) {
    throw damaged(`a cluster has ${sectorsPerCluster} sectors`);
  }
  const sectors = safeInteger(boot.readBigUInt64LE(0x28));
  if (sectors * sectorSize > volume.size) {
    throw damaged(`it has ${sectors} sectors of ${sectorSize} bytes on a volume of ${volume.size} bytes`);
  }
  const clusters = Math.floor(sectors / sectorsPerCluster);
  const mftCluster = safeInteger(boot.readBigUInt64LE(0x30));
  if (mftCluster >= clusters) throw damaged('$MFT begins beyond the end of the volume');
  return {
    clusterSize,
    clusters,
    mftCluster,
    recordSize: recordSize(boot.readInt8(0x40), clusterSize),
    serial: boot.readBigUInt64LE(0x48).toString(16).toUpperCase().padStart(16, '0'),
  };
}

function recordSize(encoded: number, clusterSize: number): number {
  const size = encoded > 0 ? encoded * clusterSize : 2 ** -encoded;
  if (isPowerOfTwo(size) && size >= MIN_RECORD && size <= MAX_RECORD) return size;
  throw damaged(`a FILE record has ${size} bytes`);
}

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
