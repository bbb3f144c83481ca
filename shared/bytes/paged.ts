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

/** A source over a page cache. */
export interface PagedSource extends ByteSource {
  /** Bytes that a miss fetches at least (0: what was asked for); raise it before reading in order. */
  readAhead: number;
}

type Page = Promise<Buffer>;

/**
 * A page cache over a slow source: neighbouring misses become one request, concurrent reads of a page
 * share one, and the least recently used pages go first. Memory: `CACHED_PAGES` pages, whatever the
 * size of the source; a read larger than that passes by the cache.
 */
export function paged(source: ByteSource): PagedSource {
  const { size } = source;
  const pageCount = Math.ceil(size / PAGE_LENGTH);
  // A Map iterates in order of insertion: the first key is the least recently used page.
  const pages = new Map<number, Page>();

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
  }

  function ensure(first: number, end: number, readAhead: number): Page[] {
    const known = Array.from({ length: end - first }, (_, i) => touch(first + i));
    for (let i = 0; i < known.length; i++) {
      if (known[i]) continue;
      let stop = i + 1;
      while (stop < known.length && !known[stop]) stop++;
      let last = first + stop;
      if (stop === known.length) {
        const wanted = Math.min(
          pageCount,
          first + i + Math.ceil(readAhead / PAGE_LENGTH),
          first + i + CACHED_PAGES,
        );
        while (last < wanted && !pages.has(last)) last++;
      }
      fetchPages(first + i, last);
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
    readAhead: 0,
    async read(offset, length) {
      checkRange(this, offset, length);
      if (length === 0) return Buffer.alloc(0);
      if (length > (CACHED_PAGES / 2) * PAGE_LENGTH) return source.read(offset, length);
      const first = Math.floor(offset / PAGE_LENGTH);
      const end = Math.ceil((offset + length) / PAGE_LENGTH);
      const head = offset < HEAD_LENGTH ? HEAD_LENGTH - first * PAGE_LENGTH : 0;
      const parts = await Promise.all(ensure(first, end, Math.max(head, this.readAhead)));
      const inFirst = offset - first * PAGE_LENGTH;
      if (parts.length === 1 && parts[0]) return parts[0].subarray(inFirst, inFirst + length);
      return Buffer.concat(parts).subarray(inFirst, inFirst + length);
    },
  };
}
