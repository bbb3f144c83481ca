import { runIdOf } from '../../shared/run/id.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { openDeployment } from '../deployment.ts';
import {
  checkDestinations,
  checkNames,
  type DropSettings,
  dropBucketOf,
  metadataOf,
  nameFiles,
} from '../drop-checks.ts';
import { UsageError } from '../errors.ts';
import { onInterrupt } from '../interrupt.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter, printable } from '../output.ts';
import { startProgress } from '../progress.ts';
import { publicRun, renderOutcome, shownObject } from '../render-run.ts';
import { EXIT, type ExitCode, reportError } from '../report-error.ts';
import { NOTICE_AFTER_MS, noRunYet, noticeAfter } from '../run-notice.ts';
import type { Io } from '../terminal.ts';
import { type LocalFile, openLocalFile } from '../upload/local-file.ts';
import { inspectDrops } from './drop-inspect.ts';
import {
  type Drop,
  type Dropped,
  type Found,
  linesOf,
  lookAt,
  RESUMABLE,
  uploadDrop,
} from './drop-upload.ts';
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
  if (options.to) checkDestinations(deployment, options.to);

  const files: LocalFile[] = [];
  const ended = onInterrupt(io.err);
  try {
    for (const { path } of named) files.push(await openLocalFile(path));
    const drops = files.map((file, index): Drop => {
      const object = named[index]?.object ?? '';
      return { file, metadata, address: { region, namespace, bucket, object } };
    });
    const refused = await inspectDrops(io, deployment, options, drops);
    if (refused) return refused;
    return await uploadAndFollow(io, deployment, options, drops, ended.say);
  } finally {
    ended.stop();
    await Promise.all(files.map((file) => file.close()));
  }
}

async function uploadAndFollow(
  io: Io,
  deployment: Deployment,
  options: DropOptions,
  drops: readonly Drop[],
  onInterruptSay: (text: string) => void,
): Promise<ExitCode> {
  const out = linesOf(io, options);
  // What cannot be uploaded is told before anything is.
  const looked: { drop: Drop; found: Found }[] = [];
  for (const drop of drops) looked.push({ drop, found: await lookAt(out, deployment, drop, options.force) });
  const dropped: Dropped[] = [];
  let failed: ExitCode = EXIT.ok;
  for (const { drop, found } of looked) {
    if (found.there) {
      out.write(`${printable(drop.file.path)}  is there already, as ${shownObject(found.there)}\n`);
      dropped.push(found.there);
      continue;
    }
    onInterruptSay(RESUMABLE);
    try {
      dropped.push(await uploadDrop(out, deployment, drop, found.replaces));
    } catch (error) {
      if (drops.length === 1) throw error;
      // The others' runs have begun: they are followed, and this is told at once.
      failed = reportError(error, io.err, options.debug);
      break;
    }
  }
  const ids = dropped.map((source) => runIdOf(deployment.ledger, source));
  if (!options.wait) {
    if (options.output === 'json')
      io.out.write(json(dropped.map((source, index) => ({ id: ids[index], source }))));
    else for (const id of ids) io.out.write(`Run ${id}: follow it with \`byoi runs watch ${id}\`.\n`);
    return failed;
  }
  onInterruptSay(
    `The runs go on by themselves. To see how: ${ids.map((id) => `byoi runs watch ${id}`).join('; ')}`,
  );
  const progress = startProgress(out);
  const notice = noticeAfter(NOTICE_AFTER_MS, (missing) => {
    progress.end();
    io.err.write(noRunYet(missing));
  });
  const settled = await followRuns(deployment.runs, ids, progress, POLL_INTERVAL_MS, notice);
  if (options.output === 'json') io.out.write(json(settled.map(publicRun)));
  else for (const run of settled) io.out.write(`\n${renderOutcome(run, painter(io.out))}`);
  return failed === EXIT.ok ? exitCodeOf(settled) : failed;
}
