import type { ByteSource } from '../../bytes/source.ts';
import { nameHash } from './name-hash.ts';
import type { Superblock } from './superblock.ts';

/*
 * A large directory's index, hidden in what looks like unused entries:
 * https://docs.kernel.org/filesystems/ext4/directory.html#hash-tree-directories
 *
 * Root, the directory's first block:                 Node: an unused entry of 8 bytes, then the same entries.
 *
 *   0x00  24  the entries `.` and `..`               Entries, of 8 bytes:
 *   0x18   4  zero
 *   0x1c   1  version of the hash                      0x00  4  lowest hash below; of the first entry instead
 *   0x1d   1  length of this information, 8                     2 bytes: room, 2 bytes: entries
 *   0x1e   1  levels of nodes below the root           0x04  4  block in the directory
 *   0x20      entries
 */
const ROOT_INFORMATION = 0x18;
const INFORMATION_LENGTH = 8;
const NODE_ENTRIES = 8;
const ENTRY_LENGTH = 8;
/** Bits 28 to 31 of a block's number are reserved (the kernel's dx_get_block). */
const BLOCK_MASK = 0x0fff_ffff;
const MAX_LEVELS = 1;
const MAX_LEVELS_LARGE = 2;
/** Names of one hash fill a few blocks at most; a longer way through an index leads to the scan. */
const MAX_LEAVES = 64;

/** The index cannot be used: a directory is then scanned, which is what the kernel does, too. */
export class UnusableIndexError extends Error {}

interface TreeEntry {
  readonly hash: number;
  readonly block: number;
}

/**
 * The blocks of a directory in which a name can be, most often one.
 *
 * @throws {UnusableIndexError} for a hash that is not known here, and for a damaged index
 */
export async function* leavesFor(
  superblock: Superblock,
  directory: ByteSource,
  name: Buffer,
): AsyncGenerator<Buffer> {
  const { blockSize, unsignedHash, hashSeed, largeDirectories } = superblock;
  let leaves = 0;

  async function readBlock(index: number): Promise<Buffer> {
    if (index >= Math.floor(directory.size / blockSize)) throw new UnusableIndexError();
    return directory.read(index * blockSize, blockSize);
  }

  async function* descend(
    entries: readonly TreeEntry[],
    levels: number,
    hash: number,
  ): AsyncGenerator<Buffer> {
    let index = entries.findLastIndex((entry) => entry.hash <= hash);
    for (let entry = entries[index]; entry; entry = entries[++index]) {
      if (++leaves > MAX_LEAVES) throw new UnusableIndexError();
      const block = await readBlock(entry.block);
      if (levels === 0) yield block;
      else yield* descend(readEntries(block, NODE_ENTRIES), levels - 1, hash);
      // Names of one hash that fill more than one block go on in the next, whose lowest hash has its last bit set.
      const next = entries[index + 1];
      if (!next || (next.hash & ~1) >>> 0 !== hash) return;
    }
  }

  const root = await readBlock(0);
  const information = root.subarray(ROOT_INFORMATION, ROOT_INFORMATION + INFORMATION_LENGTH);
  const levels = information.readUInt8(6);
  const valid =
    information.readUInt32LE(0) === 0 &&
    information.readUInt8(5) === INFORMATION_LENGTH &&
    levels <= (largeDirectories ? MAX_LEVELS_LARGE : MAX_LEVELS);
  const hash = nameHash(name, information.readUInt8(4), unsignedHash, hashSeed);
  if (!valid || hash === null) throw new UnusableIndexError();
  yield* descend(readEntries(root, ROOT_INFORMATION + INFORMATION_LENGTH), levels, hash);
}

function readEntries(block: Buffer, at: number): TreeEntry[] {
  const room = Math.floor((block.length - at) / ENTRY_LENGTH);
  const count = block.readUInt16LE(at + 2);
  if (count === 0 || count > room) throw new UnusableIndexError();
  return Array.from({ length: count }, (_, index) => {
    const entry = at + index * ENTRY_LENGTH;
    return {
      hash: index === 0 ? 0 : block.readUInt32LE(entry),
      block: (block.readUInt32LE(entry + 4) & BLOCK_MASK) >>> 0,
    };
  });
}
