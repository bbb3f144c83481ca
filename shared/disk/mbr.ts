import type { ByteSource } from '../bytes/source.ts';
import type { Problem } from '../finding.ts';

/*
 * Master boot record. Microsoft, "Master Boot Record" (MS-DOS partitioning); UEFI Specification 2.10, 5.2.1.
 *
 *   0x000  440  boot code
 *   0x1B8    4  disk signature, little-endian
 *   0x1BE   64  four partition entries
 *   0x1FE    2  signature 55 AA
 *
 * A partition entry:
 *
 *   0x0  1  status: 80 active, 00 not
 *   0x1  3  CHS of the first sector (ignored)
 *   0x4  1  type
 *   0x5  3  CHS of the last sector (ignored)
 *   0x8  4  first sector
 *   0xC  4  number of sectors
 */

/** OCI presents its volumes with 512-byte logical sectors, so that is what every table here is counted in. */
export const SECTOR_SIZE = 512;
const BOOT_CODE_LENGTH = 440;
const DISK_SIGNATURE_OFFSET = 0x1b8;
const ENTRIES_OFFSET = 0x1be;
const ENTRY_LENGTH = 16;
const SIGNATURE_OFFSET = 0x1fe;
const EXTENDED_TYPES = new Set(['05', '0f', '85']);
/** fdisk stops at 60 partitions; a chain that goes on is not one that any tool made. */
const MAX_LOGICAL_PARTITIONS = 60;
/** Linux numbers logical partitions from 5 on, whatever the primary ones are. */
const FIRST_LOGICAL_NUMBER = 5;

/** A partition as its table declares it, in bytes from the start of the disk; bounds are not checked yet. */
export interface Partition {
  /** As the guest numbers it: `/dev/sda2` is 2. */
  readonly number: number;
  /** MBR: two lower-case hexadecimal digits (`83`); GPT: the type GUID in upper case. */
  readonly type: string;
  /** As Linux has it in PARTUUID=…: GPT's unique GUID in lower case, or `SIGNATURE-NN` on MBR. */
  readonly uuid: string;
  /** GPT's partition name; empty on MBR. */
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** MBR: status 80; GPT: the legacy-BIOS-bootable attribute. */
  readonly active: boolean;
}

