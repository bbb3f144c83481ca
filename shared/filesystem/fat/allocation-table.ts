import { memoize } from '../../bytes/memoize.ts';
import type { ByteSource } from '../../bytes/source.ts';
import type { Extent } from '../extents.ts';
import { type BootSector, FIRST_CLUSTER } from './boot-sector.ts';
import { damaged } from './errors.ts';

/*
 * The file allocation table: for each cluster the next one of its file, in 12, 16 or 32 bits, of which 28 count.
 * Entry 0 holds the media, entry 1 the dirty flag, in its highest bit (FAT32: the highest that counts).
 */
const MASK_32 = 0x0fff_ffff;
/** Above that, in each width, an entry ends its file; just below is the mark of a bad cluster. */
const LAST_OF_CHAIN = { 12: 0xff8, 16: 0xfff8, 32: 0x0fff_fff8 };
/** Set while everything is written: "cleanly unmounted". FAT12 has no such bit. */
const CLEAN = { 12: null, 16: 0x8000, 32: 0x0800_0000 };

/** Of twelve bytes, so that no entry of any width lies in two pieces; the whole of any FAT12 is in one. */
const PIECE = 12 * 1024;
const CACHED_PIECES = 64;
/** Each piece of a file costs a read; no boot loader or kernel was ever in so many. */
const MAX_EXTENTS = 65_536;

export interface AllocationTable {
  /** The flag "not cleanly unmounted"; null where FAT12 has none. */
  readDirty(): Promise<boolean | null>;
  /**
   * The extents of the chain that begins at `first`, as far as they are needed to have `length` bytes or to be at
   * its end. What was walked is remembered by the function returned.
   *
   * @throws {FilesystemDamagedError} (from the function) for a chain that leads nowhere, or in a circle
   */
  chain(first: number): (length: number) => Promise<readonly Extent[]>;
}

export function allocationTable(volume: ByteSource, boot: BootSector): AllocationTable {
  const { bits, fat, clusterSize, clusters, data } = boot;
  const loadPiece = memoize(CACHED_PIECES, async (index) => {
    const start = index * PIECE;
    const bytes = await volume.read(fat.offset + start, Math.min(PIECE, fat.length - start));
    // Copied: a part of a page of the cache below would keep the whole of it in memory.
    return Buffer.from(bytes);
  });

  async function readEntry(cluster: number): Promise<number> {
    const position = Math.floor((cluster * bits) / 8);
    const piece = await loadPiece(Math.floor(position / PIECE));
    const at = position % PIECE;
    if (bits === 32) return (piece.readUInt32LE(at) & MASK_32) >>> 0;
    const two = piece.readUInt16LE(at);
    if (bits === 16) return two;
    return cluster % 2 === 0 ? two & 0xfff : two >>> 4;
  }

  function checkCluster(cluster: number): void {
    if (cluster < FIRST_CLUSTER || cluster >= clusters + FIRST_CLUSTER) {
      throw damaged(`it refers to cluster ${cluster}, of which it has ${clusters}`);
    }
  }

  return {
    async readDirty() {
      const clean = CLEAN[bits];
      return clean === null ? null : ((await readEntry(1)) & clean) === 0;
    },
    chain(first) {
      const extents: { start: number; offset: number; length: number }[] = [];
      let next = first;
      let known = 0;
      // Brent's algorithm: a chain that comes back to where it was some power of two steps ago goes in a circle.
      let waiting = -1;
      let steps = 0;
      let power = 1;

      function append(cluster: number): void {
        checkCluster(cluster);
        if (cluster === waiting) throw damaged(`the chain of cluster ${first} goes in a circle`);
        if (++steps === power) {
          waiting = cluster;
          power *= 2;
        }
        const offset = data + (cluster - FIRST_CLUSTER) * clusterSize;
        const last = extents.at(-1);
        if (last && last.offset + last.length === offset) last.length += clusterSize;
        else extents.push({ start: known, offset, length: clusterSize });
        if (extents.length > MAX_EXTENTS)
          throw damaged(`the chain of cluster ${first} is in too many pieces`);
        known += clusterSize;
      }

      let walking: Promise<void> = Promise.resolve();
      return async (length) => {
        // One walker at a time: concurrent reads of a file share what is known.
        const walked = walking.then(async () => {
          while (known < length && next < LAST_OF_CHAIN[bits]) {
            append(next);
            next = await readEntry(next);
          }
        });
        walking = walked.catch(() => {});
        await walked;
        return extents;
      };
    },
  };
}
