import type { ByteSource } from '../../bytes/source.ts';
import type { GuestArchitecture } from '../guest.ts';
import { readPe } from '../pe.ts';

/*
 * Kernel images.
 *
 * x86 boot protocol, https://docs.kernel.org/arch/x86/boot.html:
 *   0x0202  4  "HdrS"
 *   0x0206  2  protocol version; 0x020C (2.12) and later have xloadflags
 *   0x020E  2  offset of the version string, less 0x200
 *   0x0236  2  xloadflags: bit 0: a 64-bit kernel
 *
 * arm64, https://docs.kernel.org/arch/arm64/booting.html:
 *   0x0038  4  "ARM\x64"
 *
 * EFI zboot (a compressed arm64 kernel), drivers/firmware/efi/libstub/zboot-header.S:
 *   0x0000  2  "MZ"
 *   0x0004  4  "zimg"
 *   and a PE image's header (pe.ts) for the machine
 */

/** The real-mode part with its strings is within the first 32 KiB (protocol, "The Real-Mode Kernel Header"). */
const HEAD_LENGTH = 36 * 1024;
const XLOADFLAGS_SINCE = 0x020c;
const KERNEL_64 = 1;
/** Linux' utsname.release, with its NUL, has 65. */
const MAX_RELEASE = 64;
/** Null for what the file does not tell: a gzip of an arm64 kernel tells neither. */
export interface KernelImage {
  /** As `uname -r` prints it. */
  readonly release: string | null;
  readonly architecture: GuestArchitecture | null;
}

/** What a kernel's file says of it. */
export async function readKernelImage(content: ByteSource): Promise<KernelImage> {
  const head = await content.read(0, Math.min(content.size, HEAD_LENGTH));
  if (isAt(head, 0x202, 'HdrS') && head.length >= 0x238) return readX86(head);
  if (isAt(head, 0x38, 'ARM\x64')) return { release: null, architecture: 'aarch64' };
  if (isAt(head, 0, 'MZ') && isAt(head, 4, 'zimg')) {
    return { release: null, architecture: (await readPe(content))?.architecture ?? null };
  }
  return { release: null, architecture: null };
}

function readX86(head: Buffer): KernelImage {
  const has64 = head.readUInt16LE(0x206) >= XLOADFLAGS_SINCE;
  const flags = head.readUInt16LE(0x236);
  const at = head.readUInt16LE(0x20e) + 0x200;
  // `6.1.0-13-amd64 (debian-kernel@lists.debian.org) #1 SMP …`
  const text = head.toString('latin1', at, at + MAX_RELEASE + 1);
  const [word = ''] = text.split(/[ \0]/, 1);
  const release = at > 0x200 && isRelease(word) ? word : null;
  // Before 2.12 nothing in the header tells a 64-bit kernel from a 32-bit one.
  return { release, architecture: has64 ? ((flags & KERNEL_64) !== 0 ? 'x86_64' : 'i386') : null };
}

function isAt(bytes: Buffer, offset: number, text: string): boolean {
  return bytes.toString('latin1', offset, offset + text.length) === text;
}

/** What a kernel may be called: it becomes a folder's name, and a word of a remedy's command. */
export const isRelease = (text: string): boolean =>
  text.length <= MAX_RELEASE && /^\d+\.[\w.+~-]+$/.test(text);

/** Names of kernels in /boot: `vmlinuz-RELEASE`, Gentoo's `kernel-RELEASE`, `bzImage-…`, `Image-…`. */
const KERNEL_NAME = /^(?:vmlinu[xz]|bzImage|zImage|Image|kernel|linux)(?:-|$)/;

export const isKernelName = (name: string): boolean =>
  KERNEL_NAME.test(name) && !/\.(?:old|bak|hmac|sig|img)$/.test(name);

/** The release that a kernel's name has in it; null for `vmlinuz-linux`, `vmlinuz-0-rescue-…`. */
export function releaseInName(path: string): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/(?:\.efi|\.gz)$/, '');
  const release = /-(\d+\..*)$/.exec(name)?.[1];
  return release !== undefined && isRelease(release) ? release : null;
}
