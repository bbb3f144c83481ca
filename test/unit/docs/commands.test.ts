import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../../cli/program.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { commandsOf, DOCUMENTS } from '../../support/documents.ts';
import { recordingIo } from '../../support/terminal.ts';

/** A line of a shell as its words; of quotes and pipes only what the documents use. */
function wordsOf(line: string): string[] {
  const [command = ''] = line.split(/\s+(?:\||>|#|&&)(?:\s|$)/);
  const words = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
}

const commands = DOCUMENTS.flatMap((path) => commandsOf(path).map((line) => ({ path, line })));

/** Parses as the command would, and does nothing. @throws {CommanderError} */
async function parse(words: readonly string[]): Promise<void> {
  const program = buildProgram(recordingIo(), { action: (command) => command.action(() => {}) });
  await program.parseAsync(words, { from: 'user' });
}

/** `npm start -- ARGS` is the demo with those arguments. */
function byoiArguments(line: string): string[] | undefined {
  if (/^npm start -- /.test(line)) return ['local', 'demo', ...wordsOf(line).slice(3)];
  const [, rest] = /^(?:npx |node dist\/)?byoi(?:\.js)? (.*)$/.exec(line) ?? [];
  return rest === undefined ? undefined : wordsOf(rest);
}

describe('what the documents tell to type', () => {
  test('every npm script is in package.json', () => {
    const named = commands.flatMap(({ path, line }) =>
      Array.from(line.matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g), ([, run, short]) => ({
        path,
        script: run ?? short ?? '',
      })),
    );
    expect(named.map(({ script }) => script)).toEqual(expect.arrayContaining(['start', 'test', 'docs']));
    expect(named.filter(({ script }) => !(script in manifest.scripts))).toEqual([]);
  });

  test('every npm script is in the table of CONTRIBUTING.md, but for those that npm itself calls', () => {
    const [table = ''] = readFileSync('CONTRIBUTING.md', 'utf8').match(/^\|[\s\S]*?\n\n/m) ?? [];
    const missing = Object.keys(manifest.scripts).filter(
      (script) => !new RegExp(`^\\| \`npm (run )?${script}\` \\|`, 'm').test(table),
    );
    expect(missing).toEqual(['prepack', 'prepublishOnly']);
  });

  test('every byoi command line is one that the command takes', async () => {
    const lines = commands.flatMap(({ path, line }) => {
      const words = byoiArguments(line);
      return words ? [{ path, line, words }] : [];
    });
    expect(lines.length).toBeGreaterThan(5);
    const wrong: string[] = [];
    for (const { path, line, words } of lines) {
      // A command named alone, as `byoi runs attest`, is a name and no line to type.
      await parse(words).catch((error: unknown) => {
        const incomplete = error instanceof CommanderError && /missing|help/i.test(error.code);
        const named = words.every((word) => /^[a-z]+$/.test(word));
        if (!(incomplete && named)) wrong.push(`${path}: ${line}: ${String(error)}`);
      });
    }
    expect(wrong).toEqual([]);
  });

  test('a line with an unknown command or option would be found', async () => {
    await expect(parse(['runs', 'watsch'])).rejects.toThrow(CommanderError);
    await expect(parse(['inspect', 'disk.qcow2', '--fast'])).rejects.toThrow(CommanderError);
    expect(byoiArguments('npm start -- disk.qcow2 --keep')).toEqual([
      'local',
      'demo',
      'disk.qcow2',
      '--keep',
    ]);
  });
});

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

test('every link within the documents leads somewhere', () => {
  const broken = DOCUMENTS.flatMap((path) => {
    const links = Array.from(
      readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g),
      ([, link = '']) => link,
    );
    return links
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : join(dirname(path), file);
        if (!existsSync(target)) return true;
        if (anchor === undefined) return false;
        const headings = readFileSync(target, 'utf8').match(/(?<=^#+ ).*/gm) ?? [];
        return !headings.map(anchorOf).includes(anchor);
      })
      .map((link) => `${path}: ${link}`);
  });
  expect(broken).toEqual([]);
});
