import { type ByteSource, checkRange } from './source.ts';

/** Sources one after the other as one. */
export function joinSources(parts: readonly ByteSource[]): ByteSource {
  const placed: { start: number; part: ByteSource }[] = [];
  let size = 0;
  for (const part of parts) {
    placed.push({ start: size, part });
    size += part.size;
  }
  const joined: ByteSource = {
    size,
    async read(offset, length) {
      checkRange(joined, offset, length);
      const reads: Promise<Buffer>[] = [];
      for (const { start, part } of placed) {
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + part.size);
        if (from < to) reads.push(part.read(from - start, to - from));
      }
      const [only, ...others] = await Promise.all(reads);
      return only && others.length === 0 ? only : Buffer.concat([only ?? Buffer.alloc(0), ...others], length);
    },
  };
  return joined;
}

/**
 * RAID 0: pieces of `stripeLength` bytes lie on the columns in turn.
 *
 * @param columns of the same size, a multiple of `stripeLength`
 */
export function stripeSources(columns: readonly ByteSource[], stripeLength: number): ByteSource {
  const striped: ByteSource = {
    size: columns.reduce((sum, column) => sum + column.size, 0),
    async read(offset, length) {
      checkRange(striped, offset, length);
      const reads: Promise<Buffer>[] = [];
      for (let done = 0; done < length; ) {
        const stripe = Math.floor((offset + done) / stripeLength);
        const inStripe = (offset + done) % stripeLength;
        const count = Math.min(length - done, stripeLength - inStripe);
        const column = columns[stripe % columns.length];
        const at = Math.floor(stripe / columns.length) * stripeLength + inStripe;
        if (column) reads.push(column.read(at, count));
        done += count;
      }
      return Buffer.concat(await Promise.all(reads), length);
    },
  };
  return striped;
}
