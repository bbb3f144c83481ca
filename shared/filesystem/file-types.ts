import type { Node } from './filesystem.ts';

/** Linux, include/linux/fs_types.h: FT_UNKNOWN to FT_SYMLINK; XFS adds a whiteout, which is a device to everyone. */
const KINDS: readonly (Node['kind'] | null)[] = [
  null,
  'file',
  'directory',
  'other',
  'other',
  'other',
  'other',
  'symlink',
  'other',
];

/** What a directory entry of ext or XFS says that its inode is; null where it does not. */
export const kindOfFileType = (type = 0): Node['kind'] | null => KINDS[type] ?? null;
