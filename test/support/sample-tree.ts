import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DirectoryNode, Node } from '../../shared/filesystem/filesystem.ts';

/** Bytes that no compression and no confusion of blocks survives, the same at every run. */
export function noise(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash('sha256').update(`${seed} ${index}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

/** What a sample tree has beside files of all sizes, deep paths and odd names. */
export interface SampleTreeOptions {
  readonly symlinks: boolean;
  /** A file with holes: one that begins, has two places of content far apart, and ends with nothing. */
  readonly sparse: boolean;
  /** Names in one large directory. */
  readonly entries: number;
}

const UNUSUAL_NAMES = [
  'with space',
  'Grüße aus Köln',
  '日本語のファイル名',
  '🐧 and 🦊',
  "quote's $HOME `id`",
  'UPPER.and.lower',
  'ünïcode'.repeat(17),
  'n'.repeat(200),
  '.hidden',
  'trailing~1',
];

/** Writes some hundred files, and one directory with as many as are asked for. */
export function writeSampleTree(root: string, { symlinks, sparse, entries: count }: SampleTreeOptions): void {
  const write = (path: string, content: Buffer | string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  write('etc/os-release', 'ID=sample\nVERSION_ID="1"\n');
  mkdirSync(join(root, 'empty directory'));
  for (const size of [0, 1, 59, 60, 61, 100, 150, 160, 511, 512, 513, 1023, 1024, 1025, 4095, 4096, 4097]) {
    write(`sizes/${size}`, noise(`size ${size}`, size));
  }
  for (const size of [12, 13, 268, 269, 300, 1500])
    write(`blocks/${size}`, noise(`blocks ${size}`, size * 1024));
  write('large', noise('large', 6 * 2 ** 20 + 77));
  for (const [index, name] of UNUSUAL_NAMES.entries()) write(`names/${name}`, `name ${index}`);
  write(`${Array.from({ length: 30 }, (_, index) => `level ${index}`).join('/')}/deep`, 'down here');
  for (let index = 0; index < 300; index++) {
    write(`many/${index % 7}/file-${index}`, noise(`many ${index}`, (index * 37) % 3000));
  }
  mkdirSync(join(root, 'directory'));
  for (let index = 0; index < count; index++) {
    writeFileSync(join(root, 'directory', `a name of some length, number ${index}`), `${index}`);
  }
  if (symlinks) {
    const targets = ['x', '../etc/os-release', '/usr/lib', 'f'.repeat(59), 's'.repeat(60), 'l'.repeat(900)];
    mkdirSync(join(root, 'symlinks'));
    for (const target of targets) symlinkSync(target, join(root, 'symlinks', `${target.length}`));
  }
  if (sparse) writeSparse(join(root, 'sparse'));
}

function writeSparse(path: string): void {
  const file = openSync(path, 'w');
  writeSync(file, noise('sparse', 5000), 0, 5000, 3 * 2 ** 20);
  writeSync(file, noise('far', 70_000), 0, 70_000, 40 * 2 ** 20);
  truncateSync(path, 48 * 2 ** 20);
}

/**
 * Expects a directory of a filesystem to be what a directory here is: names, kinds, targets of symlinks and all bytes.
 * Each name is looked up as well.
 *
 * @returns how many names were compared
 */
export async function expectSameTree(node: DirectoryNode, path: string): Promise<number> {
  const found = new Map<string, { kind: Node['kind'] | null; node: Node }>();
  for await (const entry of node.entries()) {
    expect(found.has(entry.name), `${path} has ${entry.name} once`).toBe(false);
    found.set(entry.name, { kind: entry.kind, node: await entry.node() });
  }
  const names = readdirSync(path);
  expect([...found.keys()].sort(), path).toEqual([...names].sort());
  let compared = names.length;
  for (const name of names) {
    const { kind, node: entry } = found.get(name) ?? { kind: null, node: null };
    const looked = await node.lookup(name);
    expect(looked?.kind, `${path}/${name} is found`).toBe(entry?.kind);
    if (kind !== null) expect(kind, `${path}/${name}`).toBe(entry?.kind);
    if (looked) compared += await expectSame(looked, join(path, name));
  }
  expect(await node.lookup('no such name')).toBeNull();
  return compared;
}

async function expectSame(node: Node, path: string): Promise<number> {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) {
    expect(node.kind === 'symlink' && (await node.target()), path).toBe(readlinkSync(path));
  } else if (stat.isDirectory()) {
    if (node.kind !== 'directory') throw new Error(`${path} is read as ${node.kind}`);
    return expectSameTree(node, path);
  } else {
    if (node.kind !== 'file') throw new Error(`${path} is read as ${node.kind}`);
    const bytes = await node.content.read(0, node.content.size);
    // Not toEqual, which takes minutes to say how two large files differ.
    expect(bytes.equals(readFileSync(path)), `the bytes of ${path}`).toBe(true);
  }
  return 0;
}
