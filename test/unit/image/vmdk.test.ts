import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { OutOfBoundsError } from '../../../shared/bytes/source.ts';
import { DecompressionError, OutputTooLargeError } from '../../../shared/compression/errors.ts';
import { openImage } from '../../../shared/image/formats.ts';
import { patternDisk } from '../../support/images/disk.ts';
import { expectRefused } from '../../support/images/refusal.ts';
import { buildVmdk, type VmdkOptions, vmdkDescriptor } from '../../support/images/vmdk.ts';

const disk = patternDisk(1_000_448);
const sectors = disk.length / 512;

function changed(change: (image: Buffer) => void, options?: VmdkOptions): Buffer {
  const image = buildVmdk(disk, options);
  change(image);
  return image;
}

const stream: VmdkOptions = { variant: 'streamOptimized' };
const described = (descriptor: string) => buildVmdk(disk, { descriptor });
const plain = vmdkDescriptor('monolithicSparse', sectors);

async function readAll(image: Buffer): Promise<Buffer> {
  const { disk: opened } = await openImage(bufferSource(image), 'disk.vmdk');
  return (await opened?.read(0, opened.size)) ?? Buffer.alloc(0);
}

describe('a VMDK', () => {
  it.each([
    ['monolithicSparse', {}],
    ['streamOptimized', stream],
    ['streamOptimized', { ...stream, footer: false }],
  ] as [string, VmdkOptions][])(
    '%s %j says its type and size, and reads at random',
    async (variant, options) => {
      const image = await openImage(bufferSource(buildVmdk(disk, options)), 'disk.vmdk');
      expect(image).toMatchObject({
        format: 'vmdk',
        variant,
        virtualSize: disk.length,
        problems: [],
        archive: null,
      });
      expect((await image.disk?.read(0, disk.length))?.equals(disk)).toBe(true);
      expect((await image.disk?.read(131_000, 200_000))?.equals(disk.subarray(131_000, 331_000))).toBe(true);
      await expect(image.disk?.read(disk.length - 1, 2)).rejects.toBeInstanceOf(OutOfBoundsError);
    },
  );

  it('reads grains marked as zeros only where its header has them', async () => {
    const image = buildVmdk(disk);
    const table = image.readUInt32LE(image.readUInt32LE(0x38) * 512) * 512;
    image.writeUInt32LE(1, table);
    expect((await readAll(image)).subarray(0, 512).equals(image.subarray(512, 1024))).toBe(true);
    image.writeUInt32LE(5, 0x08);
    expect((await readAll(image)).subarray(0, 65_536).every((byte) => byte === 0)).toBe(true);
  });
});

describe('VMDKs that OCI does not import', () => {
  const types = [
    'monolithicFlat',
    'twoGbMaxExtentSparse',
    'twoGbMaxExtentFlat',
    'vmfs',
    'vmfsSparse',
    'vmfsThin',
    'vmfsEagerZeroedThick',
    'seSparse',
    'vsanSparse',
    'fullDevice',
    'partitionedDevice',
    'vmfsRawDeviceMap',
    'vmfsPassthroughRawDeviceMap',
    'custom',
    'somethingNew',
  ];
  it.each(types)('%s is refused by name, as a descriptor alone and inside a sparse extent', async (type) => {
    const text = vmdkDescriptor(type, sectors, 'FLAT "disk-flat.vmdk" 0');
    for (const image of [Buffer.from(text), Buffer.from(text.replaceAll('\n', '\r\n')), described(text)]) {
      const opened = await openImage(bufferSource(image), 'disk.vmdk');
      expect(opened).toMatchObject({ format: 'vmdk', variant: type, disk: null });
      expect(opened.problems.map(({ code, severity }) => [code, severity])).toEqual([
        ['VMDK_SUBTYPE_UNSUPPORTED', 'reject'],
      ]);
      expect(opened.problems[0]?.sentence).toContain(type);
    }
  });

  it('devices are refused by name, with no command that would read them', async () => {
    const text = vmdkDescriptor('fullDevice', sectors, 'FLAT "\\\\.\\PhysicalDrive0" 0');
    const opened = await openImage(bufferSource(Buffer.from(text)), 'disk.vmdk');
    expect(opened.problems[0]?.code).toBe('VMDK_SUBTYPE_UNSUPPORTED');
    expect(opened.problems[0]?.remedy).not.toContain('qemu-img');
  });

  it.each([
    ['COWD', 'vmfsSparse', Buffer.from('COWD')],
    ['SE sparse', 'seSparse', Buffer.from('bebafeca00000000', 'hex')],
    ['an extent without a descriptor', 'twoGbMaxExtentSparse', described('')],
  ])('%s is refused as %s', async (_name, variant, mark) => {
    const opened = await openImage(bufferSource(Buffer.concat([mark, Buffer.alloc(2048)])), 'x.vmdk');
    expect(opened).toMatchObject({ variant, disk: null, problems: [{ code: 'VMDK_SUBTYPE_UNSUPPORTED' }] });
  });
});