export interface BootRecord {
  /** False where the sector cannot be a partition table: no 55 AA, or the boot sector of a filesystem. */
  readonly isPartitionTable: boolean;
  /** The sector ends in 55 AA. */
  readonly signed: boolean;
  readonly blank: boolean;
  readonly bootCode: boolean;
  /** Eight hexadecimal digits by which the disk is known. */
  readonly signature: string;
  readonly entries: readonly Partition[];
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

function parseEntries(sector: Buffer): Partition[] {
  return [0, 1, 2, 3].flatMap((index) => {
    const at = ENTRIES_OFFSET + index * ENTRY_LENGTH;
    const type = sector.toString('hex', at + 4, at + 5);
    const length = sector.readUInt32LE(at + 12) * SECTOR_SIZE;
    if (type === '00' || length === 0) return [];
    const offset = sector.readUInt32LE(at + 8) * SECTOR_SIZE;
    const active = sector.readUInt8(at) === 0x80;
    const number = index + 1;
    return [
      { number, type, uuid: partitionUuid(signatureOf(sector), number), name: '', offset, length, active },
    ];
  });
}

const signatureOf = (sector: Buffer): string =>
  sector.readUInt32LE(DISK_SIGNATURE_OFFSET).toString(16).padStart(8, '0');

/** Linux, block/partitions/msdos.c: signature and number, in hexadecimal. */
const partitionUuid = (signature: string, number: number): string =>
  `${signature}-${number.toString(16).padStart(2, '0')}`;

/** A FAT or NTFS volume's first sector ends in 55 AA too; it names itself where an MBR has code. */
function isFilesystemBootSector(sector: Buffer): boolean {
  const text = (offset: number, length: number) => sector.toString('latin1', offset, offset + length);
  return (
    text(3, 8) === 'NTFS    ' ||
    text(3, 8) === 'EXFAT   ' ||
    text(3, 8) === '-FVE-FS-' ||
    text(0x36, 3) === 'FAT' ||
    text(0x52, 5) === 'FAT32'
  );
}

/**
 * What GNU parted puts into each new MBR (libparted/labels/dos.c, MBR_BOOT_CODE). It starts the active partition, and
 * where there is none it only turns in a circle.
 */
const PARTED_BOOT_CODE = Buffer.from(
  'fab800108ed0bc00b0b800008ed88ec0fbbe007cbf0006b90002f3a4ea21060000bebe073804750b83c61081fefe0775' +
    'f3eb16b402b001bb007cb2808a74018b4c02cd13ea007c0000ebfe',
  'hex',
);

function isBootable(sector: Buffer): boolean {
  const isParteds = sector.subarray(0, PARTED_BOOT_CODE.length).equals(PARTED_BOOT_CODE);
  return isParteds
    ? parseEntries(sector).some(({ active }) => active)
    : !isZero(sector.subarray(0, BOOT_CODE_LENGTH));
}

/** @param sector the disk's first 512 bytes */
export function parseBootRecord(sector: Buffer): BootRecord {
  const signed = sector.readUInt16BE(SIGNATURE_OFFSET) === 0x55aa;
  const statusesValid = [0, 1, 2, 3].every((index) => {
    const status = sector.readUInt8(ENTRIES_OFFSET + index * ENTRY_LENGTH);
    return status === 0 || status === 0x80;
  });
  const isPartitionTable = signed && statusesValid && !isFilesystemBootSector(sector);
  return {
    isPartitionTable,
    signed,
    blank: isZero(sector),
    bootCode: isBootable(sector),
    signature: signatureOf(sector),
    entries: isPartitionTable ? parseEntries(sector) : [],
  };
}

/**
 * Follows the chain of extended boot records and puts the logical partitions in place of their container.
 * In each record the first entry is relative to that record, the second (the next record) to the container.
 */
export async function expandExtended(
  disk: ByteSource,
  { entries: primary, signature }: BootRecord,
): Promise<{ partitions: Partition[]; problems: Problem[] }> {
  const partitions = primary.filter((partition) => !EXTENDED_TYPES.has(partition.type));
  const container = primary.find((partition) => EXTENDED_TYPES.has(partition.type));
  const visited = new Set<number>();
  let recordOffset = container?.offset;
  let number = FIRST_LOGICAL_NUMBER;
  while (container && recordOffset !== undefined) {
    if (visited.has(recordOffset) || visited.size === MAX_LOGICAL_PARTITIONS) {
      return { partitions, problems: [brokenChain('runs in a circle or does not end')] };
    }
    if (recordOffset + SECTOR_SIZE > disk.size) {
      return { partitions, problems: [brokenChain('leads beyond the end of the disk')] };
    }
    visited.add(recordOffset);
    const record = parseBootRecord(await disk.read(recordOffset, SECTOR_SIZE));
    const logical = record.entries.find((entry) => !EXTENDED_TYPES.has(entry.type));
    if (logical) {
      const uuid = partitionUuid(signature, number);
      partitions.push({ ...logical, number: number++, uuid, offset: recordOffset + logical.offset });
    }
    const next = record.entries.find((entry) => EXTENDED_TYPES.has(entry.type));
    recordOffset = next && container.offset + next.offset;
  }
  return { partitions, problems: [] };
}

function brokenChain(how: string): Problem {
  return {
    code: 'EXTENDED_PARTITION_BROKEN',
    severity: 'warn',
    sentence: `The chain of logical partitions ${how}; the partitions after that point were not read.`,
    remedy: 'Check the disk with `sfdisk --verify` where it was made, and upload it again.',
  };
}
