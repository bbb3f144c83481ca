import { beforeAll, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { btrfs } from '../../../shared/filesystem/btrfs/btrfs.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import type { DirectoryNode, Filesystem } from '../../../shared/filesystem/filesystem.ts';
import { INLINE, NUMBERS } from '../../support/btrfs.ts';
import { fixtureDisk } from '../../support/fixtures.ts';
import { tracedSource } from '../../support/sources.ts';

let volume: Buffer;
let plain: Buffer;
let system: Filesystem;

beforeAll(async () => {
  const whole = async (name: string) => {
    const disk = await fixtureDisk(name);
    return disk.read(0, disk.size);
  };
  volume = await whole('btrfs.qcow2');
  plain = await whole('btrfs-plain.qcow2');
  system = await btrfs.open(bufferSource(volume));
});

const top = (): DirectoryNode => {
  if (!system.topLevel) throw new Error('no top level');
  return system.topLevel;
};

async function names(directory: DirectoryNode, path: string): Promise<string[]> {
  return (await fileTree(directory).list(path)).map(({ name }) => name);
}

async function contentOf(directory: DirectoryNode, path: string) {
  const found = await fileTree(directory).find(path);
  if (found?.node.kind !== 'file') throw new Error(`no file ${path}`);
  return found.node.content;
}

describe('what a volume says of itself', () => {
  test('its label and UUID, as blkid prints them, and that it was unmounted', () => {
    expect(btrfs.matches(volume.subarray(0, 256 * 1024))).toBe(true);
    expect(system).toMatchObject({
      type: 'btrfs',
      label: 'fixture',
      uuid: 'b7a5ed00-0000-4000-8000-000000000001',
      dirty: false,
    });
  });

  test('no label where there is none, behind checksums of another kind', async () => {
    const filesystem = await btrfs.open(bufferSource(plain));
    expect(filesystem).toMatchObject({ label: null, uuid: 'b7a5ed00-0000-4000-8000-000000000002' });
    expect(await names(filesystem.root, '/')).toEqual(['empty', 'inline', 'numbers', 'sparse']);
    expect(await fileTree(filesystem.root).readText('numbers')).toBe(NUMBERS);
  });
});

describe('subvolumes', () => {
  test('the root is the default subvolume', async () => {
    expect(await fileTree(system.root).readText('/etc/os-release')).toBe('ID=changed-after-the-snapshot\n');
    expect(await system.root.lookup('outside')).toBeNull();
  });

  test('the root is the top level where no default was set', async () => {
    const filesystem = await btrfs.open(bufferSource(plain));
    expect(filesystem.root).toBe(filesystem.topLevel);
  });

  test('are directories of the top level', async () => {
    expect(await names(top(), '/')).toEqual(['@', '@home', 'outside', 'snapshot']);
    expect(await fileTree(top()).readText('/@home/user')).toBe('at home\n');
    expect(await fileTree(top()).readText('/@/etc/os-release')).toBe('ID=changed-after-the-snapshot\n');
  });

  test('are directories of each other', async () => {
    expect(await fileTree(system.root).readText('/nested/inside')).toBe('in the nested subvolume\n');
  });

  test('a snapshot has the files as they were', async () => {
    const text = await fileTree(top()).readText('/snapshot/etc/os-release');
    expect(text).toBe('NAME="btrfs fixture"\nID=fixture\n');
  });

  test('a snapshot has an empty directory in the place of a nested subvolume', async () => {
    expect(await names(top(), '/snapshot')).toContain('nested');
    expect(await names(top(), '/snapshot/nested')).toEqual([]);
    expect(await fileTree(top()).find('/snapshot/nested/inside')).toBeNull();
  });
});

describe('directories', () => {
  test('of hundreds of files, by name and in order', async () => {
    const wanted = Array.from({ length: 200 }, (_, index) => `a-file-with-number-${index + 1}`);
    expect((await names(system.root, '/many')).sort()).toEqual(wanted.sort());
    for (const number of [1, 77, 200]) {
      const text = await fileTree(system.root).readText(`/many/a-file-with-number-${number}`);
      expect(text).toBe(`file ${number}\n`);
    }
    expect(await fileTree(system.root).find('/many/a-file-with-number-201')).toBeNull();
  });

  test('with names that have the same hash', async () => {
    const read = fileTree(system.root).readText;
    expect(await read('/collision/jofsdkozio')).toBe('first\n');
    expect(await read('/collision/yipaolackd')).toBe('second\n');
    expect((await names(system.root, '/collision')).sort()).toEqual(['jofsdkozio', 'yipaolackd']);
  });

  test.each([
    ['n'.repeat(255), 'long\n'],
    ['Grüße 世界', 'unicode\n'],
    ['deep/b/c/d/e/file', 'deep\n'],
  ])('with the name %s', async (name, text) => {
    expect(await fileTree(system.root).readText(name)).toBe(text);
  });

  test.each(['', '.', '..', 'n'.repeat(256), 'NESTED', 'jofsdkozip'])('have no entry %j', async (name) => {
    expect(await system.root.lookup(name)).toBeNull();
  });

  test('tell the kind of an entry, and of what it stands for', async () => {
    const kinds: Record<string, unknown> = {};
    for await (const { name, kind, node } of system.root.entries()) kinds[name] = [kind, (await node()).kind];
    expect(kinds).toMatchObject({
      fifo: ['other', 'other'],
      etc: ['directory', 'directory'],
      nested: ['directory', 'directory'],
      sparse: ['file', 'file'],
    });
    const link = await fileTree(system.root).findLink('/etc/os-release');
    expect(link?.node.kind === 'symlink' && (await link.node.target())).toBe('../usr/lib/os-release');
  });
});

describe('files', () => {
  const changed = (text: string) => `${text.slice(0, 100_000)}changed${text.slice(100_007)}`;

  test.each([
    ['none', NUMBERS],
    ['lzo', NUMBERS],
    ['zstd', NUMBERS],
    // A few bytes of this one were written again: its extents are parts of others.
    ['zlib', changed(NUMBERS)],
  ])('written with compression %s', async (compression, wanted) => {
    const content = await contentOf(system.root, `${compression}/numbers`);
    expect(content.size).toBe(wanted.length);
    expect((await content.read(0, content.size)).toString()).toBe(wanted);
    for (const [offset, length] of [
      [0, 1],
      [131_071, 2],
      [99_999, 10],
      [262_144, 4096],
      [content.size - 1, 1],
      [content.size, 0],
    ] as const) {
      const text = (await content.read(offset, length)).toString();
      expect(text).toBe(wanted.slice(offset, offset + length));
    }
    expect(await fileTree(system.root).readText(`${compression}/inline`)).toBe(INLINE);
    expect(await fileTree(system.root).readText(`${compression}/empty`)).toBe('');
  });

  test('with holes that have extents', async () => {
    const content = await contentOf(system.root, '/sparse');
    const bytes = await content.read(0, content.size);
    const tail = Buffer.alloc(5000, 'text');
    const wanted = Buffer.concat([Buffer.alloc(1_048_576), tail, Buffer.alloc(2_000_000 - 1_048_576 - 5000)]);
    expect(bytes.equals(wanted)).toBe(true);
  });

  test('with holes that have none', async () => {
    const { root } = await btrfs.open(bufferSource(plain));
    const content = await contentOf(root, '/sparse');
    const bytes = await content.read(0, content.size);
    expect(bytes.toString('latin1').replaceAll('\0', '')).toBe('tail\n');
    expect([bytes.indexOf('tail\n'), bytes.length]).toEqual([1_048_576, 2_000_000]);
  });

  test('allocated in advance have zeros', async () => {
    const content = await contentOf(system.root, '/preallocated');
    expect((await content.read(0, content.size)).equals(Buffer.alloc(65_536))).toBe(true);
  });

  test('are read between their ends only', async () => {
    const content = await contentOf(system.root, '/none/inline');
    await expect(content.read(1000, 100)).rejects.toMatchObject({ code: 'OUT_OF_BOUNDS' });
  });
});

describe('what reading costs', () => {
  test('/etc/os-release is a read of each node on the way', async () => {
    const source = tracedSource(volume);
    const { root } = await btrfs.open(source);
    const opened = source.reads.length;
    await fileTree(root).readText('/etc/os-release');
    // Superblock, chunk tree, root tree (two levels); then the subvolume's tree.
    expect(opened).toBe(4);
    expect(source.reads.length - opened).toBeLessThanOrEqual(9);
    const again = source.reads.length;
    await fileTree(root).readText('/etc/os-release');
    expect(source.reads.length).toBe(again);
  });

  test('a file whose extents lie one after the other is one read, compressed or not', async () => {
    for (const compression of ['none', 'lzo', 'zstd']) {
      const source = tracedSource(volume);
      const { root } = await btrfs.open(source);
      const content = await contentOf(root, `${compression}/numbers`);
      await content.read(content.size - 1, 1);
      const before = source.reads.length;
      await content.read(0, content.size);
      expect(source.reads.length - before).toBe(1);
    }
  });
});
