import type { ByteSource } from '../../bytes/source.ts';
import type { Geometry } from './boot-sector.ts';
import { clusterSource } from './cluster-source.ts';
import { damaged } from './errors.ts';
import {
  ATTRIBUTE_LIST,
  type Attribute,
  type FileRecord,
  parseReference,
  type Reference,
} from './file-record.ts';

// https://flatcap.github.io/linux-ntfs/ntfs/attributes/attribute_list.html
// A file whose attributes do not fit its record lists all of them, wherever they are; for each:
//
//   00  4  type                                    08  8  first cluster (VCN) that it is for
//   04  2  length of this entry                    10  8  reference to the record that has it
//   06  1  length of the name, in characters       18  2  its instance in that record
//   07  1  offset of the name
const MIN_ENTRY = 0x1a;
/** Windows' own limit for the list of one file. */
const MAX_LENGTH = 256 * 1024;

export interface ListedAttribute {
  readonly type: number;
  readonly name: string;
  readonly firstCluster: number;
  readonly record: Reference;
  readonly instance: number;
}

/** Null where the record has all of its attributes in itself. */
export async function readAttributeList(
  volume: ByteSource,
  geometry: Geometry,
  record: FileRecord,
): Promise<ListedAttribute[] | null> {
  const list = record.attributes.find(({ type }) => type === ATTRIBUTE_LIST);
  if (!list) return null;
  const where = `the attribute list of FILE record ${record.number}`;
  if (list.resident) return parseAttributeList(list.value, where);
  if (list.size > MAX_LENGTH) throw damaged(`${where} has ${list.size} bytes`);
  const source = clusterSource(volume, geometry, list, [{ firstCluster: 0, load: async () => list }]);
  return parseAttributeList(await source.read(0, list.size), where);
}

function parseAttributeList(bytes: Buffer, where: string): ListedAttribute[] {
  const entries: ListedAttribute[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + MIN_ENTRY <= bytes.length ? bytes.readUInt16LE(at + 4) : 0;
    if (length < MIN_ENTRY || at + length > bytes.length) throw damaged(`${where} does not end`);
    const entry = bytes.subarray(at, at + length);
    const nameOffset = entry.readUInt8(7);
    const nameEnd = nameOffset + 2 * entry.readUInt8(6);
    if (nameEnd > length) throw damaged(`${where} has a name outside of it`);
    entries.push({
      type: entry.readUInt32LE(0),
      name: entry.toString('utf16le', nameOffset, nameEnd),
      // Compared with an attribute's own: one beyond 2^53 is that of none.
      firstCluster: Number(entry.readBigUInt64LE(8)),
      record: parseReference(entry, 0x10),
      instance: entry.readUInt16LE(0x18),
    });
    at += length;
  }
  return entries;
}

/**
 * The attribute that an entry of a list means.
 *
 * @param record the one that the entry refers to
 * @param base the number of the record that has the list
 */
export function findListed(record: FileRecord, base: number, listed: ListedAttribute): Attribute {
  const { type, name, instance, firstCluster } = listed;
  const found = record.attributes.find(
    (attribute) => attribute.type === type && attribute.name === name && attribute.instance === instance,
  );
  const belongs = record.base === base || record.number === base;
  if (!found || !belongs || firstCluster !== (found.resident ? 0 : found.firstCluster)) {
    throw damaged(`FILE record ${base} lists an attribute that record ${record.number} does not have`);
  }
  return found;
}
