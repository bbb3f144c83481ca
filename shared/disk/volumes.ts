import { IntegerTooLargeError } from '../bytes/errors.ts';
import { sliceSource } from '../bytes/slice.ts';
import { type ByteSource, OutOfBoundsError } from '../bytes/source.ts';
import type { Problem } from '../finding.ts';
import { printable } from '../printable.ts';
import { readLogicalVolumes } from './lvm.ts';
import { type PhysicalVolume, readPhysicalVolume } from './lvm-label.ts';
import { LvmMetadataError } from './lvm-metadata.ts';
import type { Partition } from './mbr.ts';
import type { PartitionTable } from './partitions.ts';
import { PROBE_LENGTH, type Recognised, recogniseVolume } from './recognise.ts';

/** A part of the disk that may hold a filesystem. */
export interface Volume {
  /** For a person: "partition 2", "logical volume vg/root", "the whole disk". */
  readonly name: string;
  readonly source: ByteSource;
  /** Its first bytes, PROBE_LENGTH of them or all where it is smaller. */
  readonly head: Buffer;
  /** Null for what is no partition. */
  readonly partition: Partition | null;
  /** Null for what is no logical volume. */
  readonly logicalVolume: { readonly group: string; readonly name: string } | null;
  /** What it is, where byoi knows its mark but does not read it: swap, LUKS, a part of a RAID; null for all else. */
  readonly recognised: Recognised | null;
}

export interface VolumeReading {
  readonly volumes: readonly Volume[];
  /** A logical volume is partly on a disk that is not in the image. */
  readonly incomplete: boolean;
  readonly problems: readonly Problem[];
}

/** Each costs a read far from the others; systems with two slots for everything (ChromeOS, Flatcar) have some twelve. */
const MAX_PARTITIONS_READ = 32;

type Place = Pick<Volume, 'name' | 'source' | 'partition' | 'logicalVolume'>;

/** The partitions of a disk (the disk itself, where it has none), and the logical volumes on them. */
export async function readVolumes(disk: ByteSource, table: PartitionTable): Promise<VolumeReading> {
  const places: Place[] = table.partitions
    .filter(({ length }) => length > 0)
    .slice(0, MAX_PARTITIONS_READ)
    .map((partition) => ({
      name: `partition ${partition.number}`,
      source: sliceSource(disk, partition.offset, partition.length),
      partition,
      logicalVolume: null,
    }));
  if (table.partitions.length === 0) {
    places.push({ name: 'the whole disk', source: disk, partition: null, logicalVolume: null });
  }
  const volumes = await Promise.all(places.map(probe));
  const { logical, incomplete, problems } = await readLvm(volumes);
  return { volumes: [...volumes, ...(await Promise.all(logical.map(probe)))], incomplete, problems };
}

async function probe(place: Place): Promise<Volume> {
  const { source } = place;
  const head = await source.read(0, Math.min(PROBE_LENGTH, source.size));
  return { ...place, head, recognised: recogniseVolume(head) };
}

async function readLvm(
  volumes: readonly Volume[],
): Promise<{ logical: Place[]; incomplete: boolean; problems: Problem[] }> {
  const physical: PhysicalVolume[] = [];
  try {
    for (const { recognised, source } of volumes) {
      const found = recognised?.kind === 'lvm2' ? await readPhysicalVolume(source) : null;
      if (found) physical.push(found);
    }
    const { volumes: readable, incomplete, problems } = readLogicalVolumes(physical);
    const logical = readable.map(({ group, name, source }) => ({
      name: `logical volume ${printable(`${group}/${name}`)}`,
      source,
      partition: null,
      logicalVolume: { group, name },
    }));
    return { logical, incomplete, problems: [...problems] };
  } catch (error) {
    const isDamage =
      error instanceof LvmMetadataError ||
      error instanceof OutOfBoundsError ||
      error instanceof IntegerTooLargeError;
    if (!isDamage) throw error;
    const { code, message, remedy } = error;
    return {
      logical: [],
      incomplete: false,
      problems: [{ code, severity: 'warn', sentence: message, remedy }],
    };
  }
}
