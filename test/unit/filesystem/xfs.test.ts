import { beforeAll, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { paged } from '../../../shared/bytes/paged.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { xfs } from '../../../shared/filesystem/xfs/xfs.ts';
import { tracedSource } from '../../support/sources.ts';
import { inodeAt, namesOf, nodeAt, xfsFixture, xfsTree } from '../../support/xfs.ts';

const volumes: Record<'xfs' | 'xfs-v4' | 'xfs-mounted', Buffer> = {
  xfs: Buffer.alloc(0),
  'xfs-v4': Buffer.alloc(0),
  'xfs-mounted': Buffer.alloc(0),
};
beforeAll(async () => {
  for (const name of ['xfs', 'xfs-v4', 'xfs-mounted'] as const) volumes[name] = await xfsFixture(name);
});

const BLOCK = 1024;
const FRAGMENTS = 1400;
const numbered = (directory: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${directory}-${index}`);

describe('what a volume says of itself', () => {
  test('its label and UUID, as blkid prints them', async () => {
    expect(xfs.matches(volumes.xfs.subarray(0, 4096))).toBe(true);
    expect(await xfs.open(bufferSource(volumes.xfs))).toMatchObject({
      type: 'xfs',
      label: 'byoi-xfs',
      uuid: 'b1a5ed00-0000-4000-8000-0000000000f5',
    });
    expect(await xfs.open(bufferSource(volumes['xfs-v4']))).toMatchObject({
      label: 'byoi-xfs-v4',
      uuid: 'b1a5ed00-0000-4000-8000-0000000000f4',
    });
    expect(await xfs.open(bufferSource(volumes['xfs-mounted']))).toMatchObject({ label: null });
  });

  test.each([
    ['unmounted', 'xfs', false],
    ['copied while it was mounted', 'xfs-mounted', true],
    ['of version 4, whose log has to be searched', 'xfs-v4', null],
  ] as const)('a volume that was %s', async (_, name, dirty) => {
    expect((await xfs.open(bufferSource(volumes[name]))).dirty).toBe(dirty);
  });

  test('a volume that must be repaired before it can be mounted is dirty', async () => {
    const needsRepair = Buffer.from(volumes.xfs);
    needsRepair.writeUInt32BE(needsRepair.readUInt32BE(0xd8) | 0x10, 0xd8);
    expect((await xfs.open(bufferSource(needsRepair))).dirty).toBe(true);
  });

  test('a log on another device tells nothing, and stops nothing', async () => {
    const external = Buffer.from(volumes.xfs);
    external.writeBigUInt64BE(0n, 0x30);
    expect((await xfs.open(bufferSource(external))).dirty).toBeNull();
  });
});

describe.each(['xfs', 'xfs-v4'] as const)('the tree on %s', (name) => {
  test.each([
    ['kept in the inode', 'short', 3],
    ['of one block', 'block', 80],
    ['with a leaf', 'leaf', 150],
    ['with nodes', 'node', 600],
    ['of so many extents that they have a tree', 'btree', 2400],
    ['without entries', 'empty', 0],
  ])('a directory %s', async (_, directory, count) => {
    const node = await nodeAt(volumes[name], directory, 'directory');
    expect((await namesOf(node)).sort()).toEqual(numbered(directory, count).sort());
    for (const entry of numbered(directory, count))
      expect(await node.lookup(entry)).toMatchObject({ kind: 'file' });
    for (const absent of ['.', '..', `${directory}-${count}`, 'a', 'x'.repeat(300)]) {
      expect(await node.lookup(absent)).toBeNull();
    }
  });

  test('names that all have one hash are told apart', async () => {
    const node = await nodeAt(volumes[name], 'collisions', 'directory');
    const names = await namesOf(node);
    expect(names).toHaveLength(216);
    for (const entry of names) expect(await node.lookup(entry)).toMatchObject({ kind: 'file' });
    expect(await node.lookup('ddd..```')).toBeNull();
  });

  test('long names, and names in UTF-8', async () => {
    const tree = await xfsTree(volumes[name]);
    expect(await tree.readText('/names/Größe-日本語-🙂')).toBe('unicode\n');
    expect(await tree.readText(`/names/${'n'.repeat(255)}`)).toBe('longest\n');
  });

  test('the entries of the root, with their kinds where the directory has them', async () => {
    const root = await nodeAt(volumes[name], '/', 'directory');
    const kinds: Record<string, unknown> = {};
    for await (const entry of root.entries()) kinds[entry.name] = entry.kind;
    expect(Object.keys(kinds).sort()).toEqual(
      [
        'block',
        'btree',
        'collisions',
        'empty',
        'etc',
        'files',
        'leaf',
        'links',
        'names',
        'node',
        'short',
        'usr',
      ].sort(),
    );
    expect(new Set(Object.values(kinds))).toEqual(new Set([name === 'xfs' ? 'directory' : null]));
    const etc = await nodeAt(volumes[name], 'etc', 'directory');
    for await (const entry of etc.entries()) expect(entry.kind).toBe(name === 'xfs' ? 'symlink' : null);
    expect(await (await xfsTree(volumes[name])).find('/files/pipe')).toMatchObject({
      node: { kind: 'other' },
    });
  });

  test('symlinks in the inode and outside of it', async () => {
    const target = async (path: string) => (await nodeAt(volumes[name], path, 'symlink')).target();
    expect(await target('links/short')).toBe('/etc/os-release');
    expect(await target('links/inline')).toBe('0'.repeat(300));
    expect(await target('links/remote')).toBe(`${'1'.padStart(500, '0')}/${'2'.padStart(500, '0')}`);
    expect(await (await xfsTree(volumes[name])).readText('/links/short')).toContain(
      'PRETTY_NAME="A tree on XFS"',
    );
  });

  test('every extent of a file that has a tree of them, with the holes between', async () => {
    const { content } = await nodeAt(volumes[name], 'files/fragmented', 'file');
    expect(content.size).toBe(FRAGMENTS * 2 * BLOCK);
    const expected = Buffer.alloc(content.size);
    for (let index = 0; index < FRAGMENTS; index++) {
      expected.write(`block ${String(index).padEnd(1017)}\n`, index * 2 * BLOCK);
    }
    expect((await content.read(0, content.size)).equals(expected)).toBe(true);
    for (const [offset, length] of [
      [0, 1],
      [1023, 2],
      [2047, 3000],
      [1_234_567, 100_000],
      [content.size - 1, 1],
      [content.size, 0],
    ] as const) {
      expect(await content.read(offset, length)).toEqual(expected.subarray(offset, offset + length));
    }
    await expect(content.read(content.size, 1)).rejects.toMatchObject({ code: 'OUT_OF_BOUNDS' });
  });

  test('a sparse file of 1 TiB', async () => {
    const { content } = await nodeAt(volumes[name], 'files/sparse', 'file');
    expect(content.size).toBe(2 ** 40);
    expect((await content.read(0, 8)).toString('latin1')).toBe('first\0\0\0');
    expect((await content.read(2 ** 39 - 2, 9)).toString('latin1')).toBe('\0\0middle\0');
    expect(await content.read(2 ** 40 - 8, 8)).toEqual(Buffer.alloc(8));
  });
});

