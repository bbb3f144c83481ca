import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ByteSource } from '../bytes/source.ts';
import { compressionError } from './decompress.ts';
import { StreamLimitError } from './errors.ts';

/** The first pieces lie in a paged source's head; later ones grow, to need few requests. */
const FIRST_PIECE = 64 * 1024;
const LARGEST_PIECE = 4 * 1024 * 1024;
/** What comes out at a time: zlib's 16 KiB would cost more in hand-overs than in decompression. */
const OUTPUT_PIECE = 256 * 1024;

/** How far a stream is followed, in bytes. */
export interface StreamLimits {
  /** Compressed bytes that are read. */
  readonly input: number;
  /** Bytes that it may open to. */
  readonly output: number;
}

/**
 * Decompresses a gzip source from its start on, piece by piece, as fast as it is asked for.
 *
 * @throws {StreamLimitError} where a limit is reached
 * @throws {DecompressionError} when the data is damaged or cut off
 */
export async function* gunzip(source: ByteSource, limits: StreamLimits): AsyncGenerator<Buffer> {
  const failure: { error?: unknown } = {};
  const input = Readable.from(pieces(source, limits, failure), { highWaterMark: 1 });
  const output = createGunzip({ chunkSize: OUTPUT_PIECE });
  input.on('error', (error) => output.destroy(error));
  input.pipe(output);
  let produced = 0;
  try {
    for await (const piece of output) {
      produced += piece.length;
      if (produced > limits.output) throw new StreamLimitError('gzip', limits);
      yield piece;
    }
  } catch (error) {
    throw 'error' in failure ? failure.error : compressionError(error, 'gzip', limits.output);
  } finally {
    input.destroy();
    output.destroy();
  }
}

/** Notes its own failures in `failure`: a network error says nothing about the data, as zlib's do. */
async function* pieces(
  source: ByteSource,
  limits: StreamLimits,
  failure: { error?: unknown },
): AsyncGenerator<Buffer> {
  try {
    for (let offset = 0; offset < source.size; ) {
      if (offset >= limits.input) throw new StreamLimitError('gzip', limits);
      const length = Math.min(Math.max(FIRST_PIECE, offset), LARGEST_PIECE, source.size - offset);
      yield await source.read(offset, length);
      offset += length;
    }
  } catch (error) {
    failure.error = error;
    throw error;
  }
}
