import { type FileHandle, open, stat } from 'node:fs/promises';
import { FileChangedError, FileUnreadableError } from '../errors.ts';
import { reasonOf } from '../image-file.ts';
import type { Part } from './parts.ts';

/** A file as it was when it was opened: every later look finds the same, or it is an error. */
export interface LocalFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** When its content was last changed, in nanoseconds. */
  readonly modified: string;
  /**
   * @param into memory for it, as long or longer
   * @throws {FileChangedError} where it became shorter
   */
  read(part: Pick<Part, 'offset' | 'length'>, into?: Buffer): Promise<Buffer>;
  /** @throws {FileChangedError} where it was written to, replaced or deleted */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** @throws {FileUnreadableError} */
export async function openLocalFile(path: string): Promise<LocalFile> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    throw new FileUnreadableError(path, reasonOf(error), { cause: error });
  }
  const opened = await handle.stat({ bigint: true });
  return {
    path,
    size: Number(opened.size),
    modified: String(opened.mtimeNs),
    async read({ offset, length }, into = Buffer.allocUnsafe(length)) {
      const bytes = into.subarray(0, length);
      for (let filled = 0; filled < length; ) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
        if (bytesRead === 0) throw new FileChangedError(path);
        filled += bytesRead;
      }
      return bytes;
    },
    async check() {
      // By its path: a file that was put in its place leaves the open one as it was.
      const now = await stat(path, { bigint: true }).catch(() => null);
      const same =
        now?.size === opened.size &&
        now.mtimeNs === opened.mtimeNs &&
        now.ino === opened.ino &&
        now.dev === opened.dev;
      if (!same) throw new FileChangedError(path);
    },
    close: () => handle.close(),
  };
}
