import { concurrently } from '../../shared/concurrently.ts';
import { saidInPassing } from '../../shared/drive/said.ts';
import { driveSoon, wakePoller } from '../../shared/drive/wake.ts';
import { MAX_TEXT_LENGTH } from '../../shared/launch/overrides.ts';
import { DocumentConflictError, type Stored } from '../../shared/oci/documents.ts';
import type { Fact, Said } from '../../shared/run/facts.ts';
import type { Attestation, Run } from '../../shared/run/run.ts';
import type { Config } from '../../shared/runtime/config.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { openDeployment } from '../deployment.ts';
import {
  RunNotCancelableError,
  RunNotFoundError,
  RunNotHeldError,
  RunNotRetriableError,
  UsageError,
} from '../errors.ts';
import { type LeftRun, leftRun, tellLeft } from '../left-runs.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { printable } from '../output.ts';
import { EXIT, type ExitCode, reportError } from '../report-error.ts';
import { allRunIds, findRun, readRuns } from '../runs.ts';
import type { Io } from '../terminal.ts';
import { isOfRecord, tellUnreadable } from '../unreadable-runs.ts';

interface Options extends GlobalOptions, LedgerOptions {}

/** Each is a few requests. */
const CHANGES_AT_ONCE = 8;

/** What a person says of runs. */
interface Change {
  readonly action: LeftRun['action'];
  readonly factOf: (said: Said, known: Known) => Fact;
  /** What the run is not: known for certain only after the compare-and-swap. */
  readonly Refusal: new (
    id: string,
    state: string,
  ) => Error;
}

/** What a fact may need beside the time. */
interface Known {
  /** OCID of the caller, where known. */
  readonly by: string | null;
  /** Of config.json as it is now. */
  readonly definedTags: Config['definedTags'];
}

export async function attestRuns(
  io: Io,
  options: Options & { readonly license: string },
  ...ids: string[]
): Promise<ExitCode> {
  const text = options.license.trim();
  if (text.length === 0 || text.length > MAX_TEXT_LENGTH) {
    throw new UsageError(
      `--license is ${text.length} characters long.`,
      `Say whose licence it is, and which, in 1 to ${MAX_TEXT_LENGTH} characters.`,
    );
  }
  const factOf = (said: Said, { by }: Known): Fact => {
    const attestation: Attestation = { text, how: 'command', by, at: said.at };
    return { kind: 'attested', attestation, ...said };
  };
  return changeNamed(io, options, ids, { action: 'attest', factOf, Refusal: RunNotHeldError });
}

const RETRY: Change = {
  action: 'retry',
  factOf: (said, { definedTags }) => ({ kind: 'retried', definedTags, ...said }),
  Refusal: RunNotRetriableError,
};

interface RetryOptions extends Options {
  readonly all: boolean;
  /** As failures have it, in capitals. */
  readonly code?: string;
}

export async function retryRuns(io: Io, options: RetryOptions, ...ids: string[]): Promise<ExitCode> {
  const { all, code } = options;
  if (all === ids.length > 0)
    throw new UsageError(
      all ? 'Runs are named, and --all is given too.' : 'No run is named.',
      'Name the runs, or give --all.',
    );
  if (code !== undefined && !all)
    throw new UsageError('--code chooses of all runs.', 'Give --all with it, or leave it out.');
  return all ? retryAll(io, options) : changeNamed(io, options, ids, RETRY);
}

export const cancelRuns = (io: Io, options: Options, ...ids: string[]): Promise<ExitCode> =>
  changeNamed(io, options, ids, {
    action: 'cancel',
    factOf: (said) => ({ kind: 'canceled', ...said }),
    Refusal: RunNotCancelableError,
  });

/** All of them are there before the first is changed; what is changed is told, though nobody could be woken for it. */
async function changeNamed(
  io: Io,
  options: Options,
  prefixes: readonly string[],
  change: Change,
): Promise<ExitCode> {
  const { connection, deployment } = await openDeployment(io, options);
  const named = new Map<string, Stored<Run>>();
  for (const prefix of prefixes) {
    const found = await findRun(deployment.runs, prefix);
    named.set(found.value.id, found);
  }
  const [only] = named.values();
  if (!only || named.size > 1)
    return changeEach(io, options, deployment, connection.caller, new Set(named.keys()), change);
  const run = await changeRun(deployment, connection.caller, only, change);
  tellLeft(io, options, leftRun(change.action, run));
  await driveSoon(deployment, run.id);
  return EXIT.ok;
}

/** What failed, wholly or in part: what a person canceled is tried again by its name only. */
async function retryAll(io: Io, options: RetryOptions): Promise<ExitCode> {
  const { code } = options;
  const { connection, deployment } = await openDeployment(io, options);
  const { runs, unreadable } = await readRuns(deployment.runs, await allRunIds(deployment.runs));
  const failed = runs.filter((run) => ['FAILED', 'PARTIAL'].includes(run.state));
  const chosen = code === undefined ? failed : failed.filter((run) => codesOf(run).includes(code));
  if (chosen.length === 0)
    io.err.write(`No run has failed${code === undefined ? '' : ` with ${printable(code)}`}.\n`);
  const ids = new Set(chosen.map(({ id }) => id));
  const status = await changeEach(io, options, deployment, connection.caller, ids, RETRY);
  tellUnreadable(io, unreadable, options.debug);
  return unreadable.length > 0 ? EXIT.error : status;
}

const codesOf = ({ failure, branches }: Run): (string | undefined)[] => [
  failure?.code,
  ...branches.map((branch) => branch.failure?.code),
];

/** Goes on with the others where one run cannot be changed, not where nothing can; wakes the poller once for all. */
async function changeEach(
  io: Io,
  options: Options,
  deployment: Deployment,
  by: string | null,
  ids: ReadonlySet<string>,
  change: Change,
): Promise<ExitCode> {
  const changed = new Map<string, LeftRun>();
  let status: ExitCode = EXIT.ok;
  let broken: { readonly error: unknown } | undefined;
  await concurrently(ids, CHANGES_AT_ONCE, async (id) => {
    if (broken) return;
    try {
      const found = await deployment.runs.get(id);
      if (!found) throw new RunNotFoundError(id);
      changed.set(id, leftRun(change.action, await changeRun(deployment, by, found, change)));
    } catch (error) {
      if (isOfOneRun(error, change)) status = reportError(error, io.err, options.debug);
      else broken ??= { error };
    }
  });
  tellLeft(
    io,
    options,
    Array.from(ids).flatMap((id) => changed.get(id) ?? []),
  );
  if (changed.size > 0) await wakePoller(deployment);
  if (broken) throw broken.error;
  return status;
}

const isOfOneRun = (error: unknown, { Refusal }: Change): boolean =>
  error instanceof Refusal ||
  error instanceof RunNotFoundError ||
  error instanceof DocumentConflictError ||
  isOfRecord(error);

async function changeRun(
  { runs, policy, config }: Deployment,
  by: string | null,
  found: Stored<Run>,
  { factOf, Refusal }: Change,
): Promise<Run> {
  const fact = factOf(saidInPassing(), { by, definedTags: config.definedTags });
  const change = fact.kind === 'retried' ? runs.reopen : runs.advance;
  const { stored, written } = await change(found, fact, policy);
  const { value: run } = stored;
  if (!written) throw new Refusal(run.id, run.state);
  return run;
}
