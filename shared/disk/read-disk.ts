import type { ByteSource } from '../bytes/source.ts';
import type { Evidence, Problem } from '../finding.ts';
import { type FirmwareReading, readFirmware } from './firmware.ts';
import { partitionArchitecture } from './partition-architecture.ts';
import { type PartitionTable, readPartitions } from './partitions.ts';
import { readVolumes, type Volume } from './volumes.ts';

/** All that a disk says of itself without a filesystem being opened. */
export interface DiskReading {
  readonly firmware: FirmwareReading['firmware'];
  /** By the types of its partitions. */
  readonly architecture: 'x86_64' | 'aarch64' | null;
  /** What hints at Windows; null where nothing does. */
  readonly windows: Evidence | null;
  readonly volumes: readonly Volume[];
  /** A logical volume is partly on a disk that is not in the image. */
  readonly incomplete: boolean;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

/** Microsoft Learn, "UEFI/GPT-based hard drive partitions": every Windows disk with a GPT has it. */
const MICROSOFT_RESERVED_TYPE = 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE';
/** The OEM id of an NTFS volume's boot sector. */
const NTFS_MARK = 'NTFS    ';
const OEM_ID_OFFSET = 3;

/** Reads the partition table, and the first bytes of each partition and logical volume. */
export async function readDisk(disk: ByteSource): Promise<DiskReading> {
  const table = await readPartitions(disk);
  const { firmware, evidence: firmwareEvidence } = readFirmware(table);
  const { volumes, incomplete, problems } = await readVolumes(disk, table);
  const architecture = partitionArchitecture(table);
  const evidence = [firmwareEvidence];
  if (architecture) {
    evidence.push({ fact: `a root or /usr partition for ${architecture}`, source: 'partition table' });
  }
  return {
    firmware,
    architecture,
    windows: windowsHint(table, volumes),
    volumes,
    incomplete,
    evidence,
    problems: [...table.problems, ...problems],
  };
}

function windowsHint({ partitions }: PartitionTable, volumes: readonly Volume[]): Evidence | null {
  if (partitions.some(({ type }) => type === MICROSOFT_RESERVED_TYPE)) {
    return { fact: 'a Microsoft reserved partition', source: 'partition table' };
  }
  for (const { name, head, recognised } of volumes) {
    if (recognised?.kind === 'bitlocker') return { fact: 'a BitLocker volume', source: name };
    if (head.toString('latin1', OEM_ID_OFFSET, OEM_ID_OFFSET + NTFS_MARK.length) === NTFS_MARK) {
      return { fact: 'an NTFS volume', source: name };
    }
  }
  return null;
}
