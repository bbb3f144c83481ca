import { crc32c } from '../../bytes/crc32c.ts';
import type { DirectoryNode, Node } from '../filesystem.ts';
import { damaged } from './damaged.ts';
import { DIR_INDEX, DIR_ITEM, KEY_LENGTH, type Key, MAX_KEY_OFFSET, readKey, writeKey } from './key.ts';
import type { Tree } from './tree.ts';

/*
 * Directory entry; its key is (directory, 84, hash of the name), and once more (directory, 96, index). Entries whose
 * names have the same hash follow each other in one item.
 *
 *   0x00  17  key of what it stands for: an inode item here, or a subvolume's root item
 *   0x19   2  length of data that follow the name
 *   0x1b   2  length of the name
 *   0x1d   1  type
 *   0x1e      name
 */
const HEADER_LENGTH = 0x1e;
const MAX_NAME_LENGTH = 255;
/** btrfs_name_hash(). */
const HASH_SEED = 0xfffffffe;

const KINDS: Readonly<Record<number, Node['kind']>> = { 1: 'file', 2: 'directory', 7: 'symlink' };

export interface DirectoryEntry {
  /** Of an inode in the same tree, or of a subvolume. */
  readonly location: Key;
  readonly kind: Node['kind'];
  readonly name: Buffer;
}

/** Opens what an entry of the directory stands for. */
export type OpenEntry = (tree: Tree, directory: bigint, entry: DirectoryEntry) => Promise<Node>;

export function directoryNode(tree: Tree, inode: bigint, open: OpenEntry): DirectoryNode {
  return {
    kind: 'directory',
    async lookup(name) {
      const entry = await findEntry(tree, inode, name);
      return entry && open(tree, inode, entry);
    },
    async *entries() {
      const first = writeKey(inode, DIR_INDEX, 0n);
      for await (const { data } of tree.scan(first, writeKey(inode, DIR_INDEX, MAX_KEY_OFFSET))) {
        for (const entry of parseEntries(data)) {
          const node = () => open(tree, inode, entry);
          yield { name: entry.name.toString('utf8'), kind: entry.kind, node };
        }
      }
    },
  };
}

/** By the hash of the name. */
export async function findEntry(tree: Tree, directory: bigint, name: string): Promise<DirectoryEntry | null> {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length > MAX_NAME_LENGTH) return null;
  const data = await tree.find(writeKey(directory, DIR_ITEM, BigInt(crc32c(HASH_SEED, bytes))));
  return (data && parseEntries(data).find((entry) => entry.name.equals(bytes))) ?? null;
}

function parseEntries(data: Buffer): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < data.length; ) {
    const room = data.length - at - HEADER_LENGTH;
    const nameLength = room < 0 ? 0 : data.readUInt16LE(at + 0x1b);
    const length = room < 0 ? 0 : nameLength + data.readUInt16LE(at + 0x19);
    if (nameLength === 0 || nameLength > MAX_NAME_LENGTH || length > room) {
      throw damaged('an entry of a directory has no name, or one that is too long');
    }
    const from = at + HEADER_LENGTH;
    entries.push({
      location: readKey(data.subarray(at, at + KEY_LENGTH), 0),
      kind: KINDS[data.readUInt8(at + 0x1d)] ?? 'other',
      name: data.subarray(from, from + nameLength),
    });
    at = from + length;
  }
  return entries;
}
