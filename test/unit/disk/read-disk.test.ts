import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { readDisk } from '../../../shared/disk/read-disk.ts';
import { buildGpt, buildMbr, TYPES } from '../../support/disks.ts';
import { fixtureDisk } from '../../support/fixtures.ts';

const read = (disk: Buffer) => readDisk(bufferSource(disk));
const gpt = (...types: string[]) =>
  buildGpt(types.map((type, index) => ({ type, start: 100 + index * 10, sectors: 10 })));

test.each([
  ['an x86-64 root', gpt(TYPES.esp, TYPES.rootX64), 'x86_64'],
  ['an x86-64 /usr', gpt(TYPES.esp, TYPES.usrX64), 'x86_64'],
  ['an arm64 root', gpt(TYPES.esp, TYPES.rootArm64), 'aarch64'],
  ['an arm64 /usr', gpt(TYPES.esp, TYPES.usrArm64), 'aarch64'],
  ['roots of both', gpt(TYPES.rootX64, TYPES.rootArm64), null],
  ['a generic Linux partition', gpt(TYPES.linux), null],
])('architecture of a disk with %s', async (_, disk, architecture) => {
  expect((await read(disk)).architecture).toBe(architecture);
});

describe('Windows is hinted at', () => {
  test('by a Microsoft reserved partition', async () => {
    expect((await read(gpt(TYPES.microsoftReserved))).windows?.fact).toBe('a Microsoft reserved partition');
  });

  test('by an NTFS volume in any partition', async () => {
    const disk = buildMbr([
      { type: 0x83, start: 64, sectors: 100 },
      { type: 0x07, start: 200, sectors: 100 },
    ]);
    expect((await read(disk)).windows).toBeNull();
    disk.write('NTFS    ', 200 * 512 + 3, 'latin1');
    expect((await read(disk)).windows).toEqual({ fact: 'an NTFS volume', source: 'partition 2' });
  });

  test('by a BitLocker volume', async () => {
    const disk = buildMbr([{ type: 0x07, start: 64, sectors: 100 }]);
    disk.write('\xeb\x58\x90-FVE-FS-', 64 * 512, 'latin1');
    const { windows, volumes } = await read(disk);
    expect(windows).toEqual({ fact: 'a BitLocker volume', source: 'partition 1' });
    expect(volumes[0]?.recognised?.kind).toBe('bitlocker');
  });
});

describe('volumes', () => {
  test('are the partitions and the logical volumes on them', async () => {
    const { volumes, problems } = await readDisk(await fixtureDisk('lvm.qcow2'));
    expect(volumes.map(({ name }) => name)).toEqual([
      'partition 1',
      'partition 2',
      'logical volume system/linear',
      'logical volume system/striped',
      'logical volume system/scattered',
    ]);
    expect(volumes[0]).toMatchObject({ partition: { number: 1 }, recognised: { kind: 'lvm2' } });
    expect(volumes[2]).toMatchObject({ partition: null, logicalVolume: { group: 'system', name: 'linear' } });
    expect(problems.map(({ code }) => code)).toEqual(['LVM_VOLUME_UNREADABLE', 'LVM_VOLUME_UNREADABLE']);
  });

  test('of a disk without partitions are the disk itself', async () => {
    const disk = Buffer.alloc(4096);
    disk.write('LUKS\xba\xbe\0\x01', 0, 'latin1');
    const { volumes } = await read(disk);
    expect(volumes).toMatchObject([{ name: 'the whole disk', recognised: { kind: 'luks', name: 'LUKS1' } }]);
  });

  test('of a group whose description is damaged are told, and the disk is read on', async () => {
    const source = await fixtureDisk('lvm-halved.qcow2');
    const bytes = Buffer.from(await source.read(0, source.size));
    bytes.write('damaged', bytes.indexOf('LVM2 x[') + 1, 'latin1');
    const { volumes, problems } = await read(bytes);
    expect(volumes.map(({ name }) => name)).toEqual(['the whole disk']);
    expect(problems.map(({ code }) => code)).toContain('LVM_DAMAGED');
  });
});
