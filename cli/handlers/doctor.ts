import { deadlineAt } from '../../shared/deadline.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { ledgerOf, openConnection } from '../connection.ts';
import { bucketChecks, ledgerCheck } from '../doctor/buckets.ts';
import { configCheck } from '../doctor/config.ts';
import { factsOf, findBucket } from '../doctor/facts.ts';
import type { Check, Checked } from '../doctor/finding.ts';
import { functionsCheck } from '../doctor/functions.ts';
import { loggingCheck } from '../doctor/logging.ts';
import { copyPolicyCheck, dynamicGroupCheck } from '../doctor/policies.ts';
import { imageLimitChecks, regionsCheck } from '../doctor/regions.ts';
import { rulesChecks } from '../doctor/rules.ts';
import { runChecks } from '../doctor/run-checks.ts';
import { scheduleCheck } from '../doctor/schedule.ts';
import { selfChecks } from '../doctor/self-check.ts';
import { topicCheck } from '../doctor/topic.ts';
import { waitingCheck } from '../doctor/waiting.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter, printable } from '../output.ts';
import { doctorJson, isReady, renderDoctor } from '../render-doctor.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

type Options = GlobalOptions & LedgerOptions & { readonly invoke: boolean };

/** Nobody waits longer for a look: what has not answered by then is not known. */
const MAX_MS = 5 * 60_000;

export async function examine(io: Io, options: Options): Promise<ExitCode> {
  const deadline = deadlineAt(new Date(Date.now() + MAX_MS));
  const connection = await openConnection(options, deadline);
  const ledger = await ledgerOf(connection, options);
  const log = createLog({}, (line) => options.debug && io.err.write(`${printable(line)}\n`));
  const { clients } = connection;
  const { compartmentId } = options;

  let deployment: Deployment | undefined;
  const config = configCheck(clients, ledger, deadline, log, (opened) => {
    deployment = opened;
  });
  const checked = await runChecks([config], log);
  // Where nothing is known of the deployment, its ledger is all that can be looked at.
  const chosen = compartmentId ?? deployment?.config.compartmentId;
  const find = (address: typeof ledger) => findBucket(clients, address, chosen);
  const checks: Check[] = [ledgerCheck(ledger, find, chosen)];
  if (deployment) checks.push(...checksOf(deployment, options));
  checked.push(...(await runChecks(checks, log)));
  return tell(io, options, checked);
}

function checksOf(deployment: Deployment, { compartmentId, invoke }: Options): Check[] {
  const facts = factsOf(deployment, compartmentId);
  return [
    ...bucketChecks(facts),
    functionsCheck(facts),
    ...rulesChecks(facts, compartmentId),
    scheduleCheck(facts),
    topicCheck(facts),
    loggingCheck(facts),
    regionsCheck(facts),
    ...imageLimitChecks(facts),
    dynamicGroupCheck(facts),
    copyPolicyCheck(facts),
    ...(invoke ? selfChecks(facts) : []),
    waitingCheck(facts),
  ];
}

function tell(io: Io, { output }: Options, checked: readonly Checked[]): ExitCode {
  io.out.write(output === 'json' ? json(doctorJson(checked)) : renderDoctor(checked, painter(io.out)));
  return isReady(checked) ? EXIT.ok : EXIT.error;
}
