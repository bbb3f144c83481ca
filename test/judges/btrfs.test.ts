import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { paged } from '../../shared/bytes/paged.ts';
import { btrfs } from '../../shared/filesystem/btrfs/btrfs.ts';
import type { DirectoryNode, Filesystem } from '../../shared/filesystem/filesystem.ts';
import { run } from '../support/programs.ts';
import { expectSameTree, noise, writeSampleTree } from '../support/sample-tree.ts';

// mkfs.btrfs and the kernel (in libguestfs' appliance) write; we read, and so do GRUB, btrfs restore and the kernel.

process.env.LIBGUESTFS_BACKEND ??= 'direct';
process.env.LIBGUESTFS_BACKEND_SETTINGS ??= 'force_tcg';

const work = mkdtempSync(join(tmpdir(), 'byoi-btrfs-'));
afterAll(() => rmSync(work, { recursive: true }));
const source = join(work, 'source');

beforeAll(() => {
  mkdirSync(source);
  writeSampleTree(source, { symlinks: true, sparse: true, entries: 600 });
  const text = (length: number) => Buffer.alloc(length, 'a line of words, of which there are many more\n');
  const half = (length: number) => {
    const bytes = noise('half', length);
    for (let at = 0; at < length; at += 1000) text(500).copy(bytes, at);
    return bytes;
  };
  // Compressed extents are of 128 KiB, in LZO of segments of 4 KiB.
  for (const [kind, make] of Object.entries({
    text,
    half,
    zeros: (length: number) => Buffer.alloc(length),
  })) {
    mkdirSync(join(source, kind));
    for (const length of [
      60, 2047, 2048, 4095, 4096, 4097, 65_536, 131_071, 131_072, 131_073, 300_000, 1_000_000,
    ]) {
      writeFileSync(join(source, kind, `${length}`), make(length));
    }
  }
});

function makeVolume(name: string, size: string, ...options: string[]): string {
  const path = join(work, name);
  run('coreutils', ['truncate', '-s', size, path]);
  run('btrfs-progs', ['mkfs.btrfs', '--quiet', ...options, path]);
  return path;
}

async function withVolume<T>(path: string, task: (filesystem: Filesystem) => Promise<T>): Promise<T> {
  const file = await openFile(path);
  try {
    return await task(await btrfs.open(paged(file)));
  } finally {
    await file.close();
  }
}

const expectSource = (path: string): Promise<number> =>
  withVolume(path, ({ root }) => expectSameTree(root, source));

/** SHA-256 of each file below, read in pieces that begin and end anywhere. */
async function sumsOf(directory: DirectoryNode, path = ''): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for await (const { name, node } of directory.entries()) {
    const found = await node();
    if (found.kind === 'directory') Object.assign(sums, await sumsOf(found, `${path}${name}/`));
    if (found.kind !== 'file') continue;
    const { content } = found;
    const hash = createHash('sha256');
    for (let at = 0, piece = 700_001; at < content.size; at += piece) {
      hash.update(await content.read(at, Math.min(piece, content.size - at)));
    }
    sums[`${path}${name}`] = hash.digest('hex');
  }
  return sums;
}

