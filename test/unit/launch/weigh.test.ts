import { expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import type { DiskReading } from '../../../shared/disk/read-disk.ts';
import type { GuestReading } from '../../../shared/guest/guest.ts';
import { type Readings, weigh } from '../../../shared/launch/weigh.ts';
import { guestReading, linuxReading } from '../../support/guest-readings.ts';

const WITH_NTFS: DiskReading = {
  firmware: 'BIOS',
  architecture: null,
  windows: { fact: 'an NTFS volume', source: 'partition 2' },
  volumes: [],
  incomplete: false,
  evidence: [],
  problems: [],
};

const weighed = (guest: GuestReading | null, disk: DiskReading = WITH_NTFS) => {
  const image: Readings['image'] = {
    format: 'qcow2',
    variant: 'v3',
    virtualSize: 2 ** 30,
    disk: bufferSource(Buffer.alloc(0)),
    archive: null,
    evidence: [],
    problems: [],
  };
  const settings = { overrides: {}, displayName: null, license: null, problems: [] };
  return weigh({ image, disk, guest, problems: [] }, 'disk.qcow2', settings);
};

test('an NTFS volume makes a disk of which nothing else is known Windows, with its licence', () => {
  expect(weighed(null)).toMatchObject({ operatingSystem: 'Windows', licensedSystem: 'windows' });
});

test('an NTFS volume beside a Linux kernel is data, though the root could not be read', () => {
  const found = weighed(guestReading({ linux: linuxReading({}) }));
  expect(found).toMatchObject({ operatingSystem: null, licensedSystem: null });
});
