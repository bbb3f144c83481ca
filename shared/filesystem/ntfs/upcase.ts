import type { ByteSource } from '../../bytes/source.ts';
import { damaged } from './errors.ts';

// https://flatcap.github.io/linux-ntfs/ntfs/files/upcase.html: for each UTF-16 code unit its upper case. Names in
// an index are in the order of these, and among the same in the order of their code units themselves.
const TABLE_LENGTH = 2 * 0x10000;

const NOT_ASCII = /[^\0-\x7f]/;

/** The upper case of a UTF-16 code unit. */
export type UpcaseTable = (unit: number) => number;

/** What every volume's table has for ASCII: enough wherever no other character is compared. */
export const asciiUpcase: UpcaseTable = (unit) => (unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit);

export const isAscii = (name: string): boolean => !NOT_ASCII.test(name);

/** @param content of $UpCase */
export async function readUpcaseTable(content: ByteSource | null): Promise<UpcaseTable> {
  if (content?.size !== TABLE_LENGTH) throw damaged('$UpCase is not a table of 65536 characters');
  const table = await content.read(0, TABLE_LENGTH);
  return (unit) => table.readUInt16LE(2 * unit);
}

/** Negative where `a` comes before `b` without regard to case, 0 where they are the same so. */
export function compareIgnoringCase(a: string, b: string, upcase: UpcaseTable): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = upcase(a.charCodeAt(index)) - upcase(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Negative where `a` comes before `b` in an index, 0 where they are the same. */
export function compareNames(a: string, b: string, upcase: UpcaseTable): number {
  const difference = compareIgnoringCase(a, b, upcase);
  if (difference !== 0 || a === b) return difference;
  // JavaScript compares strings by their code units.
  return a < b ? -1 : 1;
}
