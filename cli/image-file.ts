import { accessSync, constants, statSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { FileUnreadableError } from './errors.ts';

/** @throws {FileUnreadableError} where no file is there that may be read; directories and devices are none */
export function checkImageFile(path: string): void {
  if (!readableStats(path).isFile()) throw new FileUnreadableError(path, 'it is not a regular file');
}

function readableStats(path: string) {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path);
  } catch (error) {
    throw new FileUnreadableError(path, reasonOf(error), { cause: error });
  }
}

/** The system's own words: "no such file or directory". */
export function reasonOf(error: unknown): string {
  const number = error instanceof Error && 'errno' in error ? Number(error.errno) : 0;
  return getSystemErrorMap().get(number)?.[1] ?? String(error);
}
