import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SHELLS, type Shell } from '../../cli/completion/shells.ts';
import { wordsOf } from '../../cli/completion/words.ts';
import { buildProgram } from '../../cli/program.ts';
import { shellWord } from '../../shared/shell-word.ts';
import { run } from '../support/programs.ts';
import { recordingIo } from '../support/terminal.ts';

const commands = wordsOf(buildProgram(recordingIo(), { action: () => {} }));
const folder = mkdtempSync(join(tmpdir(), 'byoi-completion-'));
const scriptOf = (shell: Shell) => join(folder, `byoi.${shell}`);

beforeAll(() => {
  for (const shell of SHELLS)
    writeFileSync(scriptOf(shell), run('nodejs', [process.execPath, 'dist/byoi.js', 'completion', shell]));
  mkdirSync(join(folder, 'files'));
  for (const name of ['disk 1.qcow2', 'disk.vmdk']) writeFileSync(join(folder, 'files', name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** How each shell is asked for completions of a command line; it prints them on one line, apart by tabs. */
const ASK: Readonly<
  Record<Shell, { command: string[]; setUp: string; line(words: readonly string[]): string }>
> = {
  bash: {
    command: ['bash', '--norc'],
    setUp: `
      source ${scriptOf('bash')}
      ask() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _byoi; local IFS=$'\\t'; echo "\${COMPREPLY[*]}"; }`,
    line: (words) => `ask ${words.map(shellWord).join(' ')}`,
  },
  // Its completion runs only while somebody types: here the builtins that it ends in say what they are given.
  zsh: {
    command: ['zsh', '-f'],
    setUp: `
      compdef() { : }
      compset() { current=\${current#*=} }
      found_words() { local all=(\${(M)@:#\${current}*}); print -r -- \${(pj:\\t:)all} }
      _describe() { found_words \${\${(P)4}%%:*} }
      compadd() { shift; found_words "$@" }
      _files() { local all=(*); found_words $all }
      _message() { print }
      source ${scriptOf('zsh')}
      ask() { words=("$@") CURRENT=$#; _byoi }`,
    line: (words) => `ask ${words.map(shellWord).join(' ')}`,
  },
  fish: {
    command: ['fish', '--no-config'],
    setUp: `
      source ${scriptOf('fish')}
      function ask; echo (complete -C "$argv[1]" | string split -f 1 \\t | string join \\t); end`,
    line: (words) => `ask ${shellWord(words.join(' '))}`,
  },
};

/** What the shell would complete each of these command lines by, the cursor at its end. */
function completionsOf(shell: Shell, lines: readonly (readonly string[])[]): string[][] {
  const { command, setUp, line } = ASK[shell];
  const script = [setUp, `cd ${shellWord(join(folder, 'files'))}`, ...lines.map(line)].join('\n');
  // A file: fish reads no script from a pipe.
  const file = join(folder, 'ask');
  writeFileSync(file, `${script}\n`);
  return run(shell, [...command, file])
    .split('\n')
    .slice(0, -1)
    .map((words) => words.split('\t').filter(Boolean).sort());
}

describe.each(SHELLS)('the completion of %s', (shell) => {
  test('is a script without a mistake in it', () => {
    run(shell, [shell, '-n', scriptOf(shell)]);
  });

  test('completes every command by its subcommands', () => {
    const parents = commands.filter(({ subcommands }) => subcommands.length > 0);
    const asked = parents.map(({ path }) => [...path.split(' '), '']);
    const expected = parents.map(({ subcommands }) => subcommands.map(({ name }) => name).sort());
    expect(completionsOf(shell, asked)).toEqual(expected);
  });

  test('completes every command by its long options, the global ones too', () => {
    const asked = commands.map(({ path }) => [...path.split(' '), '--']);
    const expected = commands.map(({ options }) =>
      options.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith('--'))).sort(),
    );
    expect(completionsOf(shell, asked)).toEqual(expected);
  });

  test('completes every option by the values that it may have', () => {
    const known = commands.flatMap(({ path, options }) =>
      options.flatMap(({ flags, values }) =>
        typeof values === 'object' ? flags.map((flag) => ({ path, flag, values })) : [],
      ),
    );
    const asked = known.map(({ path, flag }) => [...path.split(' '), flag, '']);
    expect(completionsOf(shell, asked)).toEqual(known.map(({ values }) => values.toSorted()));
  });

  test('knows values from commands, and completes files where files are meant', () => {
    const answers = completionsOf(shell, [
      ['byoi', '--output', 'json', 'run'],
      ['byoi', '--profile', 'runs', 'ins'],
      ['byoi', 'runs', 'list', '--state', 'FAILED', '--al'],
      ['byoi', 'inspect', 'disk.v'],
      ['byoi', 'runs', 'show', ''],
    ]);
    expect(answers).toEqual([['runs'], ['inspect'], ['--all'], ['disk.vmdk'], []]);
  });
});

test('bash completes a value after an equals sign, which it takes for a word of its own', () => {
  const asked = [
    ['byoi', 'runs', 'list', '--output', '='],
    ['byoi', 'runs', 'list', '--output', '=', 'j'],
    ['byoi', '--output', '=', 'json', 'ins'],
  ];
  expect(completionsOf('bash', asked)).toEqual([['json', 'table'], ['json'], ['inspect']]);
});

test('bash completes a file’s name with a space in it as one', () => {
  expect(completionsOf('bash', [['byoi', 'inspect', 'disk 1']])).toEqual([['disk 1.qcow2']]);
});

test('zsh and fish complete a value after an equals sign', () => {
  const asked = [['byoi', 'runs', 'list', '--output=j']];
  expect(completionsOf('zsh', asked)).toEqual([['json']]);
  expect(completionsOf('fish', asked)).toEqual([['--output=json']]);
});
