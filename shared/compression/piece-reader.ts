import type { ByteSource } from '../bytes/source.ts';
import { StreamEndError, StreamLimitError } from './errors.ts';

/** The first pieces lie in a paged source's head. */
const FIRST_PIECE = 64 * 1024;
/** As long as all before it, up to this, to need few requests: some four of them are in memory at once. */
const LARGEST_PIECE = 8 * 1024 * 1024;

/**
 * A source's bytes from its start on, in pieces that grow, the next one being read while the present one is used.
 *
 * @param firstPiece bytes of it: few for who may look at the start only
 * @throws {StreamLimitError} where more than `maximum` bytes were asked for
 */
export async function* sourcePieces(
  source: ByteSource,
  maximum: number,
  firstPiece = FIRST_PIECE,
): AsyncGenerator<Buffer> {
  let offset = 0;
  const next = (): Promise<Buffer> | null => {
    if (offset >= source.size) return null;
    if (offset >= maximum) return Promise.reject(new StreamLimitError('read', maximum));
    const length = Math.min(Math.max(firstPiece, offset), LARGEST_PIECE, source.size - offset);
    const piece = source.read(offset, length);
    offset += length;
    return piece;
  };
  for (let ahead = next(); ahead; ) {
    const piece = await ahead;
    ahead = next();
    // Who stops before it is used will not hear of its failure.
    ahead?.catch(() => {});
    yield piece;
  }
}

/** Bytes that arrive in pieces of any size, taken in their order. */
export interface PieceReader {
  /** What the pieces themselves threw, if they did: a network's error says nothing about the data. */
  readonly failure: { readonly error: unknown } | null;
  /** The next `length` bytes, or all where there are fewer; they stay. */
  peek(length: number): Promise<Buffer>;
  /**
   * The next `length` bytes. The caller bounds it: as many are held.
   *
   * @throws {StreamEndError} when there are fewer
   */
  take(length: number): Promise<Buffer>;
  /** Those of the next `maximum` bytes that can be had without copying, at least one; null at the end. */
  takeSome(maximum: number): Promise<Buffer | null>;
  /** @throws {StreamEndError} when there are fewer than `length` */
  skip(length: number): Promise<void>;
  /** Puts back what was taken too much. */
  putBack(bytes: Buffer): void;
  /** Nothing more is wanted of the pieces. */
  close(): Promise<void>;
}

export function pieceReader(pieces: AsyncIterable<Buffer>): PieceReader {
  const iterator = pieces[Symbol.asyncIterator]();
  const held: Buffer[] = [];
  let heldLength = 0;
  let ended = false;
  let failure: PieceReader['failure'] = null;

  async function hold(length: number): Promise<void> {
    while (heldLength < length && !ended) {
      try {
        const { done, value } = await iterator.next();
        if (done) ended = true;
        else add(value);
      } catch (error) {
        failure = { error };
        throw error;
      }
    }
  }

  function add(piece: Buffer): void {
    if (piece.length > 0) held.push(piece);
    heldLength += piece.length;
  }

  /** The first `length` of what is held, as one buffer: no more is copied, since what follows may be a large piece. */
  function join(length: number): Buffer {
    const [first = Buffer.alloc(0)] = held;
    if (first.length >= length) return first.subarray(0, length);
    const parts: Buffer[] = [];
    for (let left = length; left > 0; left -= parts.at(-1)?.length ?? left) {
      const piece = held.shift() ?? Buffer.alloc(0);
      parts.push(piece.subarray(0, left));
      if (piece.length > left) held.unshift(piece.subarray(left));
    }
    const joined = Buffer.concat(parts);
    held.unshift(joined);
    return joined;
  }

  function drop(length: number): void {
    heldLength -= length;
    for (let left = length; left > 0; ) {
      const first = held.shift() ?? Buffer.alloc(0);
      if (first.length > left) held.unshift(first.subarray(left));
      left -= Math.min(left, first.length);
    }
  }

  const reader: PieceReader = {
    get failure() {
      return failure;
    },
    async peek(length) {
      if (heldLength < length) await hold(length);
      return join(Math.min(length, heldLength));
    },
    async take(length) {
      if (heldLength < length) await hold(length);
      if (heldLength < length) throw new StreamEndError();
      const taken = join(length);
      drop(length);
      return taken;
    },
    async takeSome(maximum) {
      await hold(1);
      const some = held[0]?.subarray(0, maximum) ?? null;
      drop(some?.length ?? 0);
      return some;
    },
    async skip(length) {
      for (let left = length; left > 0; ) {
        const some = await reader.takeSome(left);
        if (!some) throw new StreamEndError();
        left -= some.length;
      }
    },
    putBack(bytes) {
      if (bytes.length > 0) held.unshift(bytes);
      heldLength += bytes.length;
    },
    async close() {
      await iterator.return?.();
    },
  };
  return reader;
}
