import { accessSync, constants, statfsSync } from 'node:fs';
import { TemporaryFolderError } from '../errors.ts';
import { formatBytes } from '../output.ts';

/** A unix socket's path has at most 103 bytes (macOS; Linux: 107), and the functions' add 29 to the folder's. */
const MAX_PATH_BYTES = 74;

/**
 * Looks whether an embedded OCI can live there, where a failure in its midst would say less.
 *
 * @param neededBytes what is going to be uploaded to it
 * @throws {TemporaryFolderError}
 */
export function checkTemporaryFolder(folder: string, neededBytes: number): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new TemporaryFolderError(folder, 'it does not exist, or may not be written', { cause });
  }
  if (Buffer.byteLength(folder) > MAX_PATH_BYTES) {
    throw new TemporaryFolderError(
      folder,
      `its path has more than ${MAX_PATH_BYTES} bytes, too many for sockets`,
    );
  }
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < neededBytes) {
    const [needed, free] = [formatBytes(neededBytes), formatBytes(bavail * bsize)];
    throw new TemporaryFolderError(folder, `the files take ${needed}, and it has ${free} left`);
  }
}
