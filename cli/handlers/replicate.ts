import { randomUUID } from 'node:crypto';
import { type ImageRequest, takeUpImage } from '../../shared/drive/take-up-image.ts';
import { driveSoon } from '../../shared/drive/wake.ts';
import type { ExportFormat, Run } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { openDeployment } from '../deployment.ts';
import { destinationsOf } from '../destination-checks.ts';
import { regionOfImage } from '../image-ocid.ts';
import { goesOn, leftRun, saying, tellLeft } from '../left-runs.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter } from '../output.ts';
import { isSettled, startProgress } from '../progress.ts';
import { publicRun, renderOutcome } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';
import { exitCodeOf, followRuns, POLL_INTERVAL_MS } from './watch-runs.ts';

export interface ReplicateOptions extends GlobalOptions, LedgerOptions {
  readonly to: readonly string[];
  readonly format: ExportFormat;
  readonly strategy?: 'copy' | 'direct';
  readonly displayName?: string;
  readonly license?: string;
  readonly again: boolean;
  readonly wait: boolean;
}

export async function replicateImage(io: Io, options: ReplicateOptions, imageId: string): Promise<ExitCode> {
  const { connection, deployment } = await openDeployment(io, options);
  const { license, format, strategy = deployment.config.strategy, displayName = null } = options;
  const run = await openRun(deployment, {
    journey: 'replication',
    imageId,
    region: await regionOfImage(imageId, connection.region),
    to: destinationsOf(deployment, options.to, strategy),
    format,
    strategy,
    displayName,
    license: license === undefined ? null : { text: license, how: 'command', by: connection.caller },
    keepUntil: null,
    request: options.again ? randomUUID() : '',
  });
  if (!options.wait) {
    await saying(io, goesOn([run.id]), () => drive(deployment, run));
    tellLeft(io, options, leftRun('replicate', run));
    // Asked for the same before, it may have ended; or it is held for a licence.
    return isSettled(run) ? exitCodeOf([run]) : EXIT.ok;
  }
  const wantsJson = options.output === 'json';
  const ended = await saying(io, goesOn([run.id]), () => follow(io, deployment, run, wantsJson));
  io.out.write(wantsJson ? json(publicRun(ended)) : `\n${renderOutcome(ended, painter(io.out))}`);
  return exitCodeOf([ended]);
}

/** Opens the run, or finds it. From here on it goes on by itself, though slowly where nobody can be called to drive it. */
export async function openRun(deployment: Deployment, request: ImageRequest): Promise<Run> {
  const taken = await takeUpImage(deployment, request);
  if (!taken.stored) throw new Error(taken.ignored);
  return taken.stored.value;
}

/** Sees to it that somebody drives the run: a function, with its own rights. */
async function drive(deployment: Deployment, run: Run): Promise<void> {
  if (run.closedAt === null) await driveSoon(deployment, run.id);
}

/** Has the run driven, and shows its steps until it has ended or is held. */
export async function follow(
  io: Io,
  deployment: Deployment,
  run: Run,
  wantsJson: boolean,
  intervalMs = POLL_INTERVAL_MS,
): Promise<Run> {
  await drive(deployment, run);
  const progress = startProgress(wantsJson ? io.err : io.out);
  const [ended = run] = await followRuns(deployment.runs, [run.id], progress, intervalMs);
  return ended;
}
