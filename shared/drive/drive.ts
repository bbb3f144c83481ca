import { ByoiError } from '../errors.ts';
import type { Stored } from '../oci/documents.ts';
import { OciServiceError } from '../oci/errors.ts';
import { SourceLostError } from '../oci/object-source.ts';
import { withoutSecrets } from '../printable.ts';
import { type Action, actionsOf, type BranchActionKind } from '../run/actions.ts';
import type { Fact } from '../run/facts.ts';
import type { Failure, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { checkImport, discardImage } from './check-import.ts';
import { configureImage } from './configure-image.ts';
import { createImage } from './create-image.ts';
import { inspectSource } from './inspect-source.ts';
import { notify } from './notify.ts';
import { createPar, deletePar, deletePars } from './pars.ts';
import type { BranchPerformer, NewFact, RunActionKind, RunPerformer } from './perform.ts';
import { saidBy } from './said.ts';
import { verifySource } from './verify-source.ts';

/** An action that would begin with less time than this is left to the next driver. */
const ACTION_RESERVE_MS = 1_000;

const RUN_PERFORMERS: Readonly<Record<RunActionKind, RunPerformer>> = {
  inspect: inspectSource,
  notify,
  close: async () => ({ kind: 'closed' }),
};

const BRANCH_PERFORMERS: Readonly<Record<BranchActionKind, BranchPerformer>> = {
  'create-par': createPar,
  'create-image': createImage,
  'check-import': checkImport,
  'verify-source': verifySource,
  'discard-image': discardImage,
  'configure-image': configureImage,
  'delete-pars': deletePars,
};

/**
 * Takes a run as far as it goes now: does what is due, writes down what came of it, until it waits, is held or is
 * closed. May die between any two lines: whoever comes next finds the record and goes on from there.
 *
 * @param hinted there is reason to believe that what the run waits for has come: ask at once
 */
export async function drive(
  deployment: Deployment,
  stored: Stored<Run>,
  hinted = false,
): Promise<Stored<Run>> {
  let current = stored;
  for (let round = 0; ; round += 1) {
    const now = new Date().toISOString();
    const due = actionsOf(current.value).filter(
      ({ notBefore }) => notBefore <= now || (hinted && round === 0),
    );
    if (due.length === 0 || deployment.deadline.remainingMs() < ACTION_RESERVE_MS) return current;
    const { value: run } = current;
    const facts = await Promise.all(due.map((action) => attempt(deployment, run, action)));
    let moved = false;
    for (const fact of facts) {
      const { stored: next, written } = await record(deployment, current, fact);
      current = next;
      moved ||= written;
    }
    if (current.value.closedAt !== null) await deployment.runs.setMarker(run.id, false);
    // Somebody else said it first, and drives the run on: two drivers in step would tell everything twice.
    if (!moved) return current;
  }
}

/** Does one action; a failure is a fact too. */
async function attempt(deployment: Deployment, run: Run, action: Action): Promise<Fact> {
  const fact = await perform(deployment, run, action).catch((error: unknown) =>
    failureOf(deployment, run, action, error),
  );
  return { ...fact, ...saidBy(deployment.deadline) };
}

async function perform(deployment: Deployment, run: Run, action: Action): Promise<NewFact> {
  if (!('region' in action)) return RUN_PERFORMERS[action.kind](deployment, run);
  const branch = run.branches.find(({ region }) => region === action.region);
  if (!branch) throw new Error(`The run has no branch for ${action.region}.`);
  return BRANCH_PERFORMERS[action.kind](deployment, run, branch);
}

function failureOf({ log }: Deployment, run: Run, action: Action, error: unknown): NewFact {
  if (error instanceof SourceLostError) return { kind: 'source-lost', how: error.how };
  const failure = describe(error);
  const transient = error instanceof OciServiceError && error.transient;
  log.warn(`${action.kind} failed`, { run: run.id, transient, ...failure });
  if ('region' in action) return { kind: 'step-failed', region: action.region, failure, transient };
  return { kind: 'run-step-failed', failure, transient };
}

function describe(error: unknown): Failure {
  if (error instanceof ByoiError) return { code: error.code, sentence: error.message, remedy: error.remedy };
  const sentence = withoutSecrets(error instanceof Error ? error.message : String(error));
  return {
    code: 'INTERNAL_ERROR',
    sentence,
    remedy: 'Report it with the log of the function; drop the object again to retry.',
  };
}

async function record(
  deployment: Deployment,
  current: Stored<Run>,
  fact: Fact,
): Promise<{ stored: Stored<Run>; written: boolean }> {
  const advanced = await deployment.runs.advance(current, fact, deployment.policy);
  const { value: run } = advanced.stored;
  if (advanced.written) {
    deployment.log.info(fact.kind, { run: run.id, state: run.state, sequence: run.sequence });
  }
  if (fact.kind === 'par-created') {
    const branch = run.branches.find(({ region }) => region === fact.region);
    // Another driver's PAR was recorded first: ours must not stay.
    if (branch?.par?.id !== fact.par.id) await deletePar(deployment, run, fact.par.id);
  }
  return advanced;
}
