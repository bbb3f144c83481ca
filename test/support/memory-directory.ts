import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { DirectoryNode, Entry, Node } from '../../shared/filesystem/filesystem.ts';

/** A file's content, or where a symlink leads. */
export type MemoryFile = string | Buffer | { readonly symlink: string };

/**
 * A guest's files by their paths, as a filesystem would give them: `{ 'etc/os-release': 'ID=debian\n' }`. A path that
 * ends in a slash is an empty directory.
 */
export function memoryDirectory(files: Readonly<Record<string, MemoryFile>>): DirectoryNode {
  const nodes = new Map<string, Node>();
  const inside = new Map<string, Record<string, MemoryFile>>();
  for (const [path, file] of Object.entries(files)) {
    const [, name = '', rest] = /^\/*([^/]+)\/?(.*)$/.exec(path) ?? [];
    if (rest === '' && !path.endsWith('/')) nodes.set(name, nodeOf(file));
    else inside.set(name, { ...inside.get(name), ...(rest && { [rest]: file }) });
  }
  for (const [name, children] of inside) nodes.set(name, memoryDirectory(children));
  return {
    kind: 'directory',
    lookup: async (name) => nodes.get(name) ?? null,
    async *entries(): AsyncGenerator<Entry> {
      for (const [name, node] of nodes) yield { name, kind: node.kind, node: async () => node };
    },
  };
}

function nodeOf(file: MemoryFile): Node {
  if (typeof file === 'string') return { kind: 'file', content: bufferSource(Buffer.from(file)) };
  if (Buffer.isBuffer(file)) return { kind: 'file', content: bufferSource(file) };
  return { kind: 'symlink', target: async () => file.symlink };
}
