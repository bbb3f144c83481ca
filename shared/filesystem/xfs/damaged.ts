import { FilesystemDamagedError } from '../errors.ts';

export const NAME = 'XFS';

/** @param what completes "The XFS filesystem is damaged: …" */
export const damaged = (what: string): FilesystemDamagedError => new FilesystemDamagedError(NAME, what);
