import { bufferSource } from '../../shared/bytes/buffer.ts';
import { fileTree } from '../../shared/filesystem/file-tree.ts';
import type { DirectoryNode, Node } from '../../shared/filesystem/filesystem.ts';
import { xfs } from '../../shared/filesystem/xfs/xfs.ts';
import { fixtureDisk } from './fixtures.ts';
import { tracedSource } from './sources.ts';

/** A fixture's whole volume. */
export async function xfsFixture(name: 'xfs' | 'xfs-v4' | 'xfs-mounted'): Promise<Buffer> {
  const disk = await fixtureDisk(`${name}.qcow2`);
  return disk.read(0, disk.size);
}

export async function xfsTree(volume: Buffer) {
  return fileTree((await xfs.open(bufferSource(volume))).root);
}

/** The node at a path, which must be there. */
export async function nodeAt<Kind extends Node['kind']>(
  volume: Buffer,
  path: string,
  kind: Kind,
): Promise<Extract<Node, { kind: Kind }>> {
  const found = await (await xfsTree(volume)).findLink(path);
  const isOfKind = (node: Node): node is Extract<Node, { kind: Kind }> => node.kind === kind;
  if (!found || !isOfKind(found.node)) throw new Error(`no ${kind} at ${path}`);
  return found.node;
}

/** Where a path's inode lies: what is read last when it is looked up. */
export async function inodeAt(volume: Buffer, path: string): Promise<number> {
  const source = tracedSource(volume);
  if (!(await fileTree((await xfs.open(source)).root).findLink(path))) throw new Error(`nothing at ${path}`);
  return source.reads.at(-1)?.offset ?? 0;
}

export async function namesOf(directory: DirectoryNode): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of directory.entries()) names.push(name);
  return names;
}
