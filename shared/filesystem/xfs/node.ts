import type { Node } from '../filesystem.ts';
import { fileContent } from './content.ts';
import { directoryNode } from './directory.ts';
import { readInode } from './inode.ts';
import { readTarget } from './symlink.ts';
import type { XfsVolume } from './volume.ts';

/** stat(2)'s S_IFMT and what it leaves. */
const TYPE_MASK = 0xf000;
const DIRECTORY = 0x4000;
const FILE = 0x8000;
const SYMLINK = 0xa000;

export async function openNode(volume: XfsVolume, number: number): Promise<Node> {
  const inode = await readInode(volume, number);
  switch (inode.mode & TYPE_MASK) {
    case FILE:
      return { kind: 'file', content: fileContent(volume, inode) };
    case DIRECTORY:
      return directoryNode(volume, inode, (entry) => openNode(volume, entry));
    case SYMLINK:
      return { kind: 'symlink', target: () => readTarget(volume, inode) };
    default:
      return { kind: 'other' };
  }
}
