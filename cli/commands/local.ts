import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';

export function registerLocal(program: Command, context: Context): void {
  const local = program
    .command('local')
    .summary('the embedded OCI: the whole journey on this machine')
    .description('Runs an embedded OCI on 127.0.0.1, with byoi deployed on it as it would be in a tenancy.');
  addExamples(local, ['byoi local demo', 'byoi local demo disk.qcow2 --keep']);

  const demo = local
    .command('demo')
    .description(
      'Starts an embedded OCI with two regions, drops disks into its bucket, follows them until they are images, and ' +
        'replicates those to the second region. Exit status: 0 all became images, 2 one was refused or is held for a licence, 1 one failed.',
    )
    .argument('[path...]', 'disk images to drop (default: the small disk that byoi brings)')
    .option('--keep', 'leave the cloud running afterwards, and say how to use it', false)
    .option('--time-scale <factor>', 'how many times faster than OCI its work goes', positive, 20);
  addExamples(demo, ['byoi local demo', 'byoi local demo debian-12.qcow2', 'byoi local demo --keep']);
  context.action(demo, async () => (await import('../handlers/local-demo.ts')).runDemo);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}
