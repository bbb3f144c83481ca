import { test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { btrfs } from '../../shared/filesystem/btrfs/btrfs.ts';
import { fileTree } from '../../shared/filesystem/file-tree.ts';
import { readAll, sealedSource } from '../support/btrfs.ts';
import { fixtureDisk } from '../support/fixtures.ts';
import { fuzz } from '../support/fuzz.ts';

const FSID = Buffer.from('b7a5ed00000040008000000000000001', 'hex');

/** Every kind of extent, directories of both forms, a nested subvolume, a snapshot, a name that is not there. */
async function parse(source: ByteSource): Promise<void> {
  const { root, topLevel } = await btrfs.open(source);
  const tree = fileTree(root);
  await tree.readText('/etc/os-release');
  await tree.read('/numbers', 300_000);
  await tree.readText('/inline');
  await tree.find('/usr/lib/nothing');
  for (const name of ['none', 'zlib', 'lzo', 'nested', 'collision']) {
    const found = await tree.find(name);
    if (found?.node.kind === 'directory') await readAll(found.node, 5000);
  }
  await tree.readText('/zstd/inline');
  await tree.find('/many/a-file-with-number-77');
  await tree.read('/sparse', 4096);
  if (topLevel) await fileTree(topLevel).find('/snapshot/nested/inside');
}

async function sample(name: string): Promise<ByteSource> {
  const disk = await fixtureDisk(name);
  return bufferSource(await disk.read(0, disk.size));
}

/** Its checksums are by xxhash, and not checked. */
test('btrfs', async () => {
  await fuzz({ name: 'btrfs', samples: [await sample('btrfs-plain.qcow2')], parse });
});

test('btrfs behind its checksums', async () => {
  await fuzz({
    name: 'btrfs behind its checksums',
    samples: [await sample('btrfs.qcow2')],
    parse: (source) => parse(sealedSource(source, FSID)),
  });
});
