import { safeInteger } from '../bytes/integers.ts';
import type { ByteSource } from '../bytes/source.ts';
import { DamagedImageError, UnsafeImageError, UnsupportedImageError } from './errors.ts';
import { convertCommand, decryptCommand } from './remedy.ts';

// https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst ; all fields big-endian.
//
//   00  4  magic "QFI\xfb"              30  8  refcount_table_offset
//   04  4  version                      38  4  refcount_table_clusters
//   08  8  backing_file_offset          3c  4  nb_snapshots
//   10  4  backing_file_size            40  8  snapshots_offset
//   14  4  cluster_bits                 48  8  incompatible_features   (version 3 from here on)
//   18  8  size (bytes)                 50  8  compatible_features
//   20  4  crypt_method                 58  8  autoclear_features
//   24  4  l1_size (entries)            60  4  refcount_order
//   28  8  l1_table_offset              64  4  header_length
//                                       68  1  compression_type
export const MAGIC = Buffer.from('QFI\xfb', 'latin1');
const HEADER_LENGTH_V2 = 0x48;
const MIN_HEADER_LENGTH_V3 = 0x68;
const COMPRESSION_TYPE_OFFSET = 0x68;

const DIRTY = 1n << 0n;
const CORRUPT = 1n << 1n;
const DATA_FILE = 1n << 2n;
const COMPRESSION_TYPE = 1n << 3n;
const EXTENDED_L2 = 1n << 4n;

const FULL_DISK_ENCRYPTION = 0x0537be77;
const EXTERNAL_DATA_FILE_NAME = 0x44415441;
/** Five types of extension are specified; many more only keep a reader busy. */
const MAX_EXTENSIONS = 32;

/** Specification: at least 9; QEMU's limit is 21 (2 MiB), and nothing writes more. */
const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
/** Specification: refcounts of at most 64 bits. */
const MAX_REFCOUNT_ORDER = 6;
/** QEMU's own limits (block/qcow2.h): beyond them it refuses the image too. */
const MAX_L1_BYTES = 32 * 1024 * 1024;
const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;
const MAX_SNAPSHOTS = 65_536;
/** The fixed part of a snapshot table entry. */
const MIN_SNAPSHOT_LENGTH = 40;

/** The header of a qcow2 image that passed every check. Offsets and sizes in bytes. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterSize: number;
  readonly size: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableLength: number;
  readonly refcountBits: number;
  readonly snapshots: number;
  readonly dirty: boolean;
  readonly compression: 'deflate-raw' | 'zstd';
}

/**
 * Reads the header and runs all safety checks on it.
 *
 * @param name the object's name, for the remedies
 * @throws {ImageError} when a check fails
 */
export async function readHeader(source: ByteSource, name: string): Promise<Qcow2Header> {
  const fixed = await source.read(0, HEADER_LENGTH_V2);
  const version = checkVersion(fixed, name);
  const header = version === 2 ? fixed : await source.read(0, MIN_HEADER_LENGTH_V3);
  const features = version === 2 ? 0n : header.readBigUInt64BE(0x48);
  checkNoBackingFile(header, name);
  checkNoDataFile(features, name);
  checkFeatures(features, name);
  checkNotEncrypted(header.readUInt32BE(0x20), name);
  const clusterSize = checkClusterBits(header);
  const refcountBits = version === 2 ? 16 : checkRefcountOrder(header);
  const headerLength = version === 2 ? HEADER_LENGTH_V2 : checkHeaderLength(header, clusterSize);
  const compression = await checkCompression(source, features, headerLength, name);
  await checkExtensions(source, headerLength, clusterSize, name);
  const size = safeInteger(header.readBigUInt64BE(0x18));
  return {
    version,
    clusterSize,
    size,
    l1Offset: checkL1Table(header, clusterSize, size, source.size),
    ...checkRefcountTable(header, clusterSize, source.size),
    refcountBits,
    snapshots: checkSnapshotTable(header, source.size),
    dirty: (features & DIRTY) !== 0n,
    compression,
  };
}

