import { memoize } from '../bytes/memoize.ts';
import { type ByteSource, checkRange } from '../bytes/source.ts';
import { concurrently } from '../concurrently.ts';

/**
 * Where a block (a qcow2 cluster, a VMDK grain) of a virtual disk is: its offset in the image, how it is compressed
 * there, its content, or null for zeros. A short content ends in zeros.
 */
export type Block = number | CompressedBlock | Buffer | null;

export interface CompressedBlock {
  readonly offset: number;
  /** Bytes in the image; the compressed stream may end before. */
  readonly length: number;
  /** @throws {ByoiError} when the bytes do not open to a block */
  open(bytes: Buffer): Buffer;
}

/** Tables are read in pieces of at most this size, and this many pieces are kept: 2 MiB in all. */
const TABLE_PIECE = 64 * 1024;
const CACHED_TABLE_PIECES = 32;

/** Decompressed blocks kept, in bytes: a filesystem comes back to its neighbours. */
const CACHED_BLOCK_BYTES = 4 * 1024 * 1024;

/** A read of more blocks than this is of a file's content, which nobody comes back to: what it opens is not kept. */
const MOST_BLOCKS_KEPT = 4;
/** Of a fragmented image: enough to hide the latency of each, few enough for any server. */
const CONCURRENT_READS = 8;
/** What lies between two pieces of the image costs less than a request of its own. */
const LARGEST_GAP = 256 * 1024;
/** As long as the longest that any reader asks for at once: an initramfs in its pieces. */
const LONGEST_READ = 8 * 1024 * 1024;

/** A piece of the image, and what is done with its bytes. */
interface Piece {
  readonly from: number;
  readonly length: number;
  readonly take: (bytes: Buffer) => void;
}

/**
 * A virtual disk whose blocks are anywhere in `source`. Blocks that lie near each other in the image become one read,
 * in whatever order: a parallel `qemu-img convert -c` shuffles them.
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
  const opened = blockCache(blockLength, async (index) => {
    const block = await locate(index);
    if (!isCompressed(block)) throw new Error('A block of an image that is only read does not change.');
    return block.open(await source.read(block.offset, block.length));
  });

  /** Where these bytes of the disk lie in the image, if in one run: that saves a copy. */
  async function runAt(offset: number, length: number): Promise<number | null> {
    const index = Math.floor(offset / blockLength);
    const first = await locate(index);
    if (typeof first !== 'number') return null;
    for (let next = 1; (index + next) * blockLength < offset + length; next++) {
      if ((await locate(index + next)) !== first + next * blockLength) return null;
    }
    return first + (offset % blockLength);
  }

  const disk: ByteSource = {
    size,
    async read(offset, length) {
      checkRange(disk, offset, length);
      if (length === 0) return Buffer.alloc(0);
      const run = length > LONGEST_READ ? null : await runAt(offset, length);
      if (run !== null) return source.read(run, length);
      const result = Buffer.alloc(length);
      const pieces: Piece[] = [];
      const kept = length <= MOST_BLOCKS_KEPT * blockLength;
      for (let done = 0; done < length; ) {
        const index = Math.floor((offset + done) / blockLength);
        const inBlock = (offset + done) % blockLength;
        const count = Math.min(length - done, blockLength - inBlock);
        const at = done;
        const block = await locate(index);
        const put = (content: Buffer) => content.subarray(inBlock, inBlock + count).copy(result, at);
        if (typeof block === 'number') {
          pieces.push({ from: block + inBlock, length: count, take: (bytes) => bytes.copy(result, at) });
        } else if (isCompressed(block)) {
          if (kept) put(await opened(index));
          else
            pieces.push({
              from: block.offset,
              length: block.length,
              take: (bytes) => put(block.open(bytes)),
            });
        } else if (block) put(block);
        done += count;
      }
      await concurrently(joined(pieces), CONCURRENT_READS, async ({ from, end, pieces: parts }) => {
        const bytes = await source.read(from, end - from);
        for (const part of parts) part.take(bytes.subarray(part.from - from, part.from - from + part.length));
      });
      return result;
    },
  };
  return disk;
}

const isCompressed = (block: Block): block is CompressedBlock =>
  block !== null && typeof block === 'object' && 'open' in block;

interface Request {
  readonly from: number;
  end: number;
  readonly pieces: Piece[];
}

/** Puts pieces that lie near each other into one request. */
function joined(pieces: readonly Piece[]): Request[] {
  const requests: Request[] = [];
  for (const piece of pieces.toSorted((a, b) => a.from - b.from)) {
    const end = piece.from + piece.length;
    const last = requests.at(-1);
    if (last && piece.from - last.end <= LARGEST_GAP && end - last.from <= LONGEST_READ) {
      last.end = Math.max(last.end, end);
      last.pieces.push(piece);
    } else requests.push({ from: piece.from, end, pieces: [piece] });
  }
  return requests;
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
