import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { fat } from '../../shared/filesystem/fat/fat.ts';
import type { Filesystem } from '../../shared/filesystem/filesystem.ts';
import { run } from '../support/programs.ts';
import { expectSameTree, noise, writeSampleTree } from '../support/sample-tree.ts';

const work = mkdtempSync(join(tmpdir(), 'byoi-judge-fat-'));
const tree = join(work, 'tree');
beforeAll(() => {
  mkdirSync(tree);
  writeSampleTree(tree, { symlinks: false, sparse: false, entries: 400 });
  // mtools writes no characters beyond sixteen bits.
  rmSync(join(tree, 'names', '🐧 and 🦊'));
  // Names of both cases of 8.3, which need no long name where flags say their case.
  for (const [index, name] of ['PLAIN.TXT', 'lower.txt', 'lower.TXT', 'NOEXT', 'noext'].entries()) {
    mkdirSync(join(tree, `short ${index}`));
    writeFileSync(join(tree, `short ${index}`, name), name);
  }
});
afterAll(() => rmSync(work, { recursive: true }));

/** In the C locale it could not write names that are not ASCII. */
const mtools = (...command: string[]) => run('mtools', ['env', 'LC_ALL=C.UTF-8', ...command]);

function makeImage(name: string, megabytes: number, command: string[]): string {
  const path = join(work, `${name}.fat`);
  writeFileSync(path, '');
  truncateSync(path, megabytes * 2 ** 20);
  run('mtools dosfstools', [...command, path]);
  return path;
}

const mformat = (...options: string[]) => ['mformat', '-v', 'SAMPLE', '-N', '1234ABCD', ...options, '-i'];
const mkfs = (...options: string[]) => ['mkfs.fat', '-n', 'SAMPLE', '-i', '1234ABCD', ...options];

async function reading<T>(path: string, task: (filesystem: Filesystem) => Promise<T>): Promise<T> {
  const file = await openFile(path);
  try {
    expect(fat.matches(await file.read(0, 65_536))).toBe(true);
    return await task(await fat.open(file));
  } finally {
    await file.close();
  }
}

describe('a tree copied by mcopy is read as it is, and as mcopy copies it back', () => {
  test.each([
    ['FAT12', 15, mkfs('-F', '12', '-s', '8')],
    ['FAT12 by mformat', 15, mformat('-t', '30', '-h', '16', '-s', '63', '-c', '16')],
    ['FAT16', 60, mkfs('-F', '16')],
    ['FAT16 with one FAT and sectors of 2 KiB', 60, mkfs('-F', '16', '-f', '1', '-S', '2048')],
    ['FAT32', 80, mkfs('-F', '32', '-s', '1')],
    ['FAT32 by mformat', 80, mformat('-F', '-t', '80', '-h', '32', '-s', '63', '-c', '1')],
  ])('%s', async (name, megabytes, command) => {
    const path = makeImage(name, megabytes, command);
    mtools('mcopy', '-s', '-Q', '-i', path, ...readdirSync(tree).map((entry) => join(tree, entry)), '::');
    const blkid = run('util-linux', ['blkid', '-p', '-o', 'export', path]);
    await reading(path, async (filesystem) => {
      expect(filesystem).toMatchObject({ type: 'vfat', label: 'SAMPLE', uuid: '1234-ABCD' });
      expect(filesystem.dirty).toBe(name.startsWith('FAT12') ? null : false);
      expect(blkid).toContain('\nUUID=1234-ABCD\n');
      expect(blkid).toContain('\nTYPE=vfat\n');
      expect(await expectSameTree(filesystem.root, tree)).toBeGreaterThan(700);
      const back = join(work, 'back');
      mkdirSync(back);
      mtools('mcopy', '-s', '-Q', '-n', '-i', path, '::*', back);
      expect(await expectSameTree(filesystem.root, back)).toBeGreaterThan(700);
      rmSync(back, { recursive: true });
    });
    run('grub-common', ['grub-fstest', path, 'cmp', '/large', join(tree, 'large')]);
    rmSync(path);
  });
});

test('a FAT32 of fewer clusters than the specification asks for, as small system partitions are', async () => {
  const path = makeImage('small', 80, mkfs('-F', '32', '-s', '1'));
  const large = join(tree, 'large');
  mtools('mcopy', '-i', path, large, '::large');
  const image = readFileSync(path);
  // mtools refuses to write to such a volume: it is made smaller afterwards, by its number of sectors.
  image.writeUInt32LE((30 * 2 ** 20) / 512, 0x20);
  writeFileSync(path, image);
  await reading(path, async ({ root }) => {
    const node = await root.lookup('LARGE');
    if (node?.kind !== 'file') throw new Error('large is no file');
    const bytes = await node.content.read(0, node.content.size);
    expect(bytes.equals(readFileSync(large))).toBe(true);
  });
  run('grub-common', ['grub-fstest', path, 'cmp', '/large', large]);
});

test('a file in hundreds of pieces', async () => {
  const path = makeImage('pieces', 8, mkfs('-F', '16', '-s', '1', '-r', '4096'));
  const few = join(work, 'few');
  mkdirSync(few);
  for (let index = 0; index < 1600; index++) writeFileSync(join(few, `${index}`), noise(`${index}`, 700));
  const names = readdirSync(few);
  mtools('mcopy', '-i', path, ...names.map((name) => join(few, name)), '::');
  const free = /([\d ]+) bytes free/.exec(mtools('mdir', '-i', path, '::'))?.[1] ?? '';
  writeFileSync(join(few, 'filler'), noise('filler', Number(free.replaceAll(' ', ''))));
  mtools('mcopy', '-i', path, join(few, 'filler'), '::');
  const gone = names.filter((_, index) => index % 2 === 0);
  mtools('mdel', '-i', path, ...gone.map((name) => `::${name}`));
  for (const name of gone) rmSync(join(few, name));
  writeFileSync(join(few, 'pieces'), noise('pieces', 800_000));
  mtools('mcopy', '-i', path, join(few, 'pieces'), '::pieces');
  expect(mtools('mshowfat', '-i', path, '::pieces').split('>').length).toBeGreaterThan(700);
  await reading(path, async ({ root }) => {
    await expectSameTree(root, few);
  });
});