function checkVersion(header: Buffer, name: string): 2 | 3 {
  const version = header.readUInt32BE(4);
  if (version === 2 || version === 3) return version;
  throw new UnsupportedImageError(
    'QCOW2_VERSION',
    `The qcow image is of version ${version}; OCI imports versions 2 and 3.`,
    version === 1 ? convertCommand('qcow', name) : 'Upload the image again: the file may be damaged.',
  );
}

/** CVE-2011-3147, GO-2023-1803: a backing file's name makes a reader open any file of its host. */
function checkNoBackingFile(header: Buffer, name: string): void {
  if (header.readBigUInt64BE(8) === 0n) return;
  throw new UnsafeImageError(
    'QCOW2_BACKING_FILE',
    'The qcow2 image is only the difference to another file, its backing file.',
    `Merge both where the backing file is, if you trust them: ${convertCommand('qcow2', name)}`,
  );
}

/** CVE-2024-32498, CVE-2024-4467: the same by an external data file. */
function checkNoDataFile(features: bigint, name: string): void {
  if ((features & DATA_FILE) !== 0n) throw dataFileError(name);
}

function dataFileError(name: string): UnsafeImageError {
  return new UnsafeImageError(
    'QCOW2_DATA_FILE',
    'The qcow2 image keeps its data in another file.',
    `Merge both where the data file is, if you trust them: ${convertCommand('qcow2', name)}`,
  );
}

function checkFeatures(features: bigint, name: string): void {
  if ((features & CORRUPT) !== 0n) {
    throw new UnsafeImageError(
      'QCOW2_CORRUPT',
      'The qcow2 image is marked as corrupt.',
      'Repair it with `qemu-img check -r all`, then look whether the guest still starts from it.',
    );
  }
  if ((features & EXTENDED_L2) !== 0n) {
    throw new UnsupportedImageError(
      'QCOW2_EXTENDED_L2',
      'The qcow2 image has subclusters (extended L2 entries), which OCI is not known to import.',
      convertCommand('qcow2', name),
    );
  }
  const unknown = features & ~(DIRTY | COMPRESSION_TYPE);
  if (unknown !== 0n) {
    throw new UnsafeImageError(
      'QCOW2_UNKNOWN_FEATURE',
      `The qcow2 image needs features that its specification does not have (0x${unknown.toString(16)}).`,
      `If your qemu-img can read it: ${convertCommand('qcow2', name)}`,
    );
  }
}

function checkNotEncrypted(cryptMethod: number, name: string): void {
  if (cryptMethod !== 0) throw encryptedError(name);
}

function encryptedError(name: string): UnsupportedImageError {
  return new UnsupportedImageError(
    'QCOW2_ENCRYPTED',
    'The qcow2 image is encrypted; OCI cannot import it.',
    `With its passphrase, and no line end, in passphrase.txt: ${decryptCommand(name)}`,
  );
}

function checkClusterBits(header: Buffer): number {
  const bits = header.readUInt32BE(0x14);
  if (bits >= MIN_CLUSTER_BITS && bits <= MAX_CLUSTER_BITS) return 2 ** bits;
  throw new DamagedImageError(
    'QCOW2_CLUSTER_SIZE',
    `The qcow2 header has an impossible cluster size, 2^${bits}.`,
  );
}

function checkRefcountOrder(header: Buffer): number {
  const order = header.readUInt32BE(0x60);
  if (order <= MAX_REFCOUNT_ORDER) return 2 ** order;
  throw new DamagedImageError(
    'QCOW2_REFCOUNT_ORDER',
    `The qcow2 header has an impossible refcount_order, ${order}.`,
  );
}

function checkHeaderLength(header: Buffer, clusterSize: number): number {
  const length = header.readUInt32BE(0x64);
  if (length >= MIN_HEADER_LENGTH_V3 && length <= clusterSize && length % 8 === 0) return length;
  throw new DamagedImageError('QCOW2_HEADER_LENGTH', `The qcow2 header has an impossible length, ${length}.`);
}

