import { damaged } from './errors.ts';
import type { Inode } from './inode.ts';

/*
 * https://docs.kernel.org/filesystems/ext4/inlinedata.html: content begins in i_block, and goes on in the attribute
 * "system.data" in what the inode has room for.
 * https://docs.kernel.org/filesystems/ext4/attributes.html: after the magic number, entries up to four zero bytes:
 *
 *   0x00  1  length of the name            0x04  4  inode of the value (ea_inode), 0 for none
 *   0x01  1  index of its prefix           0x08  4  length of the value
 *   0x02  2  offset of the value           0x10     name, padded to four bytes
 *            from the first entry
 */
const MAGIC = 0xea020000;
const MAGIC_LENGTH = 4;
const ENTRY_LENGTH = 16;
const SYSTEM_PREFIX = 7;
const NAME = 'data';

/** The two places of an inode's inline data. A directory's entries never reach from one into the other. */
export function inlineData(inode: Inode): { readonly block: Buffer; readonly attribute: Buffer } {
  return { block: inode.block, attribute: systemData(inode) };
}

function systemData(inode: Inode): Buffer {
  const { attributes } = inode;
  if (attributes.length < MAGIC_LENGTH || attributes.readUInt32LE(0) !== MAGIC) return Buffer.alloc(0);
  const entries = attributes.subarray(MAGIC_LENGTH);
  for (let at = 0; at + ENTRY_LENGTH <= entries.length && entries.readUInt32LE(at) !== 0; ) {
    const nameLength = entries.readUInt8(at);
    const name = entries.toString('latin1', at + ENTRY_LENGTH, at + ENTRY_LENGTH + nameLength);
    if (entries.readUInt8(at + 1) === SYSTEM_PREFIX && name === NAME) {
      const offset = entries.readUInt16LE(at + 2);
      const length = entries.readUInt32LE(at + 8);
      if (entries.readUInt32LE(at + 4) !== 0 || offset + length > entries.length) break;
      return entries.subarray(offset, offset + length);
    }
    at += ENTRY_LENGTH + Math.ceil(nameLength / 4) * 4;
  }
  throw damaged(`inode ${inode.number} has inline data and no attribute that holds it`);
}
