import { Readable, type Transform } from 'node:stream';

/** What comes out at a time: zlib's 16 KiB would cost more in hand-overs than in decompression. */
export const OUTPUT_PIECE = 256 * 1024;

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
