import { NO_DEADLINE } from '../../shared/deadline.ts';
import { saidInPassing } from '../../shared/drive/said.ts';
import { wakePoller } from '../../shared/drive/wake.ts';
import { MAX_TEXT_LENGTH } from '../../shared/launch/overrides.ts';
import type { Attestation } from '../../shared/run/run.ts';
import { deploymentOn } from '../../shared/runtime/deployment.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { ledgerOf, openConnection } from '../connection.ts';
import { RunNotHeldError, UsageError } from '../errors.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter, printable } from '../output.ts';
import { publicRun, renderRun } from '../render-run.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import { findRun } from '../runs.ts';
import type { Io } from '../terminal.ts';

export async function attestRun(
  io: Io,
  options: GlobalOptions & LedgerOptions & { readonly license: string },
  id: string,
): Promise<ExitCode> {
  const text = options.license.trim();
  if (text.length === 0 || text.length > MAX_TEXT_LENGTH) {
    throw new UsageError(
      `--license is ${text.length} characters long.`,
      `Say whose licence it is, and which, in 1 to ${MAX_TEXT_LENGTH} characters.`,
    );
  }
  const connection = await openConnection(options);
  const log = createLog({}, (line) => options.debug && io.err.write(`${printable(line)}\n`));
  const ledger = await ledgerOf(connection, options);
  const deployment = await deploymentOn(connection.clients, ledger, NO_DEADLINE, log);
  const held = await findRun(deployment.runs, id);

  const said = saidInPassing();
  const attestation: Attestation = { text, how: 'command', by: connection.caller, at: said.at };
  const fact = { kind: 'attested', attestation, ...said } as const;
  const { stored, written } = await deployment.runs.advance(held, fact, deployment.policy);
  const { value: run } = stored;
  // Only a held run takes it; whether it was one is known for certain only after the compare-and-swap.
  if (!written) throw new RunNotHeldError(run.id, run.state);
  await wakePoller(deployment);
  io.out.write(options.output === 'json' ? json(publicRun(run)) : renderRun(run, painter(io.out)));
  return EXIT.ok;
}
