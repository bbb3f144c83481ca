import { safeInteger } from '../bytes/integers.ts';
import type { ByteSource } from '../bytes/source.ts';
import { DamagedImageError, UnsafeImageError } from './errors.ts';
import { MAX_DESCRIPTOR_LENGTH } from './vmdk-descriptor.ts';

// Virtual Disk Format 5.0, "Hosted Sparse Extents": https://www.vmware.com/app/vmdk/?src=vmdk
// All fields little-endian; offsets and sizes in sectors of 512 bytes.
//
//   00  4  magic "KDMV"                 2c  4  numGTEsPerGT
//   04  4  version                      30  8  rgdOffset
//   08  4  flags                        38  8  gdOffset; ffffffffffffffff: in the footer
//   0c  8  capacity                     40  8  overHead
//   14  8  grainSize                    48  1  uncleanShutdown
//   1c  8  descriptorOffset             49  4  newline test "\n \r\n"
//   24  8  descriptorSize               4d  2  compressAlgorithm (0 none, 1 deflate)
export const MAGIC = Buffer.from('KDMV', 'latin1');
export const SECTOR = 512;
const HEADER_LENGTH = 0x4f;

const VALID_NEWLINE_TEST = 1 << 0;
const ZEROED_GRAINS = 1 << 2;
const COMPRESSED_GRAINS = 1 << 16;
const MARKERS = 1 << 17;
const NEWLINE_TEST = Buffer.from('\n \r\n', 'latin1');

const GD_AT_END = 0xffffffffffffffffn;
/** At the end of a stream: footer marker, footer, end-of-stream marker, a sector each. */
const TRAILER_LENGTH = 3 * SECTOR;
const FOOTER_MARKER = 3;

/** Specification: a power of two greater than 8 sectors; 4 KiB is seen too. Above 1 MiB nothing is. */
const MIN_GRAIN_SECTORS = 8;
const MAX_GRAIN_SECTORS = 2048;
/** Specification: 512; QEMU takes less, and refuses more. */
const MAX_GRAIN_TABLE_ENTRIES = 512;

/** The header of a sparse extent that passed every check. Offsets and sizes in bytes. */
export interface VmdkHeader {
  readonly version: number;
  readonly capacity: number;
  readonly grainSize: number;
  readonly grainTableEntries: number;
  readonly grainDirectoryOffset: number;
  readonly descriptor: { readonly offset: number; readonly length: number };
  readonly zeroedGrains: boolean;
  readonly compressed: boolean;
}

/**
 * Reads the header, and the footer where the grain directory is at the end, and runs all safety checks
 * on them.
 *
 * @throws {ImageError} when a check fails
 */
export async function readHeader(source: ByteSource): Promise<VmdkHeader> {
  const first = await source.read(0, HEADER_LENGTH);
  checkVersion(first);
  const atEnd = first.readBigUInt64LE(0x38) === GD_AT_END;
  const header = atEnd ? await readFooter(source, first) : first;
  const flags = header.readUInt32LE(8);
  checkNewlines(header, flags);
  const grainSize = checkGrainSize(header);
  const grainTableEntries = checkGrainTableEntries(header);
  const capacity = checkCapacity(header);
  return {
    version: header.readUInt32LE(4),
    capacity,
    grainSize,
    grainTableEntries,
    grainDirectoryOffset: checkGrainDirectory(header, capacity, grainSize * grainTableEntries, source.size),
    descriptor: checkDescriptorPlace(first, source.size),
    zeroedGrains: (flags & ZEROED_GRAINS) !== 0,
    compressed: checkCompression(header, flags),
  };
}

function damaged(code: string, what: string): DamagedImageError {
  return new DamagedImageError(code, `The VMDK header ${what}.`);
}

function sectors(header: Buffer, at: number): number {
  return safeInteger(header.readBigUInt64LE(at) * BigInt(SECTOR));
}

function checkVersion(header: Buffer): void {
  const version = header.readUInt32LE(4);
  if (version < 1 || version > 3) throw damaged('VMDK_VERSION', `has version ${version}, not 1 to 3`);
}

