import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
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
import { xfs } from '../../shared/filesystem/xfs/xfs.ts';
import { run } from '../support/programs.ts';
import { expectSameTree, writeSampleTree } from '../support/sample-tree.ts';

// mkfs.xfs makes filesystems, and the kernel in libguestfs' appliance writes them; we read, and so do GRUB and xfs_db.

process.env.LIBGUESTFS_BACKEND ??= 'direct';
process.env.LIBGUESTFS_BACKEND_SETTINGS ??= 'force_tcg';

const work = mkdtempSync(join(tmpdir(), 'byoi-xfs-'));
afterAll(() => rmSync(work, { recursive: true }));

/** By name: the options of mkfs.xfs, and whether GRUB 2.06 reads what they make. */
const VARIANTS: Readonly<Record<string, { readonly options: readonly string[]; readonly grub: boolean }>> = {
  default: { options: [], grub: true },
  'nrext64, blocks of 1 KiB': { options: ['-i', 'nrext64=1', '-b', 'size=1024'], grub: false },
  'directory blocks of 16 KiB': { options: ['-n', 'size=16384'], grub: true },
  'directory blocks of 64 KiB, inodes of 2 KiB': {
    options: ['-n', 'size=65536', '-i', 'size=2048'],
    grub: true,
  },
  // GRUB refuses a tree of extents in inodes of 256 bytes: "invalid number of XFS root keys".
  'version 4, blocks of 512 bytes': { options: ['-m', 'crc=0', '-b', 'size=512'], grub: false },
  'version 4, no file types': { options: ['-m', 'crc=0', '-n', 'ftype=0'], grub: true },
  'eight groups, sectors of 4 KiB': { options: ['-d', 'agcount=8', '-s', 'size=4096'], grub: true },
  'no bigtime, no sparse inodes': { options: ['-m', 'bigtime=0,inobtcount=0', '-i', 'sparse=0'], grub: true },
  'names without case': { options: ['-n', 'version=ci'], grub: false },
};
const names = Object.keys(VARIANTS);
const imageOf = (name: string) => join(work, `${names.indexOf(name)}.raw`);
const mounted = join(work, 'mounted.raw');

const source = join(work, 'source');
/** Two that grow in turns, each block of one after one of the other. */
const WIDE = ['wide-a', 'wide-b'];
const WIDE_ENTRIES = 5_000;
/** Each second block of 4 KiB is a hole. */
const FRAGMENTS = 400;
const STEP = 8192;

beforeAll(() => {
  mkdirSync(source);
  writeSampleTree(source, { symlinks: true, sparse: true, entries: 700 });
  for (const directory of WIDE) {
    mkdirSync(join(source, directory));
    for (let index = 0; index < WIDE_ENTRIES; index++) {
      linkSync(join(source, 'etc/os-release'), join(source, directory, `entry-${index}`));
    }
  }
  const file = openSync(join(source, 'fragmented'), 'w');
  for (let index = 0; index < FRAGMENTS; index++) {
    const text = `fragment ${index}`;
    writeSync(file, text, index * STEP);
  }
  closeSync(file);
  truncateSync(join(source, 'fragmented'), FRAGMENTS * STEP);

  const list = run('findutils', [
    ...['find', source, '-mindepth', '1', '-printf', '%P\\n', '(', '-name', 'wide-?', '-prune', ')'],
  ]);
  const turns = Array.from({ length: WIDE_ENTRIES }, (_, index) =>
    WIDE.map((name) => `${name}/entry-${index}`),
  );
  const paths = [...list.split('\n').filter((path) => path && path !== 'fragmented'), ...turns.flat()];
  writeFileSync(join(work, 'list'), paths.join('\n'));
  const tar = join(work, 'tree.tar');
  run('tar', [
    ...['tar', '--create', '--sparse', '--no-recursion', '--verbatim-files-from', '--directory', source],
    ...['--files-from', join(work, 'list'), '--file', tar],
  ]);

  const fragments = Array.from(
    { length: FRAGMENTS },
    (_, index) => `pwrite /fragmented "fragment ${index}" ${index * STEP}`,
  );
  const script = ['run'];
  for (const name of names) {
    const image = imageOf(name);
    run('coreutils', ['truncate', '--size', '1G', image]);
    run('xfsprogs', ['mkfs.xfs', '-q', ...(VARIANTS[name]?.options ?? []), image]);
    script.unshift(`add ${image} format:raw`);
  }
  run('coreutils', ['truncate', '--size', '1G', mounted]);
  script.unshift(`add ${mounted} format:raw`);
  // The drives are named in the order in which they were added: the last of the variants is sdb.
  for (const [index, name] of [...names].reverse().entries()) {
    const device = `/dev/sd${String.fromCharCode('b'.charCodeAt(0) + index)}`;
    script.push(`mount ${device} /`, `tar-in ${tar} /`);
    // Behind a file's end XFS allocates ahead, and would close the holes: so the file has its length before.
    script.push('touch /fragmented', `truncate-size /fragmented ${FRAGMENTS * STEP}`, ...fragments);
    script.push('setxattr security.selinux system_u:object_r:bin_t:s0 26 /wide-a', 'umount /');
    if (name !== 'default') continue;
    script.push(`mount ${device} /`, 'touch /new', 'debug sh "sync /sysroot/new"');
    script.push(`copy-device-to-device ${device} /dev/sda sparse:true`, 'rm /new', 'umount /');
  }
  run('libguestfs-tools', ['guestfish'], script.join('\n'));
}, 600_000);

