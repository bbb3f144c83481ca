import { Argument, Command, Option } from 'commander';
import { expect, test } from 'vitest';
import { bashCompletion } from '../../../cli/completion/bash.ts';
import { fishCompletion } from '../../../cli/completion/fish.ts';
import { wordsOf } from '../../../cli/completion/words.ts';
import { zshCompletion } from '../../../cli/completion/zsh.ts';

const program = new Command('byoi')
  .version('1')
  .option('--config-file <path>', "one's own file. More of it.");
program
  .command('paint')
  .description('Paints. In colours.')
  .addArgument(new Argument('<shape>', 'which').choices(['square', 'circle']))
  .addOption(new Option('-c, --colour <name>', 'of what').choices(['red', 'blue']))
  .option('--quick', 'without a second coat');
program.command('frame').description('Frames a picture').argument('<path>', 'a file');

test('the words of a command are its own and those of the commands above it', () => {
  const [top, paint, frame] = wordsOf(program);
  expect(top?.subcommands.map(({ name }) => name)).toEqual(['paint', 'frame', 'help']);
  expect(top?.options.flatMap(({ flags }) => flags)).toContain('--version');
  expect(paint).toMatchObject({ path: 'byoi paint', operands: ['square', 'circle'] });
  expect(paint?.options).toEqual([
    { flags: ['-c', '--colour'], says: 'of what', values: ['red', 'blue'] },
    { flags: ['--quick'], says: 'without a second coat', values: undefined },
    { flags: ['-h', '--help'], says: 'display help for command', values: undefined },
    { flags: ['--config-file'], says: "one's own file", values: 'files' },
  ]);
  expect(frame?.operands).toBe('files');
});

test.each([
  ['bash', bashCompletion, /complete -F _byoi byoi\n$/],
  ['zsh', zshCompletion, /^#compdef byoi\n/],
  ['fish', fishCompletion, /-l 'colour'|-l colour/],
])('the script of %s has every command and option', (_shell, script, itsOwn) => {
  const text = script(wordsOf(program));
  expect(text).toMatch(itsOwn);
  for (const word of ['paint', 'frame', 'colour', 'quick', 'red blue', 'config-file', 'square circle'])
    expect(text).toContain(word);
});
