import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { OutOfBoundsError } from '../../../shared/bytes/source.ts';
import { DecompressionError, OutputTooLargeError } from '../../../shared/compression/errors.ts';
import { openImage } from '../../../shared/image/formats.ts';
import { patternDisk } from '../../support/images/disk.ts';
import { buildQcow2, layOutQcow2, type Qcow2Options } from '../../support/images/qcow2.ts';
import { expectRefused } from '../../support/images/refusal.ts';
import { sparseSource } from '../../support/sources.ts';

const disk = patternDisk(1_000_000);
const CLUSTER = 65_536;

/** An image with one thing changed. */
function changed(change: (image: Buffer) => void, options?: Qcow2Options): Buffer {
  const image = buildQcow2(disk, options);
  change(image);
  return image;
}

async function readAll(image: Buffer): Promise<Buffer> {
  const { disk: opened } = await openImage(bufferSource(image), 'disk.qcow2');
  return (await opened?.read(0, opened.size)) ?? Buffer.alloc(0);
}

async function codes(image: Buffer): Promise<string[]> {
  return (await openImage(bufferSource(image), 'disk.qcow2')).problems.map(({ code }) => code);
}

describe('a qcow2', () => {
  it('says its version and size, and reads at random', async () => {
    const image = await openImage(bufferSource(buildQcow2(disk)), 'disk.qcow2');
    expect(image).toMatchObject({
      format: 'qcow2',
      variant: 'v3',
      virtualSize: 1_000_000,
      problems: [],
      archive: null,
    });
    expect((await image.disk?.read(131_000, 200_000))?.equals(disk.subarray(131_000, 331_000))).toBe(true);
    await expect(image.disk?.read(999_999, 2)).rejects.toBeInstanceOf(OutOfBoundsError);
    expect((await openImage(bufferSource(buildQcow2(disk, { version: 2 })), 'a')).variant).toBe('v2');
  });

  it('makes one read of clusters that follow each other', async () => {
    const { image, layout } = layOutQcow2(Buffer.alloc(10 * CLUSTER, 7));
    const reads: number[] = [];
    const source = bufferSource(image);
    const opened = await openImage(
      {
        size: source.size,
        read: (offset, length) => {
          if (offset >= layout.dataOffset) reads.push(length);
          return source.read(offset, length);
        },
      },
      'x',
    );
    await opened.disk?.read(10, 9 * CLUSTER);
    expect(reads).toEqual([9 * CLUSTER]);
  });

  it('serves a 300 GiB image whose tables are read on demand, a piece at a time', async () => {
    // Header, refcount table, refcount block, a 4800-entry L1 table, and one L2 table for the last GiBs.
    const size = 300 * 2 ** 30;
    const l1Entries = size / (CLUSTER * 8192);
    const head = buildQcow2(Buffer.alloc(CLUSTER));
    head.writeBigUInt64BE(BigInt(size), 0x18);
    head.writeUInt32BE(l1Entries, 0x24);
    const pointer = Buffer.alloc(8);
    pointer.writeBigUInt64BE(10n * BigInt(CLUSTER));
    const entry = Buffer.alloc(8);
    entry.writeBigUInt64BE(12n * BigInt(CLUSTER));
    const places = [
      { offset: 0, bytes: head.subarray(0, 3 * CLUSTER) },
      { offset: 3 * CLUSTER + (l1Entries - 1) * 8, bytes: pointer },
      { offset: 10 * CLUSTER + 8191 * 8, bytes: entry },
      { offset: 12 * CLUSTER, bytes: Buffer.alloc(CLUSTER, 0xee) },
    ];
    const source = sparseSource(1000 * CLUSTER, places);
    let largest = 0;
    const opened = await openImage(
      {
        size: source.size,
        read: (offset, length) => {
          largest = Math.max(largest, length);
          return source.read(offset, length);
        },
      },
      'x',
    );
    expect((await opened.disk?.read(size - CLUSTER, CLUSTER))?.every((byte) => byte === 0xee)).toBe(true);
    expect((await opened.disk?.read(0, CLUSTER))?.every((byte) => byte === 0)).toBe(true);
    expect(largest).toBeLessThanOrEqual(256 * 1024);
  });

  it('warns when it was not closed, has snapshots, or unusual clusters', async () => {
    expect(await codes(changed((image) => image.writeUInt8(1, 0x4f)))).toEqual(['QCOW2_DIRTY']);
    const snapshot = changed((image) => {
      image.writeUInt32BE(1, 0x3c);
      image.writeBigUInt64BE(BigInt(CLUSTER), 0x40);
    });
    expect(await codes(snapshot)).toEqual(['QCOW2_SNAPSHOTS']);
    expect(await codes(buildQcow2(disk, { clusterBits: 12 }))).toEqual(['QCOW2_CLUSTER_SIZE_UNUSUAL']);
  });
});

