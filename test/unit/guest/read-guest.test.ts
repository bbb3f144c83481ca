import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import type { Recognised } from '../../../shared/disk/recognise.ts';
import type { Volume } from '../../../shared/disk/volumes.ts';
import { readGuest } from '../../../shared/guest/read-guest.ts';
import { entryAt, KIND } from '../../support/ext.ts';
import { unpackedFixture } from '../../support/fixtures.ts';

const EMPTY = Buffer.alloc(1024 * 1024);

const volume = (number: number, recognised: Recognised | null, type = '83'): Volume => ({
  name: `partition ${number}`,
  source: bufferSource(EMPTY),
  head: EMPTY.subarray(0, 4096),
  partition: {
    number,
    type,
    uuid: `0badcafe-0${number}`,
    name: '',
    offset: 0,
    length: EMPTY.length,
    active: false,
  },
  logicalVolume: null,
  recognised,
});

const codes = async (...volumes: Volume[]) => {
  const { problems } = await readGuest({ volumes, firmware: 'BIOS', incomplete: false }, { explain: false });
  return problems.map(({ code, sentence }) => `${code} ${/partition \d/.exec(sentence)?.[0]}`);
};

describe('a disk on which no system was found', () => {
  test('tells each volume that may hold it', async () => {
    expect(
      await codes(
        volume(1, { kind: 'zfs', name: 'ZFS' }),
        volume(2, { kind: 'md', name: 'a member of a RAID' }),
      ),
    ).toEqual(['VOLUME_UNREADABLE partition 1', 'VOLUME_UNREADABLE partition 2']);
  });

  test('tells nothing of what holds none, or is told elsewhere', async () => {
    expect(
      await codes(
        volume(1, { kind: 'swap', name: 'Linux swap' }),
        volume(2, { kind: 'luks', name: 'LUKS2' }),
        volume(3, null),
      ),
    ).toEqual([]);
  });
});

test('an EFI system partition that nobody made a filesystem in has no loader, one of which FAT is damaged may have', async () => {
  const esp = volume(1, null, 'ef');
  const { efi } = await readGuest(
    { volumes: [esp], firmware: 'UEFI_64', incomplete: false },
    { explain: false },
  );
  expect(efi).toEqual({ source: 'partition 1', fallbackLoaders: [], loaders: [], architecture: null });
  const cut = unpackedFixture('fat16.img.gz').subarray(0, 4096);
  const damaged = { ...esp, source: bufferSource(cut), head: cut };
  const found = await readGuest(
    { volumes: [damaged], firmware: 'UEFI_64', incomplete: false },
    { explain: false },
  );
  expect(found).toMatchObject({ efi: null, problems: [{ code: 'GUEST_UNREADABLE' }] });
});

/** A volume with a kernel, and no root around it. */
function bootVolume(): Volume {
  const image = unpackedFixture('ext2.img.gz');
  image.write('vmlinuz-6.', entryAt(image, 'lost+found', KIND.directory) + 8, 'latin1');
  image.write('efi', entryAt(image, 'etc', KIND.directory) + 8, 'latin1');
  return { ...volume(1, null), source: bufferSource(image), head: image.subarray(0, 65_536) };
}

test('a system of which only /boot can be read may have its root on what is only recognised', async () => {
  expect(await codes(bootVolume(), volume(2, { kind: 'md', name: 'a member of a RAID' }))).toContain(
    'VOLUME_UNREADABLE partition 2',
  );
});

test('a system of which only /boot is whole on this disk starts in no launch mode, and is no sure verdict', async () => {
  const boot = bootVolume();
  const read = (incomplete: boolean) =>
    readGuest({ volumes: [boot], firmware: 'BIOS', incomplete }, { explain: false });
  const found = await read(true);
  expect(found.linux?.rootMissing).toBe(true);
  expect(found.problems.map(({ code }) => code)).toContain('ROOT_VOLUME_MISSING');
  expect((await read(false)).linux?.rootMissing).toBe(false);
});
