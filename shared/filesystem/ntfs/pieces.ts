import type { ByteSource } from '../../bytes/source.ts';
import { concurrently } from '../../concurrently.ts';

/** As many requests as a server takes at once without being slower for it. */
const CONCURRENT_READS = 16;

/** `length` bytes at `offset` of the volume; null for a hole. */
export interface Piece {
  readonly offset: number | null;
  readonly length: number;
}

/** The pieces one after the other, holes as zeros: neighbours by one read, those far apart at the same time. */
export async function readPieces(volume: ByteSource, pieces: readonly Piece[]): Promise<Buffer> {
  const joined = join(pieces);
  const [only] = joined;
  if (joined.length === 1 && only && only.offset !== null) return volume.read(only.offset, only.length);
  const placed: { from: number; to: number; length: number }[] = [];
  let total = 0;
  for (const { offset, length } of joined) {
    if (offset !== null) placed.push({ from: offset, to: total, length });
    total += length;
  }
  const result = Buffer.alloc(total);
  await concurrently(placed, CONCURRENT_READS, async ({ from, to, length }) => {
    (await volume.read(from, length)).copy(result, to);
  });
  return result;
}

function join(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    const neighbours = last && nextOffset(last) === piece.offset;
    if (neighbours) joined[joined.length - 1] = { offset: last.offset, length: last.length + piece.length };
    else joined.push(piece);
  }
  return joined;
}

const nextOffset = ({ offset, length }: Piece): number | null => (offset === null ? null : offset + length);
