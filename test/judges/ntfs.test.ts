import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { paged } from '../../shared/bytes/paged.ts';
import type { Filesystem } from '../../shared/filesystem/filesystem.ts';
import { ntfs } from '../../shared/filesystem/ntfs/ntfs.ts';
import { run } from '../support/programs.ts';
import { expectSameTree, noise, writeSampleTree } from '../support/sample-tree.ts';

const VOLUME_SIZE = 96 * 2 ** 20;
const FRAGMENT = 4096;
const FRAGMENTS = 400;
/** FILE_ATTRIBUTE_COMPRESSED and FILE_ATTRIBUTE_DIRECTORY: what is made in such a directory is compressed. */
const COMPRESSED = '0x00000810';

const work = mkdtempSync(join(tmpdir(), 'byoi-judge-ntfs-'));
const tree = join(work, 'tree');
const mounted = join(work, 'mounted');
const ntfs3g = (...command: string[]) => run('ntfs-3g', command);

beforeAll(() => {
  mkdirSync(mounted);
  mkdirSync(tree);
  writeSampleTree(tree, { symlinks: false, sparse: true, entries: 1500 });
  writeFileSync(join(tree, 'text'), 'what compresses well\n'.repeat(40_000));
  // Their FILE record has no room for so many names: an attribute list.
  writeFileSync(join(tree, 'linked'), noise('linked', 100_000));
  mkdirSync(join(tree, 'links'));
  for (let index = 0; index < 60; index++) {
    linkSync(join(tree, 'linked'), join(tree, 'links', `one of many names of a file, ${index}`));
  }
  for (const name of ['a', 'b'])
    writeFileSync(join(tree, `grown-${name}`), noise(name, FRAGMENT * FRAGMENTS));
});
afterAll(() => rmSync(work, { recursive: true }));

function withMounted(image: string, task: () => void): void {
  ntfs3g('ntfs-3g', '-o', 'compression', image, mounted);
  try {
    task();
  } finally {
    run('fuse3', ['fusermount3', '-u', mounted]);
  }
}

function fill(): void {
  const copy = (to: string) => run('coreutils', ['cp', '-r', '--preserve=links', `${tree}/.`, to]);
  const plain = join(mounted, 'plain');
  const pressed = join(mounted, 'pressed');
  mkdirSync(plain);
  mkdirSync(pressed);
  run('attr', ['setfattr', '-h', '-n', 'system.ntfs_attrib_be', '-v', COMPRESSED, pressed]);
  copy(plain);
  copy(pressed);
  // Every second piece first, and what is between them later: hardly two pieces are beside each other.
  const grown = ['a', 'b'].map((name) => {
    const path = join(plain, `grown-${name}`);
    rmSync(path);
    return { file: openSync(path, 'w'), content: noise(name, FRAGMENT * FRAGMENTS) };
  });
  for (const start of [0, 1]) {
    for (let index = start; index < FRAGMENTS; index += 2) {
      const at = index * FRAGMENT;
      for (const { file, content } of grown) writeSync(file, content, at, FRAGMENT, at);
    }
  }
  for (const { file } of grown) closeSync(file);
}

async function reading(image: string, task: (filesystem: Filesystem) => Promise<void>): Promise<void> {
  const file = await openFile(image);
  try {
    await task(await ntfs.open(paged(file)));
  } finally {
    await file.close();
  }
}

async function compare(filesystem: Filesystem, directory: string): Promise<number> {
  const node = await filesystem.root.lookup(directory);
  if (node?.kind !== 'directory') throw new Error(`${directory} is not there`);
  return expectSameTree(node, tree);
}

