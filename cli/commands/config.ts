import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, addLedgerOptions } from '../options.ts';

export function registerConfig(program: Command, context: Context): void {
  const config = program
    .command('config')
    .summary("check a deployment's config.json")
    .description(
      'config.json in the ledger bucket says everything of a deployment but where that bucket is.',
    );
  addLedgerOptions(config);
  addExamples(config, ['byoi config check', 'byoi config check config.json']);

  const check = config
    .command('check')
    .summary('name everything that is wrong with it, or with a file')
    .description(
      "Checks a config.json, a file or the deployment's own, and names everything that is wrong with it. Of a file OCI is " +
        'asked nothing. Exit status: 0 it is valid, 2 it is not, 1 it could not be read.',
    )
    .argument('[file]', 'a file, or - for standard input; without it, that of the ledger bucket');
  addExamples(check, [
    'byoi config check',
    'byoi config check config.json',
    'byoi config check - --output json < config.json',
  ]);
  context.action(check, async () => (await import('../handlers/config-check.ts')).checkConfig);
}
