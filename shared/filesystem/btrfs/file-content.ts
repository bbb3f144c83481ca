import { memoize } from '../../bytes/memoize.ts';
import { type ByteSource, checkRange } from '../../bytes/source.ts';
import type { Locate } from './chunks.ts';
import { type Compression, decompressExtent } from './compression.ts';
import { damaged } from './damaged.ts';
import { type DiskContent, type FileExtent, parseFileExtent } from './file-extent.ts';
import { EXTENT_DATA, writeKey } from './key.ts';
import type { Superblock } from './superblock.ts';
import type { Tree } from './tree.ts';

/** Decompressed extents of at most 128 KiB that are kept: whoever reads a file in small pieces comes back to them. */
const CACHED_EXTENTS = 16;
/** What one read holds at a time besides its result: extents on the disk, and decompressed. */
const MAX_BATCH_LENGTH = 8 * 1024 * 1024;

/** A file's bytes by its extents. Data are not compared with the checksums that btrfs has of them. */
export type OpenContent = (tree: Tree, inode: bigint, size: number) => ByteSource;

/** A part of a read's result that comes from one extent on the disk. */
interface Piece {
  readonly content: DiskContent;
  /** Bytes from the start of the extent, decompressed. */
  readonly from: number;
  readonly length: number;
  /** Where in the result. */
  readonly at: number;
}

/** Opens the files of a filesystem; they share a cache of decompressed extents. */
export function contentOpener(volume: ByteSource, superblock: Superblock, locate: Locate): OpenContent {
  const { sectorSize } = superblock;
  const decompressed = memoize(
    CACHED_EXTENTS,
    async (_address, compression: Compression, input: Buffer, openLength: number) =>
      decompressExtent(compression, input, openLength, sectorSize),
  );

  async function fill(result: Buffer, pieces: readonly Piece[]): Promise<void> {
    const ranges = await Promise.all(
      pieces.map(async ({ content, from, length }) => {
        const whole = content.compression !== 'none';
        const address = whole ? content.address : content.address + from;
        const count = whole ? content.diskLength : length;
        const [offset = 0] = await locate(address, count);
        return { offset, length: count };
      }),
    );
    const inputs = await readRanges(volume, ranges);
    for (const [index, { content, from, length, at }] of pieces.entries()) {
      const input = inputs[index] ?? Buffer.alloc(0);
      if (content.compression === 'none') {
        input.copy(result, at);
      } else {
        const { address, compression, openLength } = content;
        const open = await decompressed(address, compression, input, openLength);
        open.copy(result, at, from, Math.min(open.length, from + length));
      }
    }
  }

  return (tree, inode, size) => ({
    size,
    async read(offset, length) {
      checkRange(this, offset, length);
      const result = Buffer.alloc(length);
      const end = offset + length;
      let pieces: Piece[] = [];
      let batch = 0;
      for await (const { start, length: covered, content } of extents(tree, inode, superblock, offset, end)) {
        const from = Math.max(offset, start);
        const to = Math.min(end, start + covered);
        if (!content || from >= to) continue;
        if (content.inline) {
          const open = decompressExtent(content.compression, content.inline, content.openLength, sectorSize);
          open.copy(result, from - offset, from - start, Math.min(open.length, to - start));
          continue;
        }
        pieces.push({ content, from: content.skip + from - start, length: to - from, at: from - offset });
        batch += content.compression === 'none' ? to - from : content.diskLength + content.openLength;
        if (batch >= MAX_BATCH_LENGTH) {
          await fill(result, pieces);
          pieces = [];
          batch = 0;
        }
      }
      await fill(result, pieces);
      return result;
    },
  });
}

/** The extents that a file has between two offsets, from the one on that lies across the first. */
async function* extents(
  tree: Tree,
  inode: bigint,
  superblock: Superblock,
  offset: number,
  end: number,
): AsyncGenerator<FileExtent> {
  if (offset >= end) return;
  const from = writeKey(inode, EXTENT_DATA, BigInt(offset));
  const before = await tree.floor(from);
  const across = before?.key.objectId === inode && before.key.type === EXTENT_DATA;
  const first = across ? writeKey(inode, EXTENT_DATA, before.key.offset) : from;
  let covered = 0;
  for await (const item of tree.scan(first, writeKey(inode, EXTENT_DATA, BigInt(end - 1)))) {
    const extent = parseFileExtent(item, superblock);
    if (extent.start < covered) throw damaged(`extents of inode ${inode} overlap at ${extent.start}`);
    covered = extent.start + extent.length;
    yield extent;
  }
}

interface Range {
  readonly offset: number;
  readonly length: number;
}

/** What is at each range; those that touch or overlap become one read, and the reads are done at once. */
async function readRanges(source: ByteSource, ranges: readonly Range[]): Promise<Buffer[]> {
  const runs: { offset: number; end: number }[] = [];
  const runOf = new Map<Range, number>();
  for (const range of [...ranges].sort((a, b) => a.offset - b.offset)) {
    const end = range.offset + range.length;
    const last = runs.at(-1);
    if (last && range.offset <= last.end) last.end = Math.max(last.end, end);
    else runs.push({ offset: range.offset, end });
    runOf.set(range, runs.length - 1);
  }
  const read = await Promise.all(runs.map(({ offset, end }) => source.read(offset, end - offset)));
  return ranges.map((range) => {
    const index = runOf.get(range) ?? 0;
    const from = range.offset - (runs[index]?.offset ?? 0);
    return read[index]?.subarray(from, from + range.length) ?? Buffer.alloc(0);
  });
}
