import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { fat } from '../../../shared/filesystem/fat/fat.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { buildGpt, buildMbr } from '../../support/disks.ts';
import { unpackedFixture } from '../../support/fixtures.ts';
import { tracedSource } from '../../support/sources.ts';

const LINES = Array.from({ length: 4000 }, (_, index) => `line ${`${index + 1}`.padStart(6, '0')}\n`).join(
  '',
);

const open = (image: Buffer) => fat.open(bufferSource(image));
const treeOf = async (image: Buffer) => fileTree((await open(image)).root);
const DAMAGED = { code: 'FILESYSTEM_DAMAGED' };
const LONG_PATH = '/a long name with spaces/Grüße aus Köln.txt';

describe.each([12, 16, 32] as const)('the files of fat%i.img.gz', (bits) => {
  const image = unpackedFixture(`fat${bits}.img.gz`);

  test('type, label and serial number are those that blkid prints', async () => {
    expect(fat.matches(image)).toBe(true);
    // FAT12 has no place for a dirty flag.
    expect(await open(image)).toMatchObject({
      type: 'vfat',
      label: `FAT${bits}`,
      uuid: '1234-ABCD',
      dirty: bits === 12 ? null : false,
    });
  });

  test('files in one piece and in many have their bytes', async () => {
    const tree = await treeOf(image);
    expect(await tree.readText('/EFI/BOOT/BOOTX64.EFI')).toBe('not a real loader\n');
    expect(await tree.readText('/lines')).toBe(LINES);
    expect(await tree.readText('/pieces')).toBe(LINES);
    expect(await tree.readText('/empty')).toBe('');
    expect(await tree.readText(LONG_PATH)).toBe('Grüße\n');
  });

  test('names are found in any case, and by their short form', async () => {
    const tree = await treeOf(image);
    expect(await tree.readText('/efi/Debian/GRUB.CFG')).toBe('set root\n');
    expect(await tree.readText('/A LONG Name With SPACES/GRÜßE aus kÖLN.TXT')).toBe('Grüße\n');
    expect((await tree.find('/ALONGN~1'))?.node.kind).toBe('directory');
    expect(await tree.find('/ALONGN~2')).toBeNull();
  });

  test('directories list what is there, by long names, and nothing that was deleted', async () => {
    const tree = await treeOf(image);
    expect((await tree.list('/')).map(({ name, kind }) => `${kind} ${name}`).sort()).toEqual([
      'directory EFI',
      'directory a long name with spaces',
      'directory many',
      'file empty',
      'file lines',
      'file lower.txt',
      'file pieces',
    ]);
    const even = Array.from({ length: 20 }, (_, index) => `file with a name of some length ${2 * index + 2}`);
    expect((await tree.list('/many')).map(({ name }) => name).sort()).toEqual(even.sort());
  });
});

describe('what a look into FAT costs', () => {
  test('a boot loader is there after the boot sector, the FAT, and each directory on its way', async () => {
    const source = tracedSource(unpackedFixture('fat16.img.gz'));
    const tree = fileTree((await fat.open(source)).root);
    // The boot sector, the root directory for its label, the FAT for its dirty flag.
    expect(source.reads).toHaveLength(3);
    await tree.readText('/EFI/BOOT/BOOTX64.EFI');
    // Root, EFI, BOOT, the file; the FAT is in memory by now.
    expect(source.reads).toHaveLength(3 + 4);
    expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(100_000);
  });

  test('a file whose clusters are neighbours is one read', async () => {
    const source = tracedSource(unpackedFixture('fat32.img.gz'));
    const tree = fileTree((await fat.open(source)).root);
    await tree.find('/lines');
    const before = source.reads.length;
    expect(await tree.readText('/lines')).toBe(LINES);
    expect(source.reads.slice(before).map(({ length }) => length)).toEqual([LINES.length]);
  });
});

