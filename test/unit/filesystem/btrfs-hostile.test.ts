import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../../shared/bytes/source.ts';
import { btrfs } from '../../../shared/filesystem/btrfs/btrfs.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { itemsOf, type NodePlace, NUMBERS, nodesOf, seal, sealedSource } from '../../support/btrfs.ts';
import { fixtureDisk } from '../../support/fixtures.ts';
import { tracedSource } from '../../support/sources.ts';

const SUPERBLOCK = 0x10000;
const MIRROR = 64 * 2 ** 20;
const NODE_SIZE = 4096;
const [EXTENT_DATA, ROOT_ITEM] = [108, 132];
const [CHUNK_TREE, SYSTEM_SUBVOLUME] = [3n, 256n];

let fixture: Buffer;
/** A copy of the volume for each test to spoil. */
let volume: Buffer;
/** The nodes that are read on the way to what the tests read. */
let nodes: NodePlace[];

const PATHS = [
  '/etc/os-release',
  '/none/numbers',
  '/zlib/numbers',
  '/lzo/inline',
  '/lzo/numbers',
  '/zstd/numbers',
];

/** The superblock and the chunk tree are read once, so that later tests see the spoilt nodes only. */
async function read(source: ByteSource, paths: readonly string[] = PATHS): Promise<(string | null)[]> {
  const { root } = await btrfs.open(source);
  const texts: (string | null)[] = [];
  for (const path of paths) texts.push(await fileTree(root).readText(path));
  return texts;
}

/** Reads with checksums that are right whatever a test changed. */
const readSealed = (paths?: readonly string[]) =>
  read(sealedSource(bufferSource(volume), volume.subarray(SUPERBLOCK + 0x20, SUPERBLOCK + 0x30)), paths);

beforeAll(async () => {
  const disk = await fixtureDisk('btrfs.qcow2');
  fixture = await disk.read(0, disk.size);
});

beforeEach(async () => {
  // Only what has content is copied: most of the volume is zeros that take no memory.
  volume = Buffer.alloc(fixture.length);
  for (let at = 0; at < fixture.length; at += 65_536) {
    const piece = fixture.subarray(at, at + 65_536);
    if (!piece.equals(ZEROS)) piece.copy(volume, at);
  }
  const source = tracedSource(volume);
  await read(source);
  nodes = nodesOf(volume, source.reads, NODE_SIZE);
});
const ZEROS = Buffer.alloc(65_536);

function nodeWhere(condition: (node: NodePlace) => boolean): NodePlace {
  const node = nodes.find(condition);
  if (!node) throw new Error('no such node in the fixture');
  return node;
}

const root = () => nodeWhere(({ owner, level }) => owner === SYSTEM_SUBVOLUME && level > 0);
const leaf = () => nodeWhere(({ owner, level }) => owner === SYSTEM_SUBVOLUME && level === 0);

/** The data of the first extent of this compression and type; more than one file has them. */
function extentWhere(compression: number, inline = false): Buffer {
  for (const { bytes, level } of nodes) {
    if (level > 0) continue;
    for (const { from, to } of itemsOf(bytes, EXTENT_DATA)) {
      const data = bytes.subarray(from, to);
      const found = data.readUInt8(0x10) === compression && (data.readUInt8(0x14) === 0) === inline;
      if (found) return data;
    }
  }
  throw new Error('no such extent in the fixture');
}

