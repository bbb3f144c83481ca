import { describe, test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { lznt1 } from '../../shared/compression/lznt1.ts';
import { lzx } from '../../shared/compression/lzx.ts';
import { xpressHuffman } from '../../shared/compression/xpress-huffman.ts';
import { ByoiError } from '../../shared/errors.ts';
import { fileTree } from '../../shared/filesystem/file-tree.ts';
import { ntfs } from '../../shared/filesystem/ntfs/ntfs.ts';
import { fuzz } from '../support/fuzz.ts';
import { ntfsVolume, storedValue } from '../support/ntfs.ts';

const DATA = 0x80;
const STREAM = 'WofCompressedData';
/** Of each file: where it is cut off, much of a run would be spent on copying bytes. */
const READ = 16 * 1024;

/** One of each kind of thing that the volume has. */
const PATHS = [
  'windows/system32/config/system',
  'Pressed/mixed',
  'linked',
  'Windows/Größe–Ωμέγα.txt',
  'Compact/xpress4k',
  'junction/System32/drivers/vioscsi.sys',
  'Compact/lzx-program',
  'sparse',
  'Compact',
];
/** A run reads every third of them, the next run the next ones; the first, which shows where to mutate, all. */
const SHARES = 3;

function volumeReader(): (source: ByteSource) => Promise<void> {
  let run = 0;
  return async (source) => {
    const tree = fileTree((await ntfs.open(source)).root);
    const errors: unknown[] = [];
    for (const [index, path] of PATHS.entries()) {
      if (run > 0 && index % SHARES !== run % SHARES) continue;
      const reading =
        path === 'sparse'
          ? readAt(tree, path, 1_600_000)
          : path === 'Compact'
            ? tree.list(path)
            : tree.read(path, READ);
      await reading.catch((error: unknown) => errors.push(error));
    }
    run += 1;
    if (errors.length > 0) throw errors.find((error) => !(error instanceof ByoiError)) ?? errors[0];
  };
}

async function readAt(tree: ReturnType<typeof fileTree>, path: string, offset: number): Promise<void> {
  const found = await tree.find(path);
  if (found?.node.kind === 'file' && found.node.content.size > offset + READ) {
    await found.node.content.read(offset, READ);
  }
}

test('a volume', async () => {
  await fuzz({ name: 'ntfs', samples: [ntfsVolume()], parse: volumeReader() });
});

describe('compression', () => {
  const whole = async (source: ByteSource) => source.read(0, source.size);

  test('LZNT1', async () => {
    const volume = ntfsVolume();
    // A header of two bytes and one of flags, then eight bytes as they are.
    const at = volume.indexOf('pressed ', 0, 'latin1') - 3;
    let end = at;
    for (let chunk = 0; chunk < 4; chunk++) end += 3 + (volume.readUInt16LE(end) & 0xfff);
    const sample = Buffer.from(volume.subarray(at, end));
    await fuzz({
      name: 'lznt1',
      samples: [sample],
      parse: async (source) => lznt1(await whole(source), 4 * 4096),
    });
  });

  test.each<[string, string, number, (input: Buffer, length: number) => Buffer]>([
    ['xpress-huffman', 'Compact/xpress4k', 4096, xpressHuffman],
    ['lzx', 'Compact/lzx-program', 32_768, lzx],
  ])('%s', async (name, path, length, open) => {
    const stored = await storedValue(ntfsVolume(), path, DATA, STREAM);
    // The table has an entry for each chunk but the first; the chunk's end is the second one's beginning.
    const content = await fileTree((await ntfs.open(bufferSource(ntfsVolume()))).root).find(path);
    const size = content?.node.kind === 'file' ? content.node.content.size : 0;
    const table = (Math.ceil(size / length) - 1) * 4;
    const end = (await stored.read(0, 4)).readUInt32LE(0);
    const sample = Buffer.from(await stored.read(table, end));
    await fuzz({ name, samples: [sample], parse: async (source) => open(await whole(source), length) });
  });
});
