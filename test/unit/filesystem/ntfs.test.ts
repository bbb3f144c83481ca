import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { paged } from '../../../shared/bytes/paged.ts';
import type { ByteSource } from '../../../shared/bytes/source.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { ntfs } from '../../../shared/filesystem/ntfs/ntfs.ts';
import { lines, noise, ntfsVolume } from '../../support/ntfs.ts';
import { tracedSource } from '../../support/sources.ts';

const MEBIBYTE = 2 ** 20;

const open = async (bytes = ntfsVolume()) => ntfs.open(bufferSource(bytes));
const openTree = async () => fileTree((await open()).root);

async function contentOf(path: string, source: ByteSource = bufferSource(ntfsVolume())): Promise<ByteSource> {
  const found = await fileTree((await ntfs.open(source)).root).find(path);
  if (found?.node.kind !== 'file') throw new Error(`${path} is no file`);
  return found.node.content;
}

async function wholeOf(path: string): Promise<Buffer> {
  const content = await contentOf(path);
  return content.read(0, content.size);
}

/** test/fixtures/make-ntfs.sh: a block of 8 KiB each begins with its number. */
function sparse(): Buffer {
  const bytes = Buffer.alloc(2 * MEBIBYTE);
  for (let block = 0; block < 200; block++) bytes.write(`fragment ${`${block}`.padStart(4)}`, block * 8192);
  return bytes;
}

const FIRST = lines('first', 12000);
const FILES: Readonly<Record<string, Buffer>> = {
  'Windows/System32/config/SYSTEM': lines('SYSTEM', 20_000),
  'Windows/System32/drivers/vioscsi.sys': lines('vioscsi', 20),
  'Windows/Größe–Ωμέγα.txt': lines('ä', 3),
  'Windows/🦊.txt': lines('ÄÖ', 3),
  empty: Buffer.alloc(0),
  sparse: sparse(),
  linked: lines('linked', 2000),
  'Compact/another-name-of-the-same-file-29': lines('linked', 2000),
  'Pressed/text': lines('pressed', 30_000),
  'Pressed/zeros': Buffer.alloc(200_000),
  'Pressed/mixed': Buffer.concat([FIRST.subarray(0, 65_536), noise(65_536), lines('last', 3000)]),
  'Compact/xpress4k': lines('compact', 6000),
  'Compact/xpress8k': lines('compact', 6000),
  'Compact/xpress16k': lines('compact', 6000),
  'Compact/xpress-noise': Buffer.concat([FIRST.subarray(0, 32_768), noise(3000)]),
  'Compact/lzx-text': lines('compact', 6000),
  'Compact/lzx-program': Buffer.from(lines('\xe8', 6000).toString(), 'latin1'),
  'Compact/lzx-noise': Buffer.concat([FIRST.subarray(0, 32_768), noise(3000)]),
};

