import { sliceSource } from '../bytes/slice.ts';
import type { ByteSource } from '../bytes/source.ts';
import type { GuestArchitecture } from './guest.ts';

/*
 * A PE image: an EFI loader, a kernel with EFI stub, a unified kernel image, a Windows driver.
 * https://learn.microsoft.com/windows/win32/debug/pe-format ; numbers are little-endian.
 *
 *   0x00  2  "MZ"
 *   0x3C  4  where the next header is
 *
 *   0x00  4  "PE" 0 0
 *   0x04  2  machine
 *   0x06  2  number of sections
 *   0x14  2  length of the optional header, which begins at 0x18; the section table follows it
 *
 * A section's entry:
 *
 *   0x00  8  name, padded with NUL
 *   0x08  4  length in memory: the content's own
 *   0x10  4  length in the file: rounded up; 0 where there is only memory
 *   0x14  4  offset in the file
 */
const DOS_HEADER_LENGTH = 0x40;
const HEADER_LENGTH = 0x18;
const SECTION_LENGTH = 40;
/** What Windows loads at most; a unified kernel image has about 15. */
const MAX_SECTIONS = 96;
/** All headers of most images: one read. */
const HEAD_LENGTH = 4096;

/** https://learn.microsoft.com/windows/win32/debug/pe-format#machine-types */
const ARCHITECTURES: Readonly<Record<number, GuestArchitecture>> = {
  332: 'i386',
  34404: 'x86_64',
  43620: 'aarch64',
};

export interface PeImage {
  readonly architecture: GuestArchitecture;
  /** By their names (`.linux`, `.initrd`, `.cmdline`); of several of one name, the first. */
  readonly sections: ReadonlyMap<string, ByteSource>;
}

/** Null for what is no PE image, or has sections outside the file. Whatever the source throws is passed on. */
export async function readPe(source: ByteSource): Promise<PeImage | null> {
  const head = await source.read(0, Math.min(HEAD_LENGTH, source.size));
  if (head.length < DOS_HEADER_LENGTH || head.toString('latin1', 0, 2) !== 'MZ') return null;
  const offset = head.readUInt32LE(0x3c);
  const header = await readWithin(source, head, offset, HEADER_LENGTH);
  if (header?.toString('latin1', 0, 4) !== 'PE\0\0') return null;
  const sectionCount = header.readUInt16LE(0x06);
  if (sectionCount > MAX_SECTIONS) return null;
  const tableOffset = offset + HEADER_LENGTH + header.readUInt16LE(0x14);
  const table = await readWithin(source, head, tableOffset, sectionCount * SECTION_LENGTH);
  if (!table) return null;

  const sections = new Map<string, ByteSource>();
  for (let at = 0; at < table.length; at += SECTION_LENGTH) {
    const name = table.toString('latin1', at, at + 8).replace(/\0.*$/s, '');
    const length = Math.min(table.readUInt32LE(at + 0x08), table.readUInt32LE(at + 0x10));
    const from = length === 0 ? 0 : table.readUInt32LE(at + 0x14);
    if (from + length > source.size) return null;
    if (!sections.has(name)) sections.set(name, sliceSource(source, from, length));
  }
  return { architecture: ARCHITECTURES[header.readUInt16LE(0x04)] ?? 'other', sections };
}

/** From the bytes read already, where they have it; null where the source has not. */
async function readWithin(
  source: ByteSource,
  head: Buffer,
  offset: number,
  length: number,
): Promise<Buffer | null> {
  if (offset + length > source.size) return null;
  if (offset + length <= head.length) return head.subarray(offset, offset + length);
  return source.read(offset, length);
}
