import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { ext } from '../../../shared/filesystem/ext/ext.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { inodeAt, inodeNumberOf, KIND, SUPERBLOCK } from '../../support/ext.ts';
import { unpackedFixture } from '../../support/fixtures.ts';
import { tracedSource } from '../../support/sources.ts';

const LINES = Array.from({ length: 4000 }, (_, index) => `line ${`${index + 1}`.padStart(6, '0')}\n`).join(
  '',
);
const LONGER = 'this file is longer than the sixty bytes that an inode has in place of its block map\n';
const LARGE = Array.from({ length: 200 }, (_, index) => `a-name-of-some-length-${index + 1}`);

/** As debugfs' `ex` tells them of ext4.img.gz. */
const LINES_EXTENTS = 2;
const FRAGMENTED_EXTENTS = 40;

const open = (image: Buffer) => ext.open(bufferSource(image));
const treeOf = async (image: Buffer) => fileTree((await open(image)).root);

describe.each([
  ['ext2', 'ext2'],
  ['ext4', 'ext4'],
  ['ext4-inline', 'ext4'],
] as const)('the files of %s.img.gz', (name, type) => {
  const image = unpackedFixture(`${name}.img.gz`);

  test('type, label and UUID are those that blkid prints', async () => {
    expect(ext.matches(image)).toBe(true);
    expect(await open(image)).toMatchObject({
      type,
      label: name,
      uuid: 'b1a5ed00-0000-4000-8000-0000000000e4',
      dirty: false,
    });
  });

  test('files of all forms have their bytes', async () => {
    const tree = await treeOf(image);
    expect(await tree.readText('/etc/os-release')).toBe('ID=fixture\nVERSION_ID="1"\n');
    expect(await tree.readText('/longer')).toBe(LONGER);
    expect(await tree.readText('/lines')).toBe(LINES);
    const sparse = await tree.read('/sparse', 1e6);
    expect(sparse).toHaveLength(400_000);
    expect(sparse?.subarray(300_000, 300_007).toString()).toBe('content');
    expect(sparse?.every((byte, at) => byte === 0 || (at >= 300_000 && at < 300_007))).toBe(true);
  });

  test('directories list what is there, with kinds, and nothing that was deleted', async () => {
    const tree = await treeOf(image);
    const entries = (await tree.list('/')).map((entry) => `${entry.kind} ${entry.name}`);
    expect(entries).toEqual(
      expect.arrayContaining([
        'directory etc',
        'directory usr',
        'file longer',
        'other null',
        'directory lost+found',
      ]),
    );
    expect(entries.join()).not.toMatch(/gone|\.$/);
    expect(await tree.find('/gone')).toBeNull();
    expect((await tree.find('/null'))?.node.kind).toBe('other');
    expect(await tree.find(`/${'n'.repeat(300)}`)).toBeNull();
  });

  test('symlinks in an inode and in a block lead where they say', async () => {
    const tree = await treeOf(image);
    const targets = await Promise.all(
      ['/etc/os-release', '/etc/long-link'].map(async (path) => {
        const found = await tree.findLink(path);
        return found?.node.kind === 'symlink' ? found.node.target() : null;
      }),
    );
    expect(targets).toEqual([
      '../usr/lib/os-release',
      '../usr/lib/a-directory-that-is-not-there/with-a-long-name/and-another/os-release',
    ]);
  });
});

describe('what a look into ext4 costs', () => {
  const image = unpackedFixture('ext4.img.gz');

  test('/etc/os-release, a symlink, is there after its superblock, descriptors, inodes and directories', async () => {
    const source = tracedSource(image);
    const tree = fileTree((await ext.open(source)).root);
    // The superblock; the descriptors; the inode of the root.
    expect(source.reads).toHaveLength(3);
    await tree.readText('/etc/os-release');
    // Inodes and contents of etc, usr, lib and the file, the link's inode, and the root's content twice, which the
    // page cache below has.
    expect(source.reads).toHaveLength(3 + 11);
  });

  test('a file is read in as many pieces as it has extents', async () => {
    const source = tracedSource(image);
    const tree = fileTree((await ext.open(source)).root);
    await tree.find('/lines');
    await tree.find('/fragmented');
    const before = source.reads.length;
    expect(await tree.readText('/lines')).toBe(LINES);
    expect(source.reads.slice(before)).toHaveLength(LINES_EXTENTS);
    expect(await tree.readText('/fragmented')).toBe(LINES);
    // And the leaf that has no room in the inode.
    expect(source.reads.slice(before + LINES_EXTENTS)).toHaveLength(FRAGMENTED_EXTENTS + 1);
  });

  test('a name in an indexed directory is found in its root and one leaf', async () => {
    const source = tracedSource(image);
    const directory = (await fileTree((await ext.open(source)).root).find('/large'))?.node;
    if (directory?.kind !== 'directory') throw new Error('/large is no directory');
    for (const name of LARGE) {
      const before = source.reads.length;
      expect((await directory.lookup(name))?.kind, name).toBe('file');
      expect(source.reads.length - before, name).toBeLessThanOrEqual(3);
    }
  });
});

