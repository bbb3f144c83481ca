import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { FileUnreadableError } from './errors.ts';
import { reasonOf } from './image-file.ts';

/**
 * A small text that a person names.
 *
 * @param path of a file, or `-` for the standard input
 * @throws {FileUnreadableError}
 */
export function readText(path: string): Promise<string> {
  return (path === '-' ? text(process.stdin) : readFile(path, 'utf8')).catch((error) => {
    throw new FileUnreadableError(path, reasonOf(error), { cause: error });
  });
}
