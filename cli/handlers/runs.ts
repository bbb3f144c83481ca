import { openRunStore, type RunStore } from '../../shared/oci/run-store.ts';
import { isEnded, type Run, type RunState } from '../../shared/run/run.ts';
import { ledgerOf, openConnection } from '../connection.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter, table } from '../output.ts';
import { paintState, progressOf, publicRun, renderRun, sourceOf } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { allRunIds, findRun, openRunIds, readRuns, shortId } from '../runs.ts';
import type { Io } from '../terminal.ts';

type RunsOptions = GlobalOptions & LedgerOptions;

export async function connectRuns(options: RunsOptions): Promise<RunStore> {
  const connection = await openConnection(options);
  return openRunStore(connection.clients, await ledgerOf(connection, options));
}

export async function listRuns(
  io: Io,
  options: RunsOptions & { readonly all: boolean; readonly state?: RunState },
): Promise<ExitCode> {
  const { all, state } = options;
  const store = await connectRuns(options);
  // Only open runs have markers; for the ended ones every record has to be read.
  const ids = all || (state && isEnded(state)) ? await allRunIds(store) : await openRunIds(store);
  const runs = (await readRuns(store, ids)).filter((run) => !state || run.state === state);
  io.out.write(options.output === 'json' ? json(runs.map(publicRun)) : listing(runs, io));
  return EXIT.ok;
}

function listing(runs: readonly Run[], io: Io): string {
  if (runs.length === 0) {
    io.err.write('No runs; ended ones are listed with --all.\n');
    return '';
  }
  const paint = painter(io.out);
  const header = ['RUN', 'STATE', 'OPENED', 'OBJECT', 'PROGRESS'].map((title) => paint('dim', title));
  const rows = runs.map((run) => [
    shortId(run.id),
    paintState(run.state, paint),
    run.openedAt,
    sourceOf(run),
    progressOf(run),
  ]);
  return table([header, ...rows]);
}

export async function showRun(io: Io, options: RunsOptions, id: string): Promise<ExitCode> {
  const { value: run } = await findRun(await connectRuns(options), id);
  io.out.write(options.output === 'json' ? json(publicRun(run)) : renderRun(run, painter(io.out)));
  return EXIT.ok;
}
