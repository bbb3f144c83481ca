import { expect, test } from 'vitest';
import { rootVolumeProblems } from '../../../../shared/guest/linux/root-volume.ts';
import { guestVolumes } from '../../../support/guest-volumes.ts';

const volumes = await guestVolumes([
  { uuid: 'aaaa', label: 'root', files: {} },
  { logicalVolume: 'vg/root', files: {} },
]);
const root = { name: 'partition 1', onDisk: true, volumes };

test.each([
  'UUID=bbbb',
  'LABEL=other',
  'PARTUUID=0badcafe-07',
  '/dev/mapper/old-root',
  '/dev/mapper/mpatha2',
  '/dev/old/root',
  '/dev/sda5',
  '/dev/hda',
])('root=%s, which is on no volume of the disk, is told', (named) => {
  const [problem] = rootVolumeProblems(named, root);
  expect(problem).toMatchObject({ code: 'ROOT_VOLUME_MISSING', severity: 'warn' });
  expect(problem?.sentence).toContain(named);
});

test.each([
  'UUID=AAAA',
  'LABEL=root',
  'PARTUUID=0badcafe-01',
  '/dev/mapper/vg-root',
  '/dev/vg/root',
  // What no volume of this disk has, but not for being on another one.
  '/dev/sda1',
  '/dev/disk/by-diskseq/1-part2',
  '/dev/nfs',
  'PARTUUID=0badcafe-02/PARTNROFF=1',
  'LABEL=\\x2f',
  'ZFS=rpool/ROOT',
  'zfs:AUTO',
  'live:LABEL=live',
  null,
])('root=%s is not', (named) => {
  expect(rootVolumeProblems(named, root)).toEqual([]);
});

test('of a system whose root could not be read nothing is told', () => {
  expect(rootVolumeProblems('UUID=bbbb', { ...root, onDisk: false })).toEqual([]);
});
