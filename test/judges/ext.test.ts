import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { ext } from '../../shared/filesystem/ext/ext.ts';
import type { DirectoryNode, Filesystem, Node } from '../../shared/filesystem/filesystem.ts';
import { run } from '../support/programs.ts';
import { expectSameTree, noise, writeSampleTree } from '../support/sample-tree.ts';

const work = mkdtempSync(join(tmpdir(), 'byoi-judge-ext-'));
const tree = join(work, 'tree');
beforeAll(() => {
  mkdirSync(tree);
  writeSampleTree(tree, { symlinks: true, sparse: true, entries: 400 });
});
afterAll(() => rmSync(work, { recursive: true }));

const e2fsprogs = (...command: string[]) => run('e2fsprogs', command);

function makeImage(name: string, megabytes: number, ...options: string[]): string {
  const path = join(work, `${name}.ext`);
  writeFileSync(path, '');
  truncateSync(path, megabytes * 2 ** 20);
  e2fsprogs('mke2fs', '-q', '-F', '-L', 'sample', ...options, path);
  return path;
}

async function reading<T>(path: string, task: (filesystem: Filesystem, bytes: ByteSource) => Promise<T>) {
  const file = await openFile(path);
  try {
    return await task(await ext.open(file), file);
  } finally {
    await file.close();
  }
}

async function nodeAt(root: DirectoryNode, path: string): Promise<Node> {
  let node: Node = root;
  for (const name of path.split('/')) {
    const next: Node | null = node.kind === 'directory' ? await node.lookup(name) : null;
    if (!next) throw new Error(`${path} is not there`);
    node = next;
  }
  return node;
}

async function bytesAt(root: DirectoryNode, path: string): Promise<Buffer> {
  const node = await nodeAt(root, path);
  if (node.kind !== 'file') throw new Error(`${path} is read as ${node.kind}`);
  return node.content.read(0, node.content.size);
}

const VARIANTS: readonly (readonly [name: string, type: string, ...options: string[]])[] = [
  ['ext2 with blocks of 1 KiB', 'ext2', '-t', 'ext2', '-b', '1024'],
  ['ext2 of revision 0', 'ext2', '-t', 'ext2', '-b', '1024', '-r', '0', '-I', '128', '-O', 'none'],
  ['ext2 without filetype', 'ext2', '-t', 'ext2', '-O', '^filetype'],
  ['ext3', 'ext3', '-t', 'ext3'],
  ['ext4', 'ext4', '-t', 'ext4'],
  ['ext4 with blocks of 1 KiB', 'ext4', '-t', 'ext4', '-b', '1024'],
  ['ext4 with blocks of 64 KiB', 'ext4', '-t', 'ext4', '-b', '65536'],
  ['ext4 without 64bit', 'ext4', '-t', 'ext4', '-O', '^64bit,^metadata_csum'],
  ['ext4 with block maps', 'ext4', '-t', 'ext4', '-O', '^extents,^64bit'],
  ['meta_bg', 'ext4', '-t', 'ext4', '-b', '1024', '-O', 'meta_bg,^resize_inode'],
  [
    'meta_bg without sparse_super',
    'ext4',
    '-t',
    'ext4',
    '-b',
    '1024',
    '-O',
    'meta_bg,^resize_inode,^sparse_super',
  ],
  [
    'meta_bg with sparse_super2',
    'ext4',
    '-t',
    'ext4',
    '-b',
    '1024',
    '-O',
    'meta_bg,^resize_inode,sparse_super2',
  ],
  [
    'meta_bg with small descriptors',
    'ext2',
    '-t',
    'ext2',
    '-b',
    '1024',
    '-g',
    '256',
    '-O',
    'meta_bg,^resize_inode',
  ],
  ['bigalloc', 'ext4', '-t', 'ext4', '-O', 'bigalloc', '-C', '16384'],
  [
    'bigalloc and meta_bg with blocks of 1 KiB',
    'ext4',
    '-t',
    'ext4',
    '-b',
    '1024',
    '-O',
    'bigalloc,meta_bg,^resize_inode',
  ],
  ['inline_data', 'ext4', '-t', 'ext4', '-O', 'inline_data'],
  ['inline_data in large inodes', 'ext4', '-t', 'ext4', '-I', '1024', '-O', 'inline_data'],
  ['no flex_bg', 'ext4', '-t', 'ext4', '-O', '^flex_bg'],
  ['inodes of 128 bytes', 'ext4', '-t', 'ext4', '-I', '128'],
  ['casefold and encrypt', 'ext4', '-t', 'ext4', '-O', 'casefold,encrypt', '-E', 'encoding=utf8'],
  [
    'no journal, csum_seed, ea_inode, large_dir',
    'ext4',
    '-t',
    'ext4',
    '-O',
    '^has_journal,metadata_csum_seed,ea_inode,large_dir',
  ],
];

