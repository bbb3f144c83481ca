import { runIdOf } from '../../shared/run/id.ts';
import type { Source } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { openDeployment } from '../deployment.ts';
import { destinationsOf } from '../destination-checks.ts';
import { checkNames, type DropSettings, dropBucketOf, metadataOf, nameFiles } from '../drop-checks.ts';
import { UsageError } from '../errors.ts';
import { onInterrupt } from '../interrupt.ts';
import { goesOn, leftObject, saying, tellLeft } from '../left-runs.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter } from '../output.ts';
import { startProgress } from '../progress.ts';
import { publicRun, renderOutcome } from '../render-run.ts';
import { EXIT, type ExitCode, reportError } from '../report-error.ts';
import { NOTICE_AFTER_MS, noRunYet, noticeAfter } from '../run-notice.ts';
import type { Io } from '../terminal.ts';
import { tellUnreadable, type UnreadableRun, unreadableJson } from '../unreadable-runs.ts';
import { type LocalFile, openLocalFile } from '../upload/local-file.ts';
import { inspectDrops } from './drop-inspect.ts';
import { type Drop, type Found, isThere, linesOf, lookAt, RESUMABLE, uploadInTurn } from './drop-upload.ts';
import { exitCodeOf, followRuns, POLL_INTERVAL_MS } from './watch-runs.ts';

export interface DropOptions extends GlobalOptions, LedgerOptions, DropSettings {
  readonly bucket?: string;
  readonly name?: string;
  /** Uploaded though its run will be held for a licence. */
  readonly hold: boolean;
  readonly force: boolean;
  readonly wait: boolean;
}

export async function dropFiles(io: Io, options: DropOptions, ...paths: string[]): Promise<ExitCode> {
  const named = nameFiles(paths, options.name);
  if (options.displayName !== undefined && named.length > 1)
    throw new UsageError('--display-name is for one file, and there are more.', 'Drop them one at a time.');
  const metadata = metadataOf(options);
  const { deployment } = await openDeployment(io, options);
  const { ledger, config } = deployment;
  const { region, namespace } = ledger;
  const bucket = dropBucketOf(deployment, options.bucket);
  checkNames(named, config.ignoreNames);
  if (options.to) destinationsOf(deployment, options.to, config.strategy, region);

  const files: LocalFile[] = [];
  const interrupt = onInterrupt(io.err);
  try {
    for (const { path } of named) files.push(await openLocalFile(path));
    const drops = files.map((file, index): Drop => {
      const object = named[index]?.object ?? '';
      return { file, metadata, address: { region, namespace, bucket, object } };
    });
    const refused = await inspectDrops(io, deployment, options, drops);
    if (refused) return refused;
    return await uploadAndFollow(io, deployment, options, drops, interrupt);
  } finally {
    interrupt.stop();
    await Promise.all(files.map((file) => file.close()));
  }
}

async function uploadAndFollow(
  io: Io,
  deployment: Deployment,
  options: DropOptions,
  drops: readonly Drop[],
  interrupt: ReturnType<typeof onInterrupt>,
): Promise<ExitCode> {
  const out = linesOf(io, options);
  // What cannot be uploaded is told before anything is.
  const looked: { drop: Drop; found: Found }[] = [];
  for (const drop of drops) looked.push({ drop, found: await lookAt(out, deployment, drop, options.force) });
  const dropped: Source[] = [];
  let failed: ExitCode = EXIT.ok;
  for (const { drop, found } of looked) {
    if (found.there) {
      out.write(isThere(drop, found.there));
      dropped.push(found.there);
      continue;
    }
    try {
      const begins = () => interrupt.say(RESUMABLE);
      dropped.push(await uploadInTurn(out, deployment, drop, found.replaces, begins));
    } catch (error) {
      if (drops.length === 1) throw error;
      // The others' runs have begun: they are followed, and this is told at once.
      failed = reportError(error, io.err, options.debug);
      break;
    }
  }
  const left = dropped.map((source) => leftObject(runIdOf(deployment.ledger, source), source));
  if (!options.wait) {
    tellLeft(io, options, left);
    return failed;
  }
  const ids = left.map(({ id }) => id);
  interrupt.stop();
  const progress = startProgress(out);
  const unreadable: UnreadableRun[] = [];
  const missing = noticeAfter(NOTICE_AFTER_MS, (missing) => {
    progress.end();
    io.err.write(noRunYet(missing));
  });
  const settled = await saying(io, goesOn(ids), () =>
    followRuns(deployment.runs, ids, progress, POLL_INTERVAL_MS, {
      missing,
      unreadable: (found) => unreadable.push(...found),
    }),
  );
  if (options.output === 'json')
    io.out.write(json([...settled.map(publicRun), ...unreadable.map(unreadableJson)]));
  else for (const run of settled) io.out.write(`\n${renderOutcome(run, painter(io.out))}`);
  tellUnreadable(io, unreadable, options.debug);
  if (unreadable.length > 0) failed = EXIT.error;
  return failed === EXIT.ok ? exitCodeOf(settled) : failed;
}
