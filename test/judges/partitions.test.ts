import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { readPartitions } from '../../shared/disk/partitions.ts';
import { readDisk } from '../../shared/disk/read-disk.ts';
import { run } from '../support/programs.ts';

const work = mkdtempSync(join(tmpdir(), 'byoi-judge-'));
afterAll(() => rmSync(work, { recursive: true }));

let disks = 0;
/** @param script for sfdisk, and further arguments for sgdisk */
function partition(script: string, ...sgdisk: string[]): string {
  const path = join(work, `disk-${disks++}.raw`);
  writeFileSync(path, '');
  truncateSync(path, 64 * 2 ** 20);
  run('fdisk', ['sfdisk', '--quiet', path], script);
  if (sgdisk.length) run('gdisk', ['sgdisk', ...sgdisk, path]);
  return path;
}

/** sfdisk and sgdisk install no loader: the first instruction of GRUB's. */
function addBootCode(path: string): string {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.of(0xeb, 0x63, 0x90), 0, 3, 0);
  closeSync(file);
  return path;
}

/** What sfdisk says, without the containers of logical partitions. */
function bySfdisk(path: string) {
  const { partitiontable } = JSON.parse(run('fdisk', ['sfdisk', '--json', path])) as {
    partitiontable: {
      partitions: { node: string; start: number; size: number; type: string; name?: string }[];
    };
  };
  return partitiontable.partitions
    .filter(({ type }) => !['5', 'f', '85'].includes(type))
    .map(({ node, start, size, type, name = '' }) => ({
      number: Number(node.slice(path.length)),
      offset: start * 512,
      length: size * 512,
      type: type.length === 1 ? `0${type}` : type,
      name,
    }));
}

async function byUs(path: string) {
  const file = await openFile(path);
  try {
    return { table: await readPartitions(file), reading: await readDisk(file) };
  } finally {
    await file.close();
  }
}

describe('partition tables made by sfdisk and sgdisk are read as they read them', () => {
  test.each([
    ['MBR', 'label: dos\nsize=8M, type=83, bootable\nsize=8M, type=82\nsize=4M, type=ef', 'mbr'],
    [
      'MBR with logical partitions',
      'label: dos\nsize=8M, type=83\nsize=40M, type=f\nsize=4M, type=83\nsize=4M, type=82\nsize=4M, type=8e',
      'mbr',
    ],
    ['GPT', 'label: gpt\nsize=8M, type=U, name="EFI System"\nsize=40M, type=L, name="Wurzel – root"', 'gpt'],
  ])('%s', async (_, script, kind) => {
    const path = partition(script);
    const { table } = await byUs(path);
    expect(table).toMatchObject({ kind, problems: [] });
    expect(table.partitions).toMatchObject(bySfdisk(path));
    expect(table.partitions.length).toBeGreaterThan(1);
  });

  test('a hybrid MBR by sgdisk', async () => {
    const path = partition('label: gpt\nsize=8M, type=U\nsize=40M, type=L', '--hybrid=2');
    const { table, reading } = await byUs(path);
    expect(table).toMatchObject({ kind: 'hybrid', problems: [] });
    expect(reading.firmware).toBe('UEFI_64');
    expect((await byUs(addBootCode(path))).reading.firmware).toBe('BIOS');
  });

  test('the backup GPT, after the primary was wiped', async () => {
    const path = partition('label: gpt\nsize=8M, type=U, name="esp"\nsize=40M, type=L, name="root"');
    const before = await byUs(path);
    const wipe = ['if=/dev/zero', `of=${path}`, 'bs=512', 'seek=1', 'count=1', 'conv=notrunc', 'status=none'];
    run('coreutils', ['dd', ...wipe]);
    const { table } = await byUs(path);
    expect(table.partitions).toEqual(before.table.partitions);
    expect(table.problems).toMatchObject([{ code: 'GPT_PRIMARY_DAMAGED' }]);
  });

  test('firmware of a GPT for UEFI, and of one for both', async () => {
    const uefi = 'label: gpt\nsize=8M, type=U\nsize=40M, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709';
    expect((await byUs(addBootCode(partition(uefi)))).reading.firmware).toBe('UEFI_64');
    const both = partition('label: gpt\nsize=1M, type=21686148-6449-6E6F-744E-656564454649\nsize=8M, type=U');
    expect((await byUs(both)).reading.firmware).toBe('UEFI_64');
    expect((await byUs(addBootCode(both))).reading.firmware).toBe('BIOS');
  });
});
