import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { AUTH_MODES } from '../../../cli/options.ts';
import { buildProgram, runProgram } from '../../../cli/program.ts';
import { EXIT } from '../../../cli/report-error.ts';
import { terminalOf } from '../../../cli/terminal.ts';
import { recordingIo } from '../../support/terminal.ts';

/** What the program would call, with which options and operands: nothing is loaded, and nothing done. */
function parse(argv: readonly string[]): {
  path: string;
  options: Record<string, unknown>;
  operands: unknown[];
} {
  let called: ReturnType<typeof parse> | undefined;
  const program = buildProgram(recordingIo(), {
    action: (command) => {
      command.action(() => {
        called = {
          path: pathOf(command),
          options: command.optsWithGlobals(),
          operands: command.processedArgs,
        };
      });
    },
  });
  program.parse(argv, { from: 'user' });
  if (!called) throw new Error(`byoi ${argv.join(' ')} calls nothing.`);
  return called;
}

const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

function commandsOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

const program = buildProgram(recordingIo(), { action: () => {} });
const commands = commandsOf(program).map((command) => ({ path: pathOf(command), command }));
/** Those that do something, by the words that call them. */
const leaves = commands
  .filter(({ command }) => command.commands.length === 0)
  .map(({ path, command }) => ({ path, command, words: path.split(' ').slice(1) }));

/** As many operands as a command asks for, each of a value that it may have. */
const operandsOf = ({ registeredArguments }: Command): string[] =>
  registeredArguments.filter(({ required }) => required).map(({ argChoices }) => argChoices?.[0] ?? 'x');
/** Likewise the options that it must have. */
const neededOptionsOf = ({ options }: Command): string[] =>
  options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long ?? '', 'x']);

/** The examples in a command's help, each as the words that a shell would hand over. */
function examplesOf(path: string): string[][] {
  const io = recordingIo();
  void runProgram([...path.split(' ').slice(1), '--help'], io);
  const [, text = ''] = io.out.written().split('\nExamples:\n');
  return Array.from(text.matchAll(/^ {2}\$ (.+)$/gm), ([, line = '']) => wordsOf(line));
}

