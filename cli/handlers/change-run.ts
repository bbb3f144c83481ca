import { saidInPassing } from '../../shared/drive/said.ts';
import { driveSoon } from '../../shared/drive/wake.ts';
import { MAX_TEXT_LENGTH } from '../../shared/launch/overrides.ts';
import type { Fact, Said } from '../../shared/run/facts.ts';
import type { Attestation } from '../../shared/run/run.ts';
import type { Config } from '../../shared/runtime/config.ts';
import { openDeployment } from '../deployment.ts';
import { RunNotCancelableError, RunNotHeldError, RunNotRetriableError, UsageError } from '../errors.ts';
import { type LeftRun, leftRun, tellLeft } from '../left-runs.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { findRun } from '../runs.ts';
import type { Io } from '../terminal.ts';

type Options = GlobalOptions & LedgerOptions;

/** What a fact may need beside the time. */
interface Known {
  /** OCID of the caller, where known. */
  readonly by: string | null;
  /** Of config.json as it is now. */
  readonly definedTags: Config['definedTags'];
}

export async function attestRun(
  io: Io,
  options: Options & { readonly license: string },
  id: string,
): Promise<ExitCode> {
  const text = options.license.trim();
  if (text.length === 0 || text.length > MAX_TEXT_LENGTH) {
    throw new UsageError(
      `--license is ${text.length} characters long.`,
      `Say whose licence it is, and which, in 1 to ${MAX_TEXT_LENGTH} characters.`,
    );
  }
  const attested = (said: Said, { by }: Known): Fact => {
    const attestation: Attestation = { text, how: 'command', by, at: said.at };
    return { kind: 'attested', attestation, ...said };
  };
  return changeRun(io, options, id, 'attest', attested, RunNotHeldError);
}

export function retryRun(io: Io, options: Options, id: string): Promise<ExitCode> {
  const retried = (said: Said, { definedTags }: Known): Fact => ({ kind: 'retried', definedTags, ...said });
  return changeRun(io, options, id, 'retry', retried, RunNotRetriableError);
}

export const cancelRun = (io: Io, options: Options, id: string): Promise<ExitCode> =>
  changeRun(io, options, id, 'cancel', (said) => ({ kind: 'canceled', ...said }), RunNotCancelableError);

/**
 * Says a fact of a run for a person, and has the poller go on with it.
 *
 * @param Refusal what the run is not: known for certain only after the compare-and-swap
 */
async function changeRun(
  io: Io,
  options: Options,
  id: string,
  action: LeftRun['action'],
  factOf: (said: Said, known: Known) => Fact,
  Refusal: new (id: string, state: string) => Error,
): Promise<ExitCode> {
  const { connection, deployment } = await openDeployment(io, options);
  const { runs, policy, config } = deployment;
  const found = await findRun(runs, id);
  const fact = factOf(saidInPassing(), { by: connection.caller, definedTags: config.definedTags });
  const { stored, written } = await (fact.kind === 'retried' ? runs.reopen : runs.advance)(
    found,
    fact,
    policy,
  );
  const { value: run } = stored;
  if (!written) throw new Refusal(run.id, run.state);
  await driveSoon(deployment, run.id);
  tellLeft(io, options, leftRun(action, run));
  return EXIT.ok;
}
