import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ByteSource } from '../../shared/bytes/source.ts';
import type { DirectoryNode } from '../../shared/filesystem/filesystem.ts';

/** What is at each path: `directory`, `-> TARGET`, or a file's length and SHA-256. */
export type Tree = Record<string, string>;

/**
 * A tree of some hundred files as filesystems find them hard: empty, inline, a byte less and more than a block, large;
 * sparse; that compress well, a little, not at all; long and foreign names; a large directory and a deep one; symlinks
 * short and long. The same at each run.
 */
export function makeTree(folder: string): void {
  const random = bytesFrom(1);
  const text = (length: number) =>
    Buffer.from(
      Array.from(
        { length: Math.ceil(length / 32) },
        (_, i) => `line ${i} ${(i * 7919) % 1013} of many words\n`,
      ).join(''),
    ).subarray(0, length);
  const half = (length: number) => {
    const bytes = text(length);
    const noise = random(length);
    for (let at = 0; at < length; at += 1000) noise.copy(bytes, at, at, at + 500);
    return bytes;
  };
  const kinds = { text, half, random, zeros: (length: number) => Buffer.alloc(length) };
  const lengths = [
    0, 1, 59, 60, 512, 2047, 2048, 3800, 4095, 4096, 4097, 8192, 16_383, 65_536, 131_071, 131_072, 131_073,
    300_000, 1_000_000,
  ];
  mkdirSync(folder);
  for (const [kind, make] of Object.entries(kinds)) {
    mkdirSync(join(folder, kind));
    for (const length of lengths) writeFileSync(join(folder, kind, `${length}`), make(length));
  }
  writeFileSync(join(folder, 'large'), Buffer.concat([text(5_000_000), random(3_000_000), half(4_000_003)]));
  for (const [name, size, tail] of [
    ['hole-first', 700_000, 'tail'],
    ['hole-far', 50_000_000, text(10_000)],
  ] as const) {
    writeFileSync(join(folder, name), '');
    truncateSync(join(folder, name), size);
    writeFileSync(join(folder, name), tail, { flag: 'a' });
  }
  writeFileSync(join(folder, 'hole-last'), text(5000));
  truncateSync(join(folder, 'hole-last'), 3_000_001);
  mkdirSync(join(folder, 'many'));
  for (let number = 0; number < 600; number++) {
    writeFileSync(
      join(folder, 'many', `${number} is this file's number${'.'.repeat(number % 90)}`),
      `${number}\n`,
    );
  }
  mkdirSync(join(folder, 'names'));
  for (const name of [
    'n'.repeat(255),
    'ü'.repeat(127),
    'Grüße 世界 🙂',
    'with "quotes" and \'more\'',
    '-rf *',
    '~tilde#',
    ' space ',
  ]) {
    writeFileSync(join(folder, 'names', name), name);
  }
  const deep = join(folder, ...Array.from({ length: 24 }, (_, level) => `level-${level}`));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'file'), 'deep');
  mkdirSync(join(folder, 'links'));
  for (const [name, target] of [
    ['relative', '../large'],
    ['absolute', '/etc/os-release'],
    ['59', 'x'.repeat(59)],
    ['60', 'x'.repeat(60)],
    ['long', `${'directory/'.repeat(90)}end`],
    ['foreign', '世界'],
  ] as const) {
    symlinkSync(target, join(folder, 'links', name));
  }
  mkdirSync(join(folder, 'empty'));
}

/** A tree as the machine that runs the test sees it. */
export function treeOnDisk(folder: string, path = ''): Tree {
  const tree: Tree = {};
  for (const name of readdirSync(join(folder, path))) {
    const inside = path ? `${path}/${name}` : name;
    const status = lstatSync(join(folder, inside));
    if (status.isDirectory()) Object.assign(tree, { [inside]: 'directory' }, treeOnDisk(folder, inside));
    else if (status.isSymbolicLink()) tree[inside] = `-> ${readlinkSync(join(folder, inside))}`;
    else tree[inside] = `${status.size} ${digest(readFileSync(join(folder, inside)))}`;
  }
  return tree;
}

/** The same tree as byoi reads it. Each node is looked up by its name, and must be what the listing says. */
export async function treeOf(directory: DirectoryNode, path = ''): Promise<Tree> {
  const tree: Tree = {};
  for await (const { name, kind } of directory.entries()) {
    const inside = path ? `${path}/${name}` : name;
    const node = await directory.lookup(name);
    if (!node || (kind && node.kind !== kind)) throw new Error(`${inside} is listed, and not found`);
    if (node.kind === 'directory') Object.assign(tree, { [inside]: 'directory' }, await treeOf(node, inside));
    else if (node.kind === 'symlink') tree[inside] = `-> ${await node.target()}`;
    else if (node.kind === 'file') tree[inside] = `${node.content.size} ${await digestOf(node.content)}`;
    else tree[inside] = 'other';
  }
  return tree;
}

/** In pieces that begin and end anywhere. */
async function digestOf(content: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0, piece = 700_001; at < content.size; at += piece) {
    hash.update(await content.read(at, Math.min(piece, content.size - at)));
  }
  return hash.digest('hex');
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes that look random, and are the same at each run. */
function bytesFrom(seed: number): (length: number) => Buffer {
  let state = seed;
  return (length) => {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[index] = state;
    }
    return Buffer.from(words.buffer, 0, length);
  };
}
