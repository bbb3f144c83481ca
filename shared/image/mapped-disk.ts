import { memoize } from '../bytes/memoize.ts';
import { type ByteSource, checkRange } from '../bytes/source.ts';
import { concurrently } from '../concurrently.ts';

/**
 * Where a block (a qcow2 cluster, a VMDK grain) of a virtual disk is: its offset in the image, its
 * content where that had to be decompressed, or null for zeros. A short content ends in zeros.
 */
export type Block = number | Buffer | null;

/** Tables are read in pieces of at most this size, and this many pieces are kept: 2 MiB in all. */
const TABLE_PIECE = 64 * 1024;
const CACHED_TABLE_PIECES = 32;

/** Decompressed blocks kept, in bytes: a filesystem comes back to its neighbours. */
const CACHED_BLOCK_BYTES = 4 * 1024 * 1024;

/** Of a fragmented image: enough to hide the latency of each, few enough for any server. */
const CONCURRENT_READS = 8;

/** Blocks that follow each other in the image: from where, to where in the result. */
interface Run {
  readonly from: number;
  readonly at: number;
  length: number;
}

/**
 * A virtual disk whose blocks are anywhere in `source`. Blocks that follow each other in the image too
 * become one read.
 *
 * @param size bytes of the virtual disk
 * @param locate finds the block with this index
 */
export function mappedDisk(
  source: ByteSource,
  size: number,
  blockLength: number,
  locate: (index: number) => Promise<Block>,
): ByteSource {
  const disk: ByteSource = {
    size,
    async read(offset, length) {
      checkRange(disk, offset, length);
      const result = Buffer.alloc(length);
      const runs: Run[] = [];
      for (let done = 0; done < length; ) {
        const inBlock = (offset + done) % blockLength;
        const count = Math.min(length - done, blockLength - inBlock);
        const block = await locate(Math.floor((offset + done) / blockLength));
        if (typeof block === 'number') {
          const last = runs.at(-1);
          const from = block + inBlock;
          if (last && last.from + last.length === from && last.at + last.length === done)
            last.length += count;
          else runs.push({ from, at: done, length: count });
        } else {
          block?.subarray(inBlock, inBlock + count).copy(result, done);
        }
        done += count;
      }
      await concurrently(runs, CONCURRENT_READS, async (run) => {
        (await source.read(run.from, run.length)).copy(result, run.at);
      });
      return result;
    },
  };
  return disk;
}

/**
 * Reads mapping tables on demand, by pieces. The function returned gives the piece of `source` with the
 * table entry of `width` bytes at `position` in it, and where in the piece the entry starts. Entries
 * are aligned to their width in both formats that have tables, so that none lies in two pieces.
 *
 * @throws {OutOfBoundsError} when the entry lies outside the source
 */
export function tableReader(
  source: ByteSource,
): (position: number, width: number) => Promise<{ piece: Buffer; at: number }> {
  const load = memoize(CACHED_TABLE_PIECES, (index) => {
    const start = index * TABLE_PIECE;
    return source.read(start, Math.min(TABLE_PIECE, source.size - start));
  });
  return async (position, width) => {
    checkRange(source, position, width);
    return { piece: await load(Math.floor(position / TABLE_PIECE)), at: position % TABLE_PIECE };
  };
}

/** Keeps decompressed blocks by key, as many as fit into a few MiB. */
export function blockCache(blockLength: number, load: (key: number) => Promise<Buffer>): typeof load {
  return memoize(Math.max(1, Math.floor(CACHED_BLOCK_BYTES / blockLength)), load);
}
