import { expect, test } from 'vitest';
import { type FileTree, fileTree } from '../../../shared/filesystem/file-tree.ts';
import { type MemoryFile, memoryDirectory } from '../../support/memory-directory.ts';

const treeOf = (files: Record<string, MemoryFile>): FileTree => fileTree(memoryDirectory(files));

test.each([
  ['/etc/os-release', '/usr/lib/os-release'],
  ['etc/os-release', '/usr/lib/os-release'],
  ['//etc/./os-release', '/usr/lib/os-release'],
  ['/lib/os-release', '/usr/lib/os-release'],
  ['/etc/../lib/../lib/os-release', '/usr/lib/os-release'],
  ['/../../etc/plain', '/etc/plain'],
])('%s is found at %s, through symlinks that are relative and absolute', async (path, found) => {
  const tree = treeOf({
    'etc/os-release': { symlink: '../usr/lib/os-release' },
    'etc/plain': 'x',
    lib: { symlink: '/usr/lib' },
    'usr/lib/os-release': 'ID=debian',
  });
  expect((await tree.find(path))?.path).toBe(found);
});

test('a .. after a symlink leaves the directory that the symlink leads to', async () => {
  const tree = treeOf({ 'a/b/c/file': 'x', 'a/b/near': 'y', link: { symlink: 'a/b/c' }, near: 'z' });
  expect(await tree.readText('/link/../near')).toBe('y');
});

test('a symlink is told as itself where it is asked for', async () => {
  const tree = treeOf({ 'sbin/init': { symlink: '/lib/systemd/systemd' } });
  expect((await tree.findLink('/sbin/init'))?.node.kind).toBe('symlink');
  expect(await tree.find('/sbin/init')).toBeNull();
});

test.each([
  ['a loop', { a: { symlink: 'b' }, b: { symlink: 'a' } }, '/a'],
  ['a loop that grows', { a: { symlink: 'a/a' } }, '/a'],
  ['a file taken for a directory', { a: 'x' }, '/a/b'],
  ['a file taken for a directory by its slash and dots', { a: 'x' }, '/a/../a'],
])('%s leads nowhere', async (_, files: Record<string, MemoryFile>, path) => {
  expect(await treeOf(files).find(path)).toBeNull();
});

test('a mount hides what is below, and symlinks cross it', async () => {
  const tree = treeOf({ 'boot/old': 'hidden', 'etc/kernel': { symlink: '/boot/vmlinuz' } });
  tree.mount('/boot/', memoryDirectory({ vmlinuz: 'kernel', 'efi/': '' }));
  tree.mount('/boot/efi', memoryDirectory({ 'EFI/up': { symlink: '../../vmlinuz' } }));
  expect(await tree.find('/boot/old')).toBeNull();
  expect(await tree.readText('/etc/kernel')).toBe('kernel');
  expect(await tree.readText('/boot/efi/EFI/up')).toBe('kernel');
});

test('reading is bounded, and what is no file has no text', async () => {
  const tree = treeOf({ 'd/file': 'abcdef' });
  expect((await tree.read('/d/file', 3))?.toString()).toBe('abc');
  expect(await tree.read('/d', 3)).toBeNull();
  expect((await tree.list('/d')).map(({ name }) => name)).toEqual(['file']);
  expect(await tree.list('/d/file')).toEqual([]);
});
