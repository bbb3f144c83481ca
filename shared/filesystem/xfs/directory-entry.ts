import { safeInteger } from '../../bytes/integers.ts';
import { kindOfFileType } from '../file-types.ts';
import type { Node } from '../filesystem.ts';
import { damaged } from './damaged.ts';
import type { Inode } from './inode.ts';
import type { Superblock } from './superblock.ts';

/** A name in a directory. */
export interface DirectoryEntry {
  readonly name: Buffer;
  readonly inode: number;
  readonly kind: Node['kind'] | null;
}

/*
 * XFS Algorithms & Data Structures, "Directories". Two ways to write an entry; its type (1 byte, after the name) is
 * there where the superblock says so.
 *
 * In the inode (short form), after a header:         In a data block, each at a multiple of 8 bytes:
 *   0x00  1  entries                                   0x00  8  inode
 *   0x01  1  not 0: inodes take 8 bytes, else 4        0x08  1  length of the name
 *   0x02     the parent's inode                        0x09     name, type
 * then                                                       2  at its end: where it begins
 *   0x00  1  length of the name                      or, where nothing is:
 *   0x01  2  where it would be in a data block         0x00  2  0xFFFF
 *   0x03     name, type, inode                         0x02  2  length
 */
const UNUSED = 0xffff;
const ALIGNMENT = 8;
const SHORT_ENTRY_HEADER = 3;
const DATA_ENTRY_HEADER = 9;
const TAG_LENGTH = 2;

/** The entries of a directory that is kept in its inode; `.` and `..` have none there. */
export function shortFormEntries(superblock: Superblock, inode: Inode, content: Buffer): DirectoryEntry[] {
  const outside = () => damaged(`an entry of directory ${inode.number} ends outside of it`);
  const numberLength = content[1] === 0 ? 4 : 8;
  const entries: DirectoryEntry[] = [];
  let at = 2 + numberLength;
  for (let left = content[0] ?? 0; left > 0; left--) {
    const nameEnd = at + SHORT_ENTRY_HEADER + (content[at] ?? 0);
    const numberAt = nameEnd + (superblock.fileTypes ? 1 : 0);
    if (numberAt + numberLength > content.length) throw outside();
    entries.push({
      name: checkName(inode, content.subarray(at + SHORT_ENTRY_HEADER, nameEnd)),
      inode:
        numberLength === 4 ? content.readUInt32BE(numberAt) : safeInteger(content.readBigUInt64BE(numberAt)),
      kind: superblock.fileTypes ? kindOfFileType(content[nameEnd]) : null,
    });
    at = numberAt + numberLength;
  }
  return entries;
}

/** The entries between `start` and `end` of a data block, without `.` and `..`. */
export function* dataEntries(
  superblock: Superblock,
  inode: Inode,
  block: Buffer,
  { start, end }: { start: number; end: number },
): Generator<DirectoryEntry> {
  for (let at = start; at < end; ) {
    if (at + ALIGNMENT > end) throw damaged(`a block of directory ${inode.number} ends within an entry`);
    if (block.readUInt16BE(at) === UNUSED) {
      const length = block.readUInt16BE(at + 2);
      if (length === 0 || length % ALIGNMENT !== 0) {
        throw damaged(`a block of directory ${inode.number} has ${length} unused bytes`);
      }
      at += length;
      continue;
    }
    const { entry, length } = dataEntry(superblock, inode, block.subarray(at, end));
    at += length;
    const name = entry.name.toString('latin1');
    if (name !== '.' && name !== '..') yield entry;
  }
}

/** The entry at the beginning of `bytes`, and what it takes there. */
export function dataEntry(
  { fileTypes }: Superblock,
  inode: Inode,
  bytes: Buffer,
): { entry: DirectoryEntry; length: number } {
  const nameEnd = DATA_ENTRY_HEADER + (bytes[DATA_ENTRY_HEADER - 1] ?? 0);
  const unaligned = nameEnd + (fileTypes ? 1 : 0) + TAG_LENGTH;
  const length = Math.ceil(unaligned / ALIGNMENT) * ALIGNMENT;
  if (length > bytes.length) throw damaged(`an entry of directory ${inode.number} ends outside of its block`);
  const entry = {
    name: checkName(inode, bytes.subarray(DATA_ENTRY_HEADER, nameEnd)),
    inode: safeInteger(bytes.readBigUInt64BE(0)),
    kind: fileTypes ? kindOfFileType(bytes[nameEnd]) : null,
  };
  return { entry, length };
}

/** As the kernel's xfs_dir2_namecheck: such a name could never be asked for, or would mean another path. */
function checkName(inode: Inode, name: Buffer): Buffer {
  if (name.length > 0 && !name.includes(0) && !name.includes(0x2f)) return name;
  throw damaged(`directory ${inode.number} has a name that no file can have`);
}
