import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { readPartitions } from '../../shared/disk/partitions.ts';
import { openImage } from '../../shared/image/formats.ts';
import { run } from '../support/programs.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const QCOW2 = join(FIXTURES, 'demo-disk.qcow2');
const VMDK = join(FIXTURES, 'demo-disk.vmdk');

const work = mkdtempSync(join(tmpdir(), 'byoi-judge-'));
const raw = join(work, 'disk.raw');
const filesystem = join(work, 'root.ext4');

const qemuImg = (...args: string[]) => run('qemu-utils', ['qemu-img', ...args]);
const sfdisk = (...args: string[]) => run('fdisk', ['sfdisk', ...args]);
const debugfs = (request: string) => run('e2fsprogs', ['debugfs', '-R', request, filesystem]);

interface SfdiskTable {
  partitiontable: {
    label: string;
    partitions: { start: number; size: number; type: string; bootable?: boolean }[];
  };
}
const table = (path: string): SfdiskTable => JSON.parse(sfdisk('--json', path));

beforeAll(() => {
  qemuImg('convert', '-O', 'raw', QCOW2, raw);
  run('coreutils', ['dd', `if=${raw}`, `of=${filesystem}`, 'bs=1M', 'skip=1', 'status=none']);
});
afterAll(() => rmSync(work, { recursive: true }));

describe('the demo disk is what it claims to be', () => {
  test('qemu-img: a sound qcow2 v3 and a streamOptimized VMDK of the same 64 MiB disk', () => {
    expect(JSON.parse(qemuImg('info', '--output=json', QCOW2))).toMatchObject({
      format: 'qcow2',
      'virtual-size': 64 * 2 ** 20,
      'cluster-size': 65536,
      'format-specific': { data: { compat: '1.1' } },
    });
    expect(JSON.parse(qemuImg('check', '--output=json', QCOW2))).toMatchObject({ 'check-errors': 0 });
    expect(JSON.parse(qemuImg('info', '--output=json', VMDK))).toMatchObject({
      format: 'vmdk',
      'virtual-size': 64 * 2 ** 20,
      'format-specific': { data: { 'create-type': 'streamOptimized' } },
    });
    expect(qemuImg('compare', QCOW2, VMDK)).toContain('identical');
  });

  test('sfdisk: an MBR with one active Linux partition, and no complaints', () => {
    expect(sfdisk('--verify', raw)).toContain('No errors detected');
    expect(table(raw).partitiontable).toMatchObject({
      label: 'dos',
      partitions: [{ start: 2048, size: 129024, type: '83', bootable: true }],
    });
  });

  test('e2fsck and debugfs: a clean ext4 with the files of a system', () => {
    run('e2fsprogs', ['e2fsck', '-fn', filesystem]);
    expect(run('e2fsprogs', ['dumpe2fs', '-h', filesystem])).toMatch(
      /Filesystem features:.*has_journal.*extent/,
    );
    expect(debugfs('cat /usr/lib/os-release')).toContain('ID=debian\n');
    expect(debugfs('stat /etc/os-release')).toContain('Fast link dest: "../usr/lib/os-release"');
    expect(debugfs('ls -p /boot')).toMatch(/\/grub\//);
  });

  test('its script makes the same disk again', () => {
    run('qemu-utils e2fsprogs fdisk cpio', [join(FIXTURES, 'make-demo-disk.sh'), work]);
    for (const fixture of [QCOW2, VMDK]) {
      expect(qemuImg('compare', fixture, join(work, 'demo-disk.qcow2'))).toContain('identical');
      expect(qemuImg('compare', fixture, join(work, 'demo-disk.vmdk'))).toContain('identical');
    }
    const hostOnly = 'host-only-disk.qcow2';
    expect(qemuImg('compare', join(FIXTURES, hostOnly), join(work, hostOnly))).toContain('identical');
  });

  test.each([QCOW2, VMDK])('we read the partitions that sfdisk reads (%s)', async (path) => {
    const file = await openFile(path);
    try {
      const { disk } = await openImage(file, path);
      if (!disk) throw new Error('the disk cannot be read');
      const { kind, partitions } = await readPartitions(disk);
      expect(kind).toBe('mbr');
      expect(
        partitions.map(({ offset, length, type, active }) => ({
          start: offset / 512,
          size: length / 512,
          type,
          bootable: active,
        })),
      ).toMatchObject(
        table(raw).partitiontable.partitions.map(({ start, size, type, bootable }) => ({
          start,
          size,
          type,
          bootable,
        })),
      );
    } finally {
      await file.close();
    }
  });
});
