import type { ByteSource } from '../../shared/bytes/source.ts';
import type { DirectoryNode, FilesystemFormat, Node } from '../../shared/filesystem/filesystem.ts';

/** More than any fixture has; a damaged directory may lead round and round. */
const MAX_NODES = 150;
/** A lookup for every so many entries: each scans, and fuzzing has some thousand runs. */
const LOOKUP_EVERY = 8;
/** The start of each file and its end, which are what is damaged. */
const PIECE = 4096;

/** Walks a filesystem: entries, lookups, targets of symlinks, the start and the end of each file. */
export async function readEverything(format: FilesystemFormat, volume: ByteSource): Promise<void> {
  const { root } = await format.open(volume);
  let left = MAX_NODES;
  const rest: Node[] = [root];
  for (let node = rest.shift(); node && left > 0; node = rest.shift()) {
    if (node.kind === 'symlink') await node.target();
    if (node.kind === 'file') {
      const { content } = node;
      const length = Math.min(PIECE, content.size);
      await content.read(0, length);
      await content.read(content.size - length, length);
    }
    if (node.kind === 'directory') rest.push(...(await readDirectory(node, () => --left)));
  }
}

async function readDirectory(directory: DirectoryNode, count: () => number): Promise<Node[]> {
  const nodes: Node[] = [];
  for await (const entry of directory.entries()) {
    const left = count();
    if (left <= 0) break;
    nodes.push(await entry.node());
    if (left % LOOKUP_EVERY === 0) await directory.lookup(entry.name);
  }
  return nodes;
}
