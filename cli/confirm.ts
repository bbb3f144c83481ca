import { createInterface } from 'node:readline';
import { UsageError } from './errors.ts';
import type { Io } from './terminal.ts';

/**
 * Asks a person; anything but yes is no, and so is the end of the input.
 *
 * @throws {UsageError} where no person is there to ask
 */
export async function confirmed(
  io: Io,
  question: string,
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean } = process.stdin,
): Promise<boolean> {
  if (!input.isTTY || !io.err.interactive) {
    throw new UsageError('There is no terminal to ask on, and nothing was changed.', 'Give --force.');
  }
  io.err.write(`${question} [y/N] `);
  const lines = createInterface({ input });
  const answer = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
