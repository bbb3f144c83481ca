import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';

export function registerLocal(program: Command, context: Context): void {
  const local = program
    .command('local')
    .summary('the embedded OCI: the whole journey on this machine')
    .description('Runs an embedded OCI on 127.0.0.1, with byoi deployed on it as it would be in a tenancy.');
  addExamples(local, ['byoi local start', 'byoi local demo disk.qcow2']);

  const demo = local
    .command('demo')
    .summary('drop disks into a cloud of its own, and replicate their images')
    .description(
      'Starts an embedded OCI with two regions, drops disks into its bucket, follows them until they are images, and ' +
        'replicates those to the second region. Exit status: 0 all became images, 2 one was refused or is held for a licence, 1 one failed.',
    )
    .argument('[path...]', 'disk images to drop (default: the small disk that byoi brings)')
    .option('--keep', 'leave the cloud running afterwards, and say how to use it', false);
  addTimeScale(demo);
  addExamples(demo, ['byoi local demo', 'byoi local demo debian-12.qcow2', 'byoi local demo --keep']);
  context.action(demo, async () => (await import('../handlers/local-demo.ts')).runDemo);

  const start = local
    .command('start')
    .summary('start it in the background')
    .description(
      'Starts an embedded OCI with two regions in the background, and says how to use it. What it keeps is there again at ' +
        'the next start, on the same ports. Where it runs already, nothing is changed.',
    )
    .addOption(
      new Option(
        '--port <number>',
        'where the first region listens, the second one above it; 0: free ones (default: those of the last start)',
      ).argParser(port),
    )
    .option('--foreground', 'stay in this terminal until Ctrl-C', false);
  addTimeScale(start);
  addDataDir(start);
  addExamples(start, ['byoi local start', 'byoi local start --port 18080', 'byoi local start --foreground']);
  context.action(start, async () => (await import('../handlers/local-start.ts')).startLocal);

  const env = local
    .command('env')
    .summary('print the variables that point byoi and the OCI CLI at it')
    .description(
      'Prints the variables that point byoi and the OCI CLI at the running embedded OCI, for the shell to take over ' +
        '(bash, zsh, fish 3.4 or later).',
    );
  addDataDir(env);
  addExamples(env, ['byoi local env', 'eval "$(byoi local env)"']);
  context.action(env, async () => (await import('../handlers/local-env.ts')).printEnvironment);

  const status = local
    .command('status')
    .summary('say whether it runs, and where')
    .description(
      'Says whether the embedded OCI runs, where, and how many runs it has. Exit status: 0 it runs, 3 not.',
    );
  addDataDir(status);
  addExamples(status, ['byoi local status', 'byoi local status --output json']);
  context.action(status, async () => (await import('../handlers/local-status.ts')).showStatus);

  const stop = local
    .command('stop')
    .summary('end it; what it keeps stays')
    .description('Ends the embedded OCI and its functions, and waits for that. What it keeps stays.');
  addDataDir(stop);
  addExamples(stop, ['byoi local stop']);
  context.action(stop, async () => (await import('../handlers/local-stop.ts')).stopLocal);

  const reset = local
    .command('reset')
    .summary('end it, and remove all that it keeps')
    .description('Ends the embedded OCI and removes all that it keeps: buckets, images, runs. Asks first.')
    .option('--force', 'do not ask', false);
  addDataDir(reset);
  addExamples(reset, ['byoi local reset', 'byoi local reset --force']);
  context.action(reset, async () => (await import('../handlers/local-reset.ts')).resetLocal);
}

function addTimeScale(command: Command): void {
  command.option('--time-scale <factor>', 'how many times faster than OCI its work goes', positive, 20);
}

function addDataDir(command: Command): void {
  command.addOption(
    new Option('--data-dir <path>', 'where it keeps its data')
      .env('BYOI_LOCAL_DATA_DIR')
      .default(undefined, '~/.local/share/byoi/local'),
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** Those below need rights that nothing here should have. */
const MIN_PORT = 1024;
/** The second region takes the port above, so that the last one cannot be the first region's. */
const MAX_PORT = 65_534;
/** What the SDK's fetch connects to never: Fetch Standard, "bad port". */
const BAD_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value !== 0 && !(value >= MIN_PORT && value <= MAX_PORT))
    throw new InvalidArgumentError(`It must be 0, or a port from ${MIN_PORT} to ${MAX_PORT}.`);
  if (BAD_PORTS.has(value) || BAD_PORTS.has(value + 1))
    throw new InvalidArgumentError(
      'HTTP clients refuse to connect to it or to the one above it: choose another.',
    );
  return value;
}