describe('a tree that mkfs.btrfs wrote is read byte for byte', () => {
  test.each([
    ['as it does by default', '300M', []],
    ['with nodes of 4 KiB and data among metadata', '300M', ['--mixed', '--nodesize', '4096']],
    ['with nodes of 64 KiB and two copies of all', '600M', ['--nodesize', '65536', '-d', 'dup', '-m', 'dup']],
    [
      'with one copy of all, and without the features of newer kernels',
      '300M',
      ['-d', 'single', '-m', 'single', '-O', '^no-holes,^extref,^skinny-metadata'],
    ],
    ['with checksums by xxhash', '300M', ['--checksum', 'xxhash']],
    ['with checksums by SHA-256', '300M', ['--checksum', 'sha256']],
    ['with checksums by BLAKE2', '300M', ['--checksum', 'blake2']],
    ['with quotas', '300M', ['-R', 'quota']],
  ])('%s', async (_, size, options) => {
    const path = makeVolume('mkfs.raw', size, '--force', '--rootdir', source, ...options);
    expect(await expectSource(path)).toBeGreaterThan(900);
  });

  test('with label and UUID as blkid has them', async () => {
    const path = makeVolume(
      'labelled.raw',
      '128M',
      '--label',
      'Wurzel – root',
      '--uuid',
      '11112222-3333-4444-5555-666677778888',
    );
    const byBlkid = ['LABEL', 'UUID'].map((tag) =>
      run('util-linux', ['blkid', '-p', '-o', 'value', '-s', tag, path]).trim(),
    );
    expect(await withVolume(path, async ({ label, uuid }) => [label, uuid])).toEqual(byBlkid);
  });

  test('with a UUID that was changed without writing its nodes again', async () => {
    const path = makeVolume('changed.raw', '300M', '--rootdir', source);
    run('btrfs-progs', ['btrfstune', '-M', '99998888-7777-6666-5555-444433332222', path]);
    expect(await withVolume(path, async ({ uuid }) => uuid)).toBe('99998888-7777-6666-5555-444433332222');
    await expectSource(path);
  });
});

test.each(['raid0', 'raid1', 'raid10', 'raid5', 'raid6', 'raid1c3'])(
  'one device of %s is refused',
  async (profile) => {
    const others = ['b.raw', 'c.raw', 'd.raw'].map((name) => join(work, name));
    for (const path of others) writeFileSync(path, '');
    for (const path of others) truncateSync(path, 128 * 2 ** 20);
    const path = makeVolume('a.raw', '128M', '--force', '-d', profile, '-m', profile, ...others);
    await expect(withVolume(path, async () => {})).rejects.toMatchObject({
      code: 'FILESYSTEM_UNSUPPORTED',
      message: expect.stringContaining('4 devices'),
    });
  },
);