describe('what begins like FAT and is not', () => {
  const boot = () => unpackedFixture('fat16.img.gz').subarray(0, 512);

  test.each(['NTFS    ', 'EXFAT   ', '-FVE-FS-'])('a boot sector of %s', (system) => {
    const other = boot();
    other.write(system, 3, 'latin1');
    expect(fat.matches(other)).toBe(false);
  });

  test('boot records of disks', () => {
    expect(fat.matches(buildMbr([{ type: 0xc, start: 1, sectors: 100 }], { bootCode: true }))).toBe(false);
    expect(fat.matches(buildGpt([], { bootCode: true }))).toBe(false);
  });

  test.each([
    ['no jump', 0x00, 0],
    ['sectors of 513 bytes', 0x0b, 1],
    ['clusters of no sectors', 0x0d, 0],
    ['clusters of three sectors', 0x0d, 3],
    ['no sectors before the FAT', 0x0e, 0],
    ['no FATs', 0x10, 0],
    ['media that there are not', 0x15, 0x11],
    ['no signature', 0x1fe, 0],
  ])('%s', async (_, at, value) => {
    const other = boot();
    other.writeUInt8(value, at);
    expect(fat.matches(other)).toBe(false);
    await expect(open(other)).rejects.toMatchObject(DAMAGED);
  });

  test('less than a sector', async () => {
    expect(fat.matches(boot().subarray(0, 500))).toBe(false);
    await expect(open(boot().subarray(0, 500))).rejects.toMatchObject(DAMAGED);
  });
});

describe('flags and labels', () => {
  test.each([
    [16, 'FAT[1]', (image: Buffer) => image.writeUInt16LE(0x7fff, fatOf(image) + 2)],
    [16, 'the boot sector', (image: Buffer) => image.writeUInt8(1, 0x25)],
    [32, 'FAT[1]', (image: Buffer) => image.writeUInt32LE(0x07ffffff, fatOf(image) + 4)],
    [32, 'the boot sector', (image: Buffer) => image.writeUInt8(1, 0x41)],
    [12, 'the boot sector', (image: Buffer) => image.writeUInt8(1, 0x25)],
  ])('FAT%i is dirty by %s', async (bits, _, change) => {
    const image = unpackedFixture(`fat${bits}.img.gz`);
    change(image);
    expect((await open(image)).dirty).toBe(true);
  });

  test('without an entry in the root directory, the label is the boot sector’s, but for NO NAME', async () => {
    const image = unpackedFixture('fat16.img.gz');
    const entry = image.indexOf('FAT16      ', 512, 'latin1');
    image.writeUInt8(0xe5, entry);
    expect((await open(image)).label).toBe('FAT16');
    image.write('NO NAME    ', 0x2b, 'latin1');
    expect((await open(image)).label).toBeNull();
  });

  test('the second FAT is used where the first is switched off', async () => {
    const image = unpackedFixture('fat32.img.gz');
    const length = image.readUInt32LE(0x24) * 512;
    image.fill(0, fatOf(image), fatOf(image) + length);
    image.writeUInt16LE(0x81, 0x28);
    expect(await (await treeOf(image)).readText('/pieces')).toBe(LINES);
    image.writeUInt16LE(0x82, 0x28);
    await expect(open(image)).rejects.toMatchObject(DAMAGED);
  });
});

describe('names', () => {
  const image = () => unpackedFixture('fat16.img.gz');
  const entryOf = (bytes: Buffer, name: string) => bytes.indexOf(name, 0, 'latin1');

  test('flags make a short name lower-case, in parts', async () => {
    const changed = image();
    const entry = entryOf(changed, 'EMPTY      ');
    changed.write('EMPTY   TXT', entry, 'latin1');
    for (const [flags, name] of [
      [0x00, 'EMPTY.TXT'],
      [0x08, 'empty.TXT'],
      [0x10, 'EMPTY.txt'],
      [0x18, 'empty.txt'],
    ] as const) {
      changed.writeUInt8(flags, entry + 0x0c);
      expect((await (await treeOf(changed)).list('/')).map((found) => found.name)).toContain(name);
    }
  });

  test('a long name whose checksum is that of another short name is not used', async () => {
    const changed = image();
    // A driver that knows no long names has renamed the directory.
    changed.write('RENAMED ', entryOf(changed, 'ALONGN~1'), 'latin1');
    const tree = await treeOf(changed);
    expect(await tree.find('/a long name with spaces')).toBeNull();
    expect((await tree.list('/')).map(({ name }) => name)).toContain('RENAMED');
  });

  test('a long name without one of its pieces is not used', async () => {
    const changed = image();
    const entry = entryOf(changed, 'ALONGN~1');
    expect(changed.readUInt8(entry - 32)).toBe(1);
    changed.writeUInt8(2, entry - 32);
    expect((await (await treeOf(changed)).list('/')).map(({ name }) => name)).toContain('ALONGN~1');
  });

  test('a first byte e5 is written as 05, and other letters are of code page 437', async () => {
    const changed = image();
    const entry = entryOf(changed, 'EMPTY      ');
    changed.writeUInt8(0x05, entry);
    changed.writeUInt8(0x81, entry + 1);
    changed.writeUInt8(0, entry + 0x0c);
    expect((await (await treeOf(changed)).list('/')).map(({ name }) => name)).toContain('σüPTY');
  });
});

