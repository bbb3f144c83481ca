import type { ByteSource } from '../bytes/source.ts';
import type { Evidence, Problem } from '../finding.ts';
import { type FirmwareReading, readFirmware } from './firmware.ts';
import { type DiskMarks, readMarks } from './marks.ts';
import { readPartitions } from './partitions.ts';

/** All that a disk says of itself without a filesystem being opened. */
export interface DiskReading {
  readonly firmware: FirmwareReading['firmware'];
  readonly architecture: DiskMarks['architecture'];
  /** Why it must be Windows; null where nothing says so. */
  readonly windows: Evidence | null;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

/** Reads the partition table and the first sector of each partition of a virtual disk. */
export async function readDisk(disk: ByteSource): Promise<DiskReading> {
  const table = await readPartitions(disk);
  const { firmware, evidence } = readFirmware(table);
  const marks = await readMarks(disk, table);
  return {
    firmware,
    architecture: marks.architecture,
    windows: marks.windows,
    evidence: [evidence, ...marks.evidence],
    problems: [...table.problems, ...marks.problems],
  };
}
