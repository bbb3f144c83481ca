import { beforeAll, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { sliceSource } from '../../../shared/bytes/slice.ts';
import { ByoiError } from '../../../shared/errors.ts';
import { xfs } from '../../../shared/filesystem/xfs/xfs.ts';
import { tracedSource } from '../../support/sources.ts';
import { inodeAt, namesOf, nodeAt, xfsFixture, xfsTree } from '../../support/xfs.ts';

let pristine: Buffer;
beforeAll(async () => {
  pristine = await xfsFixture('xfs');
});

const DAMAGED = { code: 'FILESYSTEM_DAMAGED' };
const UNSUPPORTED = { code: 'FILESYSTEM_UNSUPPORTED' };
/** Where the data fork of a version 3 inode begins. */
const FORK = 0xb0;
const BLOCK = 1024;

/** The volume with something else in it. */
function changed(change: (volume: Buffer) => void): Buffer {
  const volume = Buffer.from(pristine);
  change(volume);
  return volume;
}

/** Where a block number of the filesystem lies, in bytes. */
function offsetOf(number: bigint): number {
  const log = pristine.readUInt8(0x7c);
  const group = Number(number) >> log;
  return (group * pristine.readUInt32BE(0x54) + (Number(number) % 2 ** log)) * BLOCK;
}

const read = async (volume: Buffer, path: string) => {
  const { content } = await nodeAt(volume, path, 'file');
  return content.read(0, Math.min(content.size, 4 * 2 ** 20));
};
const list = async (volume: Buffer, path: string) => namesOf(await nodeAt(volume, path, 'directory'));

describe('a superblock that cannot be true is refused', () => {
  const set32 = (at: number, value: number) => (volume: Buffer) => volume.writeUInt32BE(value, at);
  test.each([
    ['no groups', set32(0x58, 0)],
    ['more groups than blocks', set32(0x58, 0xffffffff)],
    ['groups without blocks', set32(0x54, 0)],
    ['blocks of 2 GiB', set32(0x04, 2 ** 31)],
    ['blocks of no bytes', set32(0x04, 0)],
    ['a block size that is no power of two', set32(0x04, 1025)],
    ['a wrong logarithm of the group size', (volume: Buffer) => volume.writeUInt8(63, 0x7c)],
    ['inodes larger than a block', (volume: Buffer) => volume.writeUInt16BE(2048, 0x68)],
    ['directory blocks beyond 64 KiB', (volume: Buffer) => volume.writeUInt8(255, 0xc0)],
    ['more blocks than the volume has', (volume: Buffer) => volume.writeBigUInt64BE(2n ** 40n, 0x08)],
    ['a root that is no inode', (volume: Buffer) => volume.writeBigUInt64BE(1n, 0x38)],
    ['a root outside of the volume', (volume: Buffer) => volume.writeBigUInt64BE(2n ** 52n, 0x38)],
    ['an mkfs that did not finish', (volume: Buffer) => volume.writeUInt8(1, 0x7e)],
  ])('%s', async (_, change) => {
    await expect(xfs.open(bufferSource(changed(change)))).rejects.toMatchObject(DAMAGED);
  });

  test('numbers beyond 2^53', async () => {
    const huge = changed((volume) => volume.fill(0xff, 0x08, 0x10));
    await expect(xfs.open(bufferSource(huge))).rejects.toMatchObject({ code: 'INTEGER_TOO_LARGE' });
  });

  test('a volume cut short, at any length', async () => {
    for (const length of [0, 100, 512, 4096, 65_536, 2 ** 20, pristine.length - 1]) {
      const cut = sliceSource(bufferSource(pristine), 0, length);
      await expect(xfs.open(cut)).rejects.toBeInstanceOf(ByoiError);
    }
  });
});

describe('what cannot be read is said by name', () => {
  test('incompatible features', async () => {
    const features = (bits: number) =>
      xfs.open(
        bufferSource(
          changed((volume) => volume.writeUInt32BE((volume.readUInt32BE(0xd8) | bits) >>> 0, 0xd8)),
        ),
      );
    await expect(features(0x200)).rejects.toMatchObject({
      ...UNSUPPORTED,
      message: expect.stringContaining('zoned'),
    });
    await expect(features(2 ** 20 + 0x100)).rejects.toThrow('metadir, incompatible feature bit 20');
    await expect(features(0x80000000)).rejects.toBeInstanceOf(ByoiError);
    // exchrange and parent change nothing that is read here.
    await expect(features(0xc0)).resolves.toMatchObject({ type: 'xfs' });
  });

  test('versions before 4, and version 1 directories', async () => {
    const versions = (value: number) =>
      xfs.open(bufferSource(changed((volume) => volume.writeUInt16BE(value, 0x64))));
    await expect(versions(0x2003)).rejects.toThrow('version 3');
    await expect(versions(0x0004)).rejects.toThrow('version 1 directories');
  });

  test('a file on the realtime device, when it is read', async () => {
    const inode = await inodeAt(pristine, 'usr/lib/os-release');
    const volume = changed((bytes) => bytes.writeUInt16BE(1, inode + 0x5a));
    await expect(read(volume, 'usr/lib/os-release')).rejects.toThrow('realtime');
  });
});

describe('inodes', () => {
  const broken = async (path: string, change: (volume: Buffer, inode: number) => void) => {
    const inode = await inodeAt(pristine, path);
    return changed((volume) => change(volume, inode));
  };

  test('of another number than the directory says', async () => {
    const volume = await broken('usr/lib/os-release', (bytes, at) => bytes.writeBigUInt64BE(1n, at + 0x98));
    await expect(read(volume, 'usr/lib/os-release')).rejects.toMatchObject(DAMAGED);
  });

  test('that were never written', async () => {
    const volume = await broken('usr/lib/os-release', (bytes, at) => bytes.fill(0, at, at + 512));
    await expect(read(volume, 'usr/lib/os-release')).rejects.toMatchObject(DAMAGED);
  });

  test('with attributes that begin outside of them', async () => {
    const volume = await broken('usr/lib/os-release', (bytes, at) => bytes.writeUInt8(255, at + 0x52));
    await expect(read(volume, 'usr/lib/os-release')).rejects.toMatchObject(DAMAGED);
  });

  test('with more extents than there is room for', async () => {
    const volume = await broken('usr/lib/os-release', (bytes, at) =>
      bytes.writeBigUInt64BE(2n ** 48n, at + 0x18),
    );
    await expect(read(volume, 'usr/lib/os-release')).rejects.toMatchObject(DAMAGED);
  });

  test('with a file of 2^52 bytes, read whole: no allocation by that number', async () => {
    const volume = await broken('usr/lib/os-release', (bytes, at) =>
      bytes.writeBigUInt64BE(2n ** 52n, at + 0x38),
    );
    const { content } = await nodeAt(volume, 'usr/lib/os-release', 'file');
    await expect(content.read(0, content.size)).rejects.toMatchObject(UNSUPPORTED);
    expect((await content.read(0, 7)).toString('latin1')).toBe('ID=xfs\n');
    expect(await content.read(2 ** 52 - 3, 3)).toEqual(Buffer.alloc(3));
  });

  test('of symlinks with a target of 1 GiB, or none', async () => {
    for (const size of [0n, 1025n, 2n ** 30n]) {
      const volume = await broken('links/remote', (bytes, at) => bytes.writeBigUInt64BE(size, at + 0x38));
      await expect((await nodeAt(volume, 'links/remote', 'symlink')).target()).rejects.toMatchObject(DAMAGED);
    }
    const inline = await broken('links/short', (bytes, at) => bytes.writeBigUInt64BE(1000n, at + 0x38));
    await expect((await nodeAt(inline, 'links/short', 'symlink')).target()).rejects.toMatchObject(DAMAGED);
  });
});

describe('extents', () => {
  const record = (start: bigint, block: bigint, count: bigint) => {
    const bytes = Buffer.alloc(16);
    const bits = (start << 73n) | (block << 21n) | count;
    bytes.writeBigUInt64BE(bits >> 64n, 0);
    bytes.writeBigUInt64BE(bits & 0xffffffffffffffffn, 8);
    return bytes;
  };

  test.each([
    ['outside of the volume', [record(0n, 2n ** 51n, 1n)]],
    ['beyond the end of a group', [record(0n, 16_383n, 2n)]],
    ['without blocks', [record(0n, 100n, 0n)]],
    ['that overlap', [record(0n, 100n, 2n), record(1n, 200n, 1n)]],
    ['out of order', [record(5n, 100n, 1n), record(0n, 200n, 1n)]],
  ])('%s are refused', async (_, records) => {
    const inode = await inodeAt(pristine, 'usr/lib/os-release');
    const volume = changed((bytes) => {
      Buffer.concat(records).copy(bytes, inode + FORK);
      bytes.writeBigUInt64BE(BigInt(records.length), inode + 0x18);
      bytes.writeBigUInt64BE(8192n, inode + 0x38);
    });
    await expect(read(volume, 'usr/lib/os-release')).rejects.toMatchObject(DAMAGED);
  });

  /** An inode whose extents have a tree of two levels below the root, and the first block of the upper. */
  async function tree() {
    const inode = await inodeAt(pristine, 'files/fragmented');
    const room = Math.floor((512 - FORK - 4) / 16);
    const pointers = inode + FORK + 4 + room * 8;
    const number = pristine.readBigUInt64BE(pointers);
    return { inode, number, block: offsetOf(number) };
  }

  test('a block of the tree that is its own child ends the walk', async () => {
    const { inode, number, block } = await tree();
    expect(pristine.readUInt16BE(inode + FORK)).toBe(2);
    expect(pristine.readUInt16BE(block + 4)).toBe(1);
    const room = Math.floor((BLOCK - 0x48) / 16);
    const volume = changed((bytes) => bytes.writeBigUInt64BE(number, block + 0x48 + room * 8));
    await expect(read(volume, 'files/fragmented')).rejects.toMatchObject(DAMAGED);
  });

  test('a tree with one block in two places is refused, so no walk is longer than the file', async () => {
    const { block } = await tree();
    expect(pristine.readUInt16BE(block + 6)).toBeGreaterThan(1);
    const child = block + 0x48 + Math.floor((BLOCK - 0x48) / 16) * 8;
    const volume = changed((bytes) => bytes.copy(bytes, child + 8, child, child + 8));
    await expect(read(volume, 'files/fragmented')).rejects.toMatchObject(DAMAGED);
  });

  test.each([
    ['levels without end', (bytes: Buffer, root: number) => bytes.writeUInt16BE(0xffff, root)],
    ['no level', (bytes: Buffer, root: number) => bytes.writeUInt16BE(0, root)],
    ['more entries than room', (bytes: Buffer, root: number) => bytes.writeUInt16BE(0xffff, root + 2)],
    ['no entries', (bytes: Buffer, root: number) => bytes.writeUInt16BE(0, root + 2)],
  ])('a root with %s', async (_, change) => {
    const { inode } = await tree();
    const volume = changed((bytes) => change(bytes, inode + FORK));
    await expect(read(volume, 'files/fragmented')).rejects.toMatchObject(DAMAGED);
  });

  test('a block that is none of a tree, has more entries than bytes, or keys that run backwards', async () => {
    const { block } = await tree();
    const magic = changed((bytes) => bytes.write('XXXX', block, 'latin1'));
    await expect(read(magic, 'files/fragmented')).rejects.toMatchObject(DAMAGED);
    const keys = changed((bytes) => bytes.writeBigUInt64BE(0n, block + 0x48 + 8));
    await expect(read(keys, 'files/fragmented')).rejects.toMatchObject(DAMAGED);
    const entries = changed((bytes) => bytes.writeUInt16BE(0xffff, block + 6));
    await expect(read(entries, 'files/fragmented')).rejects.toMatchObject(DAMAGED);
  });
});

describe('directories', () => {
  /** Where what a lookup reads lies. */
  async function readsOf(path: string, name: string): Promise<number[]> {
    const source = tracedSource(pristine);
    const directory = await (await xfs.open(source)).root.lookup(path);
    if (directory?.kind !== 'directory') throw new Error('no directory');
    source.reads.length = 0;
    await directory.lookup(name);
    return source.reads.map(({ offset }) => offset);
  }

  test('in the inode, with more entries than bytes', async () => {
    const inode = await inodeAt(pristine, 'short');
    const volume = changed((bytes) => bytes.writeUInt8(255, inode + FORK));
    await expect(list(volume, 'short')).rejects.toMatchObject(DAMAGED);
  });

  test('in the inode, of no bytes at all', async () => {
    const inode = await inodeAt(pristine, 'short');
    const volume = changed((bytes) => bytes.writeBigUInt64BE(0n, inode + 0x38));
    expect(await list(volume, 'short')).toEqual([]);
  });

  test('with names that no file can have', async () => {
    const inode = await inodeAt(pristine, 'short');
    const name = pristine.indexOf('short-0', inode);
    for (const byte of [0x2f, 0]) {
      const volume = changed((bytes) => bytes.writeUInt8(byte, name));
      await expect(list(volume, 'short')).rejects.toMatchObject(DAMAGED);
    }
  });

  test('of one block whose index is larger than it', async () => {
    const [block = 0] = await readsOf('block', 'block-7');
    const volume = changed((bytes) => bytes.writeUInt32BE(0xffffffff, block + 4096 - 8));
    await expect(list(volume, 'block')).rejects.toMatchObject(DAMAGED);
    await expect((await xfsTree(volume)).find('/block/block-7')).rejects.toMatchObject(DAMAGED);
  });

  test('with unused room that does not end', async () => {
    const [block = 0] = await readsOf('block', 'block-7');
    const volume = changed((bytes) => bytes.writeUInt32BE(0xffff0000, block + 0x40));
    await expect(list(volume, 'block')).rejects.toMatchObject(DAMAGED);
  });

  test('with a block of another directory', async () => {
    const [block = 0] = await readsOf('block', 'block-7');
    const volume = changed((bytes) => bytes.writeBigUInt64BE(128n, block + 0x28));
    await expect(list(volume, 'block')).rejects.toMatchObject(DAMAGED);
  });

  test('whose index points outside of its names, or is its own child', async () => {
    // The root of the index is a node; then comes a leaf, and then the block with the name.
    const [node = 0, leaf = 0] = (await readsOf('node', 'node-7')).filter(
      (offset) =>
        pristine.readUInt16BE(offset + 8) === 0x3ebe || pristine.readUInt16BE(offset + 8) === 0x3dff,
    );
    expect(pristine.readUInt16BE(node + 8)).toBe(0x3ebe);
    expect(pristine.readUInt16BE(leaf + 8)).toBe(0x3dff);
    const every = (at: number, count: number, value: number) =>
      changed((bytes) => {
        for (let entry = 0; entry < count; entry++) bytes.writeUInt32BE(value, at + 0x40 + entry * 8 + 4);
      });
    const count = pristine.readUInt16BE(leaf + 0x38);
    const find = async (volume: Buffer) => (await xfsTree(volume)).find('/node/node-7');
    await expect(find(every(leaf, count, 0xffffffff))).rejects.toMatchObject(DAMAGED);
    const children = pristine.readUInt16BE(node + 0x38);
    await expect(find(every(node, children, 2 ** 35 / BLOCK))).rejects.toMatchObject(DAMAGED);
    await expect(find(every(node, children, 0))).rejects.toMatchObject(DAMAGED);
    expect(await find(pristine)).not.toBeNull();
  });

  test('whose leaves of one hash follow each other round and round', async () => {
    const offsets = await readsOf('collisions', 'aaa..HHH');
    const leaf = offsets.find((offset) => [0x3df1, 0x3dff].includes(pristine.readUInt16BE(offset + 8))) ?? 0;
    expect(leaf).toBeGreaterThan(0);
    const volume = changed((bytes) => {
      bytes.writeUInt32BE(2 ** 35 / BLOCK, leaf);
      bytes.writeUInt16BE(0x3dff, leaf + 8);
    });
    // All the names of the directory have this hash, but `.` and `..`: it is the last of the leaf.
    await expect((await xfsTree(volume)).find('/collisions/ddd..```')).rejects.toThrow('one hash');
  });
});
