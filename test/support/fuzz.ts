import { appendFileSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { type ByteSource, checkRange } from '../../shared/bytes/source.ts';
import { ByoiError } from '../../shared/errors.ts';

/** `npm test` does this many for each parser; `npm run fuzz` sets BYOI_FUZZ_RUNS to many more. */
const RUNS = Number(process.env.BYOI_FUZZ_RUNS ?? 5000);
/** Decimal; a failure names it, and the run in which it happened. */
const SEED = Number(process.env.BYOI_FUZZ_SEED ?? 20261124);

/** What one run may cost: far beyond what a real structure of a fixture's size takes. */
const MAX_READS = 20_000;
const MAX_BYTES = 512 * 2 ** 20;
const MAX_MILLISECONDS = 5000;
/** What may never go away any more in the second half of all runs, garbage collected. */
const MAX_KEPT_MIB = 64;
/** To collect garbage takes as long as many a run. */
const MEASURED_EVERY = 1000;

export interface Fuzzed {
  /** The parser, as docs/FUZZING.md lists it: "ext4". */
  readonly name: string;
  /** Real structures, made by someone else's tools. */
  readonly samples: readonly (Buffer | ByteSource)[];
  /**
   * Reads a sample through the parser: as deep as the product does, and deeper. A result with `problems` counts as
   * refused, as a ByoiError does.
   */
  readonly parse: (source: ByteSource) => Promise<unknown>;
}

/** What fuzzing a parser came to: a line of JSON in the file BYOI_FUZZ_REPORT, a row of docs/FUZZING.md. */
export interface FuzzResult {
  readonly name: string;
  readonly samples: number;
  readonly seed: number;
  readonly runs: number;
  readonly refused: number;
  readonly mostReads: number;
  readonly slowestMs: number;
  readonly keptMiB: number;
}

/**
 * Parses mutated and truncated samples: each must end in time, within its reads, and well or with a ByoiError; and
 * all together within some memory.
 * Mutations hit what the parser reads of the unchanged sample, so that none is wasted on free space.
 */
export async function fuzz({ name, samples, parse }: Fuzzed): Promise<void> {
  const random = generator(SEED);
  const targets = await Promise.all(samples.map((sample) => target(asSource(sample), parse)));
  let refused = 0;
  let slowest = 0;
  let mostReads = 0;
  const before = await memoryHeld();
  const held: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { source, ranges } = targets[run % targets.length] ?? never();
    const mutated = mutate(source, ranges, random);
    const cost = { reads: 0, bytes: 0 };
    const metered = meterReads(mutated, cost);
    const began = performance.now();
    try {
      if (tellsProblems(await parse(metered))) refused += 1;
    } catch (error) {
      if (!(error instanceof ByoiError)) {
        throw new Error(`${name}: run ${run} of seed ${SEED} ended in no error of ours`, { cause: error });
      }
      refused += 1;
    }
    const took = performance.now() - began;
    // zlib lets go of what it holds after an error in the next turn of the event loop: a real source has many.
    await setImmediate();
    if (took > MAX_MILLISECONDS) throw new Error(`${name}: run ${run} of seed ${SEED} took ${took} ms`);
    slowest = Math.max(slowest, took);
    mostReads = Math.max(mostReads, cost.reads);
    if (run % MEASURED_EVERY === 0) held.push(await memoryHeld());
  }
  // Mutations that never hurt would test nothing.
  expect(refused, `${name}: nothing was ever refused`).toBeGreaterThan(0);
  // The least of it: streams that are closing come and go, what leaks stays.
  const kept = Math.min(...held.slice(held.length / 2)) - before;
  const keptMiB = Math.max(0, Math.round(kept / 2 ** 20));
  expect(keptMiB, `${name}: MiB that were kept`).toBeLessThan(MAX_KEPT_MIB);
  const report = process.env.BYOI_FUZZ_REPORT;
  if (report) {
    const result: FuzzResult = {
      name,
      samples: samples.length,
      seed: SEED,
      runs: RUNS,
      refused,
      mostReads,
      slowestMs: Math.round(slowest),
      keptMiB,
    };
    appendFileSync(report, `${JSON.stringify(result)}\n`);
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** How long streams that were given up may take to close: their threads are not waited for. */
const CLOSING_MILLISECONDS = 50;

/** In bytes, without garbage. */
async function memoryHeld(): Promise<number> {
  await setTimeout(CLOSING_MILLISECONDS);
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function tellsProblems(result: unknown): boolean {
  const problems = typeof result === 'object' && result && 'problems' in result ? result.problems : null;
  return Array.isArray(problems) && problems.length > 0;
}

interface Range {
  readonly offset: number;
  readonly length: number;
}

/** A sample, and where the parser reads it. */
async function target(
  source: ByteSource,
  parse: Fuzzed['parse'],
): Promise<{ source: ByteSource; ranges: Range[] }> {
  const ranges: Range[] = [];
  await parse({
    size: source.size,
    read(offset, length) {
      if (length > 0) ranges.push({ offset, length });
      return source.read(offset, length);
    },
  });
  expect(ranges.length).toBeGreaterThan(0);
  return { source, ranges };
}

const INTERESTING = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  0xffffffffffffffffn,
];

type Random = (limit: number) => number;

/** The source with a few bytes changed, or its end cut off; the sample itself stays as it is. */
function mutate(source: ByteSource, ranges: readonly Range[], random: Random): ByteSource {
  const patches = new Map<number, number>();
  const put = (offset: number, bytes: Uint8Array) => {
    for (const [index, byte] of bytes.entries()) patches.set(offset + index, byte);
  };
  for (let count = 1 + random(4); count > 0; count--) {
    const range = ranges[random(ranges.length)] ?? never();
    // Headers are at the start of what is read: half of all mutations go there.
    const near = random(2) === 0 ? Math.min(range.length, 256) : range.length;
    const offset = range.offset + random(near);
    const width = [1, 2, 4, 8][random(4)] ?? 1;
    const value = Buffer.alloc(8);
    switch (random(4)) {
      case 0:
        put(offset, Uint8Array.of(random(256)));
        break;
      case 1:
        value.writeBigUInt64LE(INTERESTING[random(INTERESTING.length)] ?? 0n);
        put(offset, random(2) ? value.subarray(0, width) : Buffer.from(value.subarray(0, width)).reverse());
        break;
      case 2:
        for (let index = 0; index < width; index++) value[index] = random(256);
        put(offset, value.subarray(0, width));
        break;
      default:
        put(offset, Buffer.alloc(1 + random(64), random(2) ? 0 : 0xff));
    }
  }
  const size = random(16) === 0 ? random(source.size) : source.size;
  return {
    size,
    async read(offset, length) {
      checkRange({ size }, offset, length);
      const bytes = Buffer.from(await source.read(offset, length));
      for (const [at, byte] of patches) if (at >= offset && at < offset + length) bytes[at - offset] = byte;
      return bytes;
    },
  };
}

function meterReads(source: ByteSource, cost: { reads: number; bytes: number }): ByteSource {
  return {
    size: source.size,
    async read(offset, length) {
      cost.reads += 1;
      cost.bytes += length;
      if (cost.reads > MAX_READS || cost.bytes > MAX_BYTES) {
        throw new Error(`more than ${MAX_READS} reads or ${MAX_BYTES} bytes`);
      }
      return source.read(offset, length);
    },
  };
}

function asSource(sample: Buffer | ByteSource): ByteSource {
  if (!Buffer.isBuffer(sample)) return sample;
  return {
    size: sample.length,
    async read(offset, length) {
      checkRange({ size: sample.length }, offset, length);
      return sample.subarray(offset, offset + length);
    },
  };
}

/** mulberry32: small, and the same everywhere. */
function generator(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

function never(): never {
  throw new Error('fuzz without samples');
}
