import { safeInteger } from '../../bytes/integers.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { FilesystemUnsupportedError } from '../errors.ts';
import { damaged } from './damaged.ts';
import { CHUNK_ITEM, KEY_LENGTH, readKey, writeKey } from './key.ts';
import type { Superblock } from './superblock.ts';
import type { Tree } from './tree.ts';

/*
 * Addresses in a btrfs are logical; a chunk says where a range of them is on the device. Its key is (256, 228,
 * first logical address).
 *
 *   0x00  8  length
 *   0x18  8  type: what for, and the RAID profile
 *   0x2c  2  number of stripes
 *   0x30     stripes of 32 bytes: 0x00  8  id of the device
 *                                 0x08  8  offset on the device
 */
const CHUNK_OBJECT_ID = 256n;
const HEADER_LENGTH = 0x30;
const STRIPE_LENGTH = 32;

const DUP = 1n << 5n;
/** Profiles that are for several devices. */
const PROFILES: readonly (readonly [bit: bigint, name: string])[] = [
  [1n << 3n, 'RAID0'],
  [1n << 4n, 'RAID1'],
  [1n << 6n, 'RAID10'],
  [1n << 7n, 'RAID5'],
  [1n << 8n, 'RAID6'],
  [1n << 9n, 'RAID1C3'],
  [1n << 10n, 'RAID1C4'],
];

interface Chunk {
  readonly start: number;
  readonly length: number;
  /** Where its copies are on the device: one, or two with the DUP profile. */
  readonly copies: readonly number[];
}

/**
 * Where the range is on the device: an offset for each copy of it.
 *
 * @throws {FilesystemDamagedError} when no chunk has the whole range
 */
export type Locate = (address: number, length: number) => Promise<readonly number[]>;

/** By the superblock's own chunks, which have the chunk tree. */
export function systemLocator(superblock: Superblock, volume: ByteSource): Locate {
  const { systemChunks } = superblock;
  const chunks: Chunk[] = [];
  for (let at = 0; at < systemChunks.length; ) {
    const data = systemChunks.subarray(at + KEY_LENGTH);
    if (data.length < HEADER_LENGTH) throw damaged('its system chunks are cut off');
    const key = readKey(systemChunks, at);
    if (key.type !== CHUNK_ITEM) throw damaged('its system chunks have another item among them');
    chunks.push(parseChunk(key.offset, data, superblock, volume));
    at += KEY_LENGTH + HEADER_LENGTH + data.readUInt16LE(0x2c) * STRIPE_LENGTH;
  }
  return async (address, length) => {
    const chunk = chunks.find(({ start, length: size }) => address >= start && address < start + size);
    return copiesOf(chunk, address, length);
  };
}

/** By the chunk tree. */
export function chunkLocator(tree: Tree, superblock: Superblock, volume: ByteSource): Locate {
  return async (address, length) => {
    const item = await tree.floor(writeKey(CHUNK_OBJECT_ID, CHUNK_ITEM, BigInt(address)));
    const isChunk = item?.key.type === CHUNK_ITEM && item.key.objectId === CHUNK_OBJECT_ID;
    const chunk = item && isChunk ? parseChunk(item.key.offset, item.data, superblock, volume) : undefined;
    return copiesOf(chunk, address, length);
  };
}

function copiesOf(chunk: Chunk | undefined, address: number, length: number): number[] {
  if (!chunk || address + length > chunk.start + chunk.length) {
    throw damaged(`no chunk has the ${length} bytes at the logical address ${address}`);
  }
  return chunk.copies.map((offset) => offset + address - chunk.start);
}

function parseChunk(key: bigint, data: Buffer, { deviceId }: Superblock, volume: ByteSource): Chunk {
  const start = safeInteger(key);
  if (data.length < HEADER_LENGTH) throw damaged(`the chunk at ${start} is cut off`);
  const length = safeInteger(data.readBigUInt64LE(0));
  const type = data.readBigUInt64LE(0x18);
  for (const [bit, name] of PROFILES) {
    if ((type & bit) !== 0n) throw new FilesystemUnsupportedError('btrfs', `its profile is ${name}`);
  }
  const stripes = data.readUInt16LE(0x2c);
  const expected = (type & DUP) === 0n ? 1 : 2;
  if (stripes !== expected || data.length < HEADER_LENGTH + stripes * STRIPE_LENGTH) {
    throw damaged(`the chunk at ${start} has ${stripes} stripes`);
  }
  const copies: number[] = [];
  for (let at = HEADER_LENGTH; copies.length < stripes; at += STRIPE_LENGTH) {
    const device = data.readBigUInt64LE(at);
    if (device !== deviceId) throw damaged(`the chunk at ${start} is on device ${device}`);
    const offset = safeInteger(data.readBigUInt64LE(at + 8));
    if (offset + length > volume.size) throw damaged(`the chunk at ${start} goes on after the device's end`);
    copies.push(offset);
  }
  return { start, length, copies };
}
