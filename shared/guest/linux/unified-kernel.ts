import type { ByteSource } from '../../bytes/source.ts';
import type { GuestArchitecture } from '../guest.ts';
import { readPe } from '../pe.ts';
import { parseAssignments } from './assignments.ts';
import { isRelease, readKernelImage } from './kernel-image.ts';

/*
 * A unified kernel image: a PE image with sections. https://uapi-group.org/specifications/specs/unified_kernel_image/
 *
 *   .linux    the kernel
 *   .initrd   its initramfs
 *   .cmdline  its command line
 *   .uname    its release
 *   .osrel    the os-release of its system
 */

/** Text sections are a few hundred bytes long. */
const MAX_TEXT = 64 * 1024;

export interface UnifiedKernel {
  readonly architecture: GuestArchitecture;
  readonly release: string | null;
  readonly commandLine: string | null;
  /** Null where it has none. */
  readonly initramfs: ByteSource | null;
  /** By which menus name and sort it, as its os-release says; null where it does not. */
  readonly title: string | null;
  readonly sortKey: string | null;
  readonly version: string | null;
}

/** Null for what is no unified kernel image: a loader, a plain kernel. */
export async function readUnifiedKernel(content: ByteSource): Promise<UnifiedKernel | null> {
  const image = await readPe(content);
  const kernel = image?.sections.get('.linux');
  if (!image || !kernel) return null;
  const text = async (name: string): Promise<string | null> => {
    const section = image.sections.get(name);
    const bytes = await section?.read(0, Math.min(section.size, MAX_TEXT));
    return bytes?.toString('utf8').replace(/\0.*$/s, '').trim() ?? null;
  };
  const [release, commandLine, system] = await Promise.all([
    text('.uname'),
    text('.cmdline'),
    text('.osrel'),
  ]);
  const words = parseAssignments(system ?? '');
  const first = (...names: string[]) => names.map((name) => words.get(name)).find((word) => word) ?? null;
  return {
    architecture: image.architecture,
    release: release && isRelease(release) ? release : (await readKernelImage(kernel)).release,
    commandLine,
    initramfs: image.sections.get('.initrd') ?? null,
    title: first('PRETTY_NAME', 'IMAGE_ID', 'NAME', 'ID'),
    sortKey: first('IMAGE_ID', 'ID'),
    version: first('IMAGE_VERSION', 'VERSION', 'VERSION_ID', 'BUILD_ID'),
  };
}
