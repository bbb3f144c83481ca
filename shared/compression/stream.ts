import { bzip2 } from './bzip2.ts';
import { compressionError } from './decompress.ts';
import { DecompressionError, StreamEndError, StreamLimitError } from './errors.ts';
import { gzip } from './gzip.ts';
import { LZ4_FRAME_MAGIC, LZ4_LEGACY_MAGIC, lz4 } from './lz4.ts';
import { lzop } from './lzop.ts';
import type { PieceReader } from './piece-reader.ts';
import { xz } from './xz.ts';
import { zstd } from './zstd-stream.ts';

/** What is decompressed piece by piece; `lzo` is lzop's format. */
export type StreamKind = 'bzip2' | 'gzip' | 'lz4' | 'lzo' | 'xz' | 'zstd';

const decoders: Readonly<Record<StreamKind, (input: PieceReader) => AsyncGenerator<Buffer>>> = {
  bzip2,
  gzip,
  lz4,
  lzo: lzop,
  xz,
  zstd,
};

const MARKS: readonly (readonly [mark: Buffer, kind: StreamKind])[] = [
  [Buffer.of(0x1f, 0x8b), 'gzip'],
  [Buffer.of(0x28, 0xb5, 0x2f, 0xfd), 'zstd'],
  [Buffer.from('fd377a585a00', 'hex'), 'xz'],
  [littleEndian(LZ4_LEGACY_MAGIC), 'lz4'],
  [littleEndian(LZ4_FRAME_MAGIC), 'lz4'],
  [Buffer.from('BZh'), 'bzip2'],
  [Buffer.from('894c5a4f', 'hex'), 'lzo'],
];

/** Which kind of stream begins with these bytes (six or more); null where none does. */
export function streamKind(head: Buffer): StreamKind | null {
  return MARKS.find(([mark]) => head.subarray(0, mark.length).equals(mark))?.[1] ?? null;
}

/**
 * Decompresses one stream (one gzip member, one zstd or lz4 frame, one xz stream, one file of bzip2 or lzop) as fast as
 * it is asked for, and leaves `input` right behind it. What comes out is never changed later; memory is that of a few
 * pieces and the format's window, at most 64 MiB.
 *
 * @param maxOutput bytes
 * @throws {StreamLimitError} when it opens to more
 * @throws {StreamUnsupportedError} when it needs a window or a filter that there is not
 * @throws {DecompressionError} when it is damaged or cut off
 * @throws whatever the pieces of `input` threw, as it is
 */
export async function* decompressStream(
  kind: StreamKind,
  input: PieceReader,
  maxOutput: number,
): AsyncGenerator<Buffer> {
  let produced = 0;
  try {
    for await (const piece of decoders[kind](input)) {
      produced += piece.length;
      if (produced > maxOutput) throw new StreamLimitError('open', maxOutput);
      yield piece;
    }
  } catch (error) {
    if (input.failure) throw input.failure.error;
    if (error instanceof StreamEndError) throw new DecompressionError(kind, { cause: error });
    throw compressionError(error, kind, maxOutput);
  }
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
