import { FilesystemDamagedError, FilesystemUnsupportedError } from '../errors.ts';

export const NAME = 'ext4';

/** @param what completes "The ext4 filesystem is damaged: …" */
export const damaged = (what: string): FilesystemDamagedError => new FilesystemDamagedError(NAME, what);

/** @param feature completes "The ext4 filesystem cannot be read here: …" */
export const unsupported = (feature: string): FilesystemUnsupportedError =>
  new FilesystemUnsupportedError(NAME, feature);
