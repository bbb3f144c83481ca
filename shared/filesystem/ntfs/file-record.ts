import { safeInteger } from '../../bytes/integers.ts';
import { damaged } from './errors.ts';
import { restoreSectors } from './update-sequence.ts';

// FILE record: https://flatcap.github.io/linux-ntfs/ntfs/concepts/file_record.html
//
//   00  8  signature and update sequence           18  4  bytes in use
//   10  2  sequence number                         20  8  reference to the base record; 0 in a base record
//   14  2  offset of the first attribute           16  2  flags: 1 in use, 2 directory
//
// Attribute: https://flatcap.github.io/linux-ntfs/ntfs/concepts/attribute_header.html
//
//   00  4  type; FFFFFFFF ends the record          0A  2  offset of the name
//   04  4  length                                  0C  2  flags: 0001 compressed, 4000 encrypted, 8000 sparse
//   08  1  1: not resident                         0E  2  instance
//   09  1  length of the name, in characters
//   resident:      10  4  length of the value      14  2  offset of the value
//   not resident:  10  8  first cluster (VCN)      28  8  allocated size
//                  18  8  last cluster (VCN)       30  8  size             both only where
//                  20  2  offset of the runlist    38  8  initialized size the first VCN is 0
//                  22  1  log2 of the clusters in a compression unit
const MIN_LENGTH = 0x30;
const IN_USE = 1;
const DIRECTORY = 2;
const END = 0xffffffff;
const MIN_RESIDENT = 0x18;
const MIN_NON_RESIDENT = 0x40;

export const COMPRESSED = 0x00ff;
export const ENCRYPTED = 0x4000;

/** Attribute types: https://flatcap.github.io/linux-ntfs/ntfs/attributes/index.html */
export const ATTRIBUTE_LIST = 0x20;
export const VOLUME_NAME = 0x60;
export const VOLUME_INFORMATION = 0x70;
export const DATA = 0x80;
export const INDEX_ROOT = 0x90;
export const INDEX_ALLOCATION = 0xa0;
export const BITMAP = 0xb0;
export const REPARSE_POINT = 0xc0;

/** A FILE record by its number, and how often that number had been used when the reference was made. */
export interface Reference {
  readonly number: number;
  readonly sequence: number;
}

export interface FileRecord extends Reference {
  readonly directory: boolean;
  /** Of which record this is an extension; null for a base record. */
  readonly base: number | null;
  readonly attributes: readonly Attribute[];
}

export type Attribute = ResidentAttribute | NonResidentAttribute;

interface AttributeHeader {
  readonly type: number;
  readonly name: string;
  readonly flags: number;
  readonly instance: number;
}

export interface ResidentAttribute extends AttributeHeader {
  readonly resident: true;
  readonly value: Buffer;
}

/** An attribute whose value is in clusters: all of it, or the part from `firstCluster` on. Sizes in bytes. */
export interface NonResidentAttribute extends AttributeHeader {
  readonly resident: false;
  readonly firstCluster: number;
  /** Clusters in this part. */
  readonly clusters: number;
  /** Null where nothing is compressed. */
  readonly unitClusters: number | null;
  readonly size: number;
  /** What follows was never written and reads as zeros. */
  readonly initializedSize: number;
  readonly runlist: Buffer;
}

/** @throws {FilesystemDamagedError} when the record is not in use, or its attributes do not fit it */
export function parseFileRecord(raw: Buffer, number: number): FileRecord {
  const where = `FILE record ${number}`;
  const record = restoreSectors(raw, 'FILE', where);
  const flags = record.readUInt16LE(0x16);
  const used = record.readUInt32LE(0x18);
  if ((flags & IN_USE) === 0) throw damaged(`${where} is not in use`);
  if (used < MIN_LENGTH || used > record.length) throw damaged(`${where} has ${used} bytes in use`);
  const base = parseReference(record, 0x20);
  return {
    number,
    sequence: record.readUInt16LE(0x10),
    directory: (flags & DIRECTORY) !== 0,
    base: base.number === 0 && base.sequence === 0 ? null : base.number,
    attributes: parseAttributes(record.subarray(0, used), record.readUInt16LE(0x14), where),
  };
}

export function parseReference(bytes: Buffer, at: number): Reference {
  return { number: bytes.readUIntLE(at, 6), sequence: bytes.readUInt16LE(at + 6) };
}

function parseAttributes(record: Buffer, first: number, where: string): Attribute[] {
  const attributes: Attribute[] = [];
  for (let at = first; ; ) {
    if (at + 4 > record.length) throw damaged(`the attributes of ${where} do not end`);
    if (record.readUInt32LE(at) === END) return attributes;
    if (at + MIN_RESIDENT > record.length) throw damaged(`the attributes of ${where} do not end`);
    const length = record.readUInt32LE(at + 4);
    if (length < MIN_RESIDENT || length % 8 !== 0 || at + length > record.length) {
      throw damaged(`an attribute of ${where} has ${length} bytes`);
    }
    attributes.push(parseAttribute(record.subarray(at, at + length), where));
    at += length;
  }
}

function parseAttribute(bytes: Buffer, where: string): Attribute {
  const nameOffset = bytes.readUInt16LE(0x0a);
  const nameEnd = nameOffset + 2 * bytes.readUInt8(9);
  if (nameEnd > bytes.length) throw damaged(`an attribute of ${where} has a name outside of it`);
  const header = {
    type: bytes.readUInt32LE(0),
    name: bytes.toString('utf16le', nameOffset, nameEnd),
    flags: bytes.readUInt16LE(0x0c),
    instance: bytes.readUInt16LE(0x0e),
  };
  if (bytes.readUInt8(8) !== 0) return parseNonResident(bytes, header, where);
  const offset = bytes.readUInt16LE(0x14);
  const end = offset + bytes.readUInt32LE(0x10);
  if (end > bytes.length) throw damaged(`an attribute of ${where} has a value outside of it`);
  return { ...header, resident: true, value: bytes.subarray(offset, end) };
}

function parseNonResident(bytes: Buffer, header: AttributeHeader, where: string): NonResidentAttribute {
  if (bytes.length < MIN_NON_RESIDENT) throw damaged(`an attribute of ${where} has ${bytes.length} bytes`);
  const firstCluster = safeInteger(bytes.readBigUInt64LE(0x10));
  // -1 where there are no clusters at all.
  const lastCluster = bytes.readBigInt64LE(0x18);
  const clusters = safeInteger(BigInt.asUintN(64, lastCluster + 1n)) - firstCluster;
  const runlistOffset = bytes.readUInt16LE(0x20);
  if (clusters < 0 || runlistOffset > bytes.length) {
    throw damaged(`an attribute of ${where} has an impossible runlist`);
  }
  const unit = bytes.readUInt8(0x22);
  const later = firstCluster > 0;
  return {
    ...header,
    resident: false,
    firstCluster,
    clusters,
    unitClusters: (header.flags & COMPRESSED) === 0 || unit === 0 ? null : 2 ** unit,
    size: later ? 0 : safeInteger(bytes.readBigUInt64LE(0x30)),
    initializedSize: later ? 0 : safeInteger(bytes.readBigUInt64LE(0x38)),
    runlist: bytes.subarray(runlistOffset),
  };
}