describe('the superblock', () => {
  const superblock = (offset = SUPERBLOCK) => volume.subarray(offset, offset + 4096);
  const change = (edit: (block: Buffer) => void) => {
    edit(superblock());
    seal(superblock());
  };

  test('is read from its copy where the first is spoilt', async () => {
    superblock().fill(0xff, 0x90, 0x98);
    expect(await read(bufferSource(volume), ['/none/numbers'])).toEqual([NUMBERS]);
  });

  test('is damaged where no copy is whole', async () => {
    superblock().fill(0xff, 0x90, 0x98);
    superblock(MIRROR).fill(0, 0x40, 0x48);
    await expect(read(bufferSource(volume))).rejects.toMatchObject({ code: 'FILESYSTEM_DAMAGED' });
    await expect(read(bufferSource(volume.subarray(0, 100_000)))).rejects.toMatchObject({
      code: 'FILESYSTEM_DAMAGED',
    });
  });

  test('tells a log that was not replayed', async () => {
    change((block) => block.writeBigUInt64LE(4096n, 0x60));
    expect((await btrfs.open(bufferSource(volume))).dirty).toBe(true);
  });

  test.each([
    [12n, 'zoned'],
    [13n, 'extent_tree_v2'],
    [14n, 'raid_stripe_tree'],
    [17n, 'remap_tree'],
    [40n, 'incompatible feature 40'],
  ])('with the incompatible feature %i is refused by its name', async (bit, name) => {
    change((block) => block.writeBigUInt64LE(block.readBigUInt64LE(0xbc) | (1n << bit), 0xbc));
    const refusal = expect(read(bufferSource(volume))).rejects;
    await refusal.toMatchObject({ code: 'FILESYSTEM_UNSUPPORTED', message: expect.stringContaining(name) });
  });

  test('of several devices is refused', async () => {
    change((block) => block.writeBigUInt64LE(2n, 0x88));
    const refusal = expect(read(bufferSource(volume))).rejects;
    await refusal.toMatchObject({
      code: 'FILESYSTEM_UNSUPPORTED',
      message: expect.stringContaining('2 devices'),
    });
  });

  test('with a changed UUID has the one that its nodes were written with beside it', async () => {
    change((block) => {
      block.copy(block, 0x23b, 0x20, 0x30);
      block.fill(0xaa, 0x20, 0x30);
      block.writeBigUInt64LE(block.readBigUInt64LE(0xbc) | (1n << 10n), 0xbc);
    });
    expect(await read(bufferSource(volume), ['/none/numbers'])).toEqual([NUMBERS]);
    expect((await btrfs.open(bufferSource(volume))).uuid).toBe('aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa');
  });

  test.each([
    ['sectors of 0 bytes', (block: Buffer) => block.writeUInt32LE(0, 0x90)],
    ['nodes of 4 GiB', (block: Buffer) => block.writeUInt32LE(0xffff_ffff, 0x94)],
    ['nodes smaller than sectors', (block: Buffer) => block.writeUInt32LE(2048, 0x94)],
    ['system chunks longer than itself', (block: Buffer) => block.writeUInt32LE(0xffff_ffff, 0xa0)],
    ['system chunks that end within one', (block: Buffer) => block.writeUInt32LE(40, 0xa0)],
    ['a root tree of 200 levels', (block: Buffer) => block.writeUInt8(200, 0xc6)],
    ['a chunk tree outside every chunk', (block: Buffer) => block.writeBigUInt64LE(1n << 50n, 0x58)],
    ['a system chunk of a thousand stripes', (block: Buffer) => block.writeUInt16LE(1000, 0x32b + 17 + 0x2c)],
    ['a system chunk of another device', (block: Buffer) => block.writeUInt8(7, 0x32b + 17 + 0x30)],
    [
      'a system chunk beyond the end of the device',
      (block: Buffer) => {
        for (const stripe of [0, 32]) block.writeBigUInt64LE(1n << 45n, 0x32b + 17 + 0x38 + stripe);
      },
    ],
  ])('with %s is damaged', async (_, edit) => {
    change(edit);
    await expect(read(bufferSource(volume))).rejects.toMatchObject({ code: 'FILESYSTEM_DAMAGED' });
  });

  test('with an address beyond 2^53 is refused', async () => {
    change((block) => block.writeBigUInt64LE(2n ** 64n - 1n, 0x50));
    await expect(read(bufferSource(volume))).rejects.toMatchObject({ code: 'INTEGER_TOO_LARGE' });
  });

  test.each([
    [3n, 'RAID0'],
    [4n, 'RAID1'],
    [6n, 'RAID10'],
    [7n, 'RAID5'],
    [8n, 'RAID6'],
    [9n, 'RAID1C3'],
    [10n, 'RAID1C4'],
  ])('with a chunk of profile bit %i is refused as %s', async (bit, name) => {
    change((block) => block.writeBigUInt64LE(2n | (1n << bit), 0x32b + 17 + 0x18));
    const refusal = expect(read(bufferSource(volume))).rejects;
    await refusal.toMatchObject({
      code: 'FILESYSTEM_UNSUPPORTED',
      message: expect.stringMatching(new RegExp(`${name}\\.`)),
    });
  });
});

