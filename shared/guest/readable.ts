import { IntegerTooLargeError } from '../bytes/errors.ts';
import { OutOfBoundsError } from '../bytes/source.ts';
import { DecompressionError, OutputTooLargeError, StreamLimitError } from '../compression/errors.ts';
import type { ByoiError } from '../errors.ts';
import { FilesystemDamagedError, FilesystemUnsupportedError } from '../filesystem/errors.ts';
import type { Problem } from '../finding.ts';
import { HiveDamagedError } from './windows/hive-error.ts';

/** What is wrong with the image's own bytes. Everything else (network, budget) says nothing about the guest. */
const DAMAGES = [
  FilesystemDamagedError,
  FilesystemUnsupportedError,
  OutOfBoundsError,
  IntegerTooLargeError,
  DecompressionError,
  OutputTooLargeError,
  StreamLimitError,
  HiveDamagedError,
];

/** What `read` gives; `otherwise` and a warning where the guest's files there are damaged or cannot be read here. */
export async function readable<T>(
  what: string,
  problems: Problem[],
  otherwise: T,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    const sentence = `Not all of ${what} could be read. ${error.message}`;
    // Whoever comes to the same place again need not tell it again.
    if (!problems.some((problem) => problem.sentence === sentence)) {
      problems.push({ code: 'GUEST_UNREADABLE', severity: 'warn', sentence, remedy: error.remedy });
    }
    return otherwise;
  }
}

const isDamage = (error: unknown): error is ByoiError => DAMAGES.some((damage) => error instanceof damage);
