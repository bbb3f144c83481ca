import { crc32c } from '../../shared/bytes/crc32c.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import type { DirectoryNode } from '../../shared/filesystem/filesystem.ts';

/** What make-btrfs.sh writes into the files that have the name `numbers`. */
export const NUMBERS = Array.from(
  { length: 6000 },
  (_, index) =>
    `line ${String(index + 1).padStart(6, '0')} of a file that several extents of compressed data hold\n`,
).join('');

/** And into `inline`. */
export const INLINE = Array.from({ length: 300 }, (_, index) => `${index + 1}\n`).join('');

const FSID_OFFSET = 0x20;
const CHECKSUM_LENGTH = 32;

/** Makes the checksum of a tree node or of a superblock right. */
export function seal(block: Buffer): void {
  block.writeUInt32LE(~crc32c(0xffffffff, block.subarray(CHECKSUM_LENGTH)) >>> 0, 0);
}

/** A volume whose checksums are always right, so that tests get to what lies behind them. */
export function sealedSource(source: ByteSource, fsid: Buffer): ByteSource {
  return {
    size: source.size,
    async read(offset, length) {
      const bytes = await source.read(offset, length);
      if (length < 4096 || !isBlock(bytes, fsid)) return bytes;
      const block = Buffer.from(bytes);
      seal(block);
      return block;
    },
  };
}

function isBlock(bytes: Buffer, fsid: Buffer): boolean {
  return bytes.subarray(FSID_OFFSET, FSID_OFFSET + fsid.length).equals(fsid);
}

export interface NodePlace {
  /** In the volume; the node's bytes there are `bytes`, which changes it. */
  readonly offset: number;
  readonly bytes: Buffer;
  readonly address: bigint;
  readonly owner: bigint;
  readonly level: number;
}

/** The tree nodes among what was read of a volume, in the order in which they were read. */
export function nodesOf(
  volume: Buffer,
  reads: readonly { offset: number; length: number }[],
  nodeSize: number,
): NodePlace[] {
  const fsid = volume.subarray(0x10020, 0x10030);
  return reads
    .filter(({ offset, length }) => length === nodeSize && offset !== 0x10000)
    .map(({ offset }) => ({ offset, bytes: volume.subarray(offset, offset + nodeSize) }))
    .filter(({ bytes }) => isBlock(bytes, fsid))
    .map(({ offset, bytes }) => ({
      offset,
      bytes,
      address: bytes.readBigUInt64LE(0x30),
      owner: bytes.readBigUInt64LE(0x58),
      level: bytes.readUInt8(0x64),
    }));
}

/** Where in the leaf the data of its items with this key's type, and if given object id, are. */
export function itemsOf(
  leaf: Buffer,
  type: number,
): { from: number; to: number; objectId: bigint; offset: bigint }[] {
  const items: { from: number; to: number; objectId: bigint; offset: bigint }[] = [];
  for (let index = 0; index < leaf.readUInt32LE(0x60); index++) {
    const at = 0x65 + index * 25;
    if (leaf.readUInt8(at + 8) !== type) continue;
    const from = 0x65 + leaf.readUInt32LE(at + 17);
    items.push({
      from,
      to: from + leaf.readUInt32LE(at + 21),
      objectId: leaf.readBigUInt64LE(at),
      offset: leaf.readBigUInt64LE(at + 9),
    });
  }
  return items;
}

/** Reads every directory, symlink and file below, of each file at most `maximum` bytes. */
export async function readAll(directory: DirectoryNode, maximum: number): Promise<number> {
  let nodes = 0;
  for await (const entry of directory.entries()) {
    const node = await entry.node();
    nodes += 1;
    if (node.kind === 'directory') nodes += await readAll(node, maximum);
    if (node.kind === 'symlink') await node.target();
    if (node.kind === 'file') await node.content.read(0, Math.min(maximum, node.content.size));
  }
  return nodes;
}
