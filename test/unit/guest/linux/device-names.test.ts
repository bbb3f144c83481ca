import { expect, test } from 'vitest';
import { deviceProblems } from '../../../../shared/guest/linux/device-names.ts';
import { findLinuxRoots } from '../../../../shared/guest/linux/roots.ts';
import { guestVolumes } from '../../../support/guest-volumes.ts';

async function problems(fstab: string, crypttab = '') {
  const volumes = await guestVolumes([
    {
      uuid: 'aaaa',
      label: 'root',
      files: { 'bin/sh': '', 'etc/passwd': '', 'etc/fstab': fstab, 'etc/crypttab': crypttab },
    },
    { logicalVolume: 'vg/b', files: {} },
  ]);
  const [root] = (await findLinuxRoots(volumes)).roots;
  return root ? deviceProblems(root) : [];
}

test('bare device names, with the commands that put UUIDs in their place', async () => {
  const fstab = '/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 none swap sw 0 0\nUUID=aaaa /x ext4 defaults 0 0\n';
  expect(await problems(fstab)).toEqual([
    {
      code: 'FSTAB_DEVICE_NAMES',
      severity: 'warn',
      sentence:
        '/etc/fstab names /dev/sda1, /dev/sda2 by where the disk was plugged in; on another machine that may be called otherwise.',
      remedy:
        'sed -i "s|/dev/sda1[[:space:]]|UUID=$(blkid -s UUID -o value /dev/sda1) |" /etc/fstab && sed -i "s|/dev/sda2[[:space:]]|UUID=$(blkid -s UUID -o value /dev/sda2) |" /etc/fstab',
    },
  ]);
});

test.each([
  [
    'names by hardware (SLES 11)',
    '/dev/disk/by-id/scsi-36000c29-part2 / ext3 defaults 1 1\n',
    ['FSTAB_DEVICE_NAMES'],
  ],
  [
    'what boot does not wait for',
    '/dev/sdb1 /data ext4 defaults,nofail 0 0\n/dev/sdc1 /mnt ext4 noauto 0 0\n',
    [],
  ],
  [
    'drives for discs',
    '/dev/sr0 /media/cdrom0 udf,iso9660 user 0 0\n/dev/fd0 /media/floppy auto rw 0 0\n',
    [],
  ],
  [
    'UUIDs, labels and volumes',
    'UUID=AAAA / ext4 defaults 0 1\nLABEL=root /a ext4 defaults 0 0\n/dev/vg/b /b xfs defaults 0 0\n',
    [],
  ],
  [
    'a volume group of another disk',
    '/dev/mapper/data-u01 /u01 xfs defaults 0 0\n',
    ['FSTAB_VOLUME_MISSING'],
  ],
  ['the same by its other name', '/dev/data/u01 /u01 xfs defaults 0 0\n', ['FSTAB_VOLUME_MISSING']],
  ['a partition of another disk', '/dev/sdb1 /data ext4 defaults 0 2\n', ['FSTAB_VOLUME_MISSING']],
  [
    'the disk of the root, whichever it is',
    '/dev/xvde1 / ext4 defaults 0 1\n/dev/xvde2 /data ext4 defaults 0 2\n',
    ['FSTAB_DEVICE_NAMES'],
  ],
  ['an iSCSI disk', '/dev/sdb1 /data ext4 _netdev 0 0\nUUID=bbbb /b xfs x-systemd.automount 0 0\n', []],
  ['a filesystem of another disk', 'UUID=bbbb /data xfs defaults 0 0\n', ['FSTAB_VOLUME_MISSING']],
  ['one that boot does not wait for', 'UUID=bbbb /data xfs nofail 0 0\n', []],
  [
    'swap and network filesystems, which cannot be looked for',
    'UUID=cccc none swap sw 0 0\nserver:/x /x nfs defaults 0 0\n',
    [],
  ],
  ['tmpfs', 'tmpfs /tmp tmpfs defaults 0 0\n', []],
])('fstab: %s', async (_, fstab, codes) => {
  expect((await problems(fstab)).map(({ code }) => code)).toEqual(codes);
});

test.each([
  ['/dev/sda1', /on another machine that may be called otherwise\.$/],
  ['/dev/vda1', /OCI has no disk of such a name/],
  ['/dev/nvme0n1p1', /OCI has no disk of such a name/],
])('%s in fstab: what boot makes of it', async (device, sentence) => {
  const [problem] = await problems(`${device} /boot ext4 defaults 0 2\n`);
  expect(problem?.sentence).toMatch(sentence);
});

test('what crypttab opens is not looked for', async () => {
  expect(await problems('/dev/mapper/safe /safe ext4 defaults 0 2\n', 'safe UUID=dddd none luks\n')).toEqual(
    [],
  );
});

test('crypttab', async () => {
  const [problem] = await problems('', 'swap /dev/sda3 /dev/urandom swap\n');
  expect(problem?.code).toBe('FSTAB_DEVICE_NAMES');
  expect(problem?.sentence).toContain('/etc/crypttab names /dev/sda3');
});

test('a device name that would be a command is only a name', async () => {
  const [problem] = await problems('/dev/disk/by-id/$(reboot)|x / ext4 defaults 0 0\n');
  expect(problem?.remedy).toBe("blkid -s UUID '/dev/disk/by-id/$(reboot)|x'");
});

test('a device name without end makes no sentence and no command without end', async () => {
  const [problem] = await problems(`/dev/disk/by-id/${'x'.repeat(50_000)} / ext4 defaults 0 0\n`);
  expect(problem?.code).toBeUndefined();
  const [long] = await problems(`/dev/disk/by-id/${'x'.repeat(200)} / ext4 defaults 0 0\n`);
  expect(`${long?.sentence}${long?.remedy}`.length).toBeLessThan(2000);
});
