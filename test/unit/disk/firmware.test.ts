import { expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { readFirmware } from '../../../shared/disk/firmware.ts';
import { readPartitions } from '../../../shared/disk/partitions.ts';
import { buildGpt, buildMbr, TYPES } from '../../support/disks.ts';

const esp = { type: TYPES.esp, start: 100, sectors: 100 };
const biosBoot = { type: TYPES.biosBoot, start: 200, sectors: 10 };
const root = { type: TYPES.linux, start: 300, sectors: 100 };
const hybrid = [{ type: 0x83, start: 300, sectors: 100 }];
const linux = { type: 0x83, start: 64, sectors: 100 };
const ef = { type: 0xef, start: 200, sectors: 100 };

test.each<[string, Buffer, 'BIOS' | 'UEFI_64' | null, RegExp]>([
  ['GPT + ESP', buildGpt([esp, root]), 'UEFI_64', /no BIOS boot/],
  [
    'GPT + ESP with boot code in the MBR',
    buildGpt([esp, root], { bootCode: true }),
    'UEFI_64',
    /no BIOS boot/,
  ],
  ['GPT + ESP + BIOS boot', buildGpt([biosBoot, esp, root]), 'BIOS', /both BIOS and UEFI_64 work/],
  ['GPT + ESP + hybrid MBR', buildGpt([esp, root], { hybrid }), 'BIOS', /both BIOS and UEFI_64 work/],
  ['GPT + BIOS boot', buildGpt([biosBoot, root]), 'BIOS', /BIOS boot partition and no EFI/],
  ['GPT + boot code', buildGpt([root], { bootCode: true }), 'BIOS', /boot code in its MBR/],
  ['hybrid + boot code', buildGpt([root], { hybrid, bootCode: true }), 'BIOS', /hybrid MBR, boot code/],
  ['GPT with neither', buildGpt([root]), null, /nothing that firmware could start/],
  ['MBR + boot code', buildMbr([linux], { bootCode: true }), 'BIOS', /^MBR with boot code$/],
  ['MBR + boot code + EF', buildMbr([linux, ef], { bootCode: true }), 'BIOS', /UEFI_64 may work too/],
  ['MBR with EF and no boot code', buildMbr([ef, linux]), 'UEFI_64', /type EF/],
  ['MBR with neither', buildMbr([linux]), null, /nothing that firmware could start/],
  ['nothing', Buffer.alloc(4096), null, /no partition table/],
])('%s', async (_, disk, firmware, fact) => {
  const reading = readFirmware(await readPartitions(bufferSource(disk)));
  expect(reading.firmware).toBe(firmware);
  expect(reading.evidence.fact).toMatch(fact);
});
