import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { ext } from '../../../shared/filesystem/ext/ext.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { entryAt, inodeAt, inodeNumberOf, KIND, SUPERBLOCK } from '../../support/ext.ts';
import { unpackedFixture } from '../../support/fixtures.ts';
import { tracedSource } from '../../support/sources.ts';

const open = (image: Buffer) => ext.open(bufferSource(image));
const treeOf = async (image: Buffer) => fileTree((await open(image)).root);
const DAMAGED = { code: 'FILESYSTEM_DAMAGED' };

/** Where the inode of a file of ext4.img.gz has its mode; i_block is 0x28 later. */
function fileInode(image: Buffer, name: string, kind = KIND.file): number {
  return inodeAt(image, inodeNumberOf(image, name, kind));
}

describe('a superblock that says what cannot be is refused', () => {
  test.each([
    ['blocks of 2^4095 bytes', 0x18, 4085, 4],
    ['blocks of 128 KiB', 0x18, 7, 4],
    ['inodes of no bytes', 0x58, 0, 2],
    ['inodes of 192 bytes', 0x58, 192, 2],
    ['inodes larger than a block', 0x58, 2048, 2],
    ['more blocks than the volume', 0x04, 4097, 4],
    ['no blocks', 0x04, 0, 4],
    ['no blocks in a group', 0x20, 0, 4],
    ['more blocks in a group than its bitmap has bits', 0x20, 8193, 4],
    ['no inodes in a group', 0x28, 0, 4],
    ['more inodes in a group than its bitmap has bits', 0x28, 8193, 4],
    ['more inodes than its groups', 0x00, 0xffffffff, 4],
    ['a first block far away', 0x14, 4095, 4],
    ['group descriptors of no bytes', 0xfe, 0, 2],
    ['group descriptors of 65,535 bytes', 0xfe, 65_535, 2],
    ['no magic number', 0x38, 0, 2],
  ])('%s', async (_, at, value, width) => {
    const image = unpackedFixture('ext4.img.gz');
    image.writeUIntLE(value, SUPERBLOCK + at, width);
    await expect(open(image)).rejects.toMatchObject(DAMAGED);
  });

  test('a revision that nobody wrote', async () => {
    const image = unpackedFixture('ext4.img.gz');
    image.writeUInt32LE(2, SUPERBLOCK + 0x4c);
    await expect(open(image)).rejects.toMatchObject({ code: 'FILESYSTEM_UNSUPPORTED' });
  });

  test('a volume that ends before the superblock, or in the middle of the filesystem', async () => {
    const image = unpackedFixture('ext4.img.gz');
    await expect(open(image.subarray(0, 1500))).rejects.toMatchObject(DAMAGED);
    await expect(open(image.subarray(0, image.length / 2))).rejects.toMatchObject(DAMAGED);
    expect(ext.matches(image.subarray(0, 1024))).toBe(false);
  });

  test('an inode table behind the end', async () => {
    const image = unpackedFixture('ext4.img.gz');
    image.writeUInt32LE(0xffffffff, 2048 + 0x08);
    await expect(open(image)).rejects.toMatchObject(DAMAGED);
  });
});

