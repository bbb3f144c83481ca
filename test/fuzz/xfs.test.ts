import { test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { fileTree } from '../../shared/filesystem/file-tree.ts';
import { xfs } from '../../shared/filesystem/xfs/xfs.ts';
import { fuzz } from '../support/fuzz.ts';
import { namesOf, xfsFixture } from '../support/xfs.ts';

/** Every form of directory, by name and by list; extents in the inode and in a tree; both kinds of symlink. */
async function parse(source: ByteSource): Promise<void> {
  const { root } = await xfs.open(source);
  const tree = fileTree(root);
  await tree.readText('/etc/os-release');
  for (const name of ['short', 'block', 'leaf', 'node', 'btree']) {
    await tree.find(`/${name}/${name}-2`);
    await tree.find(`/${name}/nothing`);
  }
  await tree.find('/collisions/gbc..xPX');
  for (const name of ['short', 'block', 'leaf']) {
    const directory = await tree.find(name);
    if (directory?.node.kind === 'directory') await namesOf(directory.node);
  }
  await tree.read('/files/fragmented', 16 * 1024);
  await tree.read('/files/unwritten', 64 * 1024);
  const link = await tree.findLink('/links/remote');
  if (link?.node.kind === 'symlink') await link.node.target();
}

test('xfs', async () => {
  const samples = await Promise.all([xfsFixture('xfs'), xfsFixture('xfs-v4')]);
  await fuzz({ name: 'xfs', samples: samples.map(bufferSource), parse });
});
