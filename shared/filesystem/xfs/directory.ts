import { FilesystemUnsupportedError } from '../errors.ts';
import type { DirectoryNode, Entry, Node } from '../filesystem.ts';
import { directoryContent } from './content.ts';
import { damaged, NAME } from './damaged.ts';
import { type DirectoryEntry, dataEntries, dataEntry, shortFormEntries } from './directory-entry.ts';
import { type Extent, extentsOf } from './extents.ts';
import { EXTENTS, type Inode, LOCAL, localContent } from './inode.ts';
import { findHash, hashName, INDEX_OFFSET, placesOf } from './name-index.ts';
import type { XfsVolume } from './volume.ts';

/*
 * XFS Algorithms & Data Structures, "Directories". A directory block, of one or more blocks of the filesystem:
 *
 *   version 4  version 5
 *   0x00       0x00       4  "XD2B", "XDB3": with its own index; "XD2D", "XDD3": names only
 *              0x28       8  inode whose directory this is
 *   0x10       0x40          names
 *                            in the only block of a directory, before its last 8 bytes: hash and place of each name
 *                         4  at its end, there: how many; and 4 for how many of them are unused
 *
 * A directory with more than one block has its index elsewhere (name-index.ts).
 */
const LAYOUTS = {
  4: { single: 'XD2B', data: 'XD2D', names: 0x10 },
  5: { single: 'XDB3', data: 'XDD3', names: 0x40 },
} as const;
const OWNER_OFFSET = 0x28;
const TAIL_LENGTH = 8;
const INDEX_ENTRY_LENGTH = 8;
/** A name has one byte for its length. */
const MAX_NAME = 255;
/** Some millions of names: none is listed to its end that has more. */
const MAX_NAMES_LENGTH = 128 * 1024 * 1024;
/** What a listing reads at once: what a page cache fetches around a miss. */
const LISTED_LENGTH = 128 * 1024;

/** @param open the node with this inode number */
export function directoryNode(
  volume: XfsVolume,
  inode: Inode,
  open: (inode: number) => Promise<Node>,
): DirectoryNode {
  return {
    kind: 'directory',
    async lookup(name) {
      const bytes = Buffer.from(name, 'utf8');
      if (bytes.length > MAX_NAME) return null;
      for await (const entry of candidates(volume, inode, bytes)) {
        if (sameName(volume, entry.name, bytes)) return open(entry.inode);
      }
      return null;
    },
    async *entries(): AsyncGenerator<Entry> {
      for await (const { name, kind, inode: number } of list(volume, inode)) {
        yield { name: name.toString('utf8'), kind, node: () => open(number) };
      }
    },
  };
}

/** Entries that may have this name: of an indexed directory those with its hash. */
async function* candidates(volume: XfsVolume, inode: Inode, name: Buffer): AsyncGenerator<DirectoryEntry> {
  if (inode.format === LOCAL) {
    yield* shortFormEntries(volume.superblock, inode, localContent(inode));
    return;
  }
  if (['.', '..'].includes(name.toString('latin1'))) return;
  const { superblock } = volume;
  const { version, blockSize, directoryBlockSize } = superblock;
  const hashes = superblock.caseInsensitive ? caseInsensitiveHashes(name) : [hashName(name)];
  if (await isSingleBlock(volume, inode)) {
    const block = await readBlock(volume, inode, 0);
    const { end, index } = namesIn(volume, inode, block);
    for (const hash of hashes) {
      for (const place of placesOf(index, hash)) yield entryAt(place, block.subarray(0, end));
    }
    return;
  }
  const content = directoryContent(volume, inode);
  const read = (offset: number) => content.read(offset, directoryBlockSize);
  for (const hash of hashes) {
    for await (const place of findHash({ inode, version, blockSize, read }, hash)) {
      if (place >= INDEX_OFFSET) throw damaged(`the index of directory ${inode.number} points outside of it`);
      const inBlock = place % directoryBlockSize;
      yield entryAt(inBlock, await readBlock(volume, inode, place - inBlock));
    }
  }

  function entryAt(at: number, block: Buffer): DirectoryEntry {
    return dataEntry(superblock, inode, block.subarray(at)).entry;
  }
}

