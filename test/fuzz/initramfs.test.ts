import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { test } from 'vitest';
import { readInitramfs } from '../../shared/guest/linux/initramfs-archive.ts';
import { fuzz } from '../support/fuzz.ts';

const fixture = (name: string) => readFileSync(`test/fixtures/initramfs/${name}.img`);
const compressed = fixture('gzip');
const early = compressed.indexOf(Buffer.of(0x1f, 0x8b, 8));

test('initramfs', async () => {
  await fuzz({
    name: 'initramfs',
    samples: [
      Buffer.concat([compressed.subarray(0, early), gunzipSync(compressed.subarray(early))]),
      compressed,
      fixture('lzo'),
    ],
    async parse(source) {
      for await (const entry of readInitramfs(source)) {
        if (entry.kind !== 'directory') await entry.read(4096);
      }
    },
  });
});
