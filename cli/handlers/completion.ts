import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import type { Shell } from '../completion/shells.ts';
import { wordsOf } from '../completion/words.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { GlobalOptions } from '../options.ts';
import { buildProgram } from '../program.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints a shell's script, made from the very commands that this program has. */
export async function printCompletion(io: Io, _options: GlobalOptions, shell: string): Promise<ExitCode> {
  const program = buildProgram(io, { action: () => {} });
  io.out.write(SCRIPTS[shell as Shell](wordsOf(program)));
  return EXIT.ok;
}