describe('safety checks of qcow2', () => {
  it.each([2, 3] as const)(
    'CVE-2011-3147, GO-2023-1803: a backing file is refused (version %i)',
    async (version) => {
      const image = changed(
        (bytes) => {
          bytes.writeBigUInt64BE(0x400n, 0x08);
          bytes.writeUInt32BE(11, 0x10);
          bytes.write('/etc/shadow', 0x400);
        },
        { version },
      );
      const error = await expectRefused(image, 'QCOW2_BACKING_FILE');
      expect(error.message).not.toContain('shadow');
      await expectRefused(
        changed((bytes) => bytes.writeBigUInt64BE(2n ** 63n, 0x08), { version }),
        'QCOW2_BACKING_FILE',
      );
    },
  );

  it('CVE-2024-32498, CVE-2024-4467: an external data file is refused by its bit, or by its name alone', async () => {
    await expectRefused(
      changed((image) => image.writeBigUInt64BE(4n, 0x48)),
      'QCOW2_DATA_FILE',
    );
    const named = changed((image) => {
      image.writeUInt32BE(0xe2792aca, 0x70); // an extension before it
      image.writeUInt32BE(5, 0x74);
      image.writeUInt32BE(0x44415441, 0x80);
      image.writeUInt32BE(11, 0x84);
      image.write('/etc/shadow', 0x88);
    });
    await expectRefused(named, 'QCOW2_DATA_FILE');
  });

  it('CVE-2013-2096: a virtual size beyond what OCI imports is refused, whatever the file has', async () => {
    const tooLarge = async (size: bigint) => {
      const image = changed((bytes) => bytes.writeBigUInt64BE(size, 0x18));
      image.writeUInt32BE(Number((size + 2n ** 29n - 1n) / 2n ** 29n), 0x24);
      return codes(Buffer.concat([image, Buffer.alloc(CLUSTER)]));
    };
    expect(await tooLarge(400n * 2n ** 30n)).toEqual([]);
    expect(await tooLarge(400n * 2n ** 30n + 1n)).toEqual(['IMAGE_TOO_LARGE']);
    const beyond = changed((image) => image.writeBigUInt64BE(2n ** 63n, 0x18));
    await expect(openImage(bufferSource(beyond), 'x')).rejects.toMatchObject({ code: 'INTEGER_TOO_LARGE' });
  });

  it('CVE-2014-0143: an L1 table too small for the disk, or beyond its limit, is refused', async () => {
    const refused = (change: (image: Buffer) => void) => expectRefused(changed(change), 'QCOW2_L1_TABLE');
    await refused((image) => image.writeUInt32BE(0, 0x24));
    await refused((image) => image.writeUInt32BE(0xffffffff, 0x24));
    await refused((image) => image.writeBigUInt64BE(2n ** 40n, 0x18));
  });

  it('CVE-2014-0144: tables outside the file or off their place are refused', async () => {
    const refused = (code: string, change: (image: Buffer) => void) => expectRefused(changed(change), code);
    await refused('QCOW2_L1_TABLE', (image) => image.writeBigUInt64BE(2n ** 40n, 0x28));
    await refused('QCOW2_L1_TABLE', (image) => image.writeBigUInt64BE(513n, 0x28));
    await refused('QCOW2_REFCOUNT_TABLE', (image) => image.writeBigUInt64BE(2n ** 40n, 0x30));
    await refused('QCOW2_REFCOUNT_TABLE', (image) => image.writeBigUInt64BE(8n, 0x30));
    await refused('QCOW2_HEADER_LENGTH', (image) => image.writeUInt32BE(0x60, 0x64));
    await refused('QCOW2_HEADER_LENGTH', (image) => image.writeUInt32BE(0x10000000, 0x64));
    await refused('QCOW2_CLUSTER_SIZE', (image) => image.writeUInt32BE(8, 0x14));
    await refused('QCOW2_CLUSTER_SIZE', (image) => image.writeUInt32BE(22, 0x14));
    await refused('QCOW2_CLUSTER_SIZE', (image) => image.writeUInt32BE(63, 0x14));
    await refused('QCOW2_REFCOUNT_ORDER', (image) => image.writeUInt32BE(7, 0x60));
    await refused('QCOW2_EXTENSIONS', (image) => {
      image.writeUInt32BE(0xe2792aca, 0x70);
      image.writeUInt32BE(0xffffffff, 0x74);
    });
    await refused('QCOW2_EXTENSIONS', (image) => {
      for (let at = 0x70; at < 0x400; at += 8) image.writeUInt32BE(1, at);
    });
  });

  it('CVE-2014-0144: mapping tables that lead outside the file or between clusters end in a typed error', async () => {
    const { layout } = layOutQcow2(disk);
    const outside = changed((image) => image.writeBigUInt64BE(2n ** 54n, layout.l1Offset));
    await expect(readAll(outside)).rejects.toBeInstanceOf(OutOfBoundsError);
    const unaligned = changed((image) => image.writeBigUInt64BE(512n, layout.l1Offset));
    await expect(readAll(unaligned)).rejects.toMatchObject({ code: 'QCOW2_UNALIGNED' });
    const [l2 = 0] = layout.l2Offsets;
    const cluster = changed((image) => image.writeBigUInt64BE(2n ** 54n, l2));
    await expect(readAll(cluster)).rejects.toBeInstanceOf(OutOfBoundsError);
    const compressed = changed((image) => image.writeBigUInt64BE((1n << 62n) | ((1n << 54n) - 1n), l2));
    await expect(readAll(compressed)).rejects.toBeInstanceOf(OutOfBoundsError);
    const zero = changed((image) => image.writeBigUInt64BE(1n, l2), { version: 2 });
    await expect(readAll(zero)).rejects.toMatchObject({ code: 'QCOW2_ZERO_CLUSTER' });
  });

  it('CVE-2014-0145, CVE-2014-0146: a snapshot table outside the file, or without an end, is refused', async () => {
    const refused = (count: number, offset: bigint) =>
      expectRefused(
        changed((image) => {
          image.writeUInt32BE(count, 0x3c);
          image.writeBigUInt64BE(offset, 0x40);
        }),
        'QCOW2_SNAPSHOT_TABLE',
      );
    await refused(0xffffffff, BigInt(CLUSTER));
    await refused(1, 2n ** 40n);
    await refused(1, 0n);
    await refused(60_000, BigInt(CLUSTER));
  });

  it('CVE-2014-0147: a refcount table larger than any disk needs, or of no size, is refused', async () => {
    await expectRefused(
      changed((image) => image.writeUInt32BE(0xffffffff, 0x38)),
      'QCOW2_REFCOUNT_TABLE',
    );
    await expectRefused(
      changed((image) => image.writeUInt32BE(0, 0x38)),
      'QCOW2_REFCOUNT_TABLE',
    );
  });

  it('CVE-2014-0144, CVE-2014-0147: tables beyond their limits are refused though the file could hold them', async () => {
    const inLargeFile = (change: (image: Buffer) => void) =>
      sparseSource(2 ** 30, [{ offset: 0, bytes: changed(change).subarray(0, CLUSTER) }]);
    await expectRefused(
      inLargeFile((image) => image.writeUInt32BE((8 * 2 ** 20) / CLUSTER + 1, 0x38)),
      'QCOW2_REFCOUNT_TABLE',
    );
    await expectRefused(
      inLargeFile((image) => image.writeUInt32BE((32 * 2 ** 20) / 8 + 1, 0x24)),
      'QCOW2_L1_TABLE',
    );
    const snapshots = inLargeFile((image) => {
      image.writeUInt32BE(65_537, 0x3c);
      image.writeBigUInt64BE(BigInt(CLUSTER), 0x40);
    });
    await expectRefused(snapshots, 'QCOW2_SNAPSHOT_TABLE');
  });

  it('a compressed cluster that opens to more than a cluster, to less, or not at all ends in a typed error', async () => {
    const { image, layout } = layOutQcow2(Buffer.alloc(CLUSTER, 'all work and no play '), {
      compression: 'zlib',
    });
    const withData = (data: Buffer) => {
      const other = Buffer.from(image);
      other.fill(0, layout.dataOffset);
      data.copy(other, layout.dataOffset);
      return readAll(other);
    };
    expect(await withData(deflateRawSync(Buffer.alloc(CLUSTER, 7)))).toHaveLength(CLUSTER);
    await expect(withData(deflateRawSync(Buffer.alloc(CLUSTER + 1)))).rejects.toBeInstanceOf(
      OutputTooLargeError,
    );
    await expect(withData(deflateRawSync(Buffer.alloc(CLUSTER - 1)))).rejects.toMatchObject({
      code: 'QCOW2_COMPRESSED_CLUSTER',
    });
    await expect(withData(Buffer.alloc(64, 0xff))).rejects.toBeInstanceOf(DecompressionError);
  });

  it('encryption, corruption, extended L2 entries and unknown features are refused by name', async () => {
    const refused = (code: string, change: (image: Buffer) => void) => expectRefused(changed(change), code);
    await refused('QCOW2_ENCRYPTED', (image) => image.writeUInt32BE(1, 0x20));
    await refused('QCOW2_ENCRYPTED', (image) => image.writeUInt32BE(2, 0x20));
    await refused('QCOW2_ENCRYPTED', (image) => image.writeUInt32BE(0x0537be77, 0x70));
    await refused('QCOW2_CORRUPT', (image) => image.writeUInt8(2, 0x4f));
    await refused('QCOW2_EXTENDED_L2', (image) => image.writeUInt8(16, 0x4f));
    await refused('QCOW2_UNKNOWN_FEATURE', (image) => image.writeUInt8(32, 0x4f));
    await refused('QCOW2_UNKNOWN_FEATURE', (image) => image.writeUInt8(0x80, 0x48));
    await refused('QCOW2_COMPRESSION_TYPE', (image) => image.writeUInt8(1, 0x68));
    await refused('QCOW2_COMPRESSION_TYPE', (image) => image.writeUInt8(8, 0x4f));
    await refused('QCOW2_VERSION', (image) => image.writeUInt32BE(1, 0x04));
    await refused('QCOW2_VERSION', (image) => image.writeUInt32BE(4, 0x04));
  });

  it('an upload that broke off is refused, wherever it did', async () => {
    const { image, layout } = layOutQcow2(patternDisk(3_000_000));
    for (let length = layout.dataOffset; length < image.length - 512; length += 100_000) {
      await expectRefused(image.subarray(0, length), 'QCOW2_TRUNCATED');
    }
    for (const length of [5, 71, 103]) {
      await expect(openImage(bufferSource(image.subarray(0, length)), 'x')).rejects.toBeInstanceOf(
        OutOfBoundsError,
      );
    }
  });

  it('an upload that broke off before its later refcount blocks is refused', async () => {
    const image = buildQcow2(disk);
    image.writeBigUInt64BE(2n ** 31n, 2 ** 16 + 8); // a refcount block at 2 GiB
    await expectRefused(image, 'QCOW2_TRUNCATED');
  });
});
