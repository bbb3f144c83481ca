import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { DecompressionError } from '../../../shared/compression/errors.ts';
import { openImage } from '../../../shared/image/formats.ts';
import { noise, patternDisk } from '../../support/images/disk.ts';
import { buildOciArchive, exportedMetadata } from '../../support/images/oci-archive.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';
import { expectRefused } from '../../support/images/refusal.ts';
import { buildTar } from '../../support/images/tar.ts';
import { buildVmdk } from '../../support/images/vmdk.ts';
import { tracedSource } from '../../support/sources.ts';

const disk = patternDisk(1_000_448);
const qcow2 = buildQcow2(disk);

const open = (archive: Buffer) => openImage(bufferSource(archive), 'image.oci');

describe('an .oci archive', () => {
  it.each([
    ['metadata first', { disk: qcow2 }],
    ['disk first', { disk: qcow2, diskFirst: true }],
    ['any name of the disk', { disk: qcow2, diskName: `${'folder/'.repeat(30)}my disk.img` }],
    ['a VMDK', { disk: buildVmdk(disk, { variant: 'streamOptimized' }), diskName: 'disk.vmdk' }],
    ['macOS members', { disk: qcow2, extra: [{ name: './._image_metadata.json', content: noise(300) }] }],
  ])('%s: tells what it says of itself, and reads its disk', async (_name, options) => {
    const image = await open(buildOciArchive(options));
    expect(image).toMatchObject({ format: 'oci', variant: 'tar', virtualSize: disk.length, problems: [] });
    expect(image.archive).toEqual({
      launchMode: 'PARAVIRTUALIZED',
      firmware: 'UEFI_64',
      networkType: 'PARAVIRTUALIZED',
      bootVolumeType: 'PARAVIRTUALIZED',
      operatingSystem: 'Oracle Linux',
      operatingSystemVersion: '9',
      shapes: ['VM.Standard.A1.Flex'],
    });
    expect((await image.disk?.read(0, disk.length))?.equals(disk)).toBe(true);
  });

  it.each([true, false])(
    'gzipped (disk first: %s): tells the same, its disk checked but not read',
    async (diskFirst) => {
      const image = await open(buildOciArchive({ disk: qcow2, diskFirst, gzip: true }));
      expect(image).toMatchObject({ format: 'oci', variant: 'gzip', virtualSize: disk.length, disk: null });
      expect(image.archive?.launchMode).toBe('PARAVIRTUALIZED');
      expect(image.problems.map(({ code, severity }) => [code, severity])).toEqual([
        ['ARCHIVE_GZIPPED', 'warn'],
      ]);
    },
  );

  it('gzipped, with the metadata far behind the disk: says that it was not reached, and stops there', async () => {
    // 70 MB that do not compress, and a qcow2 header in front of them.
    const large = Buffer.concat([
      qcow2,
      noise(2 ** 20),
      ...Array.from({ length: 68 }, (_, i) => noise(2 ** 20, i + 2)),
    ]);
    const source = tracedSource(gzipSync(buildTar([{ name: 'disk.qcow2', content: large }]), { level: 0 }));
    const image = await openImage(source, 'image.oci');
    expect(image.archive).toBeNull();
    expect(image.problems.map(({ code }) => code)).toEqual([
      'ARCHIVE_GZIPPED',
      'ARCHIVE_METADATA_NOT_REACHED',
    ]);
    const read = source.reads.reduce((sum, { length }) => sum + length, 0);
    expect(read).toBeLessThan(70 * 2 ** 20);
  });

  it('gzipped, as a bomb: is followed to a limit only', async () => {
    const start = buildTar([{ name: 'disk', content: qcow2, size: 2 ** 32 }]);
    const zeros = gzipSync(Buffer.alloc(64 * 2 ** 20));
    const image = await open(Buffer.concat([gzipSync(start), ...Array<Buffer>(9).fill(zeros)]));
    expect(image.problems.map(({ code }) => code)).toContain('ARCHIVE_METADATA_NOT_REACHED');
  });

  it('gzipped, with a disk that cannot be checked in a stream, is refused', async () => {
    const stream = buildVmdk(patternDisk(2_000_384), { variant: 'streamOptimized' });
    const error = await expectRefused(
      buildOciArchive({ disk: stream, gzip: true }),
      'ARCHIVE_GZIPPED_UNCHECKED',
    );
    expect(error.remedy).toBe('gzip -dc image > unpacked-image');
  });

  it.each([true, false])('a backing file inside is refused as outside (gzipped: %s)', async (gzip) => {
    const unsafe = Buffer.from(qcow2);
    unsafe.writeBigUInt64BE(0x400n, 8);
    await expectRefused(buildOciArchive({ disk: unsafe, gzip }), 'QCOW2_BACKING_FILE');
  });

  it('without a disk, without metadata, or with either twice, is refused', async () => {
    const json = { name: 'image_metadata.json', content: Buffer.from('{}') };
    const image = { name: 'a', content: qcow2 };
    await expectRefused(buildTar([json]), 'ARCHIVE_WITHOUT_DISK');
    await expectRefused(buildTar([image]), 'ARCHIVE_WITHOUT_METADATA');
    await expectRefused(gzipSync(buildTar([image])), 'ARCHIVE_WITHOUT_METADATA');
    await expectRefused(buildTar([json, image, { ...image, name: 'b' }]), 'ARCHIVE_AMBIGUOUS');
    await expectRefused(
      buildTar([json, image, { ...json, name: './image_metadata.json' }]),
      'ARCHIVE_AMBIGUOUS',
    );
    await expectRefused(
      buildTar([json, image, { name: 'vm.ovf', content: Buffer.from('x') }]),
      'FORMAT_AMBIGUOUS',
    );
  });

  it('that was cut off is refused', async () => {
    const archive = buildOciArchive({ disk: qcow2 });
    await expectRefused(archive.subarray(0, archive.length / 2), 'ARCHIVE_TRUNCATED');
    const gzipped = buildOciArchive({ disk: qcow2, diskFirst: true, gzip: true });
    await expect(open(gzipped.subarray(0, gzipped.length / 2))).rejects.toBeInstanceOf(DecompressionError);
  });

  it('of more than 400 GiB is refused', async () => {
    const large = buildQcow2(Buffer.alloc(65_536, 1));
    large.writeBigUInt64BE(401n * 2n ** 30n, 0x18);
    large.writeUInt32BE(802, 0x24);
    const image = await open(buildOciArchive({ disk: large }));
    expect(image.problems.map(({ code }) => code)).toEqual(['IMAGE_TOO_LARGE']);
  });
});

