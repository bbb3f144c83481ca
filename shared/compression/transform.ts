import { Readable, type Transform } from 'node:stream';

export const TRANSFORM_OPTIONS = {
  /** What comes out at a time: zlib's 16 KiB would cost more in hand-overs than in decompression. */
  chunkSize: 256 * 1024,
  /** Node 20's own; the 64 KiB of later ones have twice as much of a source read before anything is taken. */
  highWaterMark: 16 * 1024,
};
const INPUT_PIECE = 64 * 1024;

/** What comes out of a stream of Node's when these pieces go in. Whoever stops early ends both. */
export async function* through(pieces: AsyncIterable<Buffer>, output: Transform): AsyncGenerator<Buffer> {
  const input = Readable.from(pieces, { highWaterMark: 1 });
  input.on('error', (error) => output.destroy(error));
  input.pipe(output);
  try {
    yield* output;
  } finally {
    input.destroy();
    output.destroy();
  }
}

/** Pieces of some size, since each that is handed over costs more than most blocks. */
export async function* joined(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    parts.push(piece);
    length += piece.length;
    if (length < INPUT_PIECE) continue;
    yield Buffer.concat(parts);
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(parts);
}
