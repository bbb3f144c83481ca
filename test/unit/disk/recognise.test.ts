import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { PROBE_LENGTH, recogniseAtEnd, recogniseVolume } from '../../../shared/disk/recognise.ts';

const KIB = 1024;
const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const text = (characters: string) => Buffer.from(characters, 'latin1');

/** A volume's first bytes, with these at these places. */
function head(...places: readonly (readonly [offset: number, bytes: Buffer])[]): Buffer {
  const bytes = Buffer.alloc(PROBE_LENGTH);
  for (const [offset, mark] of places) mark.copy(bytes, offset);
  return bytes;
}

describe('a volume is named by its mark', () => {
  test.each([
    ['swap', 'Linux swap', [[4 * KIB - 10, text('SWAPSPACE2')]]],
    ['swap', 'Linux swap', [[64 * KIB - 10, text('SWAPSPACE2')]]],
    ['swap', 'a suspended Linux', [[4 * KIB - 10, text('S1SUSPEND')]]],
    ['luks', 'LUKS1', [[0, hex('4c55 4b53 babe 0001')]]],
    ['luks', 'LUKS2', [[0, hex('4c55 4b53 babe 0002')]]],
    ['bitlocker', 'BitLocker', [[0, text('\xeb\x58\x90-FVE-FS-')]]],
    [
      'bitlocker',
      'BitLocker To Go',
      [
        [0, text('\xeb\x58\x90MSWIN4.1')],
        [424, hex('3bd66749 292e d84a 8399 f6a339e3d001')],
      ],
    ],
    [
      'lvm2',
      'an LVM2 physical volume',
      [
        [512, text('LABELONE')],
        [536, text('LVM2 001')],
      ],
    ],
    ['md', 'a member of a Linux RAID', [[0, hex('fc4e2ba9 01000000')]]],
    ['md', 'a member of a Linux RAID', [[4 * KIB, hex('fc4e2ba9 01000000')]]],
    ['ufs', 'UFS1', [[8 * KIB + 0x55c, hex('54190100')]]],
    ['ufs', 'UFS2', [[64 * KIB + 0x55c, hex('19015419')]]],
    [
      'zfs',
      'ZFS',
      [[16 * KIB, hex('01010000 00000000 00000001 00000024 00000020 00000007 76657273696f6e00')]],
    ],
    ['iso9660', 'ISO 9660', [[32 * KIB, text('\x01CD001\x01')]]],
    ['f2fs', 'F2FS', [[KIB, hex('1020f5f2')]]],
    ['jfs', 'JFS', [[32 * KIB, text('JFS1')]]],
    ['reiserfs', 'ReiserFS', [[64 * KIB + 52, text('ReIsEr2Fs')]]],
    ['squashfs', 'SquashFS', [[0, text('hsqs')]]],
    ['erofs', 'EROFS', [[KIB, hex('e2e1f5e0')]]],
    ['exfat', 'exFAT', [[0, text('\xeb\x76\x90EXFAT   ')]]],
    [
      'refs',
      'ReFS',
      [
        [3, text('ReFS')],
        [16, text('FSRS')],
      ],
    ],
    ['hfs', 'HFS+', [[KIB, text('H+\x00\x04')]]],
    ['apfs', 'APFS', [[32, text('NXSB')]]],
    ['bcachefs', 'bcachefs', [[4 * KIB + 24, hex('c68573f6 66ce 90a9 d96a 60cf803df7ef')]]],
    ['bcache', 'bcache', [[4 * KIB + 24, hex('c68573f6 4e1a 45ca 8265 f57f48ba6d81')]]],
  ] as const)('%s: %s', (kind, name, places) => {
    expect(recogniseVolume(head(...places))).toEqual({ kind, name });
  });
});

test('nothing is named where no mark is, or only a part of one', () => {
  expect(recogniseVolume(head())).toBeNull();
  expect(recogniseVolume(Buffer.alloc(0))).toBeNull();
  expect(recogniseVolume(Buffer.alloc(PROBE_LENGTH, 0xff))).toBeNull();
  // FAT as Windows formats it has the OEM id of BitLocker To Go.
  expect(recogniseVolume(head([0, text('\xeb\x58\x90MSWIN4.1')]))).toBeNull();
  expect(recogniseVolume(head([512, text('LABELONE')]))).toBeNull();
  expect(recogniseVolume(head([0, text('LUKS\xba\xbe\x00\x03')]))).toBeNull();
});

test('a head cut within a mark names nothing', () => {
  const swap = head([4 * KIB - 10, text('SWAPSPACE2')]);
  expect(recogniseVolume(swap.subarray(0, 4 * KIB - 1))).toBeNull();
  expect(recogniseVolume(swap.subarray(0, 4 * KIB))).not.toBeNull();
});

describe('members of a Linux RAID with their superblock at the end', () => {
  const SIZE = 1000 * KIB;
  const volume = (offset: number, bytes: Buffer) => {
    const whole = Buffer.alloc(SIZE);
    bytes.copy(whole, offset);
    return bufferSource(whole);
  };
  const MD = { kind: 'md', name: 'a member of a Linux RAID' };

  test.each([
    ['version 0.90, in the last whole 64 KiB', (Math.floor(1000 / 64) - 1) * 64 * KIB, 'fc4e2ba9 00000000'],
    ['version 1.0, 8 KiB before the end', SIZE - 8 * KIB, 'fc4e2ba9 01000000'],
  ])('%s', async (_, offset, bytes) => {
    expect(await recogniseAtEnd(volume(offset, hex(bytes)))).toEqual(MD);
    expect(await recogniseAtEnd(volume(offset + 512, hex(bytes)))).toBeNull();
    expect(await recogniseAtEnd(volume(offset, hex('fc4e2ba9 02000000')))).toBeNull();
  });

  test('volumes too small for one', async () => {
    for (const size of [0, 1, 511, 4096, 64 * KIB - 1, 64 * KIB, 64 * KIB + 700]) {
      expect(await recogniseAtEnd(bufferSource(Buffer.alloc(size, 0xfc)))).toBeNull();
    }
  });
});
