import { damaged } from './errors.ts';

// https://flatcap.github.io/linux-ntfs/ntfs/concepts/fixup.html
//
//   00  4  "FILE" or "INDX"; "BAAD" where chkdsk found it torn
//   04  2  offset of the update sequence
//   06  2  its length in 16-bit words: the number, then one word for each sector of the record
//
// The last word of each sector was replaced by the number, so that a write that was torn shows; the words
// that belong there are in the sequence. A sector is one of 512 bytes here, whatever the disk's sectors are.
const SECTOR = 512;

/**
 * A copy of a record with its sectors' last words put back.
 *
 * @throws {FilesystemDamagedError} when it has another signature, or was torn
 */
export function restoreSectors(raw: Buffer, signature: 'FILE' | 'INDX', where: string): Buffer {
  const found = raw.toString('latin1', 0, 4);
  if (found !== signature) throw damaged(`${where} does not begin with ${signature}`);
  const offset = raw.readUInt16LE(4);
  const sectors = raw.length / SECTOR;
  if (raw.readUInt16LE(6) !== sectors + 1 || offset % 2 !== 0 || offset + 2 * (sectors + 1) > SECTOR - 2) {
    throw damaged(`${where} has an impossible update sequence`);
  }
  const record = Buffer.from(raw);
  for (let sector = 1; sector <= sectors; sector++) {
    const last = sector * SECTOR - 2;
    if (raw.readUInt16LE(last) !== raw.readUInt16LE(offset)) throw damaged(`${where} was written in part`);
    record.writeUInt16LE(raw.readUInt16LE(offset + 2 * sector), last);
  }
  return record;
}
