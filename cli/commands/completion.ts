import { Argument, type Command } from 'commander';
import { SHELLS } from '../completion/shells.ts';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';

export function registerCompletion(program: Command, context: Context): void {
  const completion = program
    .command('completion')
    .summary('complete commands and options with the tab key')
    .description('Prints a script by which a shell completes commands, options and their values.')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS));
  addExamples(completion, [
    'byoi completion bash > ~/.local/share/bash-completion/completions/byoi',
    'byoi completion zsh > ~/.zfunc/_byoi',
    'byoi completion fish > ~/.config/fish/completions/byoi.fish',
  ]);
  context.action(completion, async () => (await import('../handlers/completion.ts')).printCompletion);
}
