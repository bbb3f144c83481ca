import { expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { readFirmware } from '../../../shared/disk/firmware.ts';
import { readPartitions } from '../../../shared/disk/partitions.ts';
import { buildGpt, buildMbr, type MbrEntry, TYPES } from '../../support/disks.ts';

const esp = { type: TYPES.esp, start: 100, sectors: 100 };
const biosBoot = { type: TYPES.biosBoot, start: 200, sectors: 10 };
const root = { type: TYPES.linux, start: 300, sectors: 100 };
const hybrid = [{ type: 0x83, start: 300, sectors: 100 }];
const linux = { type: 0x83, start: 64, sectors: 100 };
const ef = { type: 0xef, start: 200, sectors: 100 };

/** As `parted mklabel msdos` leaves it. */
function withPartedCode(entries: readonly MbrEntry[]): Buffer {
  const disk = buildMbr(entries);
  const code =
    'fab800108ed0bc00b0b800008ed88ec0fbbe007cbf0006b90002f3a4ea21060000bebe073804750b83c61081fefe0775' +
    'f3eb16b402b001bb007cb2808a74018b4c02cd13ea007c0000ebfe';
  disk.write(code, 'hex');
  return disk;
}

test.each<[string, Buffer, 'BIOS' | 'UEFI_64' | null, RegExp]>([
  ['GPT + ESP', buildGpt([esp, root]), 'UEFI_64', /no BIOS boot/],
  [
    'GPT + ESP with boot code in the MBR',
    buildGpt([esp, root], { bootCode: true }),
    'UEFI_64',
    /no BIOS boot/,
  ],
  [
    'GPT + ESP + BIOS boot + boot code',
    buildGpt([biosBoot, esp, root], { bootCode: true }),
    'BIOS',
    /both BIOS and UEFI_64 work/,
  ],
  [
    'GPT + ESP + BIOS boot that nothing was installed into',
    buildGpt([biosBoot, esp, root]),
    'UEFI_64',
    /no boot code in its MBR/,
  ],
  [
    'GPT + ESP + hybrid MBR + boot code',
    buildGpt([esp, root], { hybrid, bootCode: true }),
    'BIOS',
    /both BIOS and UEFI_64 work/,
  ],
  [
    'GPT + ESP + hybrid MBR without boot code',
    buildGpt([esp, root], { hybrid }),
    'UEFI_64',
    /no boot code in its MBR/,
  ],
  [
    'GPT + BIOS boot + boot code',
    buildGpt([biosBoot, root], { bootCode: true }),
    'BIOS',
    /BIOS boot partition and no EFI/,
  ],
  [
    'GPT + BIOS boot without boot code',
    buildGpt([biosBoot, root]),
    null,
    /nothing that firmware could start/,
  ],
  ['GPT + boot code', buildGpt([root], { bootCode: true }), 'BIOS', /boot code in its MBR/],
  ['hybrid + boot code', buildGpt([root], { hybrid, bootCode: true }), 'BIOS', /hybrid MBR, boot code/],
  ['GPT with neither', buildGpt([root]), null, /nothing that firmware could start/],
  ['MBR + boot code', buildMbr([linux], { bootCode: true }), 'BIOS', /^MBR with boot code$/],
  ['MBR + boot code + EF', buildMbr([linux, ef], { bootCode: true }), 'BIOS', /UEFI_64 may work too/],
  ['MBR with EF and no boot code', buildMbr([ef, linux]), 'UEFI_64', /type EF/],
  ['MBR with neither', buildMbr([linux]), null, /nothing that firmware could start/],
  ["MBR with parted's code and no active partition", withPartedCode([linux]), null, /nothing that firmware/],
  ["MBR with EF and parted's code, none active", withPartedCode([ef, linux]), 'UEFI_64', /type EF/],
  [
    "MBR with parted's code and an active partition",
    withPartedCode([{ ...linux, active: true }]),
    'BIOS',
    /^MBR with boot code$/,
  ],
  ['nothing', Buffer.alloc(4096), null, /no partition table/],
])('%s', async (_, disk, firmware, fact) => {
  const reading = readFirmware(await readPartitions(bufferSource(disk)));
  expect(reading.firmware).toBe(firmware);
  expect(reading.evidence.fact).toMatch(fact);
});
