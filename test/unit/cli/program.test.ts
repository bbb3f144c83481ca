import type { Command } from 'commander';
import { build } from 'esbuild';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buildProgram, runProgram } from '../../../cli/program.ts';
import { reportError } from '../../../cli/report-error.ts';
import { ByoiError } from '../../../shared/errors.ts';
import { recordingIo, recordingTerminal } from '../../support/terminal.ts';

afterEach(() => vi.unstubAllEnvs());

/** Runs the command and gives its exit status and what it wrote. */
async function byoi(...argv: string[]) {
  const io = recordingIo();
  const status = await runProgram(argv, io);
  return { status, out: io.out.written(), err: io.err.written() };
}

function commandsOf(command: Command, path = 'byoi'): { path: string; command: Command }[] {
  const below = command.commands.flatMap((child) => commandsOf(child, `${path} ${child.name()}`));
  return [{ path, command }, ...below];
}

describe('help', () => {
  const program = buildProgram(recordingIo(), { action: () => {} });

  test.each(commandsOf(program))(
    '$path shows what it does, an example and the global options',
    async ({ path, command }) => {
      const { status, out } = await byoi(...path.split(' ').slice(1), '--help');
      expect(status).toBe(0);
      expect(command.description()).not.toBe('');
      expect(out).toMatch(new RegExp(`Examples:\n  \\$ ${path}[ \n]`));
      expect(out).toContain('--profile');
    },
  );

  test.each([
    [['help', 'runs', 'list'], 'Usage: byoi runs list [options]'],
    [['help', 'drop'], 'Usage: byoi drop [options] <file...>'],
    [['help'], 'Usage: byoi [options] [command]'],
    [['runs', 'help', 'list'], 'Usage: byoi runs list [options]'],
  ])('byoi %j is --help of that command', async (argv, usage) => {
    const { status, out, err } = await byoi(...argv);
    expect({ status, err, first: out.split('\n')[0] }).toEqual({ status: 0, err: '', first: usage });
  });

  test.each([
    [['help', 'dorp'], 'drop'],
    [['dorp', '--help'], 'drop'],
    [['runs', 'lsit', '--help'], 'list'],
  ])('of what is no command is an error: byoi %j', async (argv, meant) => {
    const { status, out, err } = await byoi(...argv);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(
      new RegExp(`^error USAGE: Unknown command '.*'\\.\\n {2}Did you mean ${meant}\\?\\n$`),
    );
  });

  test('says of an option what it may be, what it is without it, and its variable; a switch is off', async () => {
    const { out } = await byoi('replicate', '--help');
    const text = out.replaceAll(/\s+/g, ' ');
    expect(text).toContain('as config.json has them (required)');
    expect(text).toContain('of the export (one of: OCI, QCOW2, VMDK; default: OCI)');
    expect(text).toContain("its namespace (default: the tenancy's; env: BYOI_LEDGER_NAMESPACE)");
    expect(text).not.toMatch(/default: (false|undefined)|\) \(/);
  });

  test.each([40, 60, 80, 200])('fits a terminal of %i columns, and makes use of it', (columns) => {
    for (const { path, command } of commandsOf(program)) {
      const help = command.createHelp();
      help.prepareContext({ helpWidth: columns });
      // The usage is to be copied, and not broken.
      const [, ...lines] = help.formatHelp(command, help).split('\n');
      expect(
        lines.filter((line) => line.length > columns),
        path,
      ).toEqual([]);
      expect(Math.max(...lines.map((line) => line.length)), path).toBeGreaterThan(
        Math.min(columns, 100) - 15,
      );
    }
  });

  test('is all there is without a command, which is a usage error', async () => {
    const { status, out, err } = await byoi();
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^Usage: byoi/);
  });

  test('needs no SDK: nothing of it is loaded before a command that talks to OCI runs', async () => {
    const { metafile } = await build({
      entryPoints: ['cli/main.ts'],
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      outdir: 'dist',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    const eager = new Set<string>(['dist/main.js']);
    // A set is walked to its end even while it grows.
    for (const output of eager) {
      for (const { path, kind } of metafile.outputs[output]?.imports ?? []) {
        if (kind === 'import-statement') eager.add(path);
      }
    }
    const packages = [...eager].filter((path) => !path.startsWith('dist/') && !path.startsWith('node:'));
    expect(packages).toEqual(['commander']);
    const dynamic = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(dynamic).toContain('oci-objectstorage');
  });
});

describe('a usage error has exit status 2, code, sentence and remedy', () => {
  test('for a mistyped command, with the one that was meant', async () => {
    expect(await byoi('rnus')).toEqual({
      status: 2,
      out: '',
      err: "error USAGE: Unknown command 'rnus'.\n  Did you mean runs?\n",
    });
    expect((await byoi('runs', 'lst')).err).toContain('Did you mean list?');
  });

  test('for a mistyped option, a value that is none, and a missing operand', async () => {
    const wrong = [
      [['runs', 'list', '--stat', 'OPEN'], 'Unknown option', 'Did you mean'],
      [['runs', 'list', '--state', 'SLEEPING'], 'Allowed choices are OPEN, NEEDS_LICENSE', '--help'],
      [['inspect', 'x', '--output', 'xml'], 'Allowed choices are table, json', '--help'],
      [['runs', 'show'], "Missing required argument 'run'", 'See `byoi runs show --help`'],
      [['runs', 'attest', 'x'], '--license', '--help'],
    ] as const;
    for (const [argv, sentence, remedy] of wrong) {
      const { status, err } = await byoi(...argv);
      expect(status).toBe(2);
      expect(err.split('\n')[0]).toMatch(/^error USAGE: /);
      expect(err.split('\n')[0]).toContain(sentence);
      expect(err.split('\n')[1]).toContain(remedy);
    }
  });
});

test('an operand that an option of several values took is told', async () => {
  for (const argv of [
    ['drop', '--to', 'us-phoenix-1', 'disk.qcow2'],
    ['replicate', '--to', 'us-phoenix-1', 'ocid1.image.oc1.iad.aaaa'],
  ]) {
    const { status, err } = await byoi(...argv);
    expect(status).toBe(2);
    expect(err).toMatch(/Missing required argument .*\n {2}--to takes all words up to the next option/);
  }
});

describe('any other error', () => {
  test('of a command is reported in the same way', async () => {
    vi.stubEnv('OCI_CLI_CONFIG_FILE', '/nowhere/config');
    const { status, err } = await byoi('runs', 'list');
    expect(status).toBe(1);
    expect(err).toMatch(/^error CONFIG_UNREADABLE: .*\/nowhere\/config.*ENOENT.*\n {2}.*--config-file.*\n$/);
  });

  test('names the one of several operands that is at fault', async () => {
    const { status, err } = await byoi('local', 'demo', 'build.mjs', '/nowhere/disk.qcow2');
    expect({ status, err }).toMatchObject({
      status: 1,
      err: expect.stringMatching(/FILE_UNREADABLE: \/nowhere\/disk\.qcow2/),
    });
  });

  const error = new ByoiError('SOME_CODE', 'The name \u001b[2J is bad.', 'Try `byoi --help`.');

  test('has exit status 1 and says code, sentence and remedy, with nothing that a terminal acts upon', () => {
    const terminal = recordingTerminal();
    expect(reportError(error, terminal, false)).toBe(1);
    expect(terminal.written()).toBe('error SOME_CODE: The name \\u001b[2J is bad.\n  Try `byoi --help`.\n');
  });

  test('says what it has to say, whatever is thrown: the SDK throws bare objects', () => {
    const terminal = recordingTerminal();
    reportError({ message: 'fetch failed' }, terminal, false);
    expect(terminal.written()).toMatch(/^error UNEXPECTED: fetch failed\n/);
  });

  test.each(['80', '6000', '5059', '65535', 'x'])(
    'says of port %s that nothing could reach it',
    async (port) => {
      const { status, err } = await byoi('local', 'start', '--port', port, '--data-dir', '/nowhere/at/all');
      expect({ status, err }).toMatchObject({
        status: 2,
        err: expect.stringMatching(/^error USAGE: .*--port/),
      });
    },
  );

  test('shows its stack, and its cause, only with --debug', () => {
    const withCause = new Error('outer', { cause: new Error('inner') });
    const [quiet, debug] = [recordingTerminal(), recordingTerminal()];
    reportError(withCause, quiet, false);
    reportError(withCause, debug, true);
    expect(quiet.written()).toMatch(/^error UNEXPECTED: outer\n {2}.*--debug.*\n$/);
    expect(debug.written()).toMatch(/outer\n(.*\n)+ +at .*program\.test\.ts(.*\n)+Error: inner/);
  });
});