async function withVolume<T>(path: string, task: (filesystem: Filesystem) => Promise<T>): Promise<T> {
  const file = await openFile(path);
  try {
    return await task(await xfs.open(paged(file)));
  } finally {
    await file.close();
  }
}

/** What xfs_db prints of an inode's field. */
const field = (path: string, name: string, image: string): string =>
  run('xfsprogs', ['xfs_db', '-r', '-c', `path ${path}`, '-c', `print ${name}`, image]).trim();

/** What xfs_logprint calls a log that was unmounted (CLEAN), or not (DIRTY). */
const logState = (image: string): string | undefined =>
  /state: <(\w+)>/.exec(run('xfsprogs', ['xfs_logprint', '-t', image]))?.[1];

describe.each(names)('the tree the kernel wrote on XFS: %s', (name) => {
  const image = imageOf(name);

  test('is read byte for byte', async () => {
    await withVolume(image, async ({ root, dirty }) => {
      expect(await expectSameTree(root, source)).toBeGreaterThan(2 * WIDE_ENTRIES + 1000);
      expect(dirty).toBe(name.startsWith('version 4') ? null : false);
      expect(logState(image)).toBe('CLEAN');
    });
  });

  test('has what is hard to read, by xfs_db', () => {
    expect(field('/fragmented', 'core.format', image)).toBe('core.format = 3 (btree)');
    expect(field('/wide-b', 'core.format', image)).toMatch(/= [23] /);
    expect(field('/symlinks/900', 'core.format', image)).toMatch(/= [12] /);
  });

  test('has the label and the UUID that blkid tells', async () => {
    run('xfsprogs', ['xfs_admin', '-L', 'Wurzel', image]);
    const byBlkid = ['LABEL', 'UUID'].map((tag) =>
      run('util-linux', ['blkid', '-p', '-o', 'value', '-s', tag, image]).trim(),
    );
    expect(await withVolume(image, async ({ label, uuid }) => [label, uuid])).toEqual(byBlkid);
    expect(byBlkid[0]).toBe('Wurzel');
  });

  test.runIf(VARIANTS[name]?.grub)('is read by GRUB as by us', async () => {
    const byGrub = join(work, 'by-grub');
    for (const path of [
      'etc/os-release',
      'large',
      'fragmented',
      'many/3/file-3',
      'wide-a/entry-3777',
      'sparse',
    ]) {
      run('grub-common', ['grub-fstest', image, 'cp', `(loop0)/${path}`, byGrub]);
      expect(readFileSync(byGrub).equals(readFileSync(join(source, path))), path).toBe(true);
    }
  });
});

test('some directory has so many extents that they have a tree', () => {
  const formats = names.map((name) => field('/wide-a', 'core.format', imageOf(name)));
  expect(formats).toContain('core.format = 3 (btree)');
});

test('a UUID that was changed without writing the metadata again', async () => {
  const image = imageOf('default');
  run('xfsprogs', ['xfs_admin', '-U', '99998888-7777-6666-5555-444433332222', image]);
  await withVolume(image, async ({ uuid, root }) => {
    expect(uuid).toBe('99998888-7777-6666-5555-444433332222');
    await expectSameTree(root, source);
  });
});

test('a copy of a mounted volume is told to be dirty, and has what was written back', async () => {
  await withVolume(mounted, async ({ root, dirty }) => {
    expect(dirty).toBe(true);
    expect(await root.lookup('etc')).toMatchObject({ kind: 'directory' });
  });
  expect(logState(mounted)).toBe('DIRTY');
});

test('mkfs.xfs fills a volume itself', async () => {
  const image = join(work, 'proto.raw');
  const proto = join(work, 'proto');
  writeFileSync(
    proto,
    `/ignored\n0 0\nd--755 0 0\netc d--755 0 0\nos-release ---644 0 0 ${source}/etc/os-release\n$\n$\n`,
  );
  run('coreutils', ['truncate', '--size', '1G', image]);
  // Blocks of 64 KiB, which no kernel of this architecture mounts.
  run('xfsprogs', ['mkfs.xfs', '-q', '-b', 'size=65536', '-p', proto, image]);
  await withVolume(image, async ({ root, dirty }) => {
    expect(dirty).toBe(false);
    const etc = await root.lookup('etc');
    const file = etc?.kind === 'directory' ? await etc.lookup('os-release') : null;
    const bytes = file?.kind === 'file' ? await file.content.read(0, file.content.size) : null;
    expect(bytes).toEqual(readFileSync(join(source, 'etc/os-release')));
  });
});
