import { type ByteSource, checkRange } from './source.ts';

/** The smallest read that is worth a request's latency; half a qcow2 cluster of the default size. */
export const PAGE_LENGTH = 32 * 1024;

/**
 * What the first read of a source fetches. Every format's mark lies in it (the farthest is btrfs' at
 * 64 KiB + 64), a VMDK's descriptor, and the header, the refcount table and the first refcount block
 * of a qcow2 as qemu-img lays it out. Two pages more make 256 KiB, which is what a detection may cost.
 */
export const HEAD_LENGTH = 6 * PAGE_LENGTH;

/** 16 MiB of pages: small beside a function's 256 MB, large beside the metadata of one filesystem. */
export const CACHED_PAGES = 512;

/**
 * What a miss fetches once a source is read all over: a filesystem's structures lie near each other, and a request
 * costs as much as some hundred KiB.
 */
const SCATTERED_LENGTH = 4 * PAGE_LENGTH;
/** Who reads on where the last request ended is given twice as much each time, up to this. */
const LONGEST_READ_AHEAD = 4 * 1024 * 1024;
/** Requests whose end is remembered: a file in pieces, and what lies between, are read by turns. */
const REMEMBERED_ENDS = 8;
/** Larger reads pass by the cache: such content is read once, and would push out what is read again. */
const LARGEST_CACHED_READ = 512 * 1024;

/** A source over a page cache. */
export interface PagedSource extends ByteSource {
  /** From now on the source is read all over, not at its head only: a miss fetches what lies around it, too. */
  expectScatteredReads(): void;
}

type Page = Promise<Buffer>;

/**
 * A page cache over a slow source: neighbouring misses become one request, concurrent reads of a page
 * share one, reading in order is noticed and read ahead of, and the least recently used pages go first. Memory:
 * `CACHED_PAGES` pages, whatever the size of the source.
 */
export function paged(source: ByteSource): PagedSource {
  const { size } = source;
  const pageCount = Math.ceil(size / PAGE_LENGTH);
  // A Map iterates in order of insertion: the first key is the least recently used page.
  const pages = new Map<number, Page>();
  /** Where recent requests ended, and how many pages they had. */
  const ends = new Map<number, number>();
  let scattered = false;

  function touch(index: number): Page | undefined {
    const page = pages.get(index);
    if (page) {
      pages.delete(index);
      pages.set(index, page);
    }
    return page;
  }

  /** One request for the pages `[first, end)`; each is copied, or one page would keep the whole alive. */
  function fetchPages(first: number, end: number): void {
    const offset = first * PAGE_LENGTH;
    const run = source.read(offset, Math.min(end * PAGE_LENGTH, size) - offset);
    for (let index = first; index < end; index++) {
      const from = (index - first) * PAGE_LENGTH;
      const page = run.then((bytes) => Buffer.from(bytes.subarray(from, from + PAGE_LENGTH)));
      // A failed read is not remembered: the next one asks again.
      page.catch(() => pages.get(index) === page && pages.delete(index));
      pages.set(index, page);
    }
    // The head's, too: what a converter writes first is the tables, and the start of the disk right behind them.
    ends.set(end, end - first);
    for (const oldest of ends.keys()) {
      if (ends.size <= REMEMBERED_ENDS) break;
      ends.delete(oldest);
    }
  }

  /** The pages around the missing ones `[first, end)` that are worth fetching with them. */
  function widen(first: number, end: number): { from: number; to: number } {
    if (first * PAGE_LENGTH < HEAD_LENGTH)
      return missing(first, Math.max(end, HEAD_LENGTH / PAGE_LENGTH), end);
    if (!scattered) return { from: first, to: end };
    const last = ends.get(first);
    if (last !== undefined) {
      const ahead = Math.min(2 * last, LONGEST_READ_AHEAD / PAGE_LENGTH);
      return missing(first, Math.max(end, first + ahead), end);
    }
    const block = SCATTERED_LENGTH / PAGE_LENGTH;
    let from = first;
    while (from % block !== 0 && !pages.has(from - 1)) from--;
    return missing(from, Math.ceil(end / block) * block, end);
  }

  /** As much of `[from, to)` as is not known, at least up to `end`. */
  function missing(from: number, to: number, end: number): { from: number; to: number } {
    let stop = end;
    while (stop < Math.min(to, pageCount) && !pages.has(stop)) stop++;
    return { from, to: stop };
  }

  function ensure(first: number, end: number): Page[] {
    const known = Array.from({ length: end - first }, (_, i) => touch(first + i));
    for (let i = 0; i < known.length; i++) {
      if (known[i]) continue;
      let stop = i + 1;
      while (stop < known.length && !known[stop]) stop++;
      const { from, to } = widen(first + i, first + stop);
      fetchPages(from, to);
      i = stop;
    }
    const found = known.flatMap((_, i) => touch(first + i) ?? []);
    for (const index of pages.keys()) {
      if (pages.size <= CACHED_PAGES) break;
      pages.delete(index);
    }
    return found;
  }

  return {
    size,
    expectScatteredReads() {
      scattered = true;
    },
    async read(offset, length) {
      checkRange(this, offset, length);
      if (length === 0) return Buffer.alloc(0);
      if (length > LARGEST_CACHED_READ) return source.read(offset, length);
      const first = Math.floor(offset / PAGE_LENGTH);
      const end = Math.ceil((offset + length) / PAGE_LENGTH);
      const parts = await Promise.all(ensure(first, end));
      const inFirst = offset - first * PAGE_LENGTH;
      if (parts.length === 1 && parts[0]) return parts[0].subarray(inFirst, inFirst + length);
      return Buffer.concat(parts).subarray(inFirst, inFirst + length);
    },
  };
}