describe('an index that cannot be used', () => {
  const image = unpackedFixture('ext4.img.gz');
  const directory = inodeAt(image, inodeNumberOf(image, 'large', KIND.directory));
  // The first extent in i_block, at its first block on the volume.
  const root = image.readUInt32LE(directory + 0x28 + 12 + 8) * 1024;

  test.each([
    ['of a hash that is not known', 0x1c, 9],
    ['of more levels than there can be', 0x1e, 9],
    ['without entries', 0x22, 0],
    ['whose leaf is outside the directory', 0x2c, 0xff],
  ])('%s leads to a scan that finds all names', async (_, at, value) => {
    const damaged = Buffer.from(image);
    damaged.writeUInt8(value, root + at);
    const tree = await treeOf(damaged);
    for (const name of LARGE) expect(await tree.find(`/large/${name}`), name).not.toBeNull();
    expect(await tree.find('/large/nothing')).toBeNull();
  });

  test('of a directory without regard to case: names are found as they are written', async () => {
    const folded = Buffer.from(image);
    folded.writeUInt32LE((folded.readUInt32LE(directory + 0x20) | 0x4000_0000) >>> 0, directory + 0x20);
    // Another seed: the index would lead elsewhere.
    folded.writeUInt32LE(1, SUPERBLOCK + 0xec);
    const tree = await treeOf(folded);
    for (const name of LARGE) expect(await tree.find(`/large/${name}`), name).not.toBeNull();
  });
});

describe('features of ext4', () => {
  const image = () => unpackedFixture('ext4.img.gz');

  function withFeatures(bits: number): Buffer {
    const changed = image();
    const at = SUPERBLOCK + 0x60;
    changed.writeUInt32LE((changed.readUInt32LE(at) | bits) >>> 0, at);
    return changed;
  }

  test('a journal that was not replayed: the filesystem is dirty, and read as it lies there', async () => {
    const filesystem = await open(withFeatures(0x4));
    expect(filesystem.dirty).toBe(true);
    expect(await fileTree(filesystem.root).readText('/lines')).toBe(LINES);
  });

  test('a filesystem that was not unmounted, or has errors, is dirty', async () => {
    for (const state of [0, 3]) {
      const changed = image();
      changed.writeUInt16LE(state, SUPERBLOCK + 0x3a);
      expect((await open(changed)).dirty).toBe(true);
    }
  });

  test.each([
    [0x8, /journal_dev/],
    [0x1, /: compression\./],
    [0x1001, /: compression, dirdata\./],
    [0x8008_0000, /: features 0x80080000\./],
    [0x8_1000, /: dirdata, features 0x80000\./],
  ])('0x%s, which changes what the rest means, is refused by name', async (bits, message) => {
    await expect(open(withFeatures(bits))).rejects.toMatchObject({
      code: 'FILESYSTEM_UNSUPPORTED',
      message: expect.stringMatching(message),
    });
  });

  test('what is encrypted is told when it is read; all else can be', async () => {
    const changed = withFeatures(0x1_0000);
    for (const [name, kind] of [
      ['large', KIND.directory],
      ['longer', KIND.file],
      ['long-link', KIND.symlink],
    ] as const) {
      const flags = inodeAt(changed, inodeNumberOf(changed, name, kind)) + 0x20;
      changed.writeUInt32LE((changed.readUInt32LE(flags) | 0x800) >>> 0, flags);
    }
    const tree = await treeOf(changed);
    const encrypted = { code: 'FILESYSTEM_UNSUPPORTED', message: expect.stringMatching(/encrypt/) };
    await expect(tree.find('/large/anything')).rejects.toMatchObject(encrypted);
    await expect(tree.list('/large')).rejects.toMatchObject(encrypted);
    await expect(tree.readText('/longer')).rejects.toMatchObject(encrypted);
    await expect(tree.readText('/etc/long-link')).rejects.toMatchObject(encrypted);
    expect(await tree.readText('/lines')).toBe(LINES);
  });
});
