import { test } from 'vitest';
import { sliceSource } from '../../shared/bytes/slice.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { readLogicalVolumes } from '../../shared/disk/lvm.ts';
import { readPhysicalVolume } from '../../shared/disk/lvm-label.ts';
import { parseLvmMetadata } from '../../shared/disk/lvm-metadata.ts';
import { fixtureDisk } from '../support/fixtures.ts';
import { fuzz } from '../support/fuzz.ts';

async function readAll(source: ByteSource): Promise<void> {
  const physical = await readPhysicalVolume(source);
  const { volumes } = readLogicalVolumes(physical ? [physical] : []);
  for (const volume of volumes) await volume.source.read(0, Math.min(100_000, volume.source.size));
}

test('LVM2', async () => {
  const disk = await fixtureDisk('lvm.qcow2');
  const samples = [await fixtureDisk('lvm-halved.qcow2'), sliceSource(disk, 2048 * 512, 59392 * 512)];
  await fuzz({ name: 'LVM2', samples, parse: readAll });
});

/** Checksums refuse most of what the test above changes: here the text itself is changed. */
test('LVM2 text', async () => {
  const source = await fixtureDisk('lvm.qcow2');
  const physical = await readPhysicalVolume(sliceSource(source, 2048 * 512, 59392 * 512));
  const sample = Buffer.from(physical?.text ?? '');
  await fuzz({
    name: 'LVM2 text',
    samples: [sample],
    parse: async (mutated) => {
      const text = (await mutated.read(0, mutated.size)).toString('utf8');
      parseLvmMetadata(text);
      if (physical) readLogicalVolumes([{ ...physical, text }]);
    },
  });
});
