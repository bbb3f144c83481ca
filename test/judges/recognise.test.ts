import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { PROBE_LENGTH, recogniseVolume } from '../../shared/disk/recognise.ts';
import { run } from '../support/programs.ts';

const work = mkdtempSync(join(tmpdir(), 'byoi-recognise-'));
afterAll(() => rmSync(work, { recursive: true }));
const volume = join(work, 'volume');
const key = join(work, 'key');
const tree = join(work, 'tree');
mkdirSync(tree);
writeFileSync(join(tree, 'file'), 'content');
writeFileSync(key, 'a passphrase');

const luks = (type: string) => [
  ...['cryptsetup', 'luksFormat', '--batch-mode', '--type', type, '--pbkdf', 'pbkdf2'],
  ...['--pbkdf-force-iterations', '1000', '--key-file', key, volume],
];

/** Our name for it and blkid's, and what makes it. */
test.each([
  ['Linux swap', 'swap', 'util-linux', ['mkswap', volume]],
  ['Linux swap', 'swap', 'util-linux', ['mkswap', '--pagesize', '65536', volume]],
  ['LUKS1', 'crypto_LUKS', 'cryptsetup-bin', luks('luks1')],
  ['LUKS2', 'crypto_LUKS', 'cryptsetup-bin', luks('luks2')],
  ['F2FS', 'f2fs', 'f2fs-tools', ['mkfs.f2fs', '-q', volume]],
  ['exFAT', 'exfat', 'exfatprogs', ['mkfs.exfat', volume]],
  ['JFS', 'jfs', 'jfsutils', ['mkfs.jfs', '-q', volume]],
  ['ReiserFS', 'reiserfs', 'reiserfsprogs', ['mkfs.reiserfs', '-f', '-f', '-q', volume]],
  ['SquashFS', 'squashfs', 'squashfs-tools', ['mksquashfs', tree, volume, '-noappend', '-quiet']],
  ['EROFS', 'erofs', 'erofs-utils', ['mkfs.erofs', volume, tree]],
  ['UFS1', 'ufs', 'makefs', ['makefs', '-t', 'ffs', '-o', 'version=1', '-s', '16m', volume, tree]],
  ['UFS2', 'ufs', 'makefs', ['makefs', '-t', 'ffs', '-o', 'version=2', '-s', '16m', volume, tree]],
  ['ISO 9660', 'iso9660', 'xorriso', ['xorriso', '-as', 'mkisofs', '-quiet', '-o', volume, tree]],
] as const)('%s, as blkid knows it: %s', async (name, byBlkid, debianPackage, command) => {
  rmSync(volume, { force: true });
  run('coreutils', ['truncate', '--size', '128M', volume]);
  run(debianPackage, [...command]);
  const type = run('util-linux', ['blkid', '-p', '-o', 'value', '-s', 'TYPE', volume]).trim();
  expect(type).toBe(byBlkid);
  const file = await openFile(volume);
  try {
    const head = await file.read(0, Math.min(PROBE_LENGTH, file.size));
    expect(recogniseVolume(head)?.name).toBe(name);
  } finally {
    await file.close();
  }
});
