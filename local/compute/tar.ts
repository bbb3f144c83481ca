import { Readable } from 'node:stream';

/** Tar counts in blocks of this size (POSIX ustar). */
const BLOCK = 512;

/** Names and pax records longer than this are no part of an exported image. */
const MAX_RECORD_BYTES = 64 * 1024;

export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** To be read to its end, or left alone, before the next entry is asked for. */
  readonly content: AsyncIterable<Buffer>;
}

/** Reads a tar archive front to back, in memory for one chunk. GNU long names and pax headers are understood. */
export async function* readTar(archive: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const input = new Chunks(archive);
  let longName: string | undefined;
  let paxSize: number | undefined;
  for (;;) {
    const header = await input.exactly(BLOCK);
    if (!header || header.every((byte) => byte === 0)) return;
    if (header.toString('latin1', 257, 262) !== 'ustar') throw new Error('not a tar archive');
    const type = String.fromCharCode(header[156] ?? 0);
    const size = paxSize ?? sizeField(header);
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (type === 'L' || type === 'x' || type === 'g') {
      if (size > MAX_RECORD_BYTES) throw new Error('oversized tar record');
      const text = (await input.exactly(size))?.toString('utf8') ?? '';
      await input.skip(padding);
      if (type === 'L') longName = text.replace(/\0.*$/s, '');
      else {
        longName = /^\d+ path=(.*)$/m.exec(text)?.[1] ?? longName;
        const paxSizeText = /^\d+ size=(\d+)$/m.exec(text)?.[1];
        paxSize = paxSizeText === undefined ? paxSize : Number(paxSizeText);
      }
      continue;
    }
    const name = longName ?? header.toString('utf8', 0, 100).replace(/\0.*$/s, '');
    longName = undefined;
    paxSize = undefined;
    const content = input.take(size);
    if (type === '0' || type === '\0') yield { name, size, content };
    for await (const _ of content);
    await input.skip(padding);
  }
}

/** One tar archive of these entries, streamed. */
export function writeTar(entries: readonly TarEntry[]): Readable {
  return Readable.from(
    (async function* () {
      for (const { name, size, content } of entries) {
        yield headerOf(name, size);
        yield* content;
        yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
      }
      yield Buffer.alloc(2 * BLOCK);
    })(),
    { objectMode: false },
  );
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 'latin1');
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100, 'latin1');
  // Beyond 8 GB eleven octal digits do not do: GNU's base 256, marked by the first byte's top bit.
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write('00000000000\0', 136, 'latin1');
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function sizeField(header: Buffer): number {
  if ((header[124] ?? 0) & 0x80) return Number(header.readBigUInt64BE(128));
  return Number.parseInt(header.toString('latin1', 124, 136).replace(/[\0 ]+$/, '') || '0', 8);
}

class TruncatedTar extends Error {}

/** Takes given numbers of bytes from a stream of chunks. */
class Chunks {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async *take(length: number): AsyncGenerator<Buffer> {
    let left = length;
    while (left > 0) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#source.next();
        if (done) throw new TruncatedTar('truncated tar archive');
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.take(length));
  }

  /** @returns undefined at the end of the stream */
  async exactly(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    try {
      for await (const part of this.take(length)) parts.push(part);
    } catch (error) {
      if (error instanceof TruncatedTar) return undefined;
      throw error;
    }
    return Buffer.concat(parts);
  }
}