describe('tree nodes', () => {
  test('are read from their second copy where the first is spoilt', async () => {
    for (const { bytes } of nodes) bytes.fill(0xee, 2000, 2100);
    expect(await read(bufferSource(volume), ['/none/numbers'])).toEqual([NUMBERS]);
  });

  test('whose checksum is wrong in both copies are damaged', async () => {
    const { bytes, address } = leaf();
    for (let at = 0; at < volume.length; at += NODE_SIZE) {
      const copy = volume.subarray(at, at + NODE_SIZE);
      if (copy !== bytes && copy.readBigUInt64LE(0x30) === address) copy.fill(0xee, 4000, 4001);
    }
    await expect(read(bufferSource(volume))).rejects.toMatchObject({
      code: 'FILESYSTEM_DAMAGED',
      message: expect.stringContaining('checksum'),
    });
  });

  /** Both copies are spoilt in the same way. */
  const spoil = ({ bytes, address }: NodePlace, edit: (node: Buffer) => void) => {
    const generation = bytes.readBigUInt64LE(0x50);
    for (let at = 0; at < volume.length; at += NODE_SIZE) {
      const copy = volume.subarray(at, at + NODE_SIZE);
      if (copy.readBigUInt64LE(0x30) === address && copy.readBigUInt64LE(0x50) === generation) edit(copy);
    }
  };

  const refused = (message: string) =>
    expect(readSealed()).rejects.toMatchObject({
      code: 'FILESYSTEM_DAMAGED',
      message: expect.stringContaining(message),
    });

  test('that point to themselves are damaged, not endless', async () => {
    const { address } = root();
    spoil(root(), (node) => {
      for (let index = 0; index < node.readUInt32LE(0x60); index++) {
        node.writeBigUInt64LE(address, 0x65 + index * 33 + 17);
        node.writeBigUInt64LE(node.readBigUInt64LE(0x50), 0x65 + index * 33 + 25);
      }
    });
    await refused('is not the one that tree 256 should have there');
  });

  test('that all point to the same one are damaged: no tree is larger than its nodes', async () => {
    spoil(root(), (node) => {
      for (let index = 1; index < node.readUInt32LE(0x60); index++) {
        node.copy(node, 0x65 + index * 33 + 17, 0x65 + 17, 0x65 + 33);
      }
    });
    await refused('is not the one that tree 256 should have there');
  });

  test('of another level, generation or tree than the one above says are damaged', async () => {
    spoil(leaf(), (node) => node.writeBigUInt64LE(999_999n, 0x50));
    await refused('is not the one');
  });

  test('of a tree that is no subvolume are none of a subvolume', async () => {
    spoil(leaf(), (node) => node.writeBigUInt64LE(CHUNK_TREE, 0x58));
    await refused('is not the one');
  });

  test.each([
    [
      'more items than it has room for',
      (node: Buffer) => node.writeUInt32LE(0xffff_ffff, 0x60),
      'items on level',
    ],
    ['a level that is too high', (node: Buffer) => node.writeUInt8(8, 0x64), 'items on level'],
    [
      'no item on a level above the leaves',
      (node: Buffer) => node.writeUIntLE(0x01_0000_0000, 0x60, 5),
      'items on level',
    ],
    ['keys that do not ascend', (node: Buffer) => node.fill(0, 0x65 + 25, 0x65 + 42), 'do not ascend'],
    ['data outside itself', (node: Buffer) => node.writeUInt32LE(5000, 0x65 + 17), 'lies outside it'],
    ['data in the list of its items', (node: Buffer) => node.writeUInt32LE(0, 0x65 + 17), 'lies outside it'],
    [
      'data longer than itself',
      (node: Buffer) => node.writeUInt32LE(0xffff_ffff, 0x65 + 21),
      'lies outside it',
    ],
  ])('with %s are damaged', async (_, edit, message) => {
    spoil(leaf(), edit);
    await refused(message);
  });

  test('with the root of a subvolume that is too high are damaged', async () => {
    for (const place of nodes) {
      for (const { from, objectId } of itemsOf(place.bytes, ROOT_ITEM)) {
        if (place.level === 0 && objectId === SYSTEM_SUBVOLUME)
          spoil(place, (node) => node.writeUInt8(99, from + 0xee));
      }
    }
    await refused('99 levels');
  });
});

