import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { meter } from '../../../shared/bytes/budget.ts';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { readPartitions } from '../../../shared/disk/partitions.ts';
import {
  buildGpt,
  buildMbr,
  DISK_SIGNATURE,
  sealGptHeader,
  TYPES,
  writeBootRecord,
} from '../../support/disks.ts';

const codes = (table: { problems: readonly { code: string }[] }) => table.problems.map(({ code }) => code);
const metered = (disk: Buffer) => meter(bufferSource(disk), { requests: Infinity, bytes: Infinity });
const read = (disk: Buffer) => readPartitions(bufferSource(disk));

describe('MBR', () => {
  test('primary partitions come with number, type, place in bytes and active flag', async () => {
    const table = await read(
      buildMbr([
        { type: 0x83, start: 64, sectors: 100, active: true },
        { type: 0x82, start: 164, sectors: 10 },
      ]),
    );
    expect(table).toMatchObject({ kind: 'mbr', bootCode: false, problems: [] });
    expect(table.partitions).toEqual([
      {
        number: 1,
        type: '83',
        uuid: `${DISK_SIGNATURE}-01`,
        name: '',
        offset: 64 * 512,
        length: 100 * 512,
        active: true,
      },
      {
        number: 2,
        type: '82',
        uuid: `${DISK_SIGNATURE}-02`,
        name: '',
        offset: 164 * 512,
        length: 10 * 512,
        active: false,
      },
    ]);
  });

  test('logical partitions are numbered from 5 and replace their container', async () => {
    const disk = buildMbr([
      { type: 0x83, start: 64, sectors: 100 },
      { type: 0x05, start: 200, sectors: 1000 },
    ]);
    writeBootRecord(disk, 200, [
      { type: 0x83, start: 8, sectors: 50 },
      { type: 0x05, start: 100, sectors: 100 },
    ]);
    writeBootRecord(disk, 300, [{ type: 0x82, start: 8, sectors: 60 }]);
    const { partitions, problems } = await read(disk);
    expect(problems).toEqual([]);
    expect(partitions.map(({ uuid, type, offset }) => [uuid, type, offset / 512])).toEqual([
      [`${DISK_SIGNATURE}-01`, '83', 64],
      [`${DISK_SIGNATURE}-05`, '83', 208],
      [`${DISK_SIGNATURE}-06`, '82', 308],
    ]);
    expect(partitions.map(({ number }) => number)).toEqual([1, 5, 6]);
  });

  test('a chain of extended records that runs in a circle ends with a problem', async () => {
    const disk = buildMbr([{ type: 0x0f, start: 200, sectors: 1000 }]);
    writeBootRecord(disk, 200, [
      { type: 0x83, start: 8, sectors: 50 },
      { type: 0x05, start: 0, sectors: 100 },
    ]);
    const source = metered(disk);
    const table = await readPartitions(source);
    expect(codes(table)).toEqual(['EXTENDED_PARTITION_BROKEN']);
    expect(table.partitions).toHaveLength(1);
    expect(source.cost.requests).toBe(2);
  });

  test('a chain of extended records that does not end is cut at fdisk’s own limit', async () => {
    const disk = buildMbr([{ type: 0x05, start: 100, sectors: 1900 }]);
    for (let index = 0; index < 100; index++) {
      writeBootRecord(disk, 100 + index * 4, [
        { type: 0x83, start: 1, sectors: 2 },
        { type: 0x05, start: (index + 1) * 4, sectors: 4 },
      ]);
    }
    const table = await read(disk);
    expect(codes(table)).toEqual(['EXTENDED_PARTITION_BROKEN']);
    expect(table.partitions).toHaveLength(60);
  });

  test('an extended record beyond the end of the disk is a problem, not an error', async () => {
    expect(codes(await read(buildMbr([{ type: 0x05, start: 0xffffff00, sectors: 10 }])))).toEqual([
      'EXTENDED_PARTITION_BROKEN',
    ]);
  });

  test('a partition that ends beyond the disk is cut to it, one that begins there is dropped; both are told', async () => {
    const table = await read(
      buildMbr([
        { type: 0x83, start: 2000, sectors: 100 },
        { type: 0x83, start: 3000, sectors: 100 },
      ]),
    );
    expect(codes(table)).toEqual(['PARTITION_BEYOND_END', 'PARTITION_BEYOND_END']);
    expect(table.partitions.map(({ length }) => length / 512)).toEqual([48]);
  });

  test('an overlap is told even when a third partition lies between', async () => {
    const table = await read(
      buildMbr([
        { type: 0x83, start: 100, sectors: 1000 },
        { type: 0x83, start: 200, sectors: 10 },
        { type: 0x83, start: 300, sectors: 10 },
      ]),
    );
    expect(codes(table)).toEqual(['PARTITIONS_OVERLAP', 'PARTITIONS_OVERLAP']);
  });
});

