import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { openImage } from '../../../shared/image/formats.ts';
import { noise } from '../../support/images/disk.ts';
import { buildOciArchive } from '../../support/images/oci-archive.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';
import { buildVmdk } from '../../support/images/vmdk.ts';

/** Disks tried for each format. */
const DISKS = 100;

const SECTOR = 512;
const MAX_DISK = 120 * SECTOR;

/** Every format that is read, by the image it has of a disk. */
const builders: Record<string, (disk: Buffer) => Buffer> = {
  'qcow2 v2': (disk) => buildQcow2(disk, { version: 2, clusterBits: 9 }),
  'qcow2 v3 zlib': (disk) => buildQcow2(disk, { clusterBits: 12, compression: 'zlib' }),
  'qcow2 v3 zstd': (disk) => buildQcow2(disk, { clusterBits: 10, compression: 'zstd' }),
  'vmdk monolithicSparse': (disk) => buildVmdk(disk),
  'vmdk streamOptimized': (disk) => buildVmdk(disk, { variant: 'streamOptimized' }),
  oci: (disk) => buildOciArchive({ disk: buildQcow2(disk, { clusterBits: 9 }) }),
};

/** Disks of data, zeros and repeated bytes, in stretches of any length. */
const disks = fc
  .array(
    fc.record({ length: fc.integer({ min: 1, max: 40 }), kind: fc.constantFrom('zeros', 'noise', 'same') }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((stretches) => {
    const parts = stretches.map(({ length, kind }, i) => {
      if (kind === 'noise') return noise(length * SECTOR, i + 1);
      return Buffer.alloc(length * SECTOR, kind === 'same' ? i + 1 : 0);
    });
    return Buffer.concat(parts).subarray(0, MAX_DISK);
  });

describe.each(Object.entries(builders))('%s', (_name, build) => {
  it('gives back any disk, read in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(disks, fc.nat(MAX_DISK), fc.nat(MAX_DISK), async (disk, from, count) => {
        const image = await openImage(bufferSource(build(disk)), 'image');
        const offset = from % disk.length;
        const length = Math.min(count, disk.length - offset);
        expect((await image.disk?.read(offset, length))?.equals(disk.subarray(offset, offset + length))).toBe(
          true,
        );
        expect((await image.disk?.read(0, disk.length))?.equals(disk)).toBe(true);
      }),
      { numRuns: DISKS },
    );
  });
});
