import { codePage437 } from './code-page.ts';
import { damaged } from './errors.ts';
import { longNames } from './long-name.ts';

/*
 * Specification, "FAT Directory Structure": entries of 32 bytes.
 *
 *   0x00  11  short name: 8 and 3 characters          0x14  2  first cluster, high (FAT32)
 *             00: the end; e5: deleted; 05: e5        0x1a  2  and low
 *   0x0b   1  attributes                              0x1c  4  size in bytes; 0 for directories
 *   0x0c   1  bit 3: the 8, bit 4: the 3 characters are lower-case
 */
export const ENTRY_LENGTH = 32;
const BASE_LENGTH = 8;
export const SHORT_NAME_LENGTH = 11;
const END = 0x00;
const DELETED = 0xe5;
/** In place of e5, with which Japanese names may begin. */
const ESCAPED_E5 = 0x05;
const VOLUME_LABEL = 0x08;
const DIRECTORY = 0x10;
const LONG_NAME = 0x0f;
const ATTRIBUTE_MASK = 0x3f;
const LOWER_BASE = 0x08;
const LOWER_EXTENSION = 0x10;

export interface FatEntry {
  readonly kind: 'file' | 'directory' | 'label';
  /** The long name where it has one, else the short one. */
  readonly name: string;
  readonly shortName: string;
  readonly cluster: number;
  readonly size: number;
}

/**
 * The entries of a directory, but `.` and `..`, from its bytes piece by piece; a piece is some whole entries.
 *
 * @param wide whether clusters have a high half, which something else is in before FAT32
 */
export async function* entriesOf(pieces: AsyncIterable<Buffer>, wide: boolean): AsyncGenerator<FatEntry> {
  const long = longNames();
  for await (const piece of pieces) {
    for (let at = 0; at + ENTRY_LENGTH <= piece.length; at += ENTRY_LENGTH) {
      const bytes = piece.subarray(at, at + ENTRY_LENGTH);
      const first = bytes.readUInt8(0);
      if (first === END) return;
      const attributes = bytes.readUInt8(0x0b) & ATTRIBUTE_MASK;
      if (first === DELETED) {
        long.reset();
      } else if (attributes === LONG_NAME) {
        long.add(bytes);
      } else {
        const entry = readEntry(bytes, attributes, long.take(bytes.subarray(0, SHORT_NAME_LENGTH)), wide);
        if (entry) yield entry;
      }
    }
  }
}

function readEntry(
  bytes: Buffer,
  attributes: number,
  longName: string | null,
  wide: boolean,
): FatEntry | null {
  const kind = attributes & VOLUME_LABEL ? 'label' : attributes & DIRECTORY ? 'directory' : 'file';
  const shortName = kind === 'label' ? labelOf(bytes) : shortNameOf(bytes);
  if (shortName === '.' || shortName === '..') return null;
  const name = longName ?? shortName;
  if (kind !== 'label' && (name === '' || name.includes('/'))) {
    throw damaged('a directory has a name that cannot be');
  }
  return {
    kind,
    name,
    shortName,
    cluster: (wide ? bytes.readUInt16LE(0x14) * 2 ** 16 : 0) + bytes.readUInt16LE(0x1a),
    size: bytes.readUInt32LE(0x1c),
  };
}

function unescaped(bytes: Buffer): Buffer {
  const name = Buffer.from(bytes.subarray(0, SHORT_NAME_LENGTH));
  if (name.readUInt8(0) === ESCAPED_E5) name.writeUInt8(DELETED, 0);
  return name;
}

const labelOf = (bytes: Buffer): string => codePage437(unescaped(bytes)).trimEnd();

function shortNameOf(bytes: Buffer): string {
  const name = unescaped(bytes);
  const lower = bytes.readUInt8(0x0c);
  const base = part(name.subarray(0, BASE_LENGTH), (lower & LOWER_BASE) !== 0);
  const extension = part(name.subarray(BASE_LENGTH), (lower & LOWER_EXTENSION) !== 0);
  return extension === '' ? base : `${base}.${extension}`;
}

function part(bytes: Buffer, lower: boolean): string {
  const text = codePage437(bytes).replace(/ +$/, '');
  return lower ? text.toLowerCase() : text;
}
