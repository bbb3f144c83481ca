import { FilesystemDamagedError } from '../errors.ts';

export const NAME = 'FAT';

/** @param what completes "The FAT filesystem is damaged: …" */
export const damaged = (what: string): FilesystemDamagedError => new FilesystemDamagedError(NAME, what);
