import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStore } from '../../shared/oci/run-store.ts';
import type { Run } from '../../shared/run/run.ts';
import { goesOn, saying } from '../left-runs.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json } from '../output.ts';
import { patiently } from '../patiently.ts';
import { isSettled, type Progress, startProgress } from '../progress.ts';
import { publicRun } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { findRun, openRunIds, readRuns } from '../runs.ts';
import type { Io } from '../terminal.ts';
import { tellUnreadable, type UnreadableRun, unreadableJson } from '../unreadable-runs.ts';
import { connectRuns } from './runs.ts';

/** A step takes seconds to minutes; a person does not wait for longer than this to see it. */
export const POLL_INTERVAL_MS = 2_000;

export async function watchRuns(
  io: Io,
  options: GlobalOptions & LedgerOptions,
  id?: string,
): Promise<ExitCode> {
  const store = await connectRuns(options);
  const ids = id === undefined ? await openRunIds(store) : [(await findRun(store, id)).value.id];
  if (ids.length === 0) io.err.write('No run is open.\n');
  // JSON is for programs: they get the records as the runs settled, the steps go to the other stream.
  const wantsJson = options.output === 'json';
  const progress = startProgress(wantsJson ? io.err : io.out);
  const unreadable: UnreadableRun[] = [];
  const settled = await saying(io, goesOn(ids), () =>
    followRuns(store, ids, progress, POLL_INTERVAL_MS, {
      unreadable: (found) => unreadable.push(...found),
    }),
  );
  if (wantsJson) io.out.write(json([...settled.map(publicRun), ...unreadable.map(unreadableJson)]));
  tellUnreadable(io, unreadable, options.debug);
  return unreadable.length > 0 ? EXIT.error : exitCodeOf(settled);
}

/** Told of the runs that cannot be shown. */
interface FollowOptions {
  /** Which are not there yet, each time: they are waited for; without it they are left out. */
  missing?(ids: readonly string[]): void;
  /** Which cannot be read, once: they are no longer followed; without it that is an error. */
  unreadable?(found: readonly UnreadableRun[]): void;
}

/**
 * Shows the runs until each is settled.
 *
 * @returns them as they settled, in that order
 */
export async function followRuns(
  store: Pick<RunStore, 'get'>,
  ids: readonly string[],
  progress: Progress,
  intervalMs: number,
  tell: FollowOptions = {},
): Promise<Run[]> {
  const settled: Run[] = [];
  for (let open = ids; open.length > 0; ) {
    const waited = open;
    // An import may take an hour, and a line be down for a minute of it.
    const { runs, unreadable } = await patiently(
      'GetObject',
      () => {},
      () => readRuns(store, waited),
    );
    for (const run of runs) progress.show(run);
    const [first] = unreadable;
    if (first && !tell.unreadable) throw first.error;
    if (first) tell.unreadable?.(unreadable);
    settled.push(...runs.filter(isSettled));
    const there = new Set([...runs, ...unreadable].map(({ id }) => id));
    const missing = tell.missing ? open.filter((id) => !there.has(id)) : [];
    if (missing.length > 0) tell.missing?.(missing);
    open = [...missing, ...runs.filter((run) => !isSettled(run)).map(({ id }) => id)];
    if (open.length > 0) await sleep(intervalMs);
  }
  progress.end();
  return settled;
}

/** A failure, of one region too, weighs more than a refusal. */
export function exitCodeOf(runs: readonly Run[]): ExitCode {
  if (runs.some(({ state }) => state === 'FAILED' || state === 'PARTIAL')) return EXIT.error;
  return runs.every(({ state }) => state === 'SUCCEEDED') ? EXIT.ok : EXIT.refused;
}
