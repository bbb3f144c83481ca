import { deflateSync } from 'node:zlib';

export interface VmdkOptions {
  readonly variant?: 'monolithicSparse' | 'streamOptimized';
  /** streamOptimized: the grain directory at the end, found by the footer, as VMware writes it. */
  readonly footer?: boolean;
  /** Takes the place of the descriptor's text. */
  readonly descriptor?: string;
}

const SECTOR = 512;
const GRAIN = 128 * SECTOR;
const TABLE_ENTRIES = 512;
const DESCRIPTOR_SECTORS = 20;
const GD_AT_END = 0xffffffffffffffffn;

export function vmdkDescriptor(createType: string, sectors: number, extent = 'SPARSE "disk.vmdk"'): string {
  return [
    '# Disk DescriptorFile',
    'version=1',
    'CID=12345678',
    'parentCID=ffffffff',
    `createType="${createType}"`,
    '',
    '# Extent description',
    `RW ${sectors} ${extent}`,
    '',
    '# The Disk Data Base',
    '#DDB',
    'ddb.virtualHWVersion = "4"',
    'ddb.adapterType = "lsilogic"',
    '',
  ].join('\n');
}

/** A VMDK of `disk` in one file, with grains of 64 KiB; grains of zeros are not allocated. */
export function buildVmdk(disk: Buffer, options: VmdkOptions = {}): Buffer {
  const { variant = 'monolithicSparse', footer = variant === 'streamOptimized' } = options;
  const compressed = variant === 'streamOptimized';
  const sectors = Math.ceil(disk.length / SECTOR);
  const grainCount = Math.ceil(disk.length / GRAIN);
  const tableCount = Math.ceil(grainCount / TABLE_ENTRIES);
  const descriptor = Buffer.alloc(DESCRIPTOR_SECTORS * SECTOR);
  descriptor.write(options.descriptor ?? vmdkDescriptor(variant, sectors));

  const tables = Buffer.alloc(tableCount * TABLE_ENTRIES * 4);
  const directory = Buffer.alloc(roundUp(tableCount * 4));
  const grains: Buffer[] = [];
  // Where tables come first, as in hosted disks: header, descriptor, directory, tables, grains.
  const tablesFirst = SECTOR + descriptor.length + directory.length;
  let at = footer ? SECTOR + descriptor.length : Math.ceil((tablesFirst + tables.length) / GRAIN) * GRAIN;
  const grainsStart = at;
  for (let index = 0; index < grainCount; index++) {
    const grain = Buffer.alloc(GRAIN);
    disk.copy(grain, 0, index * GRAIN);
    if (grain.every((byte) => byte === 0)) continue;
    const stored = compressed ? markedGrain(grain, index) : grain;
    tables.writeUInt32LE(at / SECTOR, index * 4);
    grains.push(stored);
    at += stored.length;
  }
  const tablesAt = footer ? at + SECTOR : tablesFirst;
  for (let index = 0; index < tableCount; index++) {
    directory.writeUInt32LE((tablesAt + index * TABLE_ENTRIES * 4) / SECTOR, index * 4);
  }
  if (!footer) {
    const gap = Buffer.alloc(grainsStart - tablesFirst - tables.length);
    const first = header(compressed, sectors, BigInt(tablesFirst - directory.length) / 512n);
    return Buffer.concat([first, descriptor, directory, tables, gap, ...grains]);
  }
  const directoryAt = tablesAt + tables.length + SECTOR;
  return Buffer.concat([
    header(compressed, sectors, GD_AT_END),
    descriptor,
    ...grains,
    marker(tables.length / SECTOR, 1),
    tables,
    marker(directory.length / SECTOR, 2),
    directory,
    marker(1, 3),
    header(compressed, sectors, BigInt(directoryAt / SECTOR)),
    Buffer.alloc(SECTOR),
  ]);
}

function header(compressed: boolean, sectors: number, directory: bigint): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.write('KDMV', 0);
  bytes.writeUInt32LE(compressed ? 3 : 1, 0x04);
  bytes.writeUInt32LE(compressed ? 0x30001 : 1, 0x08);
  bytes.writeBigUInt64LE(BigInt(sectors), 0x0c);
  bytes.writeBigUInt64LE(BigInt(GRAIN / SECTOR), 0x14);
  bytes.writeBigUInt64LE(1n, 0x1c);
  bytes.writeBigUInt64LE(BigInt(DESCRIPTOR_SECTORS), 0x24);
  bytes.writeUInt32LE(TABLE_ENTRIES, 0x2c);
  bytes.writeBigUInt64LE(directory, 0x38);
  bytes.writeBigUInt64LE(128n, 0x40);
  bytes.write('\n \r\n', 0x49, 'latin1');
  bytes.writeUInt16LE(compressed ? 1 : 0, 0x4d);
  return bytes;
}

function markedGrain(grain: Buffer, index: number): Buffer {
  const data = deflateSync(grain);
  const bytes = Buffer.alloc(roundUp(12 + data.length));
  bytes.writeBigUInt64LE(BigInt((index * GRAIN) / SECTOR), 0);
  bytes.writeUInt32LE(data.length, 8);
  data.copy(bytes, 12);
  return bytes;
}

/** Metadata marker: sectors that follow, 0, type (1 grain table, 2 grain directory, 3 footer). */
function marker(sectors: number, type: number): Buffer {
  const bytes = Buffer.alloc(SECTOR);
  bytes.writeBigUInt64LE(BigInt(sectors), 0);
  bytes.writeUInt32LE(type, 12);
  return bytes;
}

function roundUp(length: number): number {
  return Math.ceil(length / SECTOR) * SECTOR;
}
