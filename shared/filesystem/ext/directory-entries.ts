import { kindOfFileType } from '../file-types.ts';
import type { Node } from '../filesystem.ts';
import { damaged } from './errors.ts';

/*
 * https://docs.kernel.org/filesystems/ext4/directory.html
 *
 *   0x00  4  inode; 0: unused, which checksums and the nodes of a hash tree are as well
 *   0x04  2  length of the entry: up to the next one, the last up to the end of the block
 *   0x06  1  length of the name
 *   0x07  1  kind (feature filetype)
 *   0x08     name
 */
const HEADER_LENGTH = 8;
const ALIGNMENT = 4;
/** Sixteen bits cannot say 65,536, which an empty block of 64 KiB needs (ext4's rec_len encoding). */
const WHOLE_LARGE_BLOCK = 65_536;
const LARGEST_LENGTH = 0xffff;

const SLASH = 0x2f;

/** An entry as it lies in a directory. */
export interface RawEntry {
  readonly inode: number;
  readonly name: Buffer;
  readonly kind: Node['kind'] | null;
}

/**
 * The entries in use of one block of a directory, but `.` and `..`.
 *
 * @param fileTypes whether entries say what they are for
 * @throws {FilesystemDamagedError} where entries do not fill the block
 */
export function* entriesOf(block: Buffer, fileTypes: boolean): Generator<RawEntry> {
  let at = 0;
  while (at < block.length) {
    if (at + HEADER_LENGTH > block.length) throw damaged('a directory ends within an entry');
    const length = entryLength(block, at);
    const nameLength = block.readUInt8(at + 6);
    const end = at + length;
    if (length < HEADER_LENGTH + nameLength || length % ALIGNMENT !== 0 || end > block.length) {
      throw damaged(`a directory has an entry of ${length} bytes for a name of ${nameLength}`);
    }
    const inode = block.readUInt32LE(at);
    const name = block.subarray(at + HEADER_LENGTH, at + HEADER_LENGTH + nameLength);
    if (inode !== 0 && !isDots(name)) {
      if (nameLength === 0 || name.includes(SLASH) || name.includes(0)) {
        throw damaged('a directory has a name that cannot be');
      }
      yield { inode, name, kind: fileTypes ? kindOfFileType(block.readUInt8(at + 7)) : null };
    }
    at = end;
  }
}

function entryLength(block: Buffer, at: number): number {
  const length = block.readUInt16LE(at + 4);
  const isWhole = length === 0 || length === LARGEST_LENGTH;
  return isWhole && block.length === WHOLE_LARGE_BLOCK ? WHOLE_LARGE_BLOCK : length;
}

function isDots(name: Buffer): boolean {
  return name.length <= 2 && name.length > 0 && name.every((byte) => byte === 0x2e);
}
