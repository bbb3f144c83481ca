import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { UnsafeImageError } from '../../../shared/image/errors.ts';
import { openImage } from '../../../shared/image/formats.ts';
import { qcow2 } from '../../../shared/image/qcow2.ts';
import { vmdk } from '../../../shared/image/vmdk.ts';
import { noise, patternDisk } from '../../support/images/disk.ts';
import { buildOciArchive } from '../../support/images/oci-archive.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';
import { expectRefused } from '../../support/images/refusal.ts';
import { buildTar } from '../../support/images/tar.ts';
import { buildVmdk } from '../../support/images/vmdk.ts';

const disk = patternDisk(300_000);

afterEach(() => vi.restoreAllMocks());

/** Zeros with bytes at a place. */
function marked(offset: number, mark: string | Buffer, size = 200_000): Buffer {
  const image = Buffer.alloc(size);
  Buffer.from(mark as string, 'latin1').copy(image, offset);
  return image;
}

const ova = buildTar([
  { name: 'vm.ovf', content: Buffer.from('<Envelope/>') },
  { name: 'vm.mf', content: Buffer.from('SHA256') },
  { name: 'vm disk1.vmdk', content: buildVmdk(disk) },
  { name: 'notes.constructor', content: Buffer.from('no disk') },
]);

describe('images that OCI does not import are recognised, and the refusal says what to do', () => {
  const cases: [name: string, image: Buffer, format: string, code: string, remedy: string][] = [
    [
      'x.vhd',
      marked(0, 'conectix'),
      'vpc',
      'VHD_UNSUPPORTED',
      'qemu-img convert -f vpc -O qcow2 x.vhd x.qcow2',
    ],
    [
      'fixed.vhd',
      Buffer.concat([disk, marked(0, 'conectix', 512)]),
      'vpc',
      'VHD_UNSUPPORTED',
      'qemu-img convert -f vpc -O qcow2 fixed.vhd fixed.qcow2',
    ],
    [
      'x.vhdx',
      marked(0, 'vhdxfile'),
      'vhdx',
      'VHDX_UNSUPPORTED',
      'qemu-img convert -f vhdx -O qcow2 x.vhdx x.qcow2',
    ],
    [
      'x.vdi',
      marked(0x40, '\x7f\x10\xda\xbe'),
      'vdi',
      'VDI_UNSUPPORTED',
      'qemu-img convert -f vdi -O qcow2 x.vdi x.qcow2',
    ],
    ['x.iso', marked(0x8001, 'CD001'), 'iso', 'ISO_UNSUPPORTED', 'Install it in a virtual machine'],
    ['udf.iso', marked(0x8001, 'BEA01'), 'iso', 'ISO_UNSUPPORTED', 'Install it in a virtual machine'],
    [
      'x.ova',
      ova,
      'ova',
      'OVA_UNSUPPORTED',
      "tar -xf x.ova && qemu-img convert -f vmdk -O qcow2 './vm disk1.vmdk' x.qcow2",
    ],
    ['x.qcow2.xz', marked(0, '\xfd7zXZ\0'), 'xz', 'COMPRESSED_UNSUPPORTED', 'xz -dk x.qcow2.xz'],
    ['x.img.gz', gzipSync(disk), 'gzip', 'COMPRESSED_UNSUPPORTED', 'gzip -dk x.img.gz'],
    ['x.zst', marked(0, '\x28\xb5\x2f\xfd'), 'zstd', 'COMPRESSED_UNSUPPORTED', 'zstd -d x.zst'],
    ['x.bz2', marked(0, 'BZh91AY'), 'bzip2', 'COMPRESSED_UNSUPPORTED', 'bzip2 -dk x.bz2'],
    ['x.zip', marked(0, 'PK\x03\x04'), 'zip', 'COMPRESSED_UNSUPPORTED', 'unzip x.zip'],
    ['x.7z', marked(0, '7z\xbc\xaf\x27\x1c'), '7z', 'COMPRESSED_UNSUPPORTED', '7z x x.7z'],
    ['x.raw', disk, 'raw', 'RAW_UNSUPPORTED', 'qemu-img convert -f raw -O qcow2 x.raw x.qcow2'],
    // Half of a VMDK from a datastore, and a VHD that lost its end: renamed as what they are they would be refused too.
    [
      'x-flat.vmdk',
      disk,
      'raw',
      'RAW_UNSUPPORTED',
      'qemu-img convert -f raw -O qcow2 x-flat.vmdk x-flat.qcow2',
    ],
    ['x.vhd', disk, 'raw', 'RAW_UNSUPPORTED', 'qemu-img convert -f raw -O qcow2 x.vhd x.qcow2'],
  ];
  it.each(cases)('%s', async (name, image, format, code, remedy) => {
    const opened = await openImage(bufferSource(image), `drop/${name}`);
    expect(opened.format).toBe(format);
    expect(opened.problems.map((problem) => [problem.code, problem.severity])).toEqual([[code, 'reject']]);
    expect(opened.problems[0]?.remedy.startsWith(remedy)).toBe(true);
  });

  it('CVE-2014-0148: nothing of a VHDX is read but its mark, whatever its header says', async () => {
    const image = Buffer.concat([Buffer.from('vhdxfile'), noise(300_000)]);
    expect((await openImage(bufferSource(image), 'x')).problems.map(({ code }) => code)).toEqual([
      'VHDX_UNSUPPORTED',
    ]);
  });

  it.each([
    ['a boot sector', 0x1fe, '\x55\xaa'],
    ['a GPT', 0x200, 'EFI PART'],
    ['a GPT of 4096-byte sectors', 0x1000, 'EFI PART'],
    ['ext4', 0x438, '\x53\xef'],
    ['XFS', 0, 'XFSB'],
    ['btrfs', 0x10040, '_BHRfS_M'],
    ['LVM2', 0x200, 'LABELONE'],
    ['LUKS', 0, 'LUKS\xba\xbe'],
  ])('a raw disk is one with %s, and is readable', async (_name, offset, mark) => {
    const image = marked(offset, mark);
    const opened = await openImage(bufferSource(image), 'x.img');
    expect(opened).toMatchObject({ format: 'raw', virtualSize: image.length });
    expect((await opened.disk?.read(0, image.length))?.equals(image)).toBe(true);
  });
});

