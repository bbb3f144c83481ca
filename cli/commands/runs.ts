import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, addLedgerOptions } from '../options.ts';
import { RUN_STATES } from '../render-run.ts';

export function registerRuns(program: Command, context: Context): void {
  const runs = program
    .command('runs')
    .summary("list, show, watch, retry and cancel images' journeys")
    .description('A run is one journey of one image, from the dropped object to the image in each region.');
  addLedgerOptions(runs);
  addExamples(runs, ['byoi runs list', 'byoi runs watch']);

  const list = runs
    .command('list')
    .summary('list the open ones, with --all the ended ones too')
    .description(
      'Lists the runs that are open: those at work, and those held until a licence is attested. One whose record cannot ' +
        'be read hides no other, and is told. Exit status: 0 all are listed, 1 one could not be read.',
    )
    .option('--all', 'the ended ones too', false)
    .addOption(new Option('--state <state>', 'only those in this state').choices(RUN_STATES));
  addExamples(list, [
    'byoi runs list',
    'byoi runs list --state FAILED',
    'byoi runs list --all --output json',
  ]);
  context.action(list, async () => (await import('../handlers/runs.ts')).listRuns);

  const show = runs
    .command('show')
    .summary('show one: its verdict, its regions, what went wrong')
    .description('Shows a run: its object, verdict, regions with their images, and what went wrong.')
    .argument('<run>', "the run's id, or as much of its beginning as is needed");
  addExamples(show, ['byoi runs show x4f2', 'byoi runs show x4f2 --output json']);
  context.action(show, async () => (await import('../handlers/runs.ts')).showRun);

  const watch = runs
    .command('watch')
    .summary('follow one, or all open ones, until they end')
    .description(
      'Follows a run, or all open ones, until they end or are held. Exit status: 0 all succeeded, 2 one was ' +
        'refused, superseded, canceled or is held for a licence, 1 one failed, if only in one region, or could not be read.',
    )
    .argument('[run]', "the run's id, or as much of its beginning as is needed; without it all open runs");
  addExamples(watch, ['byoi runs watch', 'byoi runs watch x4f2']);
  context.action(watch, async () => (await import('../handlers/watch-runs.ts')).watchRuns);

  const attest = runs
    .command('attest')
    .summary('attest the licence of those that are held')
    .description(
      'Attests that the images of held runs (Windows, RHEL, SLES) may be used under a licence, and lets them go on. ' +
        'The text, the time and your OCID are recorded in each run.',
    )
    .argument('<run...>', "the runs' ids, or as much of their beginning as is needed")
    .requiredOption('--license <text>', 'whose licence, and which');
  addExamples(attest, [
    "byoi runs attest x4f2 --license 'ACME Inc., Windows Server 2022 with Software Assurance'",
  ]);
  context.action(attest, async () => (await import('../handlers/change-run.ts')).attestRuns);

  const retry = runs
    .command('retry')
    .summary('try again what failed')
    .description(
      'Tries again what failed in runs, each destination from the step that failed. What succeeded stays. Exit status: 0 ' +
        'all are tried again, 1 one could not be.',
    )
    .argument('[run...]', "the runs' ids, or as much of their beginning as is needed")
    .option('--all', 'all that failed, wholly or in part', false)
    .option('--code <code>', 'with --all: only those that failed with this error');
  addExamples(retry, ['byoi runs retry x4f2', 'byoi runs retry --all --code OCI_LIMIT_EXCEEDED']);
  context.action(retry, async () => (await import('../handlers/change-run.ts')).retryRuns);

  const cancel = runs
    .command('cancel')
    .summary('stop them, and take away what they made')
    .description(
      'Stops what can be stopped of runs, and takes away what they made: copies, exports, images that are not ready.',
    )
    .argument('<run...>', "the runs' ids, or as much of their beginning as is needed");
  addExamples(cancel, ['byoi runs cancel x4f2']);
  context.action(cancel, async () => (await import('../handlers/change-run.ts')).cancelRuns);
}
