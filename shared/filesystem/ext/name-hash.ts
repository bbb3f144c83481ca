/*
 * The hashes of names by which directories are indexed; https://docs.kernel.org/filesystems/ext4/directory.html
 * names them, and the reference is ext4fs_dirhash in Linux' fs/ext4/hash.c.
 *
 * Half MD4: three rounds of eight steps of MD4 (RFC 1320) over 32 bytes of the name at a time.
 * TEA: the Tiny Encryption Algorithm, 16 rounds, with 16 bytes of the name as its key, in Davies-Meyer mode.
 * Legacy: a multiplicative hash of ext2's first indexed directories.
 * Each has two forms, since `char` was signed on some of the machines that wrote them, and unsigned on others.
 */
const LEGACY = 0;
const HALF_MD4 = 1;
const TEA = 2;
/** What added to a hash's number makes it the unsigned one. */
const UNSIGNED = 3;

/** MD4's initial state, for a filesystem without a seed. */
const DEFAULT_SEED = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
const ROUND_2 = 0x5a827999;
const ROUND_3 = 0x6ed9eba1;
const TEA_DELTA = 0x9e3779b9;
const TEA_ROUNDS = 16;

/** The highest hash means the end of a directory, so that no name may have it. */
const END_OF_DIRECTORY = 0xfffffffe;

/**
 * The hash of a name, whose lowest bit is always clear; null for a version that is not known here.
 *
 * @param name of at most 255 bytes
 * @param version as the root of a directory's index has it
 * @param unsigned the filesystem's own flag, which counts for versions that do not say themselves
 */
export function nameHash(
  name: Buffer,
  version: number,
  unsigned: boolean,
  seed: readonly number[],
): number | null {
  if (version >= 2 * UNSIGNED) return null;
  const isUnsigned = version >= UNSIGNED || unsigned;
  const state = seed.every((word) => word === 0) ? [...DEFAULT_SEED] : [...seed];
  const hash = rawHash(name, version % UNSIGNED, isUnsigned, state);
  const even = (hash & ~1) >>> 0;
  return even === END_OF_DIRECTORY ? END_OF_DIRECTORY - 2 : even;
}

function rawHash(name: Buffer, kind: number, unsigned: boolean, state: number[]): number {
  if (kind === LEGACY) return legacyHash(name, unsigned);
  const [words, mix] = kind === HALF_MD4 ? ([8, halfMd4] as const) : ([4, tea] as const);
  for (let at = 0; at < name.length; at += words * 4) mix(state, wordsOf(name, at, words, unsigned));
  return (kind === TEA ? state[0] : state[1]) ?? 0;
}

function byteAt(name: Buffer, index: number, unsigned: boolean): number {
  return unsigned ? name.readUInt8(index) : name.readInt8(index);
}

function legacyHash(name: Buffer, unsigned: boolean): number {
  let current = 0x12a3fe2d;
  let previous = 0x37abe8f9;
  for (let index = 0; index < name.length; index++) {
    const product = Math.imul(byteAt(name, index, unsigned), 7_152_373);
    let next = (previous + (current ^ product)) >>> 0;
    if (next & 0x80000000) next = (next - 0x7fffffff) >>> 0;
    previous = current;
    current = next;
  }
  return current << 1;
}

/** Up to `count` words of the name from `from` on, each first byte highest; the rest is filled with the length. */
function wordsOf(name: Buffer, from: number, count: number, unsigned: boolean): number[] {
  const length = name.length - from;
  const filling = Math.imul(length, 0x01010101);
  return Array.from({ length: count }, (_, index) => {
    let word = filling;
    const end = Math.min(name.length, from + index * 4 + 4);
    for (let at = from + index * 4; at < end; at++) word = byteAt(name, at, unsigned) + (word << 8);
    return word | 0;
  });
}

function tea(state: number[], key: readonly number[]): void {
  const [a = 0, b = 0, c = 0, d = 0] = key;
  let [left = 0, right = 0] = state;
  const [wasLeft, wasRight] = [left, right];
  let sum = 0;
  for (let round = 0; round < TEA_ROUNDS; round++) {
    sum = (sum + TEA_DELTA) | 0;
    left = (left + (((right << 4) + a) ^ (right + sum) ^ ((right >>> 5) + b))) | 0;
    right = (right + (((left << 4) + c) ^ (left + sum) ^ ((left >>> 5) + d))) | 0;
  }
  state[0] = (wasLeft + left) | 0;
  state[1] = (wasRight + right) | 0;
}

/** RFC 1320, 3.4, with every other of its words left out. */
const ROUNDS = [
  {
    mix: (x: number, y: number, z: number) => z ^ (x & (y ^ z)),
    constant: 0,
    words: [0, 1, 2, 3, 4, 5, 6, 7],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (x: number, y: number, z: number) => (x & y) + ((x ^ y) & z),
    constant: ROUND_2,
    words: [1, 3, 5, 7, 0, 2, 4, 6],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (x: number, y: number, z: number) => x ^ y ^ z,
    constant: ROUND_3,
    words: [3, 7, 2, 6, 1, 5, 0, 4],
    shifts: [3, 9, 11, 15],
  },
];

function halfMd4(state: number[], input: readonly number[]): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  const before = [a, b, c, d];
  for (const { mix, constant, words, shifts } of ROUNDS) {
    for (const [step, word] of words.entries()) {
      const sum = (a + mix(b, c, d) + (input[word] ?? 0) + constant) | 0;
      const shift = shifts[step % 4] ?? 0;
      // The four change places, so that each step is written the same.
      [a, b, c, d] = [d, (sum << shift) | (sum >>> (32 - shift)), b, c];
    }
  }
  for (const [index, word] of [a, b, c, d].entries()) state[index] = ((before[index] ?? 0) + word) | 0;
}