describe('a tree of extents that no ext4 writes', () => {
  /** /fragmented has one node below its inode. */
  function fragmented() {
    const image = unpackedFixture('ext4.img.gz');
    const block = fileInode(image, 'fragmented') + 0x28;
    const leaf = image.readUInt32LE(block + 12 + 4) * 1024;
    return { image, block, leaf };
  }

  test('the file is there as long as nothing was changed', async () => {
    const { image, leaf } = fragmented();
    expect(image.readUInt16LE(leaf)).toBe(0xf30a);
    expect(await (await treeOf(image)).readText('/fragmented')).toMatch(/^line 000001\n/);
  });

  test.each([
    ['a node that is its own child', ({ image, block, leaf }) => image.copy(image, leaf, block, block + 60)],
    ['a root deeper than five levels', ({ image, block }) => image.writeUInt16LE(6, block + 6)],
    ['a child as deep as its parent', ({ image, leaf }) => image.writeUInt16LE(1, leaf + 6)],
    ['more entries than a node has room for', ({ image, leaf }) => image.writeUInt16LE(0xffff, leaf + 2)],
    ['a child without a magic number', ({ image, leaf }) => image.writeUInt16LE(0, leaf)],
    ['a child behind the end', ({ image, block }) => image.writeUInt16LE(0xffff, block + 12 + 8)],
    ['extents out of order', ({ image, leaf }) => image.writeUInt32LE(0, leaf + 12 + 12)],
    ['extents that overlap', ({ image, leaf }) => image.writeUInt16LE(100, leaf + 12 + 4)],
    ['an extent of no blocks', ({ image, leaf }) => image.writeUInt16LE(0, leaf + 12 + 4)],
    ['blocks behind the end', ({ image, leaf }) => image.writeUInt32LE(4096, leaf + 12 + 8)],
    ['the block 0', ({ image, leaf }) => image.writeUInt32LE(0, leaf + 12 + 8)],
  ] as readonly [string, (parts: ReturnType<typeof fragmented>) => unknown][])('%s', async (_, change) => {
    const parts = fragmented();
    change(parts);
    await expect((await treeOf(parts.image)).read('/fragmented', 1e6)).rejects.toMatchObject(DAMAGED);
  });

  test('a file of 2^48 bytes is not allocated', async () => {
    const { image, block } = fragmented();
    image.writeUInt32LE(0xffff, block - 0x28 + 0x6c);
    await expect(treeOf(image).then((tree) => tree.find('/fragmented'))).rejects.toMatchObject(DAMAGED);
    image.writeUInt32LE(0xff, block - 0x28 + 0x6c);
    const node = (await (await treeOf(image)).find('/fragmented'))?.node;
    if (node?.kind !== 'file') throw new Error('no file');
    await expect(node.content.read(0, 2 ** 31)).rejects.toMatchObject({ code: 'FILESYSTEM_UNSUPPORTED' });
    expect((await node.content.read(2 ** 39, 100)).equals(Buffer.alloc(100))).toBe(true);
    await expect(node.content.read(node.content.size, 1)).rejects.toMatchObject({ code: 'OUT_OF_BOUNDS' });
  });
});

describe('a block map that no ext2 writes', () => {
  test('indirect blocks that are their own children end, and name blocks that are not there', async () => {
    const image = unpackedFixture('ext2.img.gz');
    const inode = fileInode(image, 'lines');
    const indirect = image.readUInt32LE(inode + 0x28 + 12 * 4);
    image.fill(0, indirect * 1024, (indirect + 1) * 1024);
    image.writeUInt32LE(indirect, indirect * 1024);
    // Double and triple, too: each level is the same block.
    for (const slot of [13, 14]) image.writeUInt32LE(indirect, inode + 0x28 + slot * 4);
    image.writeUInt32LE(2 ** 32 - 1, inode + 0x04);
    const source = tracedSource(image);
    const tree = fileTree((await ext.open(source)).root);
    const before = source.reads.length;
    await tree.read('/lines', 64 * 2 ** 20);
    expect(source.reads.length - before).toBeLessThan(40);
    image.writeUInt32LE(4096, indirect * 1024 + 4);
    await expect((await treeOf(image)).read('/lines', 1e6)).rejects.toMatchObject(DAMAGED);
  });

  test('a file beyond what three levels map', async () => {
    const image = unpackedFixture('ext2.img.gz');
    const inode = fileInode(image, 'lines');
    image.writeUInt32LE(0x100, inode + 0x6c);
    const node = (await (await treeOf(image)).find('/lines'))?.node;
    if (node?.kind !== 'file') throw new Error('no file');
    await expect(node.content.read(2 ** 39, 1)).rejects.toMatchObject(DAMAGED);
  });
});

