/** What is at the end of a directory's entries, before their names. */
export const KIND = { file: 1, directory: 2, symlink: 7 };

/** Bytes in the fixtures of ext: blocks of 1 KiB, one group, so that its descriptor is in the third block. */
const BLOCK = 1024;
const DESCRIPTOR = 2 * BLOCK;

export const SUPERBLOCK = BLOCK;

/** Where an inode lies in an image of one group. */
export function inodeAt(image: Buffer, number: number): number {
  const size = image.readUInt16LE(SUPERBLOCK + 0x58);
  return image.readUInt32LE(DESCRIPTOR + 0x08) * BLOCK + (number - 1) * size;
}

/** The inode that the first directory entry of this name and kind leads to. */
export const inodeNumberOf = (image: Buffer, name: string, kind: number): number =>
  image.readUInt32LE(entryAt(image, name, kind));

/** Where the first directory entry of this name and kind lies. */
export function entryAt(image: Buffer, name: string, kind: number): number {
  const at = image.indexOf(Buffer.concat([Buffer.of(name.length, kind), Buffer.from(name)]));
  if (at < 0) throw new Error(`${name} is not in the image`);
  return at - 6;
}
