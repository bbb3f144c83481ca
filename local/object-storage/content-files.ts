import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { constants, copyFile, link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Content } from '../api.ts';
import { randomName } from '../ids.ts';
import { writeSlices } from './content-writer.ts';

/** One file of an object's content: all of it, or what one part of a multipart upload brought. */
export interface Segment {
  readonly file: string;
  readonly size: number;
}

/** Bytes that one read from disk asks for where another service reads a stream. */
const READ_BYTES = 512 * 1024;

/** Bytes that may wait for the disk while more arrive. */
const WRITE_BUFFER_BYTES = 1024 * 1024;

/**
 * The bytes of a region's objects. A file has a name of its own, is written once and never changed: a write becomes
 * visible when a record names its file, which makes it atomic, and a reader keeps what it began to read.
 */
export class ContentFiles {
  readonly #folder: string;
  readonly #readers = new Map<string, number>();
  readonly #doomed = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
    this.create();
  }

  /** Makes the folder where it is missing. */
  create(): void {
    mkdirSync(this.#folder, { recursive: true });
  }

  /** The path of the one file that holds all of the content; undefined where there are more. */
  pathOf(segments: readonly Segment[]): string | undefined {
    const [only] = segments;
    return only && segments.length === 1 ? this.#path(only.file) : undefined;
  }

  /** Streams `source` to a new file. @returns the file, and the base64 MD5 of what went by */
  async receive(source: Readable): Promise<{ segment: Segment; md5: string }> {
    const file = randomName(26);
    const hash = createHash('md5');
    let size = 0;
    source.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      size += chunk.length;
    });
    try {
      const target = createWriteStream(this.#path(file), { highWaterMark: WRITE_BUFFER_BYTES });
      await pipeline(source, target);
    } catch (error) {
      await rm(this.#path(file), { force: true });
      throw error;
    }
    return { segment: { file, size }, md5: hash.digest('base64') };
  }

  /** The bytes from `start` to `end` (exclusive) of the segments laid end to end. */
  read(segments: readonly Segment[], start: number, end: number): Readable {
    const slices = slicesOf(segments, start, end);
    const [only] = slices;
    const stream =
      only && slices.length === 1
        ? this.#stream(only)
        : Readable.from(this.#chain(slices), { objectMode: false, highWaterMark: READ_BYTES });
    this.#hold(slices);
    stream.once('close', () => this.#release(slices));
    return stream;
  }

  /** The same bytes as the body of an answer. */
  body(segments: readonly Segment[], start: number, end: number): Content {
    const slices = slicesOf(segments, start, end);
    return {
      writeTo: async (target) => {
        this.#hold(slices);
        try {
          const located = slices.map((slice) => ({ ...slice, path: this.#path(slice.file) }));
          await writeSlices(located, target);
        } finally {
          this.#release(slices);
        }
      },
    };
  }

  /** The same content under new names in this folder: hard links where the file system has them. */
  async adopt(from: ContentFiles, segments: readonly Segment[]): Promise<Segment[]> {
    from.#hold(segments);
    const adopted: Segment[] = [];
    try {
      for (const { file, size } of segments) {
        const copy = { file: randomName(26), size };
        adopted.push(copy);
        const [source, target] = [from.#path(file), this.#path(copy.file)];
        await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE));
      }
      return adopted;
    } catch (error) {
      this.discard(adopted);
      throw error;
    } finally {
      from.#release(segments);
    }
  }

  /** Deletes files that no record names any more, each when its last reader is done. */
  discard(segments: readonly Segment[]): void {
    for (const { file } of segments) {
      if (this.#readers.has(file)) this.#doomed.add(file);
      else rmSync(this.#path(file), { force: true });
    }
  }

  /** Deletes what a killed process left: files that no record names. */
  sweep(named: ReadonlySet<string>): void {
    for (const file of readdirSync(this.#folder)) if (!named.has(file)) rmSync(this.#path(file));
  }

  #hold(segments: readonly { readonly file: string }[]): void {
    for (const { file } of segments) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1);
  }

  #release(segments: readonly { readonly file: string }[]): void {
    for (const { file } of segments) {
      const readers = (this.#readers.get(file) ?? 1) - 1;
      if (readers > 0) this.#readers.set(file, readers);
      else {
        this.#readers.delete(file);
        if (this.#doomed.delete(file)) rmSync(this.#path(file), { force: true });
      }
    }
  }

  #stream({ file, start, end }: Slice): Readable {
    return createReadStream(this.#path(file), { start, end: end - 1, highWaterMark: READ_BYTES });
  }

  async *#chain(slices: readonly Slice[]): AsyncGenerator<Buffer> {
    for (const slice of slices) yield* this.#stream(slice);
  }

  #path(file: string): string {
    return join(this.#folder, file);
  }
}

interface Slice {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

function slicesOf(segments: readonly Segment[], start: number, end: number): Slice[] {
  const slices: Slice[] = [];
  let offset = 0;
  for (const { file, size } of segments) {
    const slice = { file, start: Math.max(0, start - offset), end: Math.min(size, end - offset) };
    if (slice.start < slice.end) slices.push(slice);
    offset += size;
  }
  return slices;
}