test('what is allocated but not written reads as zeros, whatever lies there', async () => {
  const volume = Buffer.from(volumes.xfs);
  const record = (await inodeAt(volume, 'files/unwritten')) + 0xb0;
  const blocks = volume.readUInt32BE(record + 12) & 0x1fffff;
  const place = Number(volume.readBigUInt64BE(record + 8) >> 21n);
  const groupLog = volume.readUInt8(0x7c);
  const first = (place >> groupLog) * volume.readUInt32BE(0x54) + (place % 2 ** groupLog);
  volume.fill(0xaa, first * BLOCK, (first + blocks) * BLOCK);

  const expected = Buffer.alloc(64 * 1024);
  expected.write('written', 30_000);
  const { content } = await nodeAt(volume, 'files/unwritten', 'file');
  expect(await content.read(0, content.size)).toEqual(expected);

  volume.writeUInt8(volume.readUInt8(record) & 0x7f, record);
  const { content: written } = await nodeAt(volume, 'files/unwritten', 'file');
  expect(await written.read(0, blocks * BLOCK)).toEqual(Buffer.alloc(blocks * BLOCK, 0xaa));
});

test('what only the log has is not seen', async () => {
  const tree = await xfsTree(volumes['xfs-mounted']);
  expect(await tree.readText('/etc/os-release')).toContain('ID=xfs');
  expect(await tree.find('/after-sync')).toBeNull();
});

test('names are found without regard to case where the filesystem has none', async () => {
  const insensitive = Buffer.from(volumes.xfs);
  insensitive.writeUInt16BE(insensitive.readUInt16BE(0x64) | 0x4000, 0x64);
  const tree = await xfsTree(insensitive);
  expect(await tree.find('/BTREE/BTree-1234')).not.toBeNull();
  expect(await tree.find('/SHORT/Short-1')).not.toBeNull();
  expect(await (await xfsTree(volumes.xfs)).find('/SHORT/Short-1')).toBeNull();
});

describe('what reading costs', () => {
  async function requests(volume: Buffer, path: string): Promise<number> {
    const source = tracedSource(volume);
    const cached = paged(source);
    cached.expectScatteredReads();
    const tree = fileTree((await xfs.open(cached)).root);
    expect(await tree.readText(path)).toContain('ID=xfs');
    return source.reads.length;
  }

  test('/etc/os-release takes the head, the log, and the inodes in two groups', async () => {
    expect(await requests(volumes['xfs-mounted'], '/etc/os-release')).toBeLessThanOrEqual(6);
  });

  test('a name among thousands takes a block for each level of the index, and one of names', async () => {
    const source = tracedSource(volumes.xfs);
    const root = (await xfs.open(source)).root;
    const directory = await root.lookup('btree');
    if (directory?.kind !== 'directory') throw new Error('no directory');
    source.reads.length = 0;
    await directory.lookup('btree-1777');
    const bytes = source.reads.reduce((sum, { length }) => sum + length, 0);
    // Extent tree, node, leaf, names, inode: of the 120 KiB of this directory.
    expect(bytes).toBeLessThanOrEqual(1024 + 3 * 4096 + 512);
  });

  test('reading in order joins neighbouring extents, and blocks of the tree are read once', async () => {
    const source = tracedSource(volumes.xfs);
    const found = await fileTree((await xfs.open(source)).root).find('/files/fragmented');
    if (found?.node.kind !== 'file') throw new Error('no file');
    source.reads.length = 0;
    const { content } = found.node;
    for (let at = 0; at < content.size; at += 512 * 1024) {
      await content.read(at, Math.min(512 * 1024, content.size - at));
    }
    const offsets = source.reads.map(({ offset }) => offset);
    expect(new Set(offsets).size).toBe(offsets.length);
  });
});