async function checkCompression(
  source: ByteSource,
  features: bigint,
  headerLength: number,
  name: string,
): Promise<Qcow2Header['compression']> {
  const present = headerLength > COMPRESSION_TYPE_OFFSET;
  const type = present ? (await source.read(COMPRESSION_TYPE_OFFSET, 1)).readUInt8(0) : 0;
  // Specification: the type is zlib exactly when the feature bit is clear.
  const flagged = (features & COMPRESSION_TYPE) !== 0n;
  if (type === 0 && !flagged) return 'deflate-raw';
  if (type === 1 && flagged) return 'zstd';
  throw new UnsafeImageError(
    'QCOW2_COMPRESSION_TYPE',
    `The qcow2 image has compression type ${type}, which its feature bits or its specification do not have.`,
    `If your qemu-img can read it: ${convertCommand('qcow2', name)}`,
  );
}

/** Walks the header extensions: an external data file or an encryption header may hide there alone. */
async function checkExtensions(
  source: ByteSource,
  from: number,
  clusterSize: number,
  name: string,
): Promise<void> {
  const end = Math.min(clusterSize, source.size);
  let offset = from;
  for (let count = 0; offset + 8 <= end; count++) {
    const extension = await source.read(offset, 8);
    const type = extension.readUInt32BE(0);
    const length = extension.readUInt32BE(4);
    if (type === 0) return;
    if (type === EXTERNAL_DATA_FILE_NAME) throw dataFileError(name);
    if (type === FULL_DISK_ENCRYPTION) throw encryptedError(name);
    offset += 8 + Math.ceil(length / 8) * 8;
    if (count >= MAX_EXTENSIONS || offset > end) {
      throw new DamagedImageError('QCOW2_EXTENSIONS', 'The header extensions of the qcow2 image do not end.');
    }
  }
}

/** CVE-2014-0143, CVE-2014-0144: sizes that overflow, or tables that lie outside the file. */
function checkL1Table(header: Buffer, clusterSize: number, size: number, fileSize: number): number {
  const entries = header.readUInt32BE(0x24);
  const needed = Math.ceil(size / (clusterSize * (clusterSize / 8)));
  const offset = safeInteger(header.readBigUInt64BE(0x28));
  const length = entries * 8;
  const fits = length <= MAX_L1_BYTES && offset % clusterSize === 0 && offset + length <= fileSize;
  if (entries >= needed && fits) return offset;
  throw new DamagedImageError(
    'QCOW2_L1_TABLE',
    `The qcow2 header has an L1 table of ${entries} entries at ${offset}, which does not fit the disk or the file.`,
  );
}

/** CVE-2014-0144, CVE-2014-0147: the same for the refcount table. */
function checkRefcountTable(header: Buffer, clusterSize: number, fileSize: number) {
  const refcountTableOffset = safeInteger(header.readBigUInt64BE(0x30));
  const refcountTableLength = header.readUInt32BE(0x38) * clusterSize;
  const fits =
    refcountTableLength <= MAX_REFCOUNT_TABLE_BYTES && refcountTableOffset + refcountTableLength <= fileSize;
  if (refcountTableOffset % clusterSize === 0 && refcountTableLength > 0 && fits) {
    return { refcountTableOffset, refcountTableLength };
  }
  throw new DamagedImageError(
    'QCOW2_REFCOUNT_TABLE',
    `The qcow2 header has a refcount table of ${refcountTableLength} bytes at ${refcountTableOffset}, outside the file or its limits.`,
  );
}

/** CVE-2014-0145, CVE-2014-0146: the same for the snapshot table. */
function checkSnapshotTable(header: Buffer, fileSize: number): number {
  const snapshots = header.readUInt32BE(0x3c);
  if (snapshots === 0) return 0;
  const offset = safeInteger(header.readBigUInt64BE(0x40));
  if (snapshots <= MAX_SNAPSHOTS && offset > 0 && offset + snapshots * MIN_SNAPSHOT_LENGTH <= fileSize) {
    return snapshots;
  }
  throw new DamagedImageError(
    'QCOW2_SNAPSHOT_TABLE',
    `The qcow2 header has ${snapshots} snapshots at ${offset}, which the file does not hold.`,
  );
}
