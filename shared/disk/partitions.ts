import type { ByteSource } from '../bytes/source.ts';
import type { Problem } from '../finding.ts';
import { GPT_SIGNATURE, readGpt } from './gpt.ts';
import { expandExtended, type Partition, parseBootRecord, SECTOR_SIZE } from './mbr.ts';

/** What the first sectors of a disk say. */
export interface PartitionTable {
  /** `hybrid`: a GPT whose MBR declares partitions of its own; `none`: a bare filesystem, or nothing. */
  readonly kind: 'mbr' | 'gpt' | 'hybrid' | 'none';
  /** In the order of their numbers, each inside the disk; an extended partition's container is not listed. */
  readonly partitions: readonly Partition[];
  /** The first sector carries code for a BIOS to run. */
  readonly bootCode: boolean;
  readonly problems: readonly Problem[];
}

/** GPT's entry in the MBR, which keeps tools that do not know GPT away. */
const PROTECTIVE_TYPE = 'ee';
/** Disks with 4096-byte sectors have their GPT header here. */
const HEADER_OFFSET_4096 = 4096;

/** Reads the partition table in a few small reads; a damaged or hostile one gives problems, never a hang. */
export async function readPartitions(disk: ByteSource): Promise<PartitionTable> {
  if (disk.size < SECTOR_SIZE) return unreadable(false, notBootable('is smaller than one sector'));
  const record = parseBootRecord(await disk.read(0, SECTOR_SIZE));
  if (record.blank) return unreadable(false, notBootable('begins with an empty sector'));
  if (!record.signed)
    return unreadable(false, notBootable('has no boot signature (55 AA) in its first sector'));
  if (!record.isPartitionTable || record.entries.length === 0) return unreadable(true, NO_PARTITION_TABLE);

  if (!record.entries.some((entry) => entry.type === PROTECTIVE_TYPE)) {
    const { partitions, problems } = await expandExtended(disk, record);
    return checked(disk, { kind: 'mbr', partitions, bootCode: record.bootCode, problems });
  }
  const kind = record.entries.every((entry) => entry.type === PROTECTIVE_TYPE) ? 'gpt' : 'hybrid';
  const gpt = await readGpt(disk);
  return checked(disk, {
    kind,
    partitions: gpt?.partitions ?? [],
    bootCode: record.bootCode,
    problems: gpt ? (gpt.fromBackup ? [GPT_PRIMARY_DAMAGED] : []) : [await whyNoGpt(disk)],
  });
}

const end = (partition: Partition): number => partition.offset + partition.length;

/** Keeps what lies inside the disk, and tells what does not. */
function checked(disk: ByteSource, table: PartitionTable): PartitionTable {
  const problems = [...table.problems];
  const partitions: Partition[] = [];
  for (const partition of table.partitions) {
    if (end(partition) > disk.size) problems.push(beyondEnd(partition));
    const length = Math.min(partition.length, disk.size - partition.offset);
    if (length > 0) partitions.push({ ...partition, length });
  }
  let furthest: Partition | null = null;
  for (const partition of partitions.toSorted((a, b) => a.offset - b.offset)) {
    if (furthest && end(furthest) > partition.offset) problems.push(overlap(furthest, partition));
    if (!furthest || end(partition) > end(furthest)) furthest = partition;
  }
  return { ...table, partitions, problems };
}

async function whyNoGpt(disk: ByteSource): Promise<Problem> {
  const sectors4096 =
    disk.size >= HEADER_OFFSET_4096 + GPT_SIGNATURE.length &&
    (await disk.read(HEADER_OFFSET_4096, GPT_SIGNATURE.length)).toString('latin1') === GPT_SIGNATURE;
  return sectors4096 ? SECTOR_SIZE_4096 : GPT_DAMAGED;
}

function unreadable(bootCode: boolean, problem: Problem): PartitionTable {
  return { kind: 'none', partitions: [], bootCode, problems: [problem] };
}

function notBootable(how: string): Problem {
  return {
    code: 'DISK_NOT_BOOTABLE',
    severity: 'reject',
    sentence: `The disk ${how}: OCI imports only disks with a valid master boot record.`,
    remedy: 'Upload the whole boot disk of the machine, not a data disk or the image of one partition.',
  };
}

function beyondEnd(partition: Partition): Problem {
  return {
    code: 'PARTITION_BEYOND_END',
    severity: 'warn',
    sentence: `Partition ${partition.number} ends beyond the end of the disk.`,
    remedy: 'The disk was cut off or shrunk after it was partitioned: convert it again from its source.',
  };
}

function overlap(first: Partition, second: Partition): Problem {
  return {
    code: 'PARTITIONS_OVERLAP',
    severity: 'warn',
    sentence: `Partitions ${first.number} and ${second.number} overlap.`,
    remedy: 'Check the disk with `sfdisk --verify` where it was made.',
  };
}

const NO_PARTITION_TABLE: Problem = {
  code: 'NO_PARTITION_TABLE',
  severity: 'warn',
  sentence: 'The disk has a boot sector but no partitions.',
  remedy: 'If the image does not boot, upload the whole boot disk of the machine, with its partition table.',
};

const GPT_PRIMARY_DAMAGED: Problem = {
  code: 'GPT_PRIMARY_DAMAGED',
  severity: 'warn',
  sentence: 'The GUID partition table at the start of the disk is damaged; its backup at the end was read.',
  remedy:
    'Repair it in the running guest with `sgdisk --load-backup` or `gdisk` (r, b, w), and upload it again.',
};

const GPT_DAMAGED: Problem = {
  code: 'GPT_DAMAGED',
  severity: 'reject',
  sentence: 'The disk declares a GUID partition table, but neither it nor its backup is valid.',
  remedy: 'The disk is truncated or damaged: convert and upload it again.',
};

const SECTOR_SIZE_4096: Problem = {
  code: 'SECTOR_SIZE_4096',
  severity: 'reject',
  sentence: 'The disk is partitioned in sectors of 4096 bytes; OCI presents volumes with 512-byte sectors.',
  remedy: 'Make the image from a disk with 512-byte logical sectors (`blockdev --getss` says 512).',
};
