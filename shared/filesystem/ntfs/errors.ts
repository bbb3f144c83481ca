import { FilesystemDamagedError, FilesystemUnsupportedError } from '../errors.ts';

/** @param what completes "The NTFS filesystem is damaged: …" */
export const damaged = (what: string, options?: ErrorOptions): FilesystemDamagedError =>
  new FilesystemDamagedError('NTFS', what, options);

/** @param feature completes "The NTFS filesystem cannot be read here: …" */
export const unsupported = (feature: string): FilesystemUnsupportedError =>
  new FilesystemUnsupportedError('NTFS', feature);
