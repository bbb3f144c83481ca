import { safeInteger } from '../../bytes/integers.ts';
import { damaged } from './damaged.ts';
import { inodeOffset, type XfsVolume } from './volume.ts';

/*
 * XFS Algorithms & Data Structures, "Inode Core"; struct xfs_dinode.
 *
 *   0x00  2  "IN"                           0x52  1  attribute fork, in 8 bytes from the data fork on; 0: none
 *   0x02  2  mode                           0x5A  2  flags
 *   0x04  1  version: 1, 2 or 3             0x64     data fork (versions 1 and 2)
 *   0x05  1  format of the data fork        0x78  8  flags2 (version 3)
 *   0x18  8  extents, with nrext64          0x98  8  number of this inode (version 3)
 *   0x38  8  size in bytes                  0xB0     data fork (version 3)
 *   0x4C  4  extents, without nrext64
 */
const MAGIC = 'IN';
const CORE_LENGTH = 0x64;
const CORE_LENGTH_V3 = 0xb0;
const REALTIME = 1;
const NREXT64 = 1n << 4n;

/** di_format: where the content of the data fork is. */
export const LOCAL = 1;
export const EXTENTS = 2;
export const BTREE = 3;

export interface Inode {
  readonly number: number;
  /** As in stat(2). */
  readonly mode: number;
  readonly size: number;
  readonly format: number;
  readonly fork: Buffer;
  readonly extentCount: number;
  /** Its extents are on the realtime device. */
  readonly realtime: boolean;
}

export async function readInode(volume: XfsVolume, number: number): Promise<Inode> {
  const { superblock } = volume;
  const at = inodeOffset(superblock, number);
  // Copied: a part of a page of the cache below would keep the whole of it in memory.
  const bytes = Buffer.from(await volume.bytes.read(at, superblock.inodeSize));
  const version = bytes.readUInt8(0x04);
  const known = superblock.version === 5 ? version === 3 : version === 1 || version === 2;
  if (bytes.toString('latin1', 0, 2) !== MAGIC || !known) throw damaged(`there is no inode ${number}`);
  if (version === 3 && bytes.readBigUInt64BE(0x98) !== BigInt(number)) {
    throw damaged(`inode ${bytes.readBigUInt64BE(0x98)} lies where inode ${number} belongs`);
  }
  const start = version === 3 ? CORE_LENGTH_V3 : CORE_LENGTH;
  const attributes = bytes.readUInt8(0x52) * 8;
  const end = attributes === 0 ? bytes.length : start + attributes;
  if (end > bytes.length) throw damaged(`the data fork of inode ${number} ends outside of it`);
  const large = version === 3 && (bytes.readBigUInt64BE(0x78) & NREXT64) !== 0n;
  return {
    number,
    mode: bytes.readUInt16BE(0x02),
    size: safeInteger(bytes.readBigUInt64BE(0x38)),
    format: bytes.readUInt8(0x05),
    fork: bytes.subarray(start, end),
    extentCount: large ? safeInteger(bytes.readBigUInt64BE(0x18)) : bytes.readUInt32BE(0x4c),
    realtime: (bytes.readUInt16BE(0x5a) & REALTIME) !== 0,
  };
}

/** What a data fork that is no list of extents holds: `size` bytes of it. */
export function localContent(inode: Inode): Buffer {
  if (inode.size > inode.fork.length) {
    throw damaged(`inode ${inode.number} is said to hold ${inode.size} bytes, more than it has room for`);
  }
  return inode.fork.subarray(0, inode.size);
}
