import { gzipSync } from 'node:zlib';
import { test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import { openFile } from '../../shared/bytes/file.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { UnsafeImageError } from '../../shared/image/errors.ts';
import { openImage } from '../../shared/image/formats.ts';
import { fuzz } from '../support/fuzz.ts';
import { noise } from '../support/images/disk.ts';
import { buildOciArchive } from '../support/images/oci-archive.ts';
import { buildQcow2 } from '../support/images/qcow2.ts';
import { buildVmdk } from '../support/images/vmdk.ts';

const SECTOR = 512;
/** Data, one byte repeated, and noise again: what is stored as it is, and what gets smaller by compression. */
const DISK = Buffer.concat([noise(60 * SECTOR), Buffer.alloc(40 * SECTOR, 7), noise(20 * SECTOR, 2)]);

/** The format's checks, then both ends of the disk. */
async function parse(source: ByteSource): Promise<void> {
  try {
    const { disk } = await openImage(source, 'image');
    if (!disk) return;
    const length = Math.min(disk.size, DISK.length);
    await disk.read(0, length);
    await disk.read(disk.size - length, length);
  } catch (error) {
    // What nobody thought of is refused as unsafe: here it is a mistake that was found.
    if (error instanceof UnsafeImageError && error.code === 'SAFETY_CHECK_FAILED') throw error.cause;
    throw error;
  }
}

const samples: readonly (readonly [format: string, images: readonly Buffer[]])[] = [
  [
    'qcow2',
    [
      buildQcow2(DISK, { version: 2, clusterBits: 9 }),
      buildQcow2(DISK, { clusterBits: 12, compression: 'zlib' }),
      buildQcow2(DISK, { clusterBits: 10, compression: 'zstd' }),
    ],
  ],
  ['VMDK, monolithicSparse', [buildVmdk(DISK)]],
  [
    'VMDK, streamOptimized',
    [
      buildVmdk(DISK, { variant: 'streamOptimized' }),
      buildVmdk(DISK, { variant: 'streamOptimized', footer: false }),
    ],
  ],
  [
    '.oci archive',
    [true, false].map((diskFirst) =>
      buildOciArchive({ disk: buildQcow2(DISK, { clusterBits: 9 }), diskFirst }),
    ),
  ],
];

test.each(samples)(
  '%s, changed or cut off, is read or refused, only ever by our errors, in few reads',
  async (name, images) => {
    await fuzz({ name, samples: images, parse });
  },
);

const archive = buildOciArchive({ disk: buildQcow2(DISK, { clusterBits: 9 }), diskFirst: true });

test('.oci archive, gzipped', async () => {
  await fuzz({ name: '.oci archive, gzipped', samples: [gzipSync(archive)], parse });
});

test('.oci archive in a gzip that is whole', async () => {
  await fuzz({
    name: '.oci archive in a gzip that is whole',
    samples: [archive],
    async parse(source) {
      const changed = await source.read(0, source.size);
      // Stored: to compress a thousand archives is not what is tested.
      await parse(bufferSource(gzipSync(changed, { level: 0 })));
    },
  });
});

/** By qemu-img. */
test.each([
  ['qcow2 of qemu-img', 'demo-disk.qcow2'],
  ['VMDK of qemu-img', 'demo-disk.vmdk'],
])('%s', async (name, file) => {
  const source = await openFile(`test/fixtures/${file}`);
  await fuzz({ name, samples: [source], parse });
  await source.close();
});