/** Quotes taken off, up to what redirects; of `$(…)` what is in it. */
function wordsOf(line: string): string[] {
  const [, inner = line] = /\$\((.*)\)/.exec(line) ?? [];
  const words = inner.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  const end = words.findIndex((word) => /^[<>|&]/.test(word));
  return words.slice(0, end < 0 ? undefined : end).map((word) => word.replaceAll(/['"]/g, ''));
}

describe.each(commands)('$path', ({ path, command }) => {
  test('has examples, and each is a call that it takes', () => {
    const examples = examplesOf(path);
    expect(examples.length).toBeGreaterThan(0);
    for (const [name, ...argv] of examples) {
      expect(name).toBe('byoi');
      expect(`${parse(argv).path} `).toContain(path === 'byoi' ? 'byoi ' : `${path} `);
    }
  });

  test('says what each option and operand is, and takes no option of a command above it for its own', () => {
    const above = commands.filter((other) => path.startsWith(`${other.path} `));
    const taken = new Set(
      above.flatMap((other) => other.command.options.flatMap(({ short, long }) => [short, long])),
    );
    for (const option of command.options) {
      expect(option.description, option.flags).not.toBe('');
      expect(taken.has(option.long)).toBe(false);
      expect(option.short !== undefined && taken.has(option.short)).toBe(false);
    }
    for (const operand of command.registeredArguments) expect(operand.description).not.toBe('');
    expect(command.summary() || command.description()).not.toBe('');
  });
});

describe.each(leaves)('$path', ({ path, command, words }) => {
  const call = [...words, ...operandsOf(command), ...neededOptionsOf(command)];

  test('takes the options of the OCI CLI, before its name and after it', () => {
    const global = [
      ...['--profile', 'P', '--config-file', '/c', '--region', 'r', '-c', 'ocid1.compartment.x'],
      ...['--endpoint', 'http://127.0.0.1:1', '--output', 'json', '--auth', 'security_token', '--debug'],
    ];
    const expected = {
      path,
      options: {
        profile: 'P',
        configFile: '/c',
        region: 'r',
        compartmentId: 'ocid1.compartment.x',
        endpoint: 'http://127.0.0.1:1',
        output: 'json',
        auth: 'security_token',
        debug: true,
      },
    };
    expect(parse([...global, ...call])).toMatchObject(expected);
    expect(parse([...call, ...global])).toMatchObject(expected);
    for (const auth of AUTH_MODES) expect(parse([...call, '--auth', auth]).options).toMatchObject({ auth });
  });

  test('refuses what is wrong in a call with USAGE, a remedy and exit status 2, and prints no result', async () => {
    const required = operandsOf(command).length;
    const wrong = [
      [...call, '--no-such-option'],
      [...call, '--output', 'xml'],
      [...call, '-c', 'my-compartment'],
      ...(required > 0 ? [words] : []),
      ...(command.registeredArguments.some(({ variadic }) => variadic)
        ? []
        : [
            [
              ...words,
              ...command.registeredArguments.map(() => 'x'),
              'one-too-many',
              ...neededOptionsOf(command),
            ],
          ]),
      ...command.options
        .filter(({ argChoices }) => argChoices)
        .map(({ long }) => [...call, `${long}=no-such-value`]),
    ];
    for (const argv of wrong) {
      const io = recordingIo();
      expect(await runProgram(argv, io), argv.join(' ')).toBe(EXIT.refused);
      expect(io.out.written()).toBe('');
      expect(io.err.written(), argv.join(' ')).toMatch(/^error USAGE: .+\.\n {2}.+\n$/);
    }
  });
});

test('docs/command.md has every exit status, and no other', () => {
  const [, section = ''] = readFileSync('docs/command.md', 'utf8').split('\n## Exit status\n');
  const [table = ''] = section.split('\n#');
  const documented = Array.from(table.matchAll(/^\| (\d) \|/gm), ([, status]) => Number(status));
  expect(documented).toEqual(Object.values(EXIT));
});

test.each([
  ['on a terminal', true, {}, true],
  ['in a pipe', undefined, {}, false],
  ['on a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['on a terminal with an empty NO_COLOR, which says nothing', true, { NO_COLOR: '' }, true],
  ['on a dumb terminal', true, { TERM: 'dumb' }, false],
  ['in a pipe with FORCE_COLOR', undefined, { FORCE_COLOR: '1' }, true],
  ['in a pipe with an empty FORCE_COLOR, which says nothing', undefined, { FORCE_COLOR: '' }, false],
  ['on a terminal with FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
  ['with both, of which NO_COLOR counts', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
])('colours %s', (_where, isTTY, env, colours) => {
  expect(terminalOf({ isTTY } as NodeJS.WriteStream, env).colours).toBe(colours);
});

test.each([
  [{ LANG: 'de_DE.ISO-8859-1' }, true, '... Gr\\u00f6\\u00dfe \\ud83d\\udc27'],
  [{ LC_ALL: 'ru_RU.KOI8-R', LANG: 'en_US.UTF-8' }, true, '... Gr\\u00f6\\u00dfe \\ud83d\\udc27'],
  [{ LANG: 'de_DE.ISO-8859-1' }, false, '… Größe 🐧'],
  [{ LC_ALL: '', LC_CTYPE: 'de_DE.utf8@euro', LANG: 'de_DE.ISO-8859-1' }, true, '… Größe 🐧'],
  [{ LANG: 'C' }, true, '… Größe 🐧'],
  [{}, true, '… Größe 🐧'],
])('a locale %j, on a terminal: %s, gets %s', (env, isTTY, expected) => {
  let written = '';
  const write = (text: string) => {
    written += text;
  };
  terminalOf({ isTTY, write } as unknown as NodeJS.WriteStream, env).write('… Größe 🐧');
  expect(written).toBe(expected);
});