describe('a tree put into a filesystem by mke2fs is read as it is', () => {
  test.each(VARIANTS)('%s', async (name, type, ...options) => {
    const path = makeImage(name, 128, ...options, '-N', '4000', '-d', tree);
    // With inline_data, mke2fs 1.47.0 forgets a hole at a file's end.
    e2fsprogs(
      'debugfs',
      '-w',
      '-R',
      `set_inode_field sparse size ${statSync(join(tree, 'sparse')).size}`,
      path,
    );
    await reading(path, async (filesystem) => {
      const blkid = run('util-linux', ['blkid', '-p', '-o', 'export', path]);
      const by = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(blkid)?.[1];
      expect(filesystem).toMatchObject({ type, label: 'sample', uuid: by('UUID'), dirty: false });
      expect(type).toBe(by('TYPE'));
      const own = await filesystem.root.lookup('lost+found');
      expect(own?.kind).toBe('directory');
      rmSync(join(tree, 'lost+found'), { recursive: true, force: true });
      mkdirSync(join(tree, 'lost+found'));
      expect(await expectSameTree(filesystem.root, tree)).toBeGreaterThan(700);
    });
    rmSync(path);
  });
});

/** Runs many commands of debugfs in one process. */
function debugfs(path: string, ...commands: string[]): string {
  return run('e2fsprogs', ['debugfs', '-w', '-f', '-', path], `${commands.join('\n')}\n`);
}

