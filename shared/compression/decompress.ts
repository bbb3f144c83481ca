import { constants, gunzipSync, inflateRawSync, inflateSync, type ZlibOptions } from 'node:zlib';
import { ByoiError } from '../errors.ts';
import { DecompressionError, OutputTooLargeError } from './errors.ts';
import { pieceLength } from './limits.ts';
import { decompressLzo1x } from './lzo1x.ts';
import { decompressZstd } from './zstd.ts';

/** `zlib`: RFC 1950; `deflate-raw`: RFC 1951; `gzip`: RFC 1952; `lzo1x`: no header; `zstd`: RFC 8878, one frame. */
export type CompressionKind = 'deflate-raw' | 'gzip' | 'lzo1x' | 'zlib' | 'zstd';

const inflaters = { 'deflate-raw': inflateRawSync, gzip: gunzipSync, zlib: inflateSync };

/**
 * Decompresses one stream; memory stays in proportion to `maxOutput` whatever the input says. Bytes
 * after the end of the stream are ignored (formats pad to sectors).
 *
 * @param maxOutput bytes that the place this is decompressed for can hold
 * @throws {OutputTooLargeError} when the output is longer
 * @throws {DecompressionError} when the input is damaged or ends early
 */
export function decompress(kind: CompressionKind, input: Buffer, maxOutput: number): Buffer {
  try {
    if (kind === 'lzo1x') return decompressLzo1x(input, maxOutput);
    if (kind === 'zstd') return decompressZstd(input, maxOutput);
    return inflaters[kind](input, zlibOptions(maxOutput));
  } catch (error) {
    throw compressionError(error, kind, maxOutput);
  }
}

/**
 * The start of what a cut off gzip stream opens to; empty when it is no gzip.
 *
 * @throws {OutputTooLargeError} when even the start is longer than `maxOutput`
 */
export function gunzipStart(input: Buffer, maxOutput: number): Buffer {
  try {
    return gunzipSync(input, { ...zlibOptions(maxOutput), finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    const refused = compressionError(error, 'gzip', maxOutput);
    if (refused instanceof DecompressionError) return Buffer.alloc(0);
    throw refused;
  }
}

function zlibOptions(maxOutput: number): ZlibOptions {
  return { maxOutputLength: Math.max(1, maxOutput), chunkSize: pieceLength(maxOutput) };
}

/** The decoders' errors as ours. */
export function compressionError(error: unknown, kind: string, maxOutput: number): ByoiError {
  if (error instanceof ByoiError) return error;
  const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
  return tooLarge ? new OutputTooLargeError(kind, maxOutput) : new DecompressionError(kind, { cause: error });
}
