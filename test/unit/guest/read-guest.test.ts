import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import type { Recognised } from '../../../shared/disk/recognise.ts';
import type { Volume } from '../../../shared/disk/volumes.ts';
import { readGuest } from '../../../shared/guest/read-guest.ts';

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
  const { problems } = await readGuest({ volumes, firmware: 'BIOS' }, { explain: false });
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
  const { efi } = await readGuest({ volumes: [esp], firmware: 'UEFI_64' }, { explain: false });
  expect(efi).toEqual({ source: 'partition 1', fallbackLoaders: [], loaders: [], architecture: null });
  const cut = gunzipSync(readFileSync(join(import.meta.dirname, '../../fixtures/fat16.img.gz'))).subarray(
    0,
    4096,
  );
  const damaged = { ...esp, source: bufferSource(cut), head: cut };
  const found = await readGuest({ volumes: [damaged], firmware: 'UEFI_64' }, { explain: false });
  expect(found).toMatchObject({ efi: null, problems: [{ code: 'GUEST_UNREADABLE' }] });
});
