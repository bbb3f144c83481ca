import type { ByteSource } from '../bytes/source.ts';
import { btrfs } from './btrfs/btrfs.ts';
import { ext } from './ext/ext.ts';
import { fat } from './fat/fat.ts';
import type { Filesystem, FilesystemFormat } from './filesystem.ts';
import { ntfs } from './ntfs/ntfs.ts';
import { xfs } from './xfs/xfs.ts';

/** FAT is asked last: its boot sector is hardly a mark, and others leave an old one in place. */
const FORMATS: readonly FilesystemFormat[] = [xfs, btrfs, ext, ntfs, fat];

/**
 * Opens the filesystem on a volume; null where it has none that is read here.
 *
 * @param head the volume's first bytes, PROBE_LENGTH of them or all where it is smaller
 * @throws {FilesystemDamagedError | FilesystemUnsupportedError} when it has one that cannot be read
 */
export async function openFilesystem(volume: ByteSource, head: Buffer): Promise<Filesystem | null> {
  const format = FORMATS.find((candidate) => candidate.matches(head));
  return format ? format.open(volume) : null;
}
