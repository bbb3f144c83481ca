import { memoize } from '../../bytes/memoize.ts';
import { isPowerOfTwo } from './boot-sector.ts';
import { damaged } from './errors.ts';
import {
  BITMAP,
  type FileRecord,
  INDEX_ALLOCATION,
  INDEX_ROOT,
  parseReference,
  type Reference,
} from './file-record.ts';
import { asciiUpcase, compareIgnoringCase, compareNames, isAscii, type UpcaseTable } from './upcase.ts';
import { restoreSectors } from './update-sequence.ts';
import { type NtfsVolume, openAttribute } from './volume.ts';

// A directory's names are a B-tree, the index $I30 of the attribute $FILE_NAME.
// https://flatcap.github.io/linux-ntfs/ntfs/attributes/index_root.html (and index_allocation.html)
//
// $INDEX_ROOT:                                     A block of $INDEX_ALLOCATION:
//   00  4  type of what is indexed: $FILE_NAME       00  8  "INDX" and update sequence
//   04  4  collation; 1: file names                  10  8  its own number (VCN)
//   08  4  size of a block                           18     node
//   10     node
//
// Node:                                            Entry:
//   00  4  offset of the first entry, from here      00  8  reference to the file
//   04  4  end of the entries, from here             08  2  length of the entry
//                                                    0A  2  length of the key
//                                                    0C  2  flags: 1 has a child, 2 the last, without a key
//                                                    10     key; the child's number (VCN) in the last 8 bytes
//
// Key: https://flatcap.github.io/linux-ntfs/ntfs/attributes/file_name.html
//   38  4  attributes of the file                    41  1  namespace: 0 POSIX, 1 Win32, 2 DOS, 3 both
//   40  1  length of the name, in characters         42     name, UTF-16
const INDEX_NAME = '$I30';
const FILE_NAME = 0x30;
const BY_FILE_NAME = 1;
const ROOT_NODE = 0x10;
const BLOCK_NODE = 0x18;
const NODE_HEADER = 0x10;
const MIN_ENTRY = 0x10;
const KEY = 0x10;
const MIN_KEY = 0x42;
const HAS_CHILD = 1;
const LAST = 2;
const DOS = 2;

/** As for FILE records: at least a sector, and at most the largest cluster that is read as one block. */
const MIN_BLOCK = 512;
const MAX_BLOCK = 64 * 1024;
/** Where a block is smaller than a cluster, its number counts these. */
const SMALL_UNIT = 512;
/** A block holds some twenty names: seven levels are more files than a volume can have. */
const MAX_DEPTH = 16;
/** The way down to a few neighbouring names. */
const CACHED_BLOCKS = 8;
/** All names are read in order: large reads, a fraction of a MiB held at a time. */
const SCAN_LENGTH = 256 * 1024;
/** One bit for each block: a million blocks, each of some twenty names. */
const MAX_BITMAP = 128 * 1024;

/** A name in a directory. */
export interface IndexEntry {
  readonly name: string;
  readonly file: Reference;
  /** The file's attributes (FILE_ATTRIBUTE_…) as the directory has them. */
  readonly attributes: number;
  /** The short 8.3 name of a file that has a long one too. */
  readonly shortName: boolean;
}

export interface DirectoryIndex {
  /** The entry of exactly this name, else one that differs in case only. */
  find(name: string): Promise<IndexEntry | null>;
  /** All entries, in the order in which they lie on the volume. */
  all(): AsyncGenerator<IndexEntry>;
}

interface TreeNode {
  readonly entries: readonly IndexEntry[];
  /** For each entry the child with the names before it, and last the one with the names after all; null: none. */
  readonly children: readonly (number | null)[];
}

