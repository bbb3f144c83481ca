import { joinSources, stripeSources } from '../bytes/join.ts';
import { sliceSource } from '../bytes/slice.ts';
import type { ByteSource } from '../bytes/source.ts';
import type { Problem } from '../finding.ts';
import { printable } from '../printable.ts';
import type { PhysicalVolume } from './lvm-label.ts';
import { LvmMetadataError, type MetadataSection, parseLvmMetadata } from './lvm-metadata.ts';
import { SECTOR_SIZE } from './mbr.ts';

/** A logical volume that can be read. */
export interface LogicalVolume {
  readonly group: string;
  readonly name: string;
  readonly source: ByteSource;
}

export interface LvmReading {
  readonly volumes: readonly LogicalVolume[];
  /** One of them is not whole on these physical volumes: the rest is on another disk. */
  readonly incomplete: boolean;
  /** Logical volumes that cannot be read, and why. */
  readonly problems: readonly Problem[];
}

/** A system has some ten logical volumes, each of a few segments. */
const MAX_LOGICAL_VOLUMES = 64;
const MAX_SEGMENTS = 4096;
/** LVM2's own limit (lvcreate(8), --stripes). */
const MAX_STRIPES = 128;
const ON_OTHER_DISK = 'is not on this disk';

/**
 * The visible logical volumes of the volume groups on these physical volumes.
 *
 * @throws {LvmMetadataError} when a group's description is damaged
 */
export function readLogicalVolumes(physical: readonly PhysicalVolume[]): LvmReading {
  const volumes: LogicalVolume[] = [];
  const problems: Problem[] = [];
  let incomplete = false;
  for (const [group, section] of newestGroups(physical)) {
    const extentLength = number(section, 'extent_size') * SECTOR_SIZE;
    const found = physicalVolumesOf(section, physical, extentLength);
    const logical = [...(section.sections.get('logical_volumes')?.sections ?? [])].filter(([, volume]) =>
      strings(volume, 'status').includes('VISIBLE'),
    );
    for (const [name, volume] of logical.slice(0, MAX_LOGICAL_VOLUMES)) {
      const source = openVolume(volume, found, extentLength);
      if (typeof source !== 'string') volumes.push({ group, name, source });
      else {
        problems.push(unreadable(`${group}/${name}`, source));
        incomplete ||= source.endsWith(ON_OTHER_DISK);
      }
    }
  }
  return { volumes, incomplete, problems };
}

/** Each group by its name; where its volumes disagree, the description with the highest sequence number counts. */
function newestGroups(physical: readonly PhysicalVolume[]): Map<string, MetadataSection> {
  const groups = new Map<string, MetadataSection>();
  for (const { text } of physical) {
    const metadata = text === null ? null : parseLvmMetadata(text);
    for (const [name, section] of metadata?.sections ?? []) {
      const known = groups.get(name);
      if (!known || number(section, 'seqno') > number(known, 'seqno')) groups.set(name, section);
    }
  }
  return groups;
}

/** What a group's names for its physical volumes (`pv0`) stand for: their extents, from the first one on. */
function physicalVolumesOf(
  group: MetadataSection,
  physical: readonly PhysicalVolume[],
  extentLength: number,
): Map<string, ByteSource> {
  const found = new Map<string, ByteSource>();
  for (const [name, section] of group.sections.get('physical_volumes')?.sections ?? []) {
    const uuid = String(section.values.get('id')).replaceAll('-', '');
    const volume = physical.find((candidate) => candidate.uuid === uuid);
    const start = number(section, 'pe_start') * SECTOR_SIZE;
    const length = Math.min(number(section, 'pe_count') * extentLength, (volume?.source.size ?? 0) - start);
    if (volume && length > 0) found.set(name, sliceSource(volume.source, start, length));
  }
  return found;
}

/** The volume's bytes, or why they cannot be read. */
function openVolume(
  volume: MetadataSection,
  physical: ReadonlyMap<string, ByteSource>,
  extentLength: number,
): ByteSource | string {
  const segments = [...volume.sections.values()]
    .filter(({ values }) => values.has('start_extent'))
    .sort((a, b) => number(a, 'start_extent') - number(b, 'start_extent'));
  if (segments.length === 0) return 'it has no extents';
  if (segments.length > MAX_SEGMENTS) return `it is in more than ${MAX_SEGMENTS} pieces`;
  const sources: ByteSource[] = [];
  let extent = 0;
  for (const segment of segments) {
    if (number(segment, 'start_extent') !== extent) throw new LvmMetadataError('extents are missing');
    const source = openSegment(segment, physical, extentLength);
    if (typeof source === 'string') return source;
    sources.push(source);
    extent += number(segment, 'extent_count');
  }
  return joinSources(sources);
}

function openSegment(
  segment: MetadataSection,
  physical: ReadonlyMap<string, ByteSource>,
  extentLength: number,
): ByteSource | string {
  const type = segment.values.get('type');
  if (type !== 'striped' && type !== 'linear') return `it is of type ${printable(String(type))}`;
  const stripes = segment.values.get('stripes');
  const count = number(segment, 'stripe_count');
  if (!Array.isArray(stripes) || count < 1 || count > MAX_STRIPES || stripes.length !== 2 * count) {
    throw new LvmMetadataError('a segment has no stripes');
  }
  const length = (number(segment, 'extent_count') * extentLength) / count;
  const columns: ByteSource[] = [];
  for (let index = 0; index < stripes.length; index += 2) {
    const column = physical.get(String(stripes[index]));
    const start = Number(stripes[index + 1]) * extentLength;
    if (!column) return `its physical volume ${printable(String(stripes[index]))} ${ON_OTHER_DISK}`;
    if (!(start >= 0 && start + length <= column.size)) return 'it reaches beyond the end of the disk';
    columns.push(sliceSource(column, start, length));
  }
  const [only, second] = columns;
  if (only && !second) return only;
  const stripeLength = number(segment, 'stripe_size') * SECTOR_SIZE;
  if (stripeLength === 0 || length % stripeLength !== 0) throw new LvmMetadataError('a stripe has no size');
  return stripeSources(columns, stripeLength);
}

/** @throws {LvmMetadataError} unless the value is a whole number that can be true */
function number({ values }: MetadataSection, name: string): number {
  const value = values.get(name);
  if (typeof value === 'number' && Number.isSafeInteger(value * SECTOR_SIZE) && value >= 0) return value;
  throw new LvmMetadataError(`"${name}" is no number`);
}

function strings({ values }: MetadataSection, name: string): readonly (string | number)[] {
  const value = values.get(name);
  return Array.isArray(value) ? value : [];
}

function unreadable(volume: string, why: string): Problem {
  return {
    code: 'LVM_VOLUME_UNREADABLE',
    severity: 'warn',
    sentence: `The logical volume ${printable(volume)} cannot be read here: ${why}.`,
    remedy:
      'If the system is on it, and on this disk whole, set opc-meta-byoi-launch-mode to the mode that fits.',
  };
}
