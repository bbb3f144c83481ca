import type { ByteSource } from '../../bytes/source.ts';
import type { FileTree } from '../../filesystem/file-tree.ts';
import type { GuestArchitecture, KernelReading } from '../guest.ts';
import { type BootEntry, type BootFile, findBootFile, isUnified } from './boot-loaders/menu.ts';
import type { FoundMenu } from './boot-loaders/read-boot-menu.ts';
import { isRelease, readKernelImage, releaseInName } from './kernel-image.ts';
import { readUnifiedKernel } from './unified-kernel.ts';
import { compareVersions } from './versions.ts';

/** Kernels without a release in their names (`vmlinuz-lts`) whose files are looked into: one request each. */
const MAX_OTHER_IMAGES = 4;
const MAX_OTHER_KERNELS = 32;

/** The default kernel, and what it is started with. */
export interface DefaultKernel {
  readonly reading: KernelReading;
  readonly architecture: GuestArchitecture | null;
  readonly initramfs: readonly InitramfsFile[];
  /** What the configuration names as an initramfs, and is not there. */
  readonly missing: readonly string[];
}

export interface InitramfsFile {
  /** For a person: `/boot/initrd.img-6.1.0-13-amd64`, "/efi/EFI/Linux/arch.efi (.initrd)". */
  readonly name: string;
  readonly content: ByteSource;
}

/** UNKNOWN where neither the file nor its name tells; no folder in /lib/modules is called so. */
export const UNKNOWN_RELEASE = 'unknown';

/** The kernel that the menu starts unless someone chooses another. */
export async function readDefaultKernel(
  tree: FileTree,
  { menu, directories, kernel }: FoundMenu,
): Promise<DefaultKernel | null> {
  if (!kernel) return null;
  const { chosen, loader, source } = menu;
  const assumed = loader === 'none' || loader === 'unknown';
  const { name: path, content } = kernel;
  if (isUnified(chosen)) {
    const unified = await readUnifiedKernel(content);
    if (unified) {
      const { architecture, initramfs } = unified;
      const commandLine = chosen.commandLine ?? unified.commandLine;
      const release = unified.release ?? (await onlyRelease(tree));
      return {
        reading: { release, path, commandLine, assumed, source },
        architecture,
        initramfs: initramfs ? [{ name: `${path} (.initrd)`, content: initramfs }] : [],
        missing: [],
      };
    }
  }
  const [image, files] = await Promise.all([
    readKernelImage(content),
    Promise.all(chosen.initramfs.map((name) => findBootFile(directories, name))),
  ]);
  const release = image.release ?? releaseOf(chosen, kernel) ?? (await onlyRelease(tree));
  return {
    reading: { release, path, commandLine: chosen.commandLine, assumed, source },
    architecture: image.architecture,
    initramfs: files.filter((file) => file !== null),
    missing: chosen.initramfs.filter((_, index) => files[index] === null),
  };
}

const releaseOf = (entry: BootEntry, kernel: BootFile): string | null =>
  releaseInName(kernel.path) ?? releaseInName(entry.kernel);

/** A kernel whose name tells nothing is the one whose modules are there: the newest, should there be several. */
async function onlyRelease(tree: FileTree): Promise<string> {
  return (await releasesOnDisk(tree))[0] ?? UNKNOWN_RELEASE;
}

/** Kernels that have modules, the newest first. */
export async function releasesOnDisk(tree: FileTree): Promise<string[]> {
  const names = (await tree.list('/lib/modules')).map(({ name }) => name);
  return names.filter(isRelease).sort((a, b) => compareVersions(b, a));
}

/** Releases of the menu's kernels beside the chosen one that are there, the newest first. */
export async function readOtherKernels({ menu, directories, kernel: started }: FoundMenu): Promise<string[]> {
  const others = menu.entries.filter((entry) => !isUnified(entry)).slice(0, MAX_OTHER_KERNELS);
  const files = await Promise.all(others.map(({ kernel }) => findBootFile(directories, kernel)));
  const kernels = new Map(files.flatMap((file) => (file ? [[file.name, file] as const] : [])));
  if (started) kernels.delete(started.name);
  const named = [...kernels.values()].flatMap(({ path }) => releaseInName(path) ?? []);
  const nameless = [...kernels.values()].filter(({ path }) => releaseInName(path) === null);
  const images = await Promise.all(
    nameless.slice(0, MAX_OTHER_IMAGES).map(({ content }) => readKernelImage(content)),
  );
  const unified = await Promise.all(
    menu.entries
      .filter((entry) => isUnified(entry) && entry !== menu.chosen)
      .slice(0, MAX_OTHER_IMAGES)
      .map(async ({ kernel }) => {
        const file = await findBootFile(directories, kernel);
        return file && (await readUnifiedKernel(file.content))?.release;
      }),
  );
  const releases = new Set([...named, ...images.map((image) => image.release), ...unified]);
  return [...releases].flatMap((other) => other ?? []).sort((a, b) => compareVersions(b, a));
}
