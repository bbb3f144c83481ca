import { bufferSource } from '../../bytes/buffer.ts';
import { type ByteSource, checkRange } from '../../bytes/source.ts';
import { extentContent } from '../extents.ts';
import { mappedBlocks } from './block-map.ts';
import { damaged, NAME, unsupported } from './errors.ts';
import { extentsOf } from './extent-tree.ts';
import { inlineData } from './inline-data.ts';
import type { Inode } from './inode.ts';
import type { ExtVolume } from './volume.ts';

/**
 * The bytes of a file, a directory or a long symlink. What cannot be read is told when it is read, so that a
 * directory with an encrypted file in it can be listed.
 */
export function contentOf(volume: ExtVolume, inode: Inode): ByteSource {
  const { blockSize } = volume.superblock;
  const unreadable = whyUnreadable(inode);
  if (unreadable) return { size: inode.size, read: async () => Promise.reject(unsupported(unreadable)) };
  if (inode.inlineData) return inlineContent(inode);
  const find = inode.extents ? extentsOf : mappedBlocks;
  return extentContent(NAME, volume.bytes, inode.size, (from, to) =>
    find(volume, inode, { from: Math.floor(from / blockSize), to: Math.ceil(to / blockSize) }),
  );
}

function whyUnreadable(inode: Inode): string | null {
  if (inode.encrypted) return `inode ${inode.number} is encrypted (encrypt)`;
  return inode.compressed ? `inode ${inode.number} is compressed (compression)` : null;
}

function inlineContent(inode: Inode): ByteSource {
  return {
    size: inode.size,
    async read(offset, length) {
      checkRange(this, offset, length);
      const { block, attribute } = inlineData(inode);
      const content = Buffer.concat([block, attribute]);
      if (offset + length > content.length) {
        throw damaged(`inode ${inode.number} is of ${inode.size} bytes and has ${content.length} inline`);
      }
      return bufferSource(content).read(offset, length);
    },
  };
}