describe('a tree that the kernel wrote is read byte for byte', () => {
  const compressions = ['none', 'zlib', 'lzo', 'zstd'] as const;
  let path = '';
  let small = '';
  let dirty = '';

  /** What the kernel reads of the files of each subvolume, after it changed them. */
  const byKernel = (subvolume: string): Record<string, string> =>
    Object.fromEntries(
      readFileSync(join(work, `${subvolume}.sums`), 'utf8')
        .trim()
        .split('\n')
        .map((line) => [line.slice(66).replace(/^\.\//, ''), line.slice(0, 64)]),
    );

  const inSubvolume = <T>(name: string, task: (directory: DirectoryNode) => Promise<T>): Promise<T> =>
    withVolume(path, async ({ topLevel }) => {
      const directory = await topLevel?.lookup(name);
      if (directory?.kind !== 'directory') throw new Error(`no subvolume ${name}`);
      return task(directory);
    });

  beforeAll(() => {
    path = makeVolume('kernel.raw', '1500M', '-m', 'dup');
    small = makeVolume('small.raw', '400M', '--mixed', '--nodesize', '4096');
    dirty = makeVolume('dirty.raw', '128M');
    run('tar', ['tar', '--sparse', '-C', source, '-cf', join(work, 'source.tar'), '.']);
    // Files that lose their middle, are written again in places, share extents, end early, and grow.
    const change = [
      'cd /sysroot/$1',
      'cp --reflink=always large shared',
      'for at in 3 77 1000 1001 1400; do dd if=half/300000 of=large bs=4096 count=3 seek=$at conv=notrunc; done',
      'printf changed | dd of=shared bs=1 seek=5000000 conv=notrunc',
      'fallocate --punch-hole --offset 1000000 --length 500000 large',
      'fallocate --length 3000000 text/1000000',
      'truncate -s 70000 half/131073',
      'truncate -s 200000 half/131072',
      'rm directory/*1*',
      'sync',
    ];
    const script = [
      'run',
      'mount /dev/sda /',
      ...compressions.map((name) => `btrfs-subvolume-create /@${name}`),
      'umount-all',
      ...compressions.flatMap((name) => [
        `mount-options ${name === 'none' ? '' : `compress-force=${name},`}subvol=@${name} /dev/sda /`,
        `tar-in ${work}/source.tar /`,
        'umount-all',
      ]),
      'mount-options compress=zstd /dev/sda /',
      'btrfs-subvolume-snapshot /@zlib /before',
      `upload ${work}/change.sh /change.sh`,
      ...compressions.map((name) => `debug sh "sh -e /sysroot/change.sh @${name} 2> /dev/null"`),
      'rm /change.sh',
      'btrfs-subvolume-create /@zstd/inner',
      'write /@zstd/inner/file "inner"',
      'btrfs-subvolume-snapshot /@zstd /@zstd/of-itself',
      'btrfs-subvolume-create /deleted',
      'btrfs-subvolume-delete /deleted',
      'debug sh "btrfs subvolume set-default /sysroot/@lzo"',
      'umount-all',
      'mount-options subvolid=5 /dev/sda /',
      ...[...compressions.map((name) => `@${name}`), 'before'].map(
        (name) => `checksums-out sha256 /${name} ${work}/${name}.sums`,
      ),
      'umount-all',
      'mount-options compress-force=lzo /dev/sdb /',
      `tar-in ${work}/source.tar /`,
      'umount-all',
      'sync',
      // A file that was synced after the last commit, and the machine that goes off.
      'mount /dev/sdc /',
      'write /committed "before"',
      'sync',
      'debug sh "dd if=/dev/zero of=/sysroot/logged bs=5000 count=1 conv=fsync 2> /dev/null"',
      '-debug sh "echo b > /proc/sysrq-trigger"',
    ];
    writeFileSync(join(work, 'change.sh'), change.join('\n'));
    const disks = [path, small, dirty].flatMap((disk) => ['-a', disk]);
    run('libguestfs-tools', ['guestfish', '--format=raw', ...disks], `${script.join('\n')}\n`);
  }, 600_000);

  test.each(compressions)('with compression %s, and after files were changed', async (name) => {
    const sums = await inSubvolume(`@${name}`, sumsOf);
    expect(sums).toEqual(byKernel(`@${name}`));
    expect(sums.large).not.toBe(sums.shared);
    expect(Object.keys(sums).length).toBeGreaterThan(500);
  });

  test('in a snapshot, as they were before', async () => {
    await inSubvolume('before', (directory) => expectSameTree(directory, source));
    expect(await inSubvolume('before', sumsOf)).toEqual(byKernel('before'));
  });

  test('in the default subvolume, and no subvolume that was deleted', async () => {
    await withVolume(path, async ({ root, topLevel, dirty }) => {
      expect(await sumsOf(root)).toEqual(byKernel('@lzo'));
      expect(await topLevel?.lookup('deleted')).toBeNull();
      expect(dirty).toBe(false);
    });
  });

  test('in nodes of 4 KiB with data among metadata', async () => {
    await expectSource(small);
  });

  test('as btrfs restore reads it', async () => {
    const restored = join(work, 'restored');
    mkdirSync(restored);
    run('btrfs-progs', ['btrfs', 'restore', '--symlink', small, restored]);
    await withVolume(small, ({ root }) => expectSameTree(root, restored));
  });

  test.each(compressions)('as GRUB reads it, with compression %s', async (name) => {
    const byGrub = join(work, `by-grub-${name}`);
    const sums = await inSubvolume(`@${name}`, sumsOf);
    // GRUB reads neither holes without extents nor what was allocated in advance.
    const files = ['shared', ...Object.keys(sums).filter((file) => /^(text|half|blocks|sizes)\//.test(file))];
    for (const file of files.filter((key) => !['text/1000000', 'half/131072'].includes(key))) {
      run('grub-common', ['grub-fstest', path, 'cp', `(loop0)/@${name}/${file}`, byGrub]);
      const sum = createHash('sha256').update(readFileSync(byGrub)).digest('hex');
      expect([file, sum]).toEqual([file, sums[file]]);
    }
  });

  test('after a power failure, as the last commit left it, and is told to be dirty', async () => {
    await withVolume(dirty, async ({ root, dirty: isDirty }) => {
      expect(isDirty).toBe(true);
      expect(Object.keys(await sumsOf(root))).toEqual(['committed']);
    });
  });
});
