import { type Command, CommanderError } from 'commander';
import { ByoiError } from '../shared/errors.ts';
import { RefusedError, UsageError } from './errors.ts';
import { painter, printable } from './output.ts';
import type { Terminal } from './terminal.ts';

/** What a command's exit status says. */
export const EXIT = { ok: 0, error: 1, refused: 2, notRunning: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Prints an error as code, sentence and remedy, the stack only for those who debug.
 *
 * @returns the exit status: 2 where it was refused or the arguments were wrong, 0 where only help or the version was asked for
 */
export function reportError(error: unknown, terminal: Terminal, debug: boolean): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  // No command: commander has printed the help in place of an error.
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.refused;
  const known = toByoiError(error);
  const paint = painter(terminal);
  const lines = [`${paint('red', 'error')} ${paint('bold', known.code)}: ${printable(known.message)}`];
  if (known.remedy) lines.push(`  ${printable(known.remedy)}`);
  if (debug) lines.push(...stackOf(error).map((line) => paint('dim', printable(line))));
  terminal.write(`${lines.join('\n')}\n`);
  return known instanceof UsageError || known instanceof RefusedError ? EXIT.refused : EXIT.error;
}

function toByoiError(error: unknown): ByoiError {
  if (error instanceof ByoiError) return error;
  if (error instanceof CommanderError) return toUsageError(error);
  return new ByoiError(
    'UNEXPECTED',
    messageOf(error),
    'Run it again with --debug, and report what it prints.',
  );
}

/** The SDK throws a bare object where no connection came about. */
function messageOf(error: unknown): string {
  const bare = typeof error === 'object' && error !== null && 'message' in error;
  return bare ? String(error.message) : String(error);
}

/**
 * commander's messages read "error: unknown command 'rnus'\n(Did you mean runs?)".
 *
 * @param error with the command that it is of, which cli/program.ts puts there
 */
function toUsageError(error: CommanderError & { readonly command?: Command }): UsageError {
  const [sentence = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = suggestions.join(' ').replace(/^\((.*)\)$/, '$1');
  const { command } = error;
  const remedy = suggestion || (error.code === 'commander.missingArgument' && command && hintOf(command));
  const text = sentence.charAt(0).toUpperCase() + sentence.slice(1).replace(/\.$/, '');
  return new UsageError(`${text}.`, remedy || `See \`${command ? pathOf(command) : 'byoi'} --help\`.`);
}

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

/** An option of several values takes the operands behind it for its own. */
function hintOf(command: Command): string | undefined {
  const greedy = command.options.find(
    (option) => option.variadic && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (!greedy) return undefined;
  return `${greedy.long} takes all words up to the next option: write the others before it, or behind --.`;
}

function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const cause = error.cause instanceof Error ? ['caused by', ...stackOf(error.cause)] : [];
  return [...(error.stack ?? '').split('\n'), ...cause];
}
