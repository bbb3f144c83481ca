/*
 * Specification, "FAT Long Directory Entries": before a short entry lie up to twenty others with thirteen UTF-16
 * characters each, the last of them first.
 *
 *   0x00   1  number, from 1; bit 6: the last           0x0e  12  characters 6 to 11
 *   0x01  10  characters 1 to 5                         0x1c   4  characters 12 and 13
 *   0x0d   1  checksum of the short name                the name ends with 0000, and is filled with ffff
 */
const LAST = 0x40;
const NUMBER_MASK = 0x3f;
/** 255 characters. */
const MAX_ENTRIES = 20;
const CHARACTERS: readonly (readonly [from: number, to: number])[] = [
  [0x01, 0x0b],
  [0x0e, 0x1a],
  [0x1c, 0x20],
];

/** Puts the pieces of a long name together. Pieces without the rest, or of another short name, are dropped. */
export function longNames() {
  let text = '';
  let checksum = 0;
  /** Of the next piece; 0 where all are there, null where there is no name. */
  let expected: number | null = null;

  function reset(): void {
    text = '';
    expected = null;
  }

  return {
    reset,
    add(bytes: Buffer): void {
      const order = bytes.readUInt8(0);
      const number = order & NUMBER_MASK;
      if (order & LAST) {
        reset();
        checksum = bytes.readUInt8(0x0d);
        expected = number <= MAX_ENTRIES ? number : null;
      }
      if (expected !== number || number === 0 || bytes.readUInt8(0x0d) !== checksum) {
        reset();
        return;
      }
      const characters = CHARACTERS.map(([from, to]) => bytes.toString('utf16le', from, to)).join('');
      text = characters + text;
      expected = number - 1;
    },
    /** The long name of this short one, or null. */
    take(shortName: Buffer): string | null {
      const isWhole = expected === 0 && checksum === checksumOf(shortName);
      const name = isWhole ? text.replace(/\0.*$/s, '') : '';
      reset();
      return name || null;
    },
  };
}

function checksumOf(shortName: Buffer): number {
  return shortName.reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
}