async function* list(volume: XfsVolume, inode: Inode): AsyncGenerator<DirectoryEntry> {
  const { superblock } = volume;
  if (inode.format === LOCAL) {
    yield* shortFormEntries(superblock, inode, localContent(inode));
    return;
  }
  let listed = 0;
  for await (const bytes of nameBlocks(volume, inode)) {
    listed += bytes.length;
    if (listed > MAX_NAMES_LENGTH) {
      throw new FilesystemUnsupportedError(NAME, `directory ${inode.number} is longer than any that is used`);
    }
    for (let at = 0; at < bytes.length; at += superblock.directoryBlockSize) {
      const block = bytes.subarray(at, at + superblock.directoryBlockSize);
      yield* dataEntries(superblock, inode, block, namesIn(volume, inode, block));
    }
  }
}

/** The directory blocks with names, in runs; where a directory shrank, there are holes. */
async function* nameBlocks(volume: XfsVolume, inode: Inode): AsyncGenerator<Buffer> {
  const { blockSize, directoryBlockSize } = volume.superblock;
  const names = { from: 0, to: INDEX_OFFSET / blockSize };
  const content = directoryContent(volume, inode);
  let next = 0;
  for await (const extent of extentsOf(volume, inode, names)) {
    const { from, to } = inDirectoryBlocks(extent, directoryBlockSize / blockSize);
    next = Math.max(next, from * directoryBlockSize);
    const end = to * directoryBlockSize;
    while (next < end) {
      const length = Math.min(end - next, Math.max(LISTED_LENGTH, directoryBlockSize));
      yield content.read(next, length);
      next += length;
    }
  }
}

const inDirectoryBlocks = ({ start, count }: Extent, blocks: number) => ({
  from: Math.floor(start / blocks),
  to: Math.ceil((start + count) / blocks),
});

/** Only its extents tell: a directory that once had an index elsewhere may keep it although one block is enough. */
async function isSingleBlock(volume: XfsVolume, inode: Inode): Promise<boolean> {
  const { blockSize, directoryBlockSize } = volume.superblock;
  if (inode.format !== EXTENTS || inode.size !== directoryBlockSize) return false;
  const index = INDEX_OFFSET / blockSize;
  for await (const _ of extentsOf(volume, inode, { from: index, to: index + 1 })) return false;
  return true;
}

async function readBlock(volume: XfsVolume, inode: Inode, offset: number): Promise<Buffer> {
  const { directoryBlockSize } = volume.superblock;
  const block = await directoryContent(volume, inode).read(offset, directoryBlockSize);
  namesIn(volume, inode, block);
  return block;
}

/** Where in a directory block the names are, and the block's own index, which is empty but in the only block. */
function namesIn(
  { superblock }: XfsVolume,
  inode: Inode,
  block: Buffer,
): { start: number; end: number; index: Buffer } {
  const layout = LAYOUTS[superblock.version];
  const magic = block.toString('latin1', 0, 4);
  const owned = superblock.version === 4 || block.readBigUInt64BE(OWNER_OFFSET) === BigInt(inode.number);
  if ((magic !== layout.single && magic !== layout.data) || !owned) {
    throw damaged(`directory ${inode.number} refers to a block that is not its own`);
  }
  const start = layout.names;
  if (magic === layout.data) return { start, end: block.length, index: Buffer.alloc(0) };
  const tail = block.length - TAIL_LENGTH;
  const end = tail - block.readUInt32BE(tail) * INDEX_ENTRY_LENGTH;
  if (end < start) throw damaged(`directory ${inode.number} has an index larger than its block`);
  return { start, end, index: block.subarray(end, tail) };
}

function sameName({ superblock }: XfsVolume, one: Buffer, other: Buffer): boolean {
  return superblock.caseInsensitive ? lowerCase(one).equals(lowerCase(other)) : one.equals(other);
}

/** xfs_ascii_ci_xfrm: ASCII letters only. */
const lowerCase = (name: Buffer): Buffer =>
  Buffer.from(name.map((byte) => byte + (isUpperCase(byte) ? 0x20 : 0)));

const isUpperCase = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;

/** Kernels before 6.4 took letters from ISO 8859-1 for hashes, and nothing tells which one wrote a name. */
const isUpperCaseIn8859 = (byte: number): boolean =>
  isUpperCase(byte) || (byte >= 0xc0 && byte <= 0xde && byte !== 0xd7);

function caseInsensitiveHashes(name: Buffer): Iterable<number> {
  const older = Buffer.from(name.map((byte) => byte + (isUpperCaseIn8859(byte) ? 0x20 : 0)));
  return new Set([hashName(lowerCase(name)), hashName(older)]);
}
