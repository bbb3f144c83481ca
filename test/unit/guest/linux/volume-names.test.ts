import { describe, expect, test } from 'vitest';
import {
  isBareDeviceName,
  kindOfDeviceName,
  volumeNamed,
} from '../../../../shared/guest/linux/volume-names.ts';
import { guestVolumes } from '../../../support/guest-volumes.ts';

const volumes = await guestVolumes([
  {
    files: {},
    type: 'vfat',
    label: 'EFI',
    uuid: 'ABCD-1234',
    partition: { uuid: 'aa-01', name: 'EFI System' },
  },
  {
    files: {},
    type: 'xfs',
    label: 'my boot',
    uuid: '11111111-2222',
    partition: { number: 2, uuid: 'aa-02' },
  },
  { files: {}, logicalVolume: 'vg-0/root', uuid: '33333333-4444' },
  { files: {}, logicalVolume: 'vg/0-root', uuid: '55555555-6666' },
]);

describe('a volume is found by', () => {
  test.each([
    ['UUID=abcd-1234', 'partition 1'],
    ['UUID=11111111-2222', 'partition 2'],
    ['LABEL=my boot', 'partition 2'],
    ['PARTUUID=AA-02', 'partition 2'],
    ['PARTLABEL=EFI System', 'partition 1'],
    ['/dev/disk/by-uuid/ABCD-1234', 'partition 1'],
    ['/dev/disk/by-label/my\\x20boot', 'partition 2'],
    ['/dev/disk/by-partuuid/aa-01', 'partition 1'],
    ['/dev/disk/by-partlabel/EFI\\x20System', 'partition 1'],
    ['/dev/disk/by-id/scsi-36000c29-part2', 'partition 2'],
    ['/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0-part2', 'partition 2'],
    ['/dev/disk/by-id/dm-name-vg--0-root', 'logical volume vg-0/root'],
    ['/dev/mapper/vg--0-root', 'logical volume vg-0/root'],
    ['/dev/mapper/vg-0--root', 'logical volume vg/0-root'],
    ['/dev/vg-0/root', 'logical volume vg-0/root'],
    ['/dev/sda2', 'partition 2'],
    ['/dev/vda1', 'partition 1'],
    ['/dev/xvda2', 'partition 2'],
    ['/dev/nvme0n1p2', 'partition 2'],
    ['/dev/mmcblk0p1', 'partition 1'],
  ])('%s', (device, name) => {
    expect(volumeNamed(device, volumes)?.name).toBe(name);
  });

  test('a whole disk without partitions', async () => {
    const [bare] = await guestVolumes([{ name: 'the whole disk', files: {}, partition: null }]);
    expect(bare && volumeNamed('/dev/vda', [bare])).toBe(bare);
    expect(bare && volumeNamed('/dev/vda1', [bare])).toBeNull();
  });
});

test.each([
  'UUID=',
  'UUID=9',
  'LABEL=',
  'LABEL=other',
  '/dev/sda9',
  '/dev/vg/other',
  'tmpfs',
  'server:/export',
  '',
  '/dev/mapper/vg-root',
])('none is found by %j', (device) => {
  expect(volumeNamed(device, volumes)).toBeNull();
});

test('a volume without label or UUID is not found by an empty one', async () => {
  const unnamed = await guestVolumes([{ files: {} }]);
  expect(volumeNamed('LABEL=', unnamed)).toBeNull();
  expect(volumeNamed('/dev/disk/by-uuid/', unnamed)).toBeNull();
});

test.each([
  ['/dev/sda1', true],
  ['/dev/hda', true],
  ['/dev/vdb2', true],
  ['/dev/xvda1', true],
  ['/dev/nvme0n1p1', true],
  ['/dev/cciss/c0d0p1', true],
  ['/dev/disk/by-id/ata-VMware_Virtual_IDE_Hard_Drive_0001-part1', true],
  ['/dev/disk/by-path/pci-0000:00:07.1-ata-1-part1', true],
  ['/dev/disk/by-id/dm-name-vg-root', false],
  ['/dev/disk/by-uuid/1-2', false],
  ['/dev/mapper/vg-root', false],
  ['/dev/vg/root', false],
  ['/dev/cdrom', false],
  ['UUID=1-2', false],
])('%s depends on where the disk is plugged in: %s', (device, bare) => {
  expect(isBareDeviceName(device)).toBe(bare);
});

test.each([
  ['/dev/sda', 'sd'],
  ['/dev/sda2', 'sd'],
  ['/dev/disk/by-diskseq/1-part2', 'sd'],
  ['/dev/hda1', 'hd'],
  // The disk that is imported is the first: a root on another one is not found.
  ['/dev/sdb2', 'foreign'],
  ['/dev/sdaa1', 'foreign'],
  ['/dev/vda1', 'foreign'],
  ['/dev/nvme0n1p1', 'foreign'],
  ['/dev/disk/by-id/scsi-36000c29-part2', 'foreign'],
  // The slot that VMware has the disk's controller in.
  ['/dev/disk/by-path/pci-0000:00:10.0-scsi-0:0:0:0-part2', 'foreign'],
  ['/dev/mapper/vg-root', null],
])('on OCI, a disk named %s is %s', (device, kind) => {
  expect(kindOfDeviceName(device)).toBe(kind);
});
