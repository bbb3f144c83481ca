import { safeInteger } from '../../bytes/integers.ts';
import { damaged } from './damaged.ts';
import { findEntry } from './directory.ts';
import { MAX_KEY_OFFSET, ROOT_ITEM, ROOT_REF, writeKey } from './key.ts';
import { checkLevel, type Superblock } from './superblock.ts';
import { TOP_LEVEL_ID, type Tree, type TreeRoot } from './tree.ts';

/*
 * Root item; its key is (id of the subvolume, 132, generation of the snapshot it is, or 0).
 *
 *   0x00  160  inode item, not used
 *   0xa0    8  generation
 *   0xa8    8  inode of its root directory
 *   0xb0    8  logical address of the tree's root
 *   0xd8    4  references; 0: deleted, and being removed
 *   0xee    1  level of the tree's root
 */
const ROOT_ITEM_LENGTH = 0xef;

/*
 * Where a subvolume is mounted in its parent; its key is (id of the parent, 156, id of the subvolume).
 *
 *   0x00  8  inode of the directory
 *   0x10  2  length of the name
 *   0x12     name
 */
const ROOT_REF_LENGTH = 0x12;

export interface Subvolume {
  readonly root: TreeRoot;
  /** Inode of its root directory. */
  readonly directory: bigint;
}

/** Null where there is none of this id, or one that was deleted. */
export async function findSubvolume(rootTree: Tree, id: bigint): Promise<Subvolume | null> {
  const item = await rootTree.floor(writeKey(id, ROOT_ITEM, MAX_KEY_OFFSET));
  if (item?.key.objectId !== id || item.key.type !== ROOT_ITEM) return null;
  const { data } = item;
  if (data.length < ROOT_ITEM_LENGTH) throw damaged(`the root item of subvolume ${id} is cut off`);
  if (data.readUInt32LE(0xd8) === 0) return null;
  return {
    root: {
      id,
      address: safeInteger(data.readBigUInt64LE(0xb0)),
      level: checkLevel(data.readUInt8(0xee)),
      generation: data.readBigUInt64LE(0xa0),
    },
    directory: data.readBigUInt64LE(0xa8),
  };
}

/**
 * Is this entry where the subvolume is? A snapshot has its original's entries for the subvolumes below that, but not
 * those: they show as empty directories there.
 */
export async function isMountedAt(
  rootTree: Tree,
  id: bigint,
  place: { readonly tree: bigint; readonly directory: bigint; readonly name: Buffer },
): Promise<boolean> {
  const data = await rootTree.find(writeKey(place.tree, ROOT_REF, id));
  if (!data || data.length < ROOT_REF_LENGTH) return false;
  const name = data.subarray(ROOT_REF_LENGTH, ROOT_REF_LENGTH + data.readUInt16LE(0x10));
  return data.readBigUInt64LE(0) === place.directory && name.equals(place.name);
}

/** The id of the subvolume that a mount without options shows. */
export async function defaultSubvolume(rootTree: Tree, superblock: Superblock): Promise<bigint> {
  const entry = await findEntry(rootTree, superblock.rootDirectory, 'default');
  return entry?.location.objectId ?? TOP_LEVEL_ID;
}
