import type { ByteSource } from '../../bytes/source.ts';
import { contentOf } from './content.ts';
import { entriesOf, type RawEntry } from './directory-entries.ts';
import { damaged, unsupported } from './errors.ts';
import { leavesFor, UnusableIndexError } from './hash-tree.ts';
import { inlineData } from './inline-data.ts';
import type { Inode } from './inode.ts';
import type { ExtVolume } from './volume.ts';

/** Half a million of entries and more: no system has such a directory, and a hostile one ends there. */
const MAX_DIRECTORY = 64 * 2 ** 20;
/** One read of a large directory: two of the requests that the cache below makes anyway. */
const READ_LENGTH = 256 * 1024;
/** EXT4_NAME_LEN, in bytes. */
const MAX_NAME = 255;
/** The number of the directory above, which stands in place of `..`. */
const INLINE_PARENT_LENGTH = 4;

/** @throws {FilesystemUnsupportedError} for an encrypted directory: its names are encrypted as well */
export async function* rawEntries(volume: ExtVolume, inode: Inode): AsyncGenerator<RawEntry> {
  for await (const block of blocksOf(volume, inode)) {
    yield* entriesOf(block, volume.superblock.fileTypes);
  }
}

/** The entry of this name, by the directory's index where it has one that can be used. */
export async function findEntry(volume: ExtVolume, inode: Inode, name: Buffer): Promise<RawEntry | null> {
  const { superblock } = volume;
  const { directoryIndex, fileTypes } = superblock;
  if (name.length > MAX_NAME) return null;
  // The index of a directory without regard to case is by the hash of folded names. Such directories are scanned,
  // and the exact name found, which is the one that a guest's own files use.
  if (directoryIndex && inode.indexed && !inode.inlineData && !inode.caseFolded && !inode.encrypted) {
    try {
      for await (const leaf of leavesFor(superblock, checkedContent(volume, inode), name)) {
        for (const entry of entriesOf(leaf, fileTypes)) if (entry.name.equals(name)) return entry;
      }
      return null;
    } catch (error) {
      if (!(error instanceof UnusableIndexError)) throw error;
    }
  }
  for await (const entry of rawEntries(volume, inode)) if (entry.name.equals(name)) return entry;
  return null;
}

async function* blocksOf(volume: ExtVolume, inode: Inode): AsyncGenerator<Buffer> {
  const content = checkedContent(volume, inode);
  if (inode.inlineData) {
    const { block, attribute } = inlineData(inode);
    yield block.subarray(INLINE_PARENT_LENGTH);
    yield attribute;
    return;
  }
  const { blockSize } = volume.superblock;
  for (let at = 0; at < content.size; at += READ_LENGTH) {
    const bytes = await content.read(at, Math.min(READ_LENGTH, content.size - at));
    for (let block = 0; block < bytes.length; block += blockSize) {
      yield bytes.subarray(block, block + blockSize);
    }
  }
}

function checkedContent(volume: ExtVolume, inode: Inode): ByteSource {
  const { number, size, encrypted, inlineData } = inode;
  if (encrypted) throw unsupported(`directory ${number} is encrypted (encrypt)`);
  if (size > MAX_DIRECTORY) throw unsupported(`directory ${number} is of ${size} bytes`);
  if (!inlineData && size % volume.superblock.blockSize !== 0) {
    throw damaged(`directory ${number} is of ${size} bytes, which are no whole blocks`);
  }
  return contentOf(volume, inode);
}