describe('what is no image', () => {
  it('is refused: nothing, a few bytes, text, zeros, noise', async () => {
    await expectRefused(Buffer.alloc(0), 'IMAGE_EMPTY');
    expect((await expectRefused(Buffer.from('ten bytes.'), 'FORMAT_UNKNOWN')).message).toContain(
      'only 10 bytes',
    );
    await expectRefused(Buffer.from('# README\n'.repeat(1000)), 'FORMAT_UNKNOWN', 'README.md');
    await expectRefused(Buffer.alloc(100_000), 'FORMAT_UNKNOWN', 'zeros.img');
    await expectRefused(noise(100_000), 'FORMAT_UNKNOWN', 'x.qcow2');
  });
});

describe('exactly one format may match', () => {
  it.each([
    ['qcow2 and ISO', 0x8001, 'CD001'],
    ['qcow2 and VDI', 0x40, '\x7f\x10\xda\xbe'],
    ['qcow2 and tar', 0x101, 'ustar'],
  ])('%s at once is refused', async (_name, offset, mark) => {
    const image = buildQcow2(disk);
    Buffer.from(mark, 'latin1').copy(image, offset);
    await expectRefused(image, 'FORMAT_AMBIGUOUS');
  });

  it('VMDK and tar at once, ISO and gzip at once are refused', async () => {
    const image = buildVmdk(disk);
    image.write('ustar', 0x101);
    await expectRefused(image, 'FORMAT_AMBIGUOUS');
    const gzipped = gzipSync(noise(100_000));
    gzipped.write('CD001', 0x8001);
    await expectRefused(gzipped, 'FORMAT_AMBIGUOUS');
  });

  it('a raw disk is one only where nothing else matches: a hybrid ISO is an ISO', async () => {
    const image = marked(0x8001, 'CD001');
    image.writeUInt16LE(0xaa55, 510);
    expect((await openImage(bufferSource(image), 'x')).format).toBe('iso');
  });
});

describe("the name's extension", () => {
  const archive = buildOciArchive({ disk: buildQcow2(disk) });
  it.each([
    ['x.qcow2', buildVmdk(disk)],
    ['x.vmdk', buildQcow2(disk)],
    ['x.oci', buildQcow2(disk)],
    ['x.QCOW2', archive],
    ['x.raw', archive],
  ])('%s must agree with the content', async (name, image) => {
    await expectRefused(image, 'FORMAT_MISMATCH', name);
  });

  it.each(['x.img', 'x', 'x.bin', 'x.qcow2.1', 'a.vmdk/x', 'x.'])('%s promises nothing', async (name) => {
    for (const image of [buildQcow2(disk), buildVmdk(disk), archive]) {
      expect((await openImage(bufferSource(image), name)).problems).toEqual([]);
    }
  });

  it.each(['x.oci', 'x.tar', 'x.OCI'])('%s is right for an archive', async (name) => {
    expect((await openImage(bufferSource(archive), name)).format).toBe('oci');
  });
});

describe('an error inside a safety check', () => {
  it('that nobody thought of is a violation, in opening and in matching', async () => {
    vi.spyOn(qcow2, 'open').mockRejectedValue(new TypeError('x is undefined'));
    const error = await expectRefused(buildQcow2(disk), 'SAFETY_CHECK_FAILED');
    expect(error).toBeInstanceOf(UnsafeImageError);
    expect(error.cause).toBeInstanceOf(TypeError);
    vi.spyOn(vmdk, 'matches').mockImplementation(() => {
      throw new RangeError('out of range');
    });
    await expectRefused(disk, 'SAFETY_CHECK_FAILED');
  });

  it('that is the network is passed on, and refuses no image', async () => {
    const failure = new Error('socket hang up');
    const image = bufferSource(buildQcow2(disk));
    let reads = 0;
    const flaky = {
      size: image.size,
      read: (offset: number, length: number) =>
        ++reads > 2 ? Promise.reject(failure) : image.read(offset, length),
    };
    await expect(openImage(flaky, 'x')).rejects.toBe(failure);
  });
});
