import { openRunStore, type RunStore } from '../../shared/oci/run-store.ts';
import { isEnded, type Run, type RunState } from '../../shared/run/run.ts';
import { ledgerOf, openConnection } from '../connection.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter, table } from '../output.ts';
import { paintState, progressOf, publicRun, renderRun, sourceOf } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { allRunIds, findRun, openRunIds, readRuns, shortId } from '../runs.ts';
import type { Io } from '../terminal.ts';
import { tellUnreadable, unreadableJson } from '../unreadable-runs.ts';

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
  const { runs, unreadable } = await readRuns(store, ids);
  const listed = runs.filter((run) => !state || run.state === state);
  // Of what cannot be read nobody knows the state: it may be the one that is asked for.
  if (options.output === 'json')
    io.out.write(json([...listed.map(publicRun), ...unreadable.map(unreadableJson)]));
  else if (listed.length > 0) io.out.write(listing(listed, io));
  else if (unreadable.length === 0)
    io.err.write(`No runs${all ? '' : '; ended ones are listed with --all'}.\n`);
  tellUnreadable(io, unreadable, options.debug);
  return unreadable.length > 0 ? EXIT.error : EXIT.ok;
}

function listing(runs: readonly Run[], io: Io): string {
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