/** The footer must repeat the header but for the grain directory's offset: two readings are a disguise. */
async function readFooter(source: ByteSource, header: Buffer): Promise<Buffer> {
  const trailer = await source.read(source.size - TRAILER_LENGTH, TRAILER_LENGTH);
  const markerIsFooter = trailer.readUInt32LE(8) === 0 && trailer.readUInt32LE(12) === FOOTER_MARKER;
  const endOfStream = trailer.subarray(2 * SECTOR, 2 * SECTOR + 16).every((byte) => byte === 0);
  const footer = trailer.subarray(SECTOR, SECTOR + HEADER_LENGTH);
  if (!markerIsFooter || !endOfStream || !footer.subarray(0, 4).equals(MAGIC)) {
    throw new DamagedImageError(
      'VMDK_FOOTER',
      'The VMDK has no footer, where its grain directory should be.',
    );
  }
  const same = [
    [0, 0x30],
    [0x49, HEADER_LENGTH],
  ].every(([start, end]) => footer.subarray(start, end).equals(header.subarray(start, end)));
  if (same && footer.readBigUInt64LE(0x38) !== GD_AT_END) return footer;
  throw new UnsafeImageError(
    'VMDK_FOOTER_DIFFERS',
    'The header and the footer of the VMDK describe different disks.',
    'Export the disk again with the tool that made it.',
  );
}

/** The specification's own test for a transfer that changed line ends. */
function checkNewlines(header: Buffer, flags: number): void {
  if ((flags & VALID_NEWLINE_TEST) === 0 || header.subarray(0x49, 0x4d).equals(NEWLINE_TEST)) return;
  throw damaged('VMDK_NEWLINES', 'was changed by a text-mode transfer');
}

function checkGrainSize(header: Buffer): number {
  const count = header.readBigUInt64LE(0x14);
  const valid = count >= MIN_GRAIN_SECTORS && count <= MAX_GRAIN_SECTORS && (count & (count - 1n)) === 0n;
  if (!valid) throw damaged('VMDK_GRAIN_SIZE', `has an impossible grain size of ${count} sectors`);
  return Number(count) * SECTOR;
}

function checkGrainTableEntries(header: Buffer): number {
  const entries = header.readUInt32LE(0x2c);
  if (entries >= 1 && entries <= MAX_GRAIN_TABLE_ENTRIES) return entries;
  throw damaged('VMDK_GRAIN_TABLE', `has impossible grain tables of ${entries} entries`);
}

function checkCapacity(header: Buffer): number {
  const capacity = sectors(header, 0x0c);
  if (capacity === 0) throw damaged('VMDK_CAPACITY', 'has a capacity of 0');
  return capacity;
}

/** CVE-2014-0144: a directory that the capacity makes larger than the file. */
function checkGrainDirectory(
  header: Buffer,
  capacity: number,
  tableCovers: number,
  fileSize: number,
): number {
  const offset = sectors(header, 0x38);
  const length = Math.ceil(capacity / tableCovers) * 4;
  if (offset > 0 && offset + length <= fileSize) return offset;
  throw damaged(
    'VMDK_GRAIN_DIRECTORY',
    `has a grain directory of ${length} bytes at ${offset}, outside the file`,
  );
}

/** CVE-2022-47951: the size of the descriptor is bounded before it is read. */
function checkDescriptorPlace(header: Buffer, fileSize: number): VmdkHeader['descriptor'] {
  const offset = sectors(header, 0x1c);
  const length = offset === 0 ? 0 : sectors(header, 0x24);
  if (length <= MAX_DESCRIPTOR_LENGTH && offset + length <= fileSize) return { offset, length };
  throw damaged(
    'VMDK_DESCRIPTOR_SIZE',
    `has a descriptor of ${length} bytes at ${offset}, beyond its limits`,
  );
}

function checkCompression(header: Buffer, flags: number): boolean {
  const compressed = (flags & COMPRESSED_GRAINS) !== 0;
  const algorithm = header.readUInt16LE(0x4d);
  // Specification: compressed grains are found by their markers.
  if (compressed ? algorithm === 1 && (flags & MARKERS) !== 0 : algorithm === 0) return compressed;
  throw damaged('VMDK_COMPRESSION', `has compression algorithm ${algorithm}, against its flags`);
}