/** @throws {FilesystemDamagedError} when the record has no index of names */
export async function openIndex(volume: NtfsVolume, record: FileRecord): Promise<DirectoryIndex> {
  const where = `the directory in FILE record ${record.number}`;
  const root = await openAttribute(volume, record, INDEX_ROOT, INDEX_NAME);
  if (!root || root.size < ROOT_NODE + NODE_HEADER || root.size > MAX_BLOCK)
    throw damaged(`${where} has no index`);
  const bytes = await root.read(0, root.size);
  const blockSize = bytes.readUInt32LE(8);
  if (bytes.readUInt32LE(0) !== FILE_NAME || bytes.readUInt32LE(4) !== BY_FILE_NAME) {
    throw damaged(`${where} is not ordered by names`);
  }
  if (!isPowerOfTwo(blockSize) || blockSize < MIN_BLOCK || blockSize > MAX_BLOCK) {
    throw damaged(`${where} has blocks of ${blockSize} bytes`);
  }
  const top = parseNode(bytes, ROOT_NODE, where);
  const { clusterSize } = volume.geometry;
  const unit = clusterSize <= blockSize ? clusterSize : SMALL_UNIT;

  const allocation = memoize(1, async () => {
    const blocks = await openAttribute(volume, record, INDEX_ALLOCATION, INDEX_NAME);
    if (!blocks) throw damaged(`${where} has no blocks`);
    return blocks;
  });
  const block = memoize(CACHED_BLOCKS, async (number) => {
    const blocks = await allocation(0);
    if (number * unit + blockSize > blocks.size) throw damaged(`${where} has no block ${number}`);
    return parseBlock(await blocks.read(number * unit, blockSize), number, where);
  });

  async function upcaseFor(names: readonly string[]): Promise<UpcaseTable> {
    return names.every(isAscii) ? asciiUpcase : volume.upcaseTable();
  }

  return {
    async find(name) {
      let node = top;
      let similar: IndexEntry | null = null;
      for (let depth = 0; depth < MAX_DEPTH; depth++) {
        const upcase = await upcaseFor([name, ...node.entries.map((entry) => entry.name)]);
        let position = 0;
        for (const entry of node.entries) {
          const order = compareNames(name, entry.name, upcase);
          if (order === 0) return entry;
          // Those that differ in case only are next to each other: the way to where the name would be meets one.
          if (compareIgnoringCase(name, entry.name, upcase) === 0) similar = entry;
          if (order < 0) break;
          position += 1;
        }
        const child = node.children[position] ?? null;
        if (child === null) return similar;
        node = await block(child);
      }
      throw damaged(`${where} has an index of more than ${MAX_DEPTH} levels`);
    },

    async *all() {
      yield* top.entries;
      if (top.children.every((child) => child === null)) return;
      const blocks = await allocation(0);
      const used = await readBitmap(volume, record, where);
      const count = Math.min(Math.floor(blocks.size / blockSize), used.length * 8);
      const step = Math.max(1, SCAN_LENGTH / blockSize);
      for (let first = 0; first < count; first += step) {
        const numbers = Array.from({ length: Math.min(step, count - first) }, (_, index) => first + index);
        if (!numbers.some((number) => isSet(used, number))) continue;
        const chunk = await blocks.read(first * blockSize, numbers.length * blockSize);
        for (const [index, number] of numbers.entries()) {
          if (!isSet(used, number)) continue;
          const raw = chunk.subarray(index * blockSize, (index + 1) * blockSize);
          yield* parseBlock(raw, (number * blockSize) / unit, where).entries;
        }
      }
    },
  };
}

/** Which blocks are in use: others may hold names of files that were deleted. */
async function readBitmap(volume: NtfsVolume, record: FileRecord, where: string): Promise<Buffer> {
  const bitmap = await openAttribute(volume, record, BITMAP, INDEX_NAME);
  if (!bitmap || bitmap.size > MAX_BITMAP) throw damaged(`${where} has an impossible bitmap`);
  return bitmap.read(0, bitmap.size);
}

const isSet = (bitmap: Buffer, bit: number): boolean =>
  (((bitmap[Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & 1) === 1;

function parseBlock(raw: Buffer, number: number, where: string): TreeNode {
  const block = restoreSectors(raw, 'INDX', `a block of ${where}`);
  if (block.readBigUInt64LE(0x10) !== BigInt(number))
    throw damaged(`${where} has another block as ${number}`);
  return parseNode(block, BLOCK_NODE, where);
}

function parseNode(bytes: Buffer, at: number, where: string): TreeNode {
  const end = at + bytes.readUInt32LE(at + 4);
  if (end > bytes.length) throw damaged(`${where} has entries outside of their block`);
  const entries: IndexEntry[] = [];
  const children: (number | null)[] = [];
  for (let offset = at + bytes.readUInt32LE(at); ; ) {
    if (offset + MIN_ENTRY > end) throw damaged(`${where} has entries that do not end`);
    const length = bytes.readUInt16LE(offset + 8);
    const flags = bytes.readUInt16LE(offset + 0x0c);
    const hasChild = (flags & HAS_CHILD) !== 0;
    if (length < MIN_ENTRY + (hasChild ? 8 : 0) || offset + length > end) {
      throw damaged(`${where} has an entry of ${length} bytes`);
    }
    const entry = bytes.subarray(offset, offset + length);
    // One beyond 2^53 is no block's number, as the look for it will find.
    children.push(hasChild ? Number(entry.readBigUInt64LE(length - 8)) : null);
    if ((flags & LAST) !== 0) return { entries, children };
    entries.push(parseEntry(entry, where));
    offset += length;
  }
}

function parseEntry(entry: Buffer, where: string): IndexEntry {
  const key = entry.subarray(KEY, KEY + entry.readUInt16LE(0x0a));
  const nameEnd = key.length < MIN_KEY ? 0 : MIN_KEY + 2 * key.readUInt8(0x40);
  if (nameEnd === 0 || nameEnd > key.length) throw damaged(`${where} has a name outside of its entry`);
  return {
    name: key.toString('utf16le', MIN_KEY, nameEnd),
    file: parseReference(entry, 0),
    attributes: key.readUInt32LE(0x38),
    shortName: key.readUInt8(0x41) === DOS,
  };
}
