import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { meter } from '../../shared/bytes/budget.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { readFirmware } from '../../shared/disk/firmware.ts';
import { readPartitions } from '../../shared/disk/partitions.ts';
import { readVolumes } from '../../shared/disk/volumes.ts';
import { buildGpt, buildMbr, TYPES, writeBootRecord } from '../support/disks.ts';
import { fuzz } from '../support/fuzz.ts';

const SECTOR = 512;
/** Of its entries' array, as `buildGpt` writes it. */
const ENTRIES = { offset: 2 * SECTOR, length: 128 * 128 };

/** Boot record, chain of extended records, GPT and its backup, and the look for 4096-byte sectors. */
const MAX_READS = 70;

/** Whatever a table says: it is read in few reads, and its partitions lie inside the disk. */
async function parse(disk: ByteSource) {
  const metered = meter(disk, { requests: Infinity, bytes: Infinity });
  const table = await readPartitions(metered);
  expect(metered.cost.requests).toBeLessThan(MAX_READS);
  for (const { offset, length } of table.partitions) {
    expect(offset >= 0 && length > 0 && offset + length <= disk.size).toBe(true);
  }
  readFirmware(table);
  const { problems } = await readVolumes(disk, table);
  return { problems: [...table.problems, ...problems] };
}

/** A GPT whose checksums are right whatever was changed: they refuse most changes. */
function sealed(disk: ByteSource): ByteSource {
  return {
    size: disk.size,
    async read(offset, length) {
      const bytes = Buffer.from(await disk.read(offset, length));
      if (offset === SECTOR && length === SECTOR && disk.size >= ENTRIES.offset + ENTRIES.length) {
        bytes.writeUInt32LE(crc32(await disk.read(ENTRIES.offset, ENTRIES.length)), 0x58);
        bytes.writeUInt32LE(0, 0x10);
        bytes.writeUInt32LE(crc32(bytes.subarray(0, 92)), 0x10);
      }
      return bytes;
    },
  };
}

const primary = buildMbr([{ type: 0x83, start: 64, sectors: 100, active: true }], { bootCode: true });
const extended = buildMbr([
  { type: 0x83, start: 64, sectors: 100 },
  { type: 0x05, start: 200, sectors: 1000 },
]);
writeBootRecord(extended, 200, [
  { type: 0x83, start: 8, sectors: 50 },
  { type: 0x05, start: 100, sectors: 200 },
]);
writeBootRecord(extended, 300, [{ type: 0x8e, start: 8, sectors: 50 }]);

const gpt = buildGpt([
  { type: TYPES.esp, start: 100, sectors: 200, name: 'EFI system' },
  { type: TYPES.linux, start: 300, sectors: 200, name: 'root', legacyBoot: true },
]);
const hybrid = buildGpt([{ type: TYPES.linux, start: 100, sectors: 20 }], {
  hybrid: [{ type: 7, start: 100, sectors: 20 }],
});

test('MBR', async () => {
  await fuzz({ name: 'MBR', samples: [primary, extended], parse });
});

test('GPT', async () => {
  await fuzz({ name: 'GPT', samples: [gpt, hybrid], parse });
});

test('GPT behind its checksums', async () => {
  await fuzz({
    name: 'GPT behind its checksums',
    samples: [gpt, hybrid],
    parse: (disk) => parse(sealed(disk)),
  });
});