describe('image_metadata.json', () => {
  const parsed = async (metadata: unknown) =>
    (await open(buildOciArchive({ disk: qcow2, metadata }))).archive;

  it('may lack any field', async () => {
    const nothing = {
      launchMode: null,
      firmware: null,
      networkType: null,
      bootVolumeType: null,
      operatingSystem: null,
      operatingSystemVersion: null,
      shapes: null,
    };
    expect(await parsed({})).toEqual(nothing);
    expect(await parsed({ externalLaunchOptions: null, additionalMetadata: null })).toEqual(nothing);
    expect(await parsed('\ufeff{}')).toEqual(nothing);
  });

  it.each([null, '{"Compute.Firmware":{}}', { 'Compute.Firmware': {} }])(
    'may have imageCapabilityData as null, a string or an object: %j',
    async (imageCapabilityData) => {
      expect((await parsed({ ...exportedMetadata, imageCapabilityData }))?.firmware).toBe('UEFI_64');
    },
  );

  it.each([
    'no json',
    '[]',
    'null',
    { externalLaunchOptions: 'x' },
    { externalLaunchOptions: { firmware: 7 } },
    { additionalMetadata: { shapeCompatibilities: {} } },
    { additionalMetadata: { shapeCompatibilities: ['VM.Standard.A1.Flex'] } },
    { padding: 'x'.repeat(2 ** 20) },
  ])('of another form is refused: %.40j', async (metadata) => {
    await expectRefused(buildOciArchive({ disk: qcow2, metadata }), 'ARCHIVE_METADATA_INVALID');
  });
});
