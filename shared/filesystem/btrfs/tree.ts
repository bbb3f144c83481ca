import { damaged } from './damaged.ts';
import { compareKeys } from './key.ts';
import { entryAt, floorIndex, type Item, itemOf, type Pointer, pointerOf, type TreeNode } from './node.ts';

/** Neighbouring nodes that a scan asks for at once. */
const PARALLEL_NODES = 8;

/** Subvolume 5, the top level; those that are made later have ids from 256 on. */
export const TOP_LEVEL_ID = 5n;
const FIRST_SUBVOLUME_ID = 256n;

export interface TreeRoot extends Pointer {
  /** The tree's id, by which the root tree knows it. */
  readonly id: bigint;
  readonly level: number;
}

/** A tree of items, ordered by key; a search reads one node on each level. */
export interface Tree {
  readonly id: bigint;
  /** The item's data; null where there is none with this key. */
  find(key: Buffer): Promise<Buffer | null>;
  /** The last item whose key is at most `key`; null where there is none. */
  floor(key: Buffer): Promise<Item | null>;
  /** Items from the first to the last key, both included, in order. */
  scan(first: Buffer, last: Buffer): AsyncIterable<Item>;
}

/** A node below another, with what the one above says of it. */
interface Expected extends Pointer {
  readonly level: number;
  /** Node and offset of the key that it must begin with; null for a root. */
  readonly first: { readonly node: TreeNode; readonly at: number } | null;
  /** Node and offset of a key that all of its own come before; null for none. */
  readonly limit: { readonly node: TreeNode; readonly at: number } | null;
}

/**
 * @param readNode reads the node at a logical address; keeps those that were read last
 * @throws {FilesystemDamagedError} from what is returned, when a node is not what the one above says. Its keys must be
 *   between those that the one above has for it and for the next: so a node can be in a tree only once, and neither
 *   a loop nor a tree that is larger than the disk can be made.
 */
export function openTree(root: TreeRoot, readNode: (address: number) => Promise<TreeNode>): Tree {
  async function load({ address, generation, level, first, limit }: Expected): Promise<TreeNode> {
    const node = await readNode(address);
    const inBounds =
      (!first ||
        (node.count > 0 && compareKeys(node.bytes, entryAt(node, 0), first.node.bytes, first.at) === 0)) &&
      (!limit ||
        node.count === 0 ||
        compareKeys(node.bytes, entryAt(node, node.count - 1), limit.node.bytes, limit.at) < 0);
    if (!inBounds || node.level !== level || node.generation !== generation || !mayOwn(node.owner, root.id)) {
      throw damaged(`the tree node at ${address} is not the one that tree ${root.id} should have there`);
    }
    return node;
  }

  const top: Expected = { ...root, first: null, limit: null };

  function below(node: TreeNode, index: number, limit: Expected['limit']): Expected {
    return {
      ...pointerOf(node, index),
      level: node.level - 1,
      first: { node, at: entryAt(node, index) },
      limit: index + 1 < node.count ? { node, at: entryAt(node, index + 1) } : limit,
    };
  }

  async function* walk(
    expected: Expected,
    node: TreeNode,
    first: Buffer,
    last: Buffer,
  ): AsyncGenerator<Item> {
    const from = floorIndex(node, first);
    const to = floorIndex(node, last);
    if (node.level === 0) {
      const begin =
        from >= 0 && compareKeys(node.bytes, entryAt(node, from), first, 0) === 0 ? from : from + 1;
      for (let index = begin; index <= to; index++) yield itemOf(node, index);
      return;
    }
    for (let index = Math.max(0, from); index <= to; index += PARALLEL_NODES) {
      const count = Math.min(PARALLEL_NODES, to + 1 - index);
      const children = Array.from({ length: count }, (_, i) => below(node, index + i, expected.limit));
      const nodes = await Promise.all(children.map(load));
      for (const [i, child] of nodes.entries()) yield* walk(children[i] ?? top, child, first, last);
    }
  }

  async function floor(key: Buffer): Promise<Item | null> {
    let expected = top;
    let node = await load(expected);
    while (node.level > 0) {
      const index = floorIndex(node, key);
      if (index < 0) return null;
      expected = below(node, index, expected.limit);
      node = await load(expected);
    }
    const index = floorIndex(node, key);
    return index < 0 ? null : itemOf(node, index);
  }

  return {
    id: root.id,
    floor,
    async find(key) {
      const item = await floor(key);
      const same =
        item?.key.objectId === key.readBigUInt64LE(0) &&
        item.key.type === key.readUInt8(8) &&
        item.key.offset === key.readBigUInt64LE(9);
      return item && same ? item.data : null;
    },
    async *scan(first, last) {
      yield* walk(top, await load(top), first, last);
    },
  };
}

/** Subvolumes share nodes with their snapshots, whichever of them wrote those; other trees share none. */
function mayOwn(owner: bigint, tree: bigint): boolean {
  return owner === tree || (isSubvolume(owner) && isSubvolume(tree));
}

const isSubvolume = (id: bigint): boolean => id === TOP_LEVEL_ID || id >= FIRST_SUBVOLUME_ID;