describe('structures that no FAT has', () => {
  const entryOf = (bytes: Buffer, name: string) => bytes.indexOf(name, 0, 'latin1');

  test.each([12, 16, 32])(
    'FAT%i: a chain that goes in a circle ends, of a file and of a directory',
    async (bits) => {
      const image = unpackedFixture(`fat${bits}.img.gz`);
      const file = entryOf(image, 'LINES   ');
      const first = image.readUInt16LE(file + 0x1a);
      writeEntry(image, bits, first + 1, first);
      image.writeUInt32LE(0xffffffff, file + 0x1c);
      await expect((await treeOf(image)).read('/lines', 2 ** 20)).rejects.toMatchObject(DAMAGED);

      const directory = entryOf(image, 'MANY       ');
      const cluster = image.readUInt16LE(directory + 0x1a);
      writeEntry(image, bits, cluster, cluster);
      // Full of entries, or it would end in its first cluster.
      await expect((await treeOf(image)).find('/many/nothing')).rejects.toMatchObject(DAMAGED);
    },
  );

  test.each([
    ['a free cluster', 0],
    ['the cluster 1, which there is not', 1],
    ['a bad cluster', 0xfff7],
    ['a cluster behind the end', 0xfff0],
    ['the end, before the size', 0xffff],
  ])('a chain that leads to %s', async (_, value) => {
    const image = unpackedFixture('fat16.img.gz');
    writeEntry(image, 16, image.readUInt16LE(entryOf(image, 'LINES   ') + 0x1a), value);
    await expect((await treeOf(image)).readText('/lines')).rejects.toMatchObject(DAMAGED);
  });

  test.each([
    ['a FAT of no sectors', 0x24, 0],
    ['a FAT larger than the volume', 0x24, 0xffffffff],
    ['a root directory in cluster 0', 0x2c, 0],
    ['a root directory behind the end', 0x2c, 0x0ffffff0],
  ])('%s', async (_, at, value) => {
    const image = unpackedFixture('fat32.img.gz');
    image.writeUInt32LE(value, at);
    await expect(open(image)).rejects.toMatchObject(DAMAGED);
  });

  test('a volume a sector shorter than it says is read, as firmware and Linux do', async () => {
    const image = unpackedFixture('fat32.img.gz');
    const tree = await treeOf(image.subarray(0, image.length - 512));
    expect(await tree.readText('/lines')).toBe(LINES);
  });

  test('a directory that contains itself is as deep as its path', async () => {
    const image = unpackedFixture('fat16.img.gz');
    const efi = entryOf(image, 'EFI        ');
    const boot = entryOf(image, 'BOOT       ');
    image.writeUInt16LE(image.readUInt16LE(efi + 0x1a), boot + 0x1a);
    expect((await (await treeOf(image)).find(`/EFI${'/BOOT'.repeat(700)}/debian/grub.cfg`))?.node.kind).toBe(
      'file',
    );
  });

  test('a long name with a slash', async () => {
    const image = unpackedFixture('fat16.img.gz');
    const letter = image.indexOf(Buffer.from('a long', 'utf16le').subarray(0, 8));
    image.write('/', letter, 'utf16le');
    await expect((await treeOf(image)).list('/')).rejects.toMatchObject(DAMAGED);
  });
});

const fatOf = (image: Buffer): number => image.readUInt16LE(0x0e) * image.readUInt16LE(0x0b);

/** Changes an entry of the first FAT. */
function writeEntry(image: Buffer, bits: number, cluster: number, value: number): void {
  const at = fatOf(image) + Math.floor((cluster * bits) / 8);
  if (bits === 32) image.writeUInt32LE(value, at);
  else if (bits === 16) image.writeUInt16LE(value, at);
  else if (cluster % 2 === 0) image.writeUInt16LE((image.readUInt16LE(at) & 0xf000) | value, at);
  else image.writeUInt16LE((image.readUInt16LE(at) & 0x000f) | (value << 4), at);
}