describe('safety checks of VMDK', () => {
  it.each(['/etc/shadow', '../../secret', 'C:\\secret', '..'])(
    'CVE-2022-47951: an extent %j is refused, alone and embedded',
    async (path) => {
      for (const type of ['monolithicFlat', 'monolithicSparse']) {
        const text = vmdkDescriptor(type, sectors, `FLAT "${path}" 0`);
        await expectRefused(Buffer.from(text), 'VMDK_EXTENT_PATH');
        await expectRefused(described(text), 'VMDK_EXTENT_PATH');
      }
    },
  );

  it('CVE-2022-47951: exactly one extent, sparse, accessible, of the size in the header', async () => {
    const refused = (descriptor: string) => expectRefused(described(descriptor), 'VMDK_EXTENTS');
    await refused(`${plain}RW ${sectors} SPARSE "second.vmdk"\n`);
    await refused(plain.replace(/^RW .*$/m, ''));
    await refused(plain.replace('SPARSE', 'FLAT'));
    await refused(plain.replace('SPARSE', 'ZERO'));
    await refused(plain.replace('RW', 'NOACCESS'));
    await refused(plain.replace(`RW ${sectors}`, `RW ${sectors + 1}`));
    await refused(plain.replace(`RW ${sectors}`, `RW ${sectors - 128}`));
  });

  it('CVE-2022-47951: each line of the descriptor is understood, and none is given twice', async () => {
    const refused = (descriptor: string) => expectRefused(described(descriptor), 'VMDK_DESCRIPTOR');
    await refused(`${plain}open /etc/shadow\n`);
    await refused(`${plain}RW 8 SPARSE unquoted.vmdk\n`);
    await refused(`${plain}createType="monolithicFlat"\n`);
    await refused(`${plain}CREATETYPE="monolithicFlat"\n`);
  });

  it('CVE-2022-47951: a descriptor beyond 1 MiB is refused before it is read', async () => {
    const image = Buffer.concat([buildVmdk(disk), Buffer.alloc(2 * 2 ** 20)]);
    image.writeBigUInt64LE(2049n, 0x24);
    await expectRefused(image, 'VMDK_DESCRIPTOR_SIZE');
    await expectRefused(
      changed((bytes) => bytes.writeBigUInt64LE(2n ** 40n, 0x1c)),
      'VMDK_DESCRIPTOR_SIZE',
    );
  });

  it('a parent is refused, whatever names it', async () => {
    await expectRefused(described(plain.replace('ffffffff', '12345678')), 'VMDK_PARENT');
    await expectRefused(described(plain.replace(/^parentCID.*$/m, '')), 'VMDK_PARENT');
    await expectRefused(described(`${plain}parentFileNameHint="base.vmdk"\n`), 'VMDK_PARENT');
  });

  it('encryption is refused by name', async () => {
    await expectRefused(described(`${plain}encryption.keySafe = "vmware:key/list/x"\n`), 'VMDK_ENCRYPTED');
  });

  it('CVE-2014-0144: impossible header fields, and tables outside the file, are refused', async () => {
    const refused = (code: string, change: (image: Buffer) => void) => expectRefused(changed(change), code);
    await refused('VMDK_VERSION', (image) => image.writeUInt32LE(0, 0x04));
    await refused('VMDK_VERSION', (image) => image.writeUInt32LE(4, 0x04));
    await refused('VMDK_CAPACITY', (image) => image.writeBigUInt64LE(0n, 0x0c));
    await refused('VMDK_GRAIN_DIRECTORY', (image) => image.writeBigUInt64LE(2n ** 40n, 0x0c));
    await refused('VMDK_GRAIN_DIRECTORY', (image) => image.writeBigUInt64LE(2n ** 40n, 0x38));
    await refused('VMDK_GRAIN_DIRECTORY', (image) => image.writeBigUInt64LE(0n, 0x38));
    await refused('VMDK_GRAIN_SIZE', (image) => image.writeBigUInt64LE(0n, 0x14));
    await refused('VMDK_GRAIN_SIZE', (image) => image.writeBigUInt64LE(129n, 0x14));
    await refused('VMDK_GRAIN_SIZE', (image) => image.writeBigUInt64LE(2n ** 32n, 0x14));
    await refused('VMDK_GRAIN_TABLE', (image) => image.writeUInt32LE(0, 0x2c));
    await refused('VMDK_GRAIN_TABLE', (image) => image.writeUInt32LE(513, 0x2c));
    await refused('VMDK_COMPRESSION', (image) => image.writeUInt16LE(1, 0x4d));
    await refused('VMDK_COMPRESSION', (image) => image.writeUInt32LE(0x10001, 0x08));
    await refused('VMDK_NEWLINES', (image) => image.write('\r\n', 0x49));
    const beyond = changed((image) => image.writeBigUInt64LE(2n ** 60n, 0x0c));
    await expect(openImage(bufferSource(beyond), 'x')).rejects.toMatchObject({ code: 'INTEGER_TOO_LARGE' });
  });

  it('a stream without its footer, or with another disk in it, is refused', async () => {
    const image = buildVmdk(disk, stream);
    await expectRefused(image.subarray(0, image.length - 512), 'VMDK_FOOTER');
    await expectRefused(image.subarray(0, image.length / 2), 'VMDK_FOOTER');
    const footerAt = image.length - 1024;
    const differs = (change: (bytes: Buffer) => void) =>
      expectRefused(changed(change, stream), 'VMDK_FOOTER_DIFFERS');
    await differs((bytes) => bytes.writeBigUInt64LE(8n, footerAt + 0x0c));
    await differs((bytes) => bytes.writeBigUInt64LE(0xffffffffffffffffn, footerAt + 0x38));
    await expectRefused(
      changed((bytes) => bytes.writeUInt8(1, image.length - 512), stream),
      'VMDK_FOOTER',
    );
  });

  describe('CVE-2026-2243: compressed grains are bounded', () => {
    const firstGrain = 21 * 512;
    it.each([
      ['a size beyond all expansion', (image: Buffer) => image.writeUInt32LE(131_073, firstGrain + 8)],
      ['a size of 4 GiB', (image: Buffer) => image.writeUInt32LE(0xffffffff, firstGrain + 8)],
      ['the place of another grain', (image: Buffer) => image.writeUInt32LE(128, firstGrain)],
    ])('%s', async (_name, change) => {
      await expect(readAll(changed(change, stream))).rejects.toMatchObject({ code: 'VMDK_GRAIN_MARKER' });
    });

    it('data that opens to more than a grain, to less, or not at all', async () => {
      const withData = (data: Buffer) =>
        changed((image) => {
          image.writeUInt32LE(data.length, firstGrain + 8);
          data.copy(image, firstGrain + 12);
        }, stream);
      await expect(readAll(withData(deflateSync(Buffer.alloc(2 ** 24))))).rejects.toBeInstanceOf(
        OutputTooLargeError,
      );
      await expect(readAll(withData(deflateSync(Buffer.alloc(512))))).rejects.toMatchObject({
        code: 'VMDK_COMPRESSED_GRAIN',
      });
      await expect(readAll(withData(Buffer.alloc(100, 0xff)))).rejects.toBeInstanceOf(DecompressionError);
    });

    it('data that goes on after the end of the file', async () => {
      const marker = Buffer.alloc(512);
      marker.writeUInt32LE(130_000, 8);
      const image = Buffer.concat([buildVmdk(disk, { ...stream, footer: false }), marker]);
      const table = image.readUInt32LE(image.readUInt32LE(0x38) * 512) * 512;
      image.writeUInt32LE(image.length / 512 - 1, table);
      await expect(readAll(image)).rejects.toBeInstanceOf(OutOfBoundsError);
    });
  });
});