describe('a volume that ntfs-3g made', () => {
  test('tells its label, its serial number as blkid prints it, and that it was unmounted', async () => {
    expect(await open()).toMatchObject({
      type: 'ntfs',
      label: 'byoi Wurzel',
      uuid: '0BADBEEF11223344',
      dirty: false,
    });
  });

  test('is known by its boot sector, and a shorter head is not', () => {
    expect(ntfs.matches(ntfsVolume().subarray(0, 65_536))).toBe(true);
    expect(ntfs.matches(ntfsVolume().subarray(0, 100))).toBe(false);
    expect(ntfs.matches(Buffer.alloc(65_536))).toBe(false);
  });

  test.each(Object.entries(FILES))('%s is read whole', async (path, expected) => {
    expect((await wholeOf(path)).equals(expected)).toBe(true);
  });

  test.each(Object.entries(FILES))('%s is read in pieces of odd sizes', async (path, expected) => {
    const content = await contentOf(path);
    expect(content.size).toBe(expected.length);
    for (let at = 0, length = 1; at < expected.length; at += length, length = (length * 7 + 11) % 90_001) {
      const piece = await content.read(at, Math.min(length, expected.length - at));
      expect(piece.equals(expected.subarray(at, at + piece.length)), `at ${at}`).toBe(true);
    }
  });

  test('a directory with an index of several levels lists each name once, and none that was deleted', async () => {
    const names = (await (await openTree()).list('Windows/System32')).map(({ name }) => name);
    const expected = Array.from({ length: 400 }, (_, number) => `${number}`.padStart(3, '0'))
      .filter((number) => !number.startsWith('1'))
      .map((number) => `library-with-a-long-name-${number}.dll`);
    expect(names.sort()).toEqual(['config', 'drivers', ...expected].sort());
  });

  test('every name that is listed is found, and in capitals too', async () => {
    const tree = await openTree();
    for (const directory of ['', 'Windows', 'Windows/System32', 'Compact']) {
      for (const { name, kind } of await tree.list(directory)) {
        const found = await tree.findLink(`${directory}/${name}`);
        expect(found, name).not.toBeNull();
        if (kind) expect(found?.node.kind, name).toBe(kind);
        // JavaScript's upper case of ß is two letters; a volume's table has one for each.
        const capitals = name.toUpperCase().replace('GRÖSSE', 'GRÖßE');
        expect(await tree.findLink(`${directory}/${capitals}`), capitals).not.toBeNull();
      }
    }
  });

  test.each(['windows/system32/CONFIG/system', 'WINDOWS/GRÖßE–ΩΜΈΓΑ.TXT', 'windows/größe–ωμέγα.txt'])(
    '%s is found without regard to case',
    async (path) => {
      expect(await (await openTree()).find(path)).not.toBeNull();
    },
  );

  test.each(['.', 'Windows/nothing', 'Windows/System32/library-with-a-long-name-150.dll', 'linked/beyond'])(
    '%s is not there',
    async (path) => {
      const { root } = await open();
      const tree = fileTree(root);
      expect(path === '.' ? await root.lookup(path) : await tree.find(path)).toBeNull();
    },
  );

  test('a short 8.3 name is found, and not listed beside the long one', async () => {
    const tree = await openTree();
    expect((await tree.find('PROGRA~1'))?.node.kind).toBe('directory');
    const names = (await tree.list('/')).map(({ name }) => name);
    expect(names).toContain('Program Files');
    expect(names).not.toContain('PROGRA~1');
    expect(names).not.toContain('.');
  });

  test.each([
    ['absolute', '/Windows/System32/drivers'],
    ['rooted', '/Windows'],
    ['Compact/relative', '../Windows/System32'],
    ['junction', '/Windows/'],
    ['linux-link', 'Windows/System32'],
  ])('%s is a link that leads to %s', async (path, target) => {
    const tree = await openTree();
    const link = (await tree.findLink(path))?.node;
    expect(link?.kind === 'symlink' && (await link.target())).toBe(target);
    expect((await tree.find(path))?.node.kind).toBe('directory');
  });

  test.each(['other-drive', 'volume-mount', 'cloud', '$Secure'])(
    'what is behind %s is kept elsewhere, and is not told as a file',
    async (path) => {
      expect((await (await openTree()).findLink(path))?.node.kind).toBe('other');
    },
  );
});

describe('what reading costs over a page cache', () => {
  async function traced(path: string) {
    const source = tracedSource(ntfsVolume());
    const content = await contentOf(path, paged(source));
    return { source, content };
  }

  test('the SYSTEM hive is found in few reads', async () => {
    const { source } = await traced('windows/system32/config/system');
    expect(source.reads.length).toBeLessThanOrEqual(8);
    expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(MEBIBYTE / 2);
  });

  test('a file in one place is read at once', async () => {
    const { source, content } = await traced('Windows/System32/config/SYSTEM');
    const before = source.reads.length;
    await content.read(0, content.size);
    expect(source.reads.length - before).toBeLessThanOrEqual(2);
  });

  test('the compression units of a file are read together', async () => {
    const { source, content } = await traced('Pressed/text');
    const before = source.reads.length;
    await content.read(0, content.size);
    expect(source.reads.length - before).toBeLessThanOrEqual(3);
  });
});
