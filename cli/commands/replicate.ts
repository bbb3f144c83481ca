import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, addLedgerOptions } from '../options.ts';

export function registerReplicate(program: Command, context: Context): void {
  const replicate = program
    .command('replicate')
    .summary('make a custom image available in other regions')
    .description(
      'Exports a custom image, copies it to each destination and imports it there, and follows the run until it ends. ' +
        'Asked for the same again, it shows the run that there is. Exit status as of `byoi runs watch`.',
    )
    .argument('<image>', "the image's OCID")
    .requiredOption(
      '--to <destination...>',
      'regions, or region@namespace for another tenancy, as config.json has them',
    )
    .addOption(
      new Option('--format <format>', 'of the export').choices(['OCI', 'QCOW2', 'VMDK']).default('OCI'),
    )
    .addOption(
      new Option(
        '--strategy <how>',
        'copy: import a copy in each region; direct: import from the source region',
      )
        .choices(['copy', 'direct'])
        .default(undefined, 'that of config.json'),
    )
    .option('--display-name <name>', "of the new images (default: the image's own)")
    .option('--license <text>', 'attests the licence of Windows, RHEL or SLES')
    .option('--again', 'once more, though the same was done before', false)
    .option('--no-wait', 'leave as soon as the run is open');
  addLedgerOptions(replicate);
  addExamples(replicate, [
    'byoi replicate ocid1.image.oc1.iad.aaaa --to us-phoenix-1 eu-frankfurt-1',
    'byoi replicate ocid1.image.oc1.iad.aaaa --to us-phoenix-1 --strategy direct --no-wait',
  ]);
  context.action(replicate, async () => (await import('../handlers/replicate.ts')).replicateImage);
}

export function registerShare(program: Command, context: Context): void {
  const share = program
    .command('share')
    .summary('hand a custom image to another tenancy')
    .description(
      'Exports a custom image and prints a URL that reads it, with the command by which the other side imports it. ' +
        'Whoever has the URL can read the image until it expires.',
    )
    .argument('<image>', "the image's OCID")
    .option('--expires <duration>', 'how long the URL works: 90m, 24h, 7d', '24h')
    .addOption(
      new Option('--format <format>', 'of the export').choices(['OCI', 'QCOW2', 'VMDK']).default('OCI'),
    )
    .option('--license <text>', 'attests the licence of Windows, RHEL or SLES');
  addLedgerOptions(share);
  addExamples(share, [
    'byoi share ocid1.image.oc1.iad.aaaa --expires 24h',
    'byoi share ocid1.image.oc1.iad.aaaa --expires 7d --output json',
  ]);
  context.action(share, async () => (await import('../handlers/share.ts')).shareImage);
}
