import type { DirectoryNode, Entry, Node } from './filesystem.ts';

/** Linux gives up after so many symlinks in one path (path_resolution(7)). */
const MAX_SYMLINKS = 40;
/** Linux' PATH_MAX: nothing in a guest can be named by a longer path. */
const MAX_PATH = 4096;
/** No directory that is read here has a tenth of that in a system that works. */
const MAX_ENTRIES = 20_000;
/** Configuration files are a few KiB; a large grub.cfg has some hundred. */
const MAX_TEXT = 1024 * 1024;
/** Paths whose nodes are kept: a search comes back to the same few directories. */
const CACHED_NODES = 1024;

/** A path in a guest and what is there. */
export interface Found {
  /** Absolute, without symlinks, `.` or `..`. */
  readonly path: string;
  readonly node: Node;
}

/** A guest's files as its processes see them: filesystems mounted onto each other, symlinks followed. */
export interface FileTree {
  /** Puts a directory where `path` is, and hides what is there; `path` is absolute and canonical. */
  mount(path: string, directory: DirectoryNode): void;
  /** Null where nothing is there, or symlinks lead nowhere or round and round. Relative paths start at the root. */
  find(path: string): Promise<Found | null>;
  /** What is there itself, be it a symlink. */
  findLink(path: string): Promise<Found | null>;
  /** The first `maximum` bytes of a file; null where there is none. */
  read(path: string, maximum: number): Promise<Buffer | null>;
  /** A configuration file's text, of at most a MiB; null where there is none. */
  readText(path: string): Promise<string | null>;
  /** A directory's entries, of at most some thousand; none where there is no such directory. */
  list(path: string): Promise<readonly Entry[]>;
}

/** The guest's files as seen from this root directory. Whatever the filesystems throw is passed on. */
export function fileTree(root: DirectoryNode): FileTree {
  const mounts = new Map<string, DirectoryNode>([['/', root]]);
  let nodes = nodeCache();

  function nodeCache() {
    const known = new Map<string, Promise<Node | null>>();
    return (directory: Found & { node: DirectoryNode }, name: string): Promise<Node | null> => {
      const path = join(directory.path, name);
      const mounted = mounts.get(path);
      if (mounted) return Promise.resolve(mounted);
      const node = known.get(path) ?? directory.node.lookup(name);
      known.delete(path);
      known.set(path, node);
      node.catch(() => known.delete(path));
      for (const oldest of known.keys()) {
        if (known.size <= CACHED_NODES) break;
        known.delete(oldest);
      }
      return node;
    };
  }

  async function walk(path: string, followLast: boolean): Promise<Found | null> {
    const ancestors: (Found & { node: DirectoryNode })[] = [];
    let here: Found = { path: '/', node: mounts.get('/') ?? root };
    let rest = names(path);
    let links = 0;
    for (;;) {
      const name = rest.shift();
      if (name === undefined) return here;
      if (here.node.kind !== 'directory') return null;
      const directory = { path: here.path, node: here.node };
      if (name === '..') {
        here = ancestors.pop() ?? here;
        continue;
      }
      const node = await nodes(directory, name);
      if (!node) return null;
      if (node.kind === 'symlink' && (followLast || rest.length > 0)) {
        links += 1;
        if (links > MAX_SYMLINKS) return null;
        const target = await node.target();
        rest = [...names(target), ...rest];
        if (rest.length > MAX_PATH) return null;
        if (target.startsWith('/')) {
          ancestors.length = 0;
          here = { path: '/', node: mounts.get('/') ?? root };
        }
        continue;
      }
      ancestors.push(directory);
      here = { path: join(here.path, name), node };
    }
  }

  const tree: FileTree = {
    mount(path, directory) {
      mounts.set(path === '/' ? path : join('/', names(path).join('/')), directory);
      nodes = nodeCache();
    },
    find: (path) => walk(path, true),
    findLink: (path) => walk(path, false),
    async read(path, maximum) {
      const found = await walk(path, true);
      if (found?.node.kind !== 'file') return null;
      const { content } = found.node;
      return content.read(0, Math.min(content.size, maximum));
    },
    async readText(path) {
      return (await tree.read(path, MAX_TEXT))?.toString('utf8') ?? null;
    },
    async list(path) {
      const found = await walk(path, true);
      const entries: Entry[] = [];
      if (found?.node.kind !== 'directory') return entries;
      for await (const entry of found.node.entries()) {
        entries.push(entry);
        if (entries.length >= MAX_ENTRIES) break;
      }
      return entries;
    },
  };
  return tree;
}

const join = (directory: string, name: string): string =>
  directory === '/' ? `/${name}` : `${directory}/${name}`;

/** A path's names; a longer path than a guest can have is cut, and leads nowhere. */
const names = (path: string): string[] =>
  path
    .slice(0, MAX_PATH)
    .split('/')
    .filter((name) => name !== '' && name !== '.');
