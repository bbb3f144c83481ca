import { open } from 'node:fs/promises';
import { SourceUnavailableError } from './errors.ts';
import { type ByteSource, checkRange } from './source.ts';

/** A file on disk; `close` gives its descriptor back. */
export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

/**
 * Opens a file for reading at random. Its size is the one at opening.
 *
 * @throws {SourceUnavailableError} when it cannot be opened, or is no regular file
 */
export async function openFile(path: string): Promise<FileSource> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw unavailable(error);
  });
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw new SourceUnavailableError('it is not a regular file');
  }
  const source: FileSource = {
    size: stats.size,
    async read(offset, length) {
      checkRange(source, offset, length);
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle
          .read(bytes, filled, length - filled, offset + filled)
          .catch((error: unknown) => {
            throw unavailable(error);
          });
        if (bytesRead === 0) throw new SourceUnavailableError('the file became shorter while it was read');
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
  return source;
}

function unavailable(error: unknown): SourceUnavailableError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new SourceUnavailableError(code, { cause: error });
}