describe('file extents', () => {
  const refused = (path: string, code: string) =>
    expect(readSealed([path]).then(() => 'read')).rejects.toMatchObject({ code });

  test.each([
    ['zlib', 1],
    ['lzo', 2],
    ['zstd', 3],
  ])('of %s that open to more than they say are refused', async (name, compression) => {
    const extent = extentWhere(compression);
    extent.writeBigUInt64LE(65_536n, 0x08);
    extent.writeBigUInt64LE(0n, 0x25);
    extent.writeBigUInt64LE(65_536n, 0x2d);
    await refused(`/${name}/numbers`, 'COMPRESSED_DATA_TOO_LARGE');
  });

  test('inline that open to more than they say are refused', async () => {
    extentWhere(2, true).writeBigUInt64LE(100n, 0x08);
    await refused('/lzo/inline', 'COMPRESSED_DATA_TOO_LARGE');
  });

  test.each([
    ['a part beyond their end', (extent: Buffer) => extent.writeBigUInt64LE(1n << 40n, 0x25)],
    ['a part longer than themselves', (extent: Buffer) => extent.writeBigUInt64LE(1n << 40n, 0x2d)],
    ['more than 128 KiB compressed', (extent: Buffer) => extent.writeBigUInt64LE(1n << 30n, 0x1d)],
    ['more than 128 KiB decompressed', (extent: Buffer) => extent.writeBigUInt64LE(1n << 30n, 0x08)],
    ['a type that is none', (extent: Buffer) => extent.writeUInt8(3, 0x14)],
    ['an address outside every chunk', (extent: Buffer) => extent.writeBigUInt64LE(1n << 50n, 0x15)],
  ])('with %s are damaged', async (_, edit) => {
    edit(extentWhere(2));
    await refused('/lzo/numbers', 'FILESYSTEM_DAMAGED');
  });

  test('that overlap are damaged: a read costs what is asked for, not many times that', async () => {
    // The next extent of this file starts before 128 KiB, where some bytes were written again.
    extentWhere(1).writeBigUInt64LE(131_072n, 0x2d);
    await refused('/zlib/numbers', 'FILESYSTEM_DAMAGED');
  });

  test.each([
    ['encryption', (extent: Buffer) => extent.writeUInt8(1, 0x11)],
    ['an unknown compression', (extent: Buffer) => extent.writeUInt8(4, 0x10)],
  ])('with %s are refused', async (_, edit) => {
    edit(extentWhere(2));
    await refused('/lzo/numbers', 'FILESYSTEM_UNSUPPORTED');
  });

  test.each([
    ['a total longer than the extent', 0, 0xffff_ffff],
    ['a total that is none', 0, 0],
    ['a segment longer than the extent', 4, 0xffff_ffff],
  ])('of LZO with %s are damaged', async (_, at, value) => {
    extentWhere(2, true).writeUInt32LE(value, 0x15 + at);
    await refused('/lzo/inline', 'FILESYSTEM_DAMAGED');
  });

  test('whose file is said to be of 2^50 bytes have zeros after their end', async () => {
    for (const { bytes, level } of nodes) {
      if (level > 0) continue;
      for (const { from } of itemsOf(bytes, 1)) {
        if (bytes.readBigUInt64LE(from + 0x10) === BigInt(NUMBERS.length)) {
          bytes.writeBigUInt64LE(1n << 50n, from + 0x10);
        }
      }
    }
    const source = sealedSource(bufferSource(volume), volume.subarray(SUPERBLOCK + 0x20, SUPERBLOCK + 0x30));
    const found = await fileTree((await btrfs.open(source)).root).find('/none/numbers');
    const content = found?.node.kind === 'file' ? found.node.content : bufferSource(Buffer.alloc(0));
    expect(content.size).toBe(2 ** 50);
    expect((await content.read(2 ** 49, 100)).equals(Buffer.alloc(100))).toBe(true);
  });

  test('of a symlink end at a NUL, as they do for the kernel', async () => {
    for (const { bytes } of nodes) {
      const at = bytes.indexOf('../usr/lib/os-release');
      if (at >= 0) bytes.writeUInt8(0, at + '../usr/lib'.length);
    }
    const fsid = volume.subarray(SUPERBLOCK + 0x20, SUPERBLOCK + 0x30);
    const { root } = await btrfs.open(sealedSource(bufferSource(volume), fsid));
    const link = await fileTree(root).findLink('/etc/os-release');
    expect(link?.node.kind === 'symlink' && (await link.node.target())).toBe('../usr/lib');
  });
});
