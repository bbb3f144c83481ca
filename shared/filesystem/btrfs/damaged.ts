import { FilesystemDamagedError } from '../errors.ts';

/** @param what completes "The btrfs filesystem is damaged: …" */
export function damaged(what: string): FilesystemDamagedError {
  return new FilesystemDamagedError('btrfs', what);
}
