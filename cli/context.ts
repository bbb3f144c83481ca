import type { Command } from 'commander';
import type { GlobalOptions } from './options.ts';
import type { ExitCode } from './report-error.ts';
import type { Io } from './terminal.ts';

/** Runs what a command's action is: `options` are the command's own, its parents' and the global ones together. */
export type Handler<Options extends GlobalOptions> = (
  io: Io,
  options: Options,
  ...operands: string[]
) => Promise<ExitCode>;

/** How a command file hangs its handler on its command. */
export interface Context {
  /** @param load imports the handler, and with it whatever it needs, only once the command is called */
  action<Options extends GlobalOptions>(command: Command, load: () => Promise<Handler<Options>>): void;
}
