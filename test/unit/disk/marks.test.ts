import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { readMarks } from '../../../shared/disk/marks.ts';
import { readPartitions } from '../../../shared/disk/partitions.ts';
import { buildGpt, buildMbr, TYPES } from '../../support/disks.ts';

async function marks(disk: Buffer) {
  const source = bufferSource(disk);
  return readMarks(source, await readPartitions(source));
}
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
  expect((await marks(disk)).architecture).toBe(architecture);
});

describe('Windows', () => {
  test('is recognised by a Microsoft reserved partition', async () => {
    expect((await marks(gpt(TYPES.microsoftReserved))).windows?.fact).toBe('a Microsoft reserved partition');
  });

  test('is recognised by an NTFS boot sector in any partition', async () => {
    const disk = buildMbr([
      { type: 0x83, start: 64, sectors: 100 },
      { type: 0x07, start: 200, sectors: 100 },
    ]);
    expect((await marks(disk)).windows).toBeNull();
    disk.write('NTFS    ', 200 * 512 + 3, 'latin1');
    expect((await marks(disk)).windows).toEqual({ fact: 'an NTFS boot sector', source: 'partition 2' });
  });
});

describe('encryption is refused', () => {
  const disk = () => buildMbr([{ type: 0x07, start: 64, sectors: 100 }]);

  test('BitLocker', async () => {
    const bytes = disk();
    bytes.write('-FVE-FS-', 64 * 512 + 3, 'latin1');
    const { problems, windows } = await marks(bytes);
    expect(problems).toMatchObject([{ code: 'DISK_ENCRYPTED', severity: 'reject' }]);
    expect(problems[0]?.sentence).toMatch(/BitLocker \(partition 1\)/);
    expect(windows).not.toBeNull();
  });

  test('LUKS, in a partition and over the whole disk', async () => {
    const bytes = disk();
    bytes.write('LUKS\xba\xbe', 64 * 512, 'latin1');
    expect((await marks(bytes)).problems).toMatchObject([{ code: 'DISK_ENCRYPTED', severity: 'reject' }]);
    const whole = Buffer.alloc(4096);
    whole.write('LUKS\xba\xbe', 0, 'latin1');
    expect((await marks(whole)).problems[0]?.sentence).toMatch(/LUKS \(first sector\)/);
  });
});
