import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meter } from '../../../shared/bytes/budget.ts';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { ByoiError } from '../../../shared/errors.ts';
import { openImage } from '../../../shared/image/formats.ts';
import { noise } from '../../support/images/disk.ts';
import { buildOciArchive } from '../../support/images/oci-archive.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';
import { buildVmdk } from '../../support/images/vmdk.ts';

/** Images tried for each format and property; more by hand: BYOI_FUZZ_RUNS=100000 npx vitest run … */
const numRuns = Number(process.env.BYOI_FUZZ_RUNS ?? 500);

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

/** Changes that reach far: fields set to values at the edges, bytes flipped, the end cut off. */
const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ at: fc.nat(600), value: edges(), width: fc.constantFrom(1, 2, 4, 8) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ at: fc.nat(300_000), value: edges(), width: fc.constantFrom(1, 2, 4, 8) }),
  },
  { weight: 1, arbitrary: fc.record({ cut: fc.double({ min: 0, max: 1, noNaN: true }) }) },
);

function edges(): fc.Arbitrary<bigint> {
  const powers = fc.nat(63).map((bit) => 1n << BigInt(bit));
  return fc.oneof(
    fc.bigInt(0n, 2n ** 64n - 1n),
    powers,
    powers.map((power) => power - 1n),
    fc.constant(2n ** 64n - 1n),
  );
}

const changes = fc.array(change, { minLength: 1, maxLength: 6 });
const sample = Buffer.concat([noise(60 * SECTOR), Buffer.alloc(40 * SECTOR, 7), noise(20 * SECTOR, 2)]);

type Change = { at: number; value: bigint; width: number } | { cut: number };

function apply(original: Buffer, changes: readonly Change[]): Buffer {
  let image = Buffer.from(original);
  for (const one of changes) {
    if ('cut' in one) image = image.subarray(0, Math.floor(one.cut * image.length));
    else if (image.length > 8) {
      const at = one.at % (image.length - 8);
      const field = Buffer.alloc(8);
      field.writeBigUInt64BE(one.value);
      field.copy(image, at, 8 - one.width);
    }
  }
  return image;
}

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
      { numRuns: Math.ceil(numRuns / 5) },
    );
  });

  it('changed or cut off: is read or refused, only ever by our errors, in few reads', async () => {
    const original = build(sample);
    await fc.assert(
      fc.asyncProperty(changes, (some) => isReadOrRefused(apply(original, some))),
      { numRuns },
    );
  });
});

describe('oci gzipped', () => {
  const original = buildOciArchive({ disk: buildQcow2(sample, { clusterBits: 9 }), diskFirst: true });

  it('changed or cut off, before gzip or after it: is read or refused, only ever by our errors', async () => {
    await fc.assert(
      fc.asyncProperty(changes, fc.boolean(), (some, before) =>
        isReadOrRefused(
          before
            ? gzipSync(apply(original, some), { level: 1 })
            : apply(gzipSync(original, { level: 1 }), some),
        ),
      ),
      { numRuns },
    );
  });
});

async function isReadOrRefused(bytes: Buffer): Promise<void> {
  const source = meter(bufferSource(bytes), { requests: 2_000, bytes: 50e6 });
  try {
    const { disk } = await openImage(source, 'image');
    if (!disk) return;
    const length = Math.min(disk.size, MAX_DISK);
    await disk.read(0, length);
    await disk.read(disk.size - length, length);
  } catch (error) {
    if (!(error instanceof ByoiError)) throw error;
    expect(error.code).not.toBe('SAFETY_CHECK_FAILED');
    expect(error.code).not.toBe('BUDGET_EXCEEDED');
  }
}