describe.each([512, 4096, 65_536])('a volume with clusters of %d bytes', (clusterSize) => {
  const image = join(work, `${clusterSize}.ntfs`);
  const inImage = (path: string) => ntfs3g('ntfsinfo', '-F', path, image);

  beforeAll(() => {
    writeFileSync(image, '');
    truncateSync(image, VOLUME_SIZE);
    ntfs3g('mkntfs', '-q', '-Q', '-F', '-c', `${clusterSize}`, '-L', 'Größe Ω', image);
    withMounted(image, fill);
  });

  test('has what it is here to have: attribute lists, and compressed files where NTFS can', () => {
    expect(inImage('plain/linked')).toContain('$ATTRIBUTE_LIST');
    if (clusterSize <= 4096) {
      expect(inImage('plain/grown-a')).toContain('$ATTRIBUTE_LIST');
      expect(inImage('pressed/text')).toMatch(/COMPRESSED/i);
    }
  });

  test('tells label and serial number as blkid does', () =>
    reading(image, async (filesystem) => {
      const blkid = (tag: string) =>
        run('util-linux', ['blkid', '-p', '-o', 'value', '-s', tag, image]).trim();
      expect(filesystem).toMatchObject({ label: blkid('LABEL'), uuid: blkid('UUID'), dirty: false });
    }));

  test.each(['plain', 'pressed'])('reads every file of a tree as it was written, %s', (directory) =>
    reading(image, async (filesystem) => {
      expect(await compare(filesystem, directory)).toBeGreaterThan(1900);
    }),
  );

  test.each(['plain', 'pressed'])('holds what other readers find there too, %s', (directory) => {
    for (const path of ['large', 'sparse', 'text', 'linked', 'grown-a', 'grown-b']) {
      const file = `${directory}/${path}`;
      const ours = run('coreutils', ['sha256sum', '-b', join(tree, path)]).slice(0, 64);
      expect(ntfs3g('sh', '-c', `ntfscat "$1" "$2" | sha256sum`, 'sh', image, file).slice(0, 64), file).toBe(
        ours,
      );
      // GRUB 2.06 reads holes, and units of a compressed file that are stored as they are, not as ntfs-3g does.
      if (directory === 'pressed' ? path !== 'text' : path === 'sparse') continue;
      run('grub-common', ['grub-fstest', image, 'cmp', `(loop0)/${file}`, join(tree, path)]);
    }
  });
});

test('a volume that ntfsfix marked for chkdsk is told as dirty', async () => {
  const image = join(work, 'dirty.ntfs');
  copyFileSync(join(work, '4096.ntfs'), image);
  ntfs3g('ntfsfix', image);
  await reading(image, async ({ dirty }) => expect(dirty).toBe(true));
});

test('a volume that was filled, thinned out and filled again is read, with $MFT itself in many pieces', async () => {
  const image = join(work, 'aged.ntfs');
  writeFileSync(image, '');
  truncateSync(image, 12 * 2 ** 20);
  ntfs3g('mkntfs', '-q', '-Q', '-F', '-c', '512', '-z', '1', image);
  const names: string[] = [];
  withMounted(image, () => {
    const aged = join(mounted, 'aged');
    mkdirSync(aged);
    const put = (name: string, length: number) => {
      writeFileSync(join(aged, name), noise(name, length));
      names.push(name);
    };
    const fillUp = (prefix: string, length: number) => {
      for (let index = 0; ; index++) {
        try {
          put(`${prefix}-${index}`, length);
        } catch {
          rmSync(join(aged, `${prefix}-${index}`), { force: true });
          return;
        }
      }
    };
    fillUp('first', 3000);
    for (const name of names.splice(0).filter((name, index) => index % 2 === 0 || !names.push(name))) {
      rmSync(join(aged, name));
    }
    fillUp('second', 100);
  });
  expect(ntfs3g('ntfsinfo', '-i', '0', image)).toContain('$ATTRIBUTE_LIST');
  await reading(image, async ({ root }) => {
    const aged = await root.lookup('aged');
    if (aged?.kind !== 'directory') throw new Error('aged is not there');
    const found: string[] = [];
    for await (const { name, node } of aged.entries()) {
      found.push(name);
      const file = await node();
      if (file.kind !== 'file') throw new Error(`${name} is read as ${file.kind}`);
      const bytes = await file.content.read(0, file.content.size);
      expect(bytes.equals(noise(name, bytes.length)), name).toBe(true);
    }
    expect(found.sort()).toEqual(names.sort());
  });
});
