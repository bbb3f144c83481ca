import { type ByteSource, checkRange } from '../bytes/source.ts';
import { concurrently } from '../concurrently.ts';
import { FilesystemUnsupportedError } from './errors.ts';

/** Bytes of a file that lie together on the volume. All in bytes. */
export interface Extent {
  /** Where they are in the file. */
  readonly start: number;
  /** Where they are on the volume. */
  readonly offset: number;
  readonly length: number;
}

/** As many as a browser opens to one host: enough to hide the latency of a fragmented file's pieces. */
const CONCURRENT_READS = 6;
/** Below the longest Buffer of every Node: a file of a hostile size is refused, not allocated. */
const MAX_READ = 2 ** 30;

/**
 * A file's bytes as a source. Extents that are neighbours on the volume become one read; what none covers is zeros.
 *
 * @param filesystem its name, for errors: "ext4"
 * @param extentsIn finds the extents that have bytes of `[from, to)`, in the file's order; they may reach beyond
 */
export function extentContent(
  filesystem: string,
  volume: ByteSource,
  size: number,
  extentsIn: (from: number, to: number) => Promise<readonly Extent[]>,
): ByteSource {
  return {
    size,
    async read(from, length) {
      checkRange(this, from, length);
      if (length > MAX_READ) {
        throw new FilesystemUnsupportedError(filesystem, `${length} bytes of a file at once`);
      }
      return readExtents(volume, await extentsIn(from, from + length), from, length);
    },
  };
}

/**
 * `length` bytes of a file from its offset `from` on: neighbours on the volume by one read, those far apart at the same
 * time, and zeros for what no extent covers.
 */
export async function readExtents(
  volume: ByteSource,
  extents: readonly Extent[],
  from: number,
  length: number,
): Promise<Buffer> {
  const pieces = join(extents, from, from + length);
  const [only] = pieces;
  if (only?.length === length) return volume.read(only.offset, length);
  const result = Buffer.alloc(length);
  await concurrently(pieces, CONCURRENT_READS, async (piece) => {
    (await volume.read(piece.offset, piece.length)).copy(result, piece.start - from);
  });
  return result;
}

/** What of the extents lies in `[from, to)`, neighbours made one. */
function join(extents: readonly Extent[], from: number, to: number): Extent[] {
  const joined: { start: number; offset: number; length: number }[] = [];
  for (const extent of extents) {
    const start = Math.max(from, extent.start);
    const length = Math.min(to, extent.start + extent.length) - start;
    if (length <= 0) continue;
    const offset = extent.offset + start - extent.start;
    const last = joined.at(-1);
    if (last && last.start + last.length === start && last.offset + last.length === offset) {
      last.length += length;
    } else {
      joined.push({ start, offset, length });
    }
  }
  return joined;
}