describe('a directory that no ext4 writes', () => {
  test.each([
    ['an entry of no bytes, which would never end', 4, 0],
    ['an entry shorter than its name', 4, 8],
    ['an entry of an odd length', 4, 21],
    ['an entry longer than its block', 4, 0x1000],
    ['an inode that is not there', 0, 513],
    ['an inode that is not in use', 0, 500],
    ['a slash in its name', 8, 0x2f],
    ['a zero in its name', 8, 0],
  ])('%s', async (_, at, value) => {
    const image = unpackedFixture('ext2.img.gz');
    const entry = entryAt(image, 'sparse', KIND.file);
    if (at < 8) image.writeUInt16LE(value, entry + at);
    else image.writeUInt8(value, entry + at + 1);
    const tree = await treeOf(image);
    await expect(tree.list('/').then(() => tree.find('/sparse'))).rejects.toMatchObject(DAMAGED);
  });

  test('one that contains itself is as deep as its path', async () => {
    const image = unpackedFixture('ext2.img.gz');
    image.writeUInt32LE(2, entryAt(image, 'usr', KIND.directory));
    const tree = await treeOf(image);
    expect((await tree.find(`/${'usr/'.repeat(900)}lines`))?.node.kind).toBe('file');
  });

  test('one of a GiB is not scanned', async () => {
    const image = unpackedFixture('ext2.img.gz');
    image.writeUInt32LE(2 ** 30, fileInode(image, 'usr', KIND.directory) + 0x04);
    await expect((await treeOf(image)).list('/usr')).rejects.toMatchObject({
      code: 'FILESYSTEM_UNSUPPORTED',
    });
  });

  test('a root that is a file', async () => {
    const image = unpackedFixture('ext2.img.gz');
    image.writeUInt16LE(0x81a4, inodeAt(image, 2));
    await expect(open(image)).rejects.toMatchObject(DAMAGED);
  });

  test('an index that leads round and round ends in a scan', async () => {
    const image = unpackedFixture('ext4.img.gz');
    const root = image.readUInt32LE(fileInode(image, 'large', KIND.directory) + 0x28 + 12 + 8) * 1024;
    image.writeUInt8(1, root + 0x1e);
    // All hashes are the highest that is not beyond any name's, all children the root itself.
    for (let at = root + 0x24; at < root + 1024; at += 8) image.writeUInt32LE(0, at);
    const source = tracedSource(image);
    const tree = fileTree((await ext.open(source)).root);
    await tree.find('/large');
    const before = source.reads.length;
    expect((await tree.find('/large/a-name-of-some-length-7'))?.node.kind).toBe('file');
    expect(source.reads.length - before).toBeLessThan(100);
  });
});

describe('other inodes that no ext4 writes', () => {
  test('a symlink of 4 GiB', async () => {
    const image = unpackedFixture('ext2.img.gz');
    image.writeUInt32LE(0xffffffff, fileInode(image, 'long-link', KIND.symlink) + 0x04);
    await expect((await treeOf(image)).find('/etc/long-link')).rejects.toMatchObject(DAMAGED);
  });

  test.each([
    ['that ends before its size', 0x04, 200],
    ['whose attribute is behind the inode', 0x80 + 0x20 + 4 + 2, 0xffff],
    ['whose attribute is longer than the inode', 0x80 + 0x20 + 4 + 8, 0xffff],
    ['whose attributes are not there', 0x80 + 0x20, 1],
    ['whose attribute has another name', 0x80 + 0x20 + 4 + 16, 0],
  ])('inline data %s', async (_, at, value) => {
    const image = unpackedFixture('ext4-inline.img.gz');
    const inode = fileInode(image, 'longer');
    expect(image.readUInt32LE(inode + 0xa0)).toBe(0xea020000);
    image.writeUInt16LE(value, inode + at);
    await expect((await treeOf(image)).read('/longer', 1000)).rejects.toMatchObject(DAMAGED);
  });
});
