import { memoize } from '../../bytes/memoize.ts';
import { type ByteSource, checkRange } from '../../bytes/source.ts';
import { lznt1 } from '../../compression/lznt1.ts';
import { type Extent, readExtents } from '../extents.ts';
import type { Geometry } from './boot-sector.ts';
import { damaged, unsupported } from './errors.ts';
import { COMPRESSED, ENCRYPTED, type NonResidentAttribute } from './file-record.ts';
import { parseRunlist, type Run } from './runlist.ts';

/** Parsed runlists of one value: reading goes on from one to the next, and rarely back. */
const CACHED_RUNLISTS = 8;
/** https://flatcap.github.io/linux-ntfs/ntfs/attributes/data.html: LZNT1 is the only compression defined. */
const LZNT1 = 1;
/** NTFS compresses 16 clusters at a time, and only where a cluster has at most 4 KiB. */
const MAX_UNIT = 64 * 1024;
/** Units that are read and held at a time, 1 MiB. */
const UNITS_AT_ONCE = 16;

/** One of the attributes that a value's runlist is spread over, from the file's cluster `firstCluster` on. */
export interface Part {
  readonly firstCluster: number;
  load(): Promise<NonResidentAttribute>;
}

/**
 * A value that lies in clusters.
 *
 * @param head the first part, which has the sizes
 * @param parts all of them, in order; a part's runlist is read when what it is for is
 */
export function clusterSource(
  volume: ByteSource,
  geometry: Geometry,
  head: NonResidentAttribute,
  parts: readonly Part[],
): ByteSource {
  const { clusterSize } = geometry;

  const runlist = memoize(CACHED_RUNLISTS, async (index) => {
    const attribute = await parts[index]?.load();
    if (!attribute) throw damaged('a file has no clusters');
    const next = parts[index + 1]?.firstCluster;
    const end = attribute.firstCluster + attribute.clusters;
    if (next !== undefined && next !== end) throw damaged(`a file has a gap before its cluster ${next}`);
    return parseRunlist(attribute.runlist, attribute.firstCluster, attribute.clusters, geometry.clusters);
  });

  /** The runs for the file's clusters `[first, end)`, cut to them. */
  async function runsFor(first: number, end: number): Promise<Run[]> {
    const found: Run[] = [];
    let next = first;
    const start = parts.findLastIndex((part) => part.firstCluster <= first);
    for (let index = Math.max(start, 0); index < parts.length && next < end; index++) {
      for (const run of await runlist(index)) {
        const skipped = next - run.first;
        if (skipped < 0 || skipped >= run.count || next >= end) continue;
        const count = Math.min(run.first + run.count, end) - next;
        found.push({ first: next, count, cluster: run.cluster === null ? null : run.cluster + skipped });
        next += count;
      }
    }
    if (next < end) throw damaged(`a file of ${head.size} bytes has clusters for ${next * clusterSize}`);
    return found;
  }

  async function readPlain(offset: number, length: number): Promise<Buffer> {
    const first = Math.floor(offset / clusterSize);
    const runs = await runsFor(first, Math.ceil((offset + length) / clusterSize));
    return readExtents(volume, extentsOf(runs), offset, length);
  }

  /** Where the runs that are no holes lie, in bytes. */
  function extentsOf(runs: readonly Run[]): Extent[] {
    return runs.flatMap(({ first, count, cluster }) =>
      cluster === null
        ? []
        : [{ start: first * clusterSize, offset: cluster * clusterSize, length: count * clusterSize }],
    );
  }

  const read = head.unitClusters === null ? readPlain : compressedReader(head, head.unitClusters);

  /**
   * https://flatcap.github.io/linux-ntfs/ntfs/concepts/compression.html: a unit that has all its clusters is
   * stored as it is, one that has none is zeros, and one that has some is compressed into those.
   */
  function compressedReader(head: NonResidentAttribute, unitClusters: number) {
    const unitSize = unitClusters * clusterSize;
    if (unitSize > MAX_UNIT) throw damaged(`a compression unit has ${unitSize} bytes`);
    if ((head.flags & COMPRESSED) !== LZNT1) {
      throw unsupported(`a file is compressed by method ${head.flags & COMPRESSED}`);
    }
    /** The unit that was last read: configuration is read in pieces that are smaller than it. */
    let last: { unit: number; bytes: Buffer } | null = null;

    async function readUnits(first: number, end: number): Promise<Buffer[]> {
      if (last?.unit === first && end === first + 1) return [last.bytes];
      const runs = await runsFor(first * unitClusters, end * unitClusters);
      // One after the other, without the holes between them.
      const extents: Extent[] = [];
      let total = 0;
      for (const extent of extentsOf(runs)) {
        extents.push({ ...extent, start: total });
        total += extent.length;
      }
      const stored = runs.filter(({ cluster }) => cluster !== null);
      const bytes = await readExtents(volume, extents, 0, total);
      const units: Buffer[] = [];
      let at = 0;
      for (let unit = first; unit < end; unit++) {
        const length = storedClusters(stored, unit * unitClusters, (unit + 1) * unitClusters) * clusterSize;
        const input = bytes.subarray(at, at + length);
        if (length === unitSize) units.push(input);
        else units.push(length === 0 ? Buffer.alloc(unitSize) : lznt1(input, unitSize));
        at += length;
      }
      const decoded = units.at(-1);
      if (decoded) last = { unit: end - 1, bytes: Buffer.from(decoded) };
      return units;
    }

    return async (offset: number, length: number): Promise<Buffer> => {
      const first = Math.floor(offset / unitSize);
      const end = Math.ceil((offset + length) / unitSize);
      const result = Buffer.alloc(length);
      for (let unit = first; unit < end; unit += UNITS_AT_ONCE) {
        const units = await readUnits(unit, Math.min(unit + UNITS_AT_ONCE, end));
        for (const [index, bytes] of units.entries()) {
          const position = (unit + index) * unitSize - offset;
          bytes.copy(result, Math.max(position, 0), Math.max(-position, 0));
        }
      }
      return result;
    };
  }

  return {
    size: head.size,
    async read(offset, length) {
      checkRange(this, offset, length);
      if ((head.flags & ENCRYPTED) !== 0) throw unsupported('a file is encrypted by EFS');
      const written = Math.min(Math.max(head.initializedSize - offset, 0), length);
      if (written === 0) return Buffer.alloc(length);
      const bytes = await read(offset, written);
      return written === length ? bytes : Buffer.concat([bytes, Buffer.alloc(length - written)]);
    },
  };
}

/** How many of the clusters `[first, end)` are in these runs. */
function storedClusters(runs: readonly Run[], first: number, end: number): number {
  let clusters = 0;
  for (const run of runs) {
    clusters += Math.max(0, Math.min(run.first + run.count, end) - Math.max(run.first, first));
  }
  return clusters;
}
