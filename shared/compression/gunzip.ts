import type { ByteSource } from '../bytes/source.ts';
import { DecompressionError, StreamLimitError } from './errors.ts';
import { pieceReader, sourcePieces } from './piece-reader.ts';
import { decompressStream, streamKind } from './stream.ts';

/** How far a stream is followed, in bytes. */
export interface StreamLimits {
  /** Compressed bytes that are read. */
  readonly input: number;
  /** Bytes that it may open to. */
  readonly output: number;
}

/**
 * Decompresses a gzip source from its start on, member after member, piece by piece, as fast as it is asked for. Zeros
 * behind a member are padding.
 *
 * @throws {StreamLimitError} where a limit is reached
 * @throws {DecompressionError} when the data is damaged or cut off
 */
export async function* gunzip(source: ByteSource, limits: StreamLimits): AsyncGenerator<Buffer> {
  const input = pieceReader(sourcePieces(source, limits.input));
  let produced = 0;
  try {
    for (let first = true; ; first = false) {
      const head = await input.peek(2);
      if (!first && (head.length === 0 || head[0] === 0)) return;
      if (streamKind(head) !== 'gzip') throw new DecompressionError('gzip');
      for await (const piece of decompressStream('gzip', input, limits.output)) {
        produced += piece.length;
        if (produced > limits.output) throw new StreamLimitError('open', limits.output);
        yield piece;
      }
    }
  } finally {
    await input.close();
  }
}