describe('what mke2fs does not write by itself', () => {
  test.each([
    ['an extent tree with two levels of nodes', '^has_journal'],
    ['indirect blocks of two levels', '^has_journal,^extents,^64bit'],
  ])('a fragmented file: %s', async (_, features) => {
    const path = makeImage('fragmented', 32, '-t', 'ext4', '-b', '1024', '-N', '8000', '-O', features);
    const small = join(work, 'small');
    const large = join(work, 'large');
    writeFileSync(small, noise('small', 1024));
    writeFileSync(large, noise('fragmented', 3 * 2 ** 20 + 5));
    const names = Array.from({ length: 6000 }, (_, index) => `f${index}`);
    debugfs(path, ...names.map((name) => `write ${small} ${name}`));
    // Every other one goes, so that no two free blocks are neighbours there.
    debugfs(path, ...names.filter((_, index) => index % 2 === 0).map((name) => `rm ${name}`));
    debugfs(path, `write ${large} large`);
    if (!features.includes('^extents')) {
      expect(debugfs(path, 'ex large')).toMatch(/^ *2\/ *2/m);
    }
    await reading(path, async ({ root }) => {
      expect((await bytesAt(root, 'large')).equals(noise('fragmented', 3 * 2 ** 20 + 5))).toBe(true);
      const node = await nodeAt(root, 'large');
      if (node.kind !== 'file') throw new Error('large is no file');
      for (const [from, length] of [
        [1023, 2],
        [300_000, 100_000],
        [3 * 2 ** 20 - 1, 6],
      ] as const) {
        expect(await node.content.read(from, length)).toEqual(
          noise('fragmented', 3 * 2 ** 20 + 5).subarray(from, from + length),
        );
      }
      expect(await root.lookup('f0')).toBeNull();
      expect(await root.lookup('f1')).not.toBeNull();
    });
    rmSync(path);
  });

  test('a triple indirect block at the end of a sparse file', async () => {
    const path = makeImage('triple', 16, '-t', 'ext2', '-b', '1024');
    const sparse = join(work, 'triple');
    writeFileSync(sparse, '');
    truncateSync(sparse, 80 * 2 ** 20);
    appendFileSync(sparse, noise('the end', 3000));
    debugfs(path, `write ${sparse} triple`);
    expect(debugfs(path, 'stat triple')).toContain('(TIND)');
    await reading(path, async ({ root }) => {
      expect((await bytesAt(root, 'triple')).equals(readFileSync(sparse))).toBe(true);
    });
    rmSync(path);
  });

  test('allocated blocks that were never written read as zeros', async () => {
    const path = makeImage('unwritten', 16, '-t', 'ext4', '-b', '1024');
    const small = join(work, 'small');
    writeFileSync(small, noise('small', 4096));
    // The blocks hold what another file left there.
    debugfs(path, `write ${small} old`, 'rm old', `write ${small} new`, 'fallocate new 0 63');
    debugfs(path, 'set_inode_field new size 65536');
    expect(debugfs(path, 'ex new')).toContain('Uninit');
    await reading(path, async ({ root }) => {
      const bytes = await bytesAt(root, 'new');
      expect(bytes.subarray(0, 4096)).toEqual(noise('small', 4096));
      expect(bytes.subarray(4096)).toEqual(Buffer.alloc(65536 - 4096));
    });
    rmSync(path);
  });

  test('debugfs dumps the tree that we read', async () => {
    const path = makeImage('rdump', 64, '-t', 'ext4', '-d', tree);
    const dump = join(work, 'dump');
    mkdirSync(dump);
    debugfs(path, `rdump / ${dump}`);
    await reading(path, async ({ root }) => {
      expect(await expectSameTree(root, dump)).toBeGreaterThan(700);
    });
    run('grub-common', ['grub-fstest', path, 'cmp', '/large', join(tree, 'large')]);
    rmSync(path);
  });
});

describe('the index of a large directory leads to each name in few reads', () => {
  const NAMES = Array.from({ length: 6000 }, (_, index) => `${index} – ${'ä'.repeat(index % 40)}`);

  test.each([
    ['legacy', 1],
    ['legacy', 2],
    ['half_md4', 1],
    ['half_md4', 2],
    ['tea', 1],
    ['tea', 2],
  ])('%s, flags %i', async (hash, flags) => {
    const path = makeImage('hashed', 32, '-t', 'ext4', '-b', '1024', '-N', '8000', '-O', '^has_journal');
    debugfs(path, `set_super_value def_hash_version ${hash}`, `set_super_value flags ${flags}`, 'mkdir d');
    const empty = join(work, 'nothing');
    writeFileSync(empty, '');
    debugfs(path, 'cd d', ...NAMES.map((name) => `write ${empty} "${name}"`));
    // It says 1, "errors corrected", since to build the index is to correct.
    run('e2fsprogs', ['sh', '-c', 'e2fsck -fyD "$1" > "$1.log"; test $? -le 1', 'sh', path]);
    expect(debugfs(path, 'htree_dump d')).toMatch(/Indirect levels: 1/);
    await reading(path, async (_, file) => {
      let reads = 0;
      const counted = {
        size: file.size,
        read(offset: number, length: number) {
          reads += 1;
          return file.read(offset, length);
        },
      };
      const { root } = await ext.open(counted);
      const directory = await nodeAt(root, 'd');
      if (directory.kind !== 'directory') throw new Error('d is no directory');
      for (const name of NAMES) {
        reads = 0;
        expect(await directory.lookup(name), name).not.toBeNull();
        // Root, node, leaf (a second one where names of one hash do not fit), extents, the inode, its descriptor.
        expect(reads, name).toBeLessThanOrEqual(7);
      }
      expect(await directory.lookup('6000')).toBeNull();
    });
    rmSync(path);
  });
});
