import { crc32 } from 'node:zlib';
import type { ByteSource } from '../bytes/source.ts';
import { type Partition, SECTOR_SIZE } from './mbr.ts';

/*
 * GUID partition table. UEFI Specification 2.10, 5.3.
 *
 * Header, in the disk's second sector, and a backup in its last:
 *
 *   0x00  8  "EFI PART"
 *   0x0C  4  header size (92 to one sector)
 *   0x10  4  CRC-32 of the header with this field zero
 *   0x18  8  sector of this header
 *   0x48  8  first sector of the partition entries
 *   0x50  4  number of entries
 *   0x54  4  size of an entry (128 × 2^n)
 *   0x58  4  CRC-32 of all entries
 *
 * Partition entry:
 *
 *   0x00  16  type GUID (zero: unused)
 *   0x10  16  unique GUID
 *   0x20   8  first sector
 *   0x28   8  last sector (inclusive)
 *   0x30   8  attributes; bit 2: legacy BIOS bootable
 *   0x38  72  name, UTF-16LE, ended by NUL
 */

export const GPT_SIGNATURE = 'EFI PART';
const MIN_HEADER_SIZE = 92;
const MIN_ENTRY_SIZE = 128;
const MAX_ENTRY_SIZE = 512;
/** 128 entries of 128 bytes are what every tool writes; eight times that still costs one small read. */
const MAX_ENTRIES_LENGTH = 128 * 1024;
const LEGACY_BIOS_BOOTABLE = 4n;
const UNUSED_TYPE = '00000000-0000-0000-0000-000000000000';

export interface Gpt {
  readonly partitions: readonly Partition[];
  /** The primary header or its entries were bad, and this is the backup at the end of the disk. */
  readonly fromBackup: boolean;
}

/** The first of the primary and the backup table whose checksums are right; null where neither is. */
export async function readGpt(disk: ByteSource): Promise<Gpt | null> {
  const primary = await readCopy(disk, 1);
  if (primary) return { partitions: primary, fromBackup: false };
  const backup = await readCopy(disk, Math.floor(disk.size / SECTOR_SIZE) - 1);
  return backup && { partitions: backup, fromBackup: true };
}

async function readCopy(disk: ByteSource, headerSector: number): Promise<Partition[] | null> {
  const headerOffset = headerSector * SECTOR_SIZE;
  if (headerSector < 1 || headerOffset + SECTOR_SIZE > disk.size) return null;
  const sector = await disk.read(headerOffset, SECTOR_SIZE);
  if (sector.toString('latin1', 0, 8) !== GPT_SIGNATURE) return null;
  const headerSize = sector.readUInt32LE(0x0c);
  if (headerSize < MIN_HEADER_SIZE || headerSize > SECTOR_SIZE) return null;
  const header = Buffer.from(sector.subarray(0, headerSize));
  header.writeUInt32LE(0, 0x10);
  if (crc32(header) !== sector.readUInt32LE(0x10)) return null;
  if (sector.readBigUInt64LE(0x18) !== BigInt(headerSector)) return null;

  const entrySize = sector.readUInt32LE(0x54);
  const entriesLength = sector.readUInt32LE(0x50) * entrySize;
  const sizeValid = [MIN_ENTRY_SIZE, 2 * MIN_ENTRY_SIZE, MAX_ENTRY_SIZE].includes(entrySize);
  if (!sizeValid || entriesLength > MAX_ENTRIES_LENGTH) return null;
  const entriesOffset = Number(sector.readBigUInt64LE(0x48)) * SECTOR_SIZE;
  if (entriesOffset + entriesLength > disk.size) return null;
  const entries = await disk.read(entriesOffset, entriesLength);
  if (crc32(entries) !== sector.readUInt32LE(0x58)) return null;

  const partitions: Partition[] = [];
  for (let at = 0; at < entriesLength; at += entrySize) {
    const partition = parseEntry(entries.subarray(at, at + entrySize), at / entrySize + 1);
    if (partition) partitions.push(partition);
  }
  return partitions;
}

/**
 * Sectors past 2^53 become inexact numbers, far beyond any disk's end, which is where the caller drops them,
 * as it does entries that end before they begin.
 */
function parseEntry(entry: Buffer, number: number): Partition | null {
  const type = guid(entry);
  if (type === UNUSED_TYPE) return null;
  const first = Number(entry.readBigUInt64LE(0x20));
  const last = Number(entry.readBigUInt64LE(0x28));
  return {
    number,
    type,
    uuid: guid(entry.subarray(0x10)).toLowerCase(),
    name: entry.toString('utf16le', 0x38, 0x80).replace(/\0.*$/s, ''),
    offset: first * SECTOR_SIZE,
    length: (last - first + 1) * SECTOR_SIZE,
    active: (entry.readBigUInt64LE(0x30) & LEGACY_BIOS_BOOTABLE) !== 0n,
  };
}

/** The first three fields of a GUID are little-endian on disk (UEFI 2.10, appendix A). */
function guid(bytes: Buffer): string {
  const hex = (from: number, to: number) => bytes.toString('hex', from, to);
  const swapped = (from: number, to: number) =>
    Buffer.from(bytes.subarray(from, to)).reverse().toString('hex');
  return [swapped(0, 4), swapped(4, 6), swapped(6, 8), hex(8, 10), hex(10, 16)].join('-').toUpperCase();
}
