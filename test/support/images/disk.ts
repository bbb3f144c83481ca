/** Bytes that look random and are the same each time. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

/**
 * A disk of `length` bytes as real ones are: a boot sector, noise, text that compresses, and long
 * zeros, in stretches that begin and end inside clusters.
 */
export function patternDisk(length: number, seed = 1): Buffer {
  const disk = Buffer.alloc(length);
  const stretch = 100_000;
  for (let at = 0, kind = seed; at < length; at += stretch, kind++) {
    const count = Math.min(stretch, length - at);
    if (kind % 4 === 1) noise(count, kind).copy(disk, at);
    if (kind % 4 === 2) disk.fill(`stretch ${kind} `, at, at + count);
    if (kind % 4 === 3) disk.fill(kind & 0xff || 1, at, at + count);
  }
  if (length >= 512) disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