describe('GPT', () => {
  const root = { type: TYPES.linux, start: 100, sectors: 200, name: 'root', legacyBoot: true };

  test('partitions come with type GUID, name, place in bytes and legacy boot flag', async () => {
    const table = await read(buildGpt([root]));
    expect(table).toMatchObject({ kind: 'gpt', bootCode: false, problems: [] });
    expect(table.partitions).toEqual([
      {
        number: 1,
        type: TYPES.linux,
        uuid: '00000001-0000-0000-0000-000000000000',
        name: 'root',
        offset: 51200,
        length: 102400,
        active: true,
      },
    ]);
  });

  test('an MBR with partitions of its own beside the protective one is hybrid', async () => {
    const table = await read(buildGpt([root], { hybrid: [{ type: 0x83, start: 100, sectors: 200 }] }));
    expect(table.kind).toBe('hybrid');
    expect(table.partitions).toHaveLength(1);
  });

  test.each([
    ['the header’s checksum', 512 + 0x40],
    ['the entries’ checksum', 1024 + 0x38],
    ['the signature', 512],
  ])('the backup at the end is read when %s is wrong', async (_, at) => {
    const disk = buildGpt([root]);
    disk.writeUInt8(disk.readUInt8(at) ^ 0xff, at);
    const table = await read(disk);
    expect(codes(table)).toEqual(['GPT_PRIMARY_DAMAGED']);
    expect(table.partitions).toHaveLength(1);
  });

  test('without a valid header at either end the disk is refused', async () => {
    const disk = buildGpt([root]);
    disk.fill(0, 512, 1024);
    const table = await read(disk.subarray(0, 1024 * 512));
    expect(table.problems).toMatchObject([{ code: 'GPT_DAMAGED', severity: 'reject' }]);
  });

  test.each([
    ['entry size of 0', 0x54, 0],
    ['entry size of 2^31', 0x54, 2 ** 31],
    ['2^32 - 1 entries', 0x50, 2 ** 32 - 1],
    ['header size of 2^32 - 1', 0x0c, 2 ** 32 - 1],
  ])('a header with a right checksum and an %s is not believed', async (_, field, value) => {
    const disk = buildGpt([root]);
    disk.writeUInt32LE(value, 512 + field);
    sealGptHeader(disk, 1);
    expect(codes(await read(disk))).toEqual(['GPT_PRIMARY_DAMAGED']);
  });

  test('an array of entries larger than any tool writes is not read, though its checksum is right', async () => {
    const disk = buildGpt([root]);
    disk.writeUInt32LE(1025, 512 + 0x50);
    disk.writeUInt32LE(crc32(disk.subarray(1024, 1024 + 1025 * 128)), 512 + 0x58);
    sealGptHeader(disk, 1);
    expect(codes(await read(disk))).toEqual(['GPT_PRIMARY_DAMAGED']);
  });

  test('a header that says it belongs elsewhere is not believed', async () => {
    const disk = buildGpt([root]);
    disk.writeBigUInt64LE(2n, 512 + 0x18);
    sealGptHeader(disk, 1);
    expect(codes(await read(disk))).toEqual(['GPT_PRIMARY_DAMAGED']);
  });

  test('an entry that ends before it begins is no partition', async () => {
    const table = await read(
      buildGpt([
        { ...root, sectors: -50 },
        { ...root, start: 500 },
      ]),
    );
    expect(table.partitions.map(({ number }) => number)).toEqual([2]);
  });

  test('entries placed at 2^63 are not read', async () => {
    const disk = buildGpt([root]);
    disk.writeBigUInt64LE(2n ** 63n, 512 + 0x48);
    sealGptHeader(disk, 1);
    expect(codes(await read(disk))).toEqual(['GPT_PRIMARY_DAMAGED']);
  });

  test('a table counted in 4096-byte sectors is refused by name', async () => {
    const disk = buildGpt([root]);
    const header = Buffer.from(disk.subarray(512, 1024));
    disk.fill(0, 512);
    header.copy(disk, 4096);
    expect(await read(disk)).toMatchObject({
      kind: 'gpt',
      problems: [{ code: 'SECTOR_SIZE_4096', severity: 'reject' }],
    });
  });
});

describe('no partition table', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['an empty first sector', Buffer.alloc(4096)],
    ['a first sector without 55 AA', Buffer.alloc(4096, 1)],
  ])('%s is refused: OCI wants a valid MBR', async (_, disk) => {
    expect(await read(disk)).toMatchObject({
      kind: 'none',
      problems: [{ code: 'DISK_NOT_BOOTABLE', severity: 'reject' }],
    });
  });

  test('a partition status that is neither 80 nor 00 makes a sector no MBR', async () => {
    const disk = buildMbr([{ type: 0x83, start: 64, sectors: 100 }]);
    disk.writeUInt8(0x42, 0x1be);
    expect(await read(disk)).toMatchObject({ kind: 'none', partitions: [] });
  });

  test.each(['NTFS    ', 'EXFAT   '])('a bare filesystem (%s) is not taken for an MBR', async (oem) => {
    const disk = buildMbr([{ type: 0x83, start: 64, sectors: 100 }]);
    disk.write(oem, 3, 'latin1');
    expect(await read(disk)).toMatchObject({ kind: 'none', problems: [{ code: 'NO_PARTITION_TABLE' }] });
  });
});
