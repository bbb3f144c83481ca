import type { ByteSource } from '../bytes/source.ts';
import type { Evidence, Problem } from '../finding.ts';
import { type Partition, SECTOR_SIZE } from './mbr.ts';
import type { PartitionTable } from './partitions.ts';

/** What a disk tells of its guest without opening a filesystem. */
export interface DiskMarks {
  readonly architecture: 'x86_64' | 'aarch64' | null;
  /** Why it must be Windows; null where nothing says so. */
  readonly windows: Evidence | null;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

/** UAPI Group, Discoverable Partitions Specification: the root and /usr partitions of an architecture. */
const ARCHITECTURE_TYPES: Readonly<Record<string, 'x86_64' | 'aarch64'>> = {
  '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709': 'x86_64',
  '8484680C-9521-48C6-9C11-B0720656F69E': 'x86_64',
  'B921B045-1DF0-41C3-AF44-4C6F280D3FAE': 'aarch64',
  'B0E01050-EE5F-4390-949A-9101B17104E9': 'aarch64',
};
/** Microsoft Learn, "UEFI/GPT-based hard drive partitions": every Windows disk with a GPT has it. */
const MICROSOFT_RESERVED_TYPE = 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE';
/** Each costs a read far from the others; a boot disk has its system in the first few. */
const MAX_PARTITIONS_READ = 16;
/** OEM ids at byte 3 of an NTFS and of a BitLocker volume; LUKS 1 and 2 begin with a magic number. */
const NTFS_MARK = Buffer.from('NTFS    ', 'latin1');
const BITLOCKER_MARK = Buffer.from('-FVE-FS-', 'latin1');
const LUKS_MARK = Buffer.from('LUKS\xba\xbe', 'latin1');
const OEM_ID_OFFSET = 3;

/** Reads the first sector of each partition (of the disk, where there are none). */
export async function readMarks(disk: ByteSource, table: PartitionTable): Promise<DiskMarks> {
  const evidence: Evidence[] = [];
  const problems: Problem[] = [];
  const architecture = readArchitecture(table);
  if (architecture) {
    evidence.push({ fact: `a root or /usr partition for ${architecture}`, source: 'partition table' });
  }
  const reserved = table.partitions.some(({ type }) => type === MICROSOFT_RESERVED_TYPE);
  let windows: Evidence | null = reserved
    ? { fact: 'a Microsoft reserved partition', source: 'partition table' }
    : null;

  for (const { source, offset, length } of volumes(disk, table.partitions)) {
    if (length < SECTOR_SIZE) continue;
    const sector = await disk.read(offset, SECTOR_SIZE);
    const carries = (mark: Buffer, at: number) => sector.subarray(at, at + mark.length).equals(mark);
    if (carries(NTFS_MARK, OEM_ID_OFFSET)) windows ??= { fact: 'an NTFS boot sector', source };
    if (carries(BITLOCKER_MARK, OEM_ID_OFFSET)) {
      windows ??= { fact: 'a BitLocker boot sector', source };
      problems.push(encrypted(source, 'BitLocker', 'Decrypt it in the guest with `manage-bde -off C:`'));
    }
    if (carries(LUKS_MARK, 0)) {
      problems.push(encrypted(source, 'LUKS', 'Decrypt it with `cryptsetup reencrypt --decrypt` (LUKS2)'));
    }
  }
  if (windows) evidence.push(windows);
  return { architecture, windows, evidence, problems };
}

/** Null also where a disk carries partitions of both architectures: it can be started on either. */
function readArchitecture(table: PartitionTable): DiskMarks['architecture'] {
  const found = new Set(table.partitions.flatMap(({ type }) => ARCHITECTURE_TYPES[type] ?? []));
  const [only] = found;
  return found.size === 1 ? (only ?? null) : null;
}

function volumes(disk: ByteSource, partitions: readonly Partition[]) {
  if (partitions.length === 0) return [{ source: 'first sector', offset: 0, length: disk.size }];
  return partitions
    .slice(0, MAX_PARTITIONS_READ)
    .map(({ number, offset, length }) => ({ source: `partition ${number}`, offset, length }));
}

function encrypted(source: string, how: string, remedy: string): Problem {
  return {
    code: 'DISK_ENCRYPTED',
    severity: 'reject',
    sentence: `The disk is encrypted with ${how} (${source}): OCI does not import encrypted disks.`,
    remedy: `${remedy}, shut it down and upload it again.`,
  };
}
