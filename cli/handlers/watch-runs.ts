import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStore } from '../../shared/oci/run-store.ts';
import type { Run } from '../../shared/run/run.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json } from '../output.ts';
import { patiently } from '../patiently.ts';
import { isSettled, type Progress, startProgress } from '../progress.ts';
import { publicRun } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { findRun, openRunIds, readRuns } from '../runs.ts';
import type { Io } from '../terminal.ts';
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
  const settled = await followRuns(store, ids, progress, POLL_INTERVAL_MS);
  if (wantsJson) io.out.write(json(settled.map(publicRun)));
  return exitCodeOf(settled);
}

/**
 * Shows the runs until each is settled.
 *
 * @param onMissing told each time which are not there yet: they are waited for; without it they are left out
 * @returns them as they settled, in that order
 */
export async function followRuns(
  store: Pick<RunStore, 'get'>,
  ids: readonly string[],
  progress: Progress,
  intervalMs: number,
  onMissing?: (ids: readonly string[]) => void,
): Promise<Run[]> {
  const settled: Run[] = [];
  for (let open = ids; open.length > 0; ) {
    const waited = open;
    // An import may take an hour, and a line be down for a minute of it.
    const runs = await patiently(
      'GetObject',
      () => {},
      () => readRuns(store, waited),
    );
    for (const run of runs) progress.show(run);
    settled.push(...runs.filter(isSettled));
    const there = new Set(runs.map(({ id }) => id));
    const missing = onMissing ? open.filter((id) => !there.has(id)) : [];
    if (missing.length > 0) onMissing?.(missing);
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
