import { crc32 } from 'node:zlib';

/** Partition types by the names that sfdisk and sgdisk give them. */
export const TYPES = {
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  biosBoot: '21686148-6449-6E6F-744E-656564454649',
  linux: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  rootX64: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
  rootArm64: 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
  usrX64: '8484680C-9521-48C6-9C11-B0720656F69E',
  usrArm64: 'B0E01050-EE5F-4390-949A-9101B17104E9',
  microsoftReserved: 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE',
  basicData: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7',
};

/** Positions in sectors of 512 bytes. */
export interface MbrEntry {
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
  readonly active?: boolean;
}

export interface GptEntry {
  readonly type: string;
  readonly start: number;
  readonly sectors: number;
  readonly name?: string;
  readonly legacyBoot?: boolean;
}

const SECTOR = 512;
export const DISK_SIGNATURE = '1b0ba5ed';
const DEFAULT_SECTORS = 2048;

/** Writes a boot record (also an extended one) into the sector at `sector`. */
export function writeBootRecord(disk: Buffer, sector: number, entries: readonly MbrEntry[]): void {
  const base = sector * SECTOR;
  entries.forEach((entry, index) => {
    const at = base + 0x1be + index * 16;
    disk.writeUInt8(entry.active ? 0x80 : 0, at);
    disk.writeUInt8(entry.type, at + 4);
    disk.writeUInt32LE(entry.start, at + 8);
    disk.writeUInt32LE(entry.sectors, at + 12);
  });
  disk.writeUInt16BE(0x55aa, base + 0x1fe);
}

export function buildMbr(
  entries: readonly MbrEntry[],
  { bootCode = false, sectors = DEFAULT_SECTORS } = {},
): Buffer {
  const disk = Buffer.alloc(sectors * SECTOR);
  if (bootCode) disk.write('\xeb\x63\x90 boot code', 0, 'latin1');
  writeBootRecord(disk, 0, entries);
  disk.writeUInt32LE(Number.parseInt(DISK_SIGNATURE, 16), 0x1b8);
  return disk;
}

/** A GPT with its backup at the end; `hybrid` entries follow the protective one in the MBR. */
export function buildGpt(
  entries: readonly GptEntry[],
  { bootCode = false, hybrid = [] as readonly MbrEntry[], sectors = DEFAULT_SECTORS } = {},
): Buffer {
  const disk = buildMbr([{ type: 0xee, start: 1, sectors: sectors - 1 }, ...hybrid], { bootCode, sectors });
  const table = Buffer.alloc(128 * 128);
  entries.forEach((entry, index) => {
    const at = index * 128;
    writeGuid(table, at, entry.type);
    table.writeUInt32LE(index + 1, at + 16);
    table.writeBigUInt64LE(BigInt(entry.start), at + 32);
    table.writeBigUInt64LE(BigInt(entry.start + entry.sectors - 1), at + 40);
    table.writeBigUInt64LE(entry.legacyBoot ? 4n : 0n, at + 48);
    table.write(entry.name ?? '', at + 56, 'utf16le');
  });
  table.copy(disk, 2 * SECTOR);
  table.copy(disk, (sectors - 33) * SECTOR);
  writeGptHeader(disk, { at: 1, alternate: sectors - 1, entriesAt: 2, table });
  writeGptHeader(disk, { at: sectors - 1, alternate: 1, entriesAt: sectors - 33, table });
  return disk;
}

function writeGptHeader(
  disk: Buffer,
  { at, alternate, entriesAt, table }: { at: number; alternate: number; entriesAt: number; table: Buffer },
): void {
  const header = disk.subarray(at * SECTOR, at * SECTOR + 92);
  header.write('EFI PART', 'latin1');
  header.writeUInt32LE(0x10000, 0x08);
  header.writeUInt32LE(92, 0x0c);
  header.writeBigUInt64LE(BigInt(at), 0x18);
  header.writeBigUInt64LE(BigInt(alternate), 0x20);
  header.writeBigUInt64LE(BigInt(entriesAt), 0x48);
  header.writeUInt32LE(128, 0x50);
  header.writeUInt32LE(128, 0x54);
  header.writeUInt32LE(crc32(table), 0x58);
  sealGptHeader(disk, at);
}

/** Makes the checksum of the header in sector `at` right again, after a test changed it. */
export function sealGptHeader(disk: Buffer, at: number): void {
  const header = disk.subarray(at * SECTOR, at * SECTOR + 92);
  header.writeUInt32LE(0, 0x10);
  header.writeUInt32LE(crc32(header), 0x10);
}

function writeGuid(table: Buffer, at: number, guid: string): void {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  for (const [from, to] of [
    [0, 4],
    [4, 6],
    [6, 8],
  ] as const) {
    bytes.subarray(from, to).reverse();
  }
  bytes.copy(table, at);
}
