import type { FileTree } from '../filesystem/file-tree.ts';
import type { EfiReading, GuestArchitecture } from './guest.ts';
import { readPe } from './pe.ts';

/** UEFI Specification 2.10, 3.5.1.1: what firmware starts from a disk that its NVRAM does not know. */
const FALLBACK_LOADERS: readonly (readonly [name: string, architecture: GuestArchitecture])[] = [
  ['BOOTX64.EFI', 'x86_64'],
  ['BOOTAA64.EFI', 'aarch64'],
  ['BOOTIA32.EFI', 'i386'],
];
/** \EFI\Microsoft\Boot\bootmgfw.efi is as deep as loaders lie. */
const MAX_DEPTH = 2;
/** A folder for each system that was ever installed, with fonts and languages beside its loaders. */
const MAX_FOLDERS = 64;
const MAX_LOADERS = 128;
/** Where the first few loaders tell no architecture, the others do not either. */
const MAX_HEADERS = 8;

/**
 * Reads which loaders an EFI system partition has.
 *
 * @param tree the partition's files, its root at `/`
 * @param source for a person: "partition 1"
 */
export async function readEfi(tree: FileTree, source: string): Promise<EfiReading> {
  const [fallbacks, paths] = await Promise.all([
    Promise.all(
      FALLBACK_LOADERS.map(async ([name, architecture]) => {
        const path = `/EFI/BOOT/${name}`;
        return (await tree.find(path))?.node.kind === 'file' ? [{ path, architecture }] : [];
      }),
    ),
    findLoaders(tree),
  ]);
  const found = fallbacks.flat();
  const isFallback = (path: string) => found.some((fallback) => fallback.path === path.toUpperCase());
  return {
    source,
    fallbackLoaders: found.map(({ architecture }) => architecture),
    loaders: paths.filter((path) => !isFallback(path)).map((path) => path.replaceAll('/', '\\')),
    architecture: await firstArchitecture(tree, [...found.map(({ path }) => path), ...paths]),
  };
}

/** Paths of the `*.efi` files below /EFI, as they are written there. */
async function findLoaders(tree: FileTree): Promise<string[]> {
  const loaders: string[] = [];
  let folders = ['/EFI'];
  let visited = 0;
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const visit = folders.slice(0, MAX_FOLDERS - visited);
    visited += visit.length;
    const lists = await Promise.all(visit.map((path) => tree.list(path)));
    folders = [];
    for (const [index, entries] of lists.entries()) {
      for (const entry of entries) {
        const path = `${visit[index]}/${entry.name}`;
        const kind = entry.kind ?? (await entry.node()).kind;
        if (kind === 'directory') folders.push(path);
        if (kind === 'file' && /\.efi$/i.test(path) && loaders.length < MAX_LOADERS) loaders.push(path);
      }
    }
  }
  return loaders;
}

/** By the first loader that tells: tools such as shells or memory tests come after what boots. */
async function firstArchitecture(
  tree: FileTree,
  paths: readonly string[],
): Promise<GuestArchitecture | null> {
  for (const path of paths.slice(0, MAX_HEADERS)) {
    const node = (await tree.find(path))?.node;
    const image = node?.kind === 'file' ? await readPe(node.content) : null;
    if (image && image.architecture !== 'other') return image.architecture;
  }
  return null;
}
