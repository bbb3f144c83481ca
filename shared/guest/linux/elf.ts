import type { FileTree } from '../../filesystem/file-tree.ts';
import type { GuestArchitecture } from '../guest.ts';

/*
 * ELF header. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
 *
 *   0x00  4  "\x7FELF"
 *   0x05  1  1: little-endian, 2: big-endian
 *   0x12  2  machine
 */

const HEADER_LENGTH = 20;
const LITTLE_ENDIAN = 1;
const MACHINES: Readonly<Record<number, GuestArchitecture>> = { 3: 'i386', 62: 'x86_64', 183: 'aarch64' };

/** Programs without which no Linux starts; the first that is there tells. */
const PROGRAMS = [
  '/usr/lib/systemd/systemd',
  '/lib/systemd/systemd',
  '/sbin/init',
  '/bin/sh',
  '/bin/busybox',
];

/** What the guest's programs are made for, and the one that told; null where there is none. */
export async function readProgramArchitecture(
  tree: FileTree,
): Promise<{ architecture: GuestArchitecture; source: string } | null> {
  for (const path of PROGRAMS) {
    const header = await tree.read(path, HEADER_LENGTH);
    if (!header || header.length < HEADER_LENGTH || header.toString('latin1', 0, 4) !== '\x7fELF') continue;
    const machine = header[5] === LITTLE_ENDIAN ? MACHINES[header.readUInt16LE(0x12)] : undefined;
    return { architecture: machine ?? 'other', source: path };
  }
  return null;
}
