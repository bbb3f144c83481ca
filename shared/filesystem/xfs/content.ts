import type { ByteSource } from '../../bytes/source.ts';
import { FilesystemUnsupportedError } from '../errors.ts';
import { type Extent, extentContent } from '../extents.ts';
import { NAME } from './damaged.ts';
import { extentsOf } from './extents.ts';
import type { Inode } from './inode.ts';
import type { XfsVolume } from './volume.ts';

/** A file's bytes. */
export function fileContent(volume: XfsVolume, inode: Inode): ByteSource {
  return extentContent(NAME, volume.bytes, inode.size, async (from, to) => {
    if (inode.realtime) throw new FilesystemUnsupportedError(NAME, 'files on a realtime device');
    return writtenExtents(volume, inode, from, to);
  });
}

/** All that a directory's blocks have addresses for: its size ends with its names, its index lies far behind. */
export const DIRECTORY_END = 2 ** 36;

/** Blocks of a directory, its index among them. */
export const directoryContent = (volume: XfsVolume, inode: Inode): ByteSource =>
  extentContent(NAME, volume.bytes, DIRECTORY_END, (from, to) => writtenExtents(volume, inode, from, to));

async function writtenExtents(volume: XfsVolume, inode: Inode, from: number, to: number): Promise<Extent[]> {
  const { blockSize } = volume.superblock;
  const range = { from: Math.floor(from / blockSize), to: Math.ceil(to / blockSize) };
  const extents: Extent[] = [];
  for await (const { start, count, offset, unwritten } of extentsOf(volume, inode, range)) {
    if (!unwritten) extents.push({ start: start * blockSize, length: count * blockSize, offset });
  }
  return extents;
}
