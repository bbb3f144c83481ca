import { type Command, Option } from 'commander';
import { ARCHITECTURES, FIRMWARES, LAUNCH_MODES } from '../../shared/launch/overrides.ts';
import type { Context } from '../context.ts';
import { addExamples, addLedgerOptions } from '../options.ts';

export function registerDrop(program: Command, context: Context): void {
  const drop = program
    .command('drop')
    .summary('upload disks, and follow them until they are images')
    .description(
      'Inspects each file as the function will and refuses what would be refused; uploads it into the drop bucket, and ' +
        'goes on with an upload that broke off; then follows its run to the end. Exit status: as of `byoi runs watch`; 2 ' +
        'also where nothing was uploaded because an image would be refused or held.',
    )
    .argument('<file...>', 'disk images: qcow2, VMDK or .oci')
    .option('--bucket <name>', "another of the deployment's drop buckets than the first")
    .option('--name <object>', "the object's name (default: the file's)")
    .option(
      '--to <destination...>',
      'also make it an image there: regions, or region@namespace, as config.json has them',
    )
    .addOption(new Option('--launch-mode <mode>', 'in place of what is read').choices(LAUNCH_MODES))
    .addOption(new Option('--firmware <firmware>', 'in place of what is read').choices(FIRMWARES))
    .addOption(new Option('--architecture <name>', 'in place of what is read').choices(ARCHITECTURES))
    .option('--os <name>', 'operating system, in place of what is read')
    .option('--os-version <version>', 'its version, in place of what is read')
    .option('--display-name <name>', "the image's (default: the file's, without its extension)")
    .option('--license <text>', 'attests the licence of Windows, RHEL or SLES: whose, and which')
    .option('--hold', 'upload it though its run will be held until a licence is attested', false)
    .option('--force', 'overwrite an object of the same name', false)
    .option('--no-wait', 'leave when it is uploaded');
  addLedgerOptions(drop);
  addExamples(drop, [
    'byoi drop disk.qcow2',
    'byoi drop disk.qcow2 --to us-phoenix-1 --launch-mode EMULATED',
    "byoi drop win2022.vmdk --license 'ACME Inc., Windows Server 2022 with Software Assurance'",
    'byoi drop *.qcow2 --no-wait --output json',
  ]);
  context.action(drop, async () => (await import('../handlers/drop.ts')).dropFiles);
}
