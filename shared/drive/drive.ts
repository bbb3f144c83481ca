import { ByoiError, failureOf } from '../errors.ts';
import type { Stored } from '../oci/documents.ts';
import { OciServiceError } from '../oci/errors.ts';
import { SourceLostError } from '../oci/object-source.ts';
import { withoutSecrets } from '../printable.ts';
import {
  type Action,
  actionsOf,
  type BranchActionKind,
  type ExportActionKind,
  type RunActionKind,
} from '../run/actions.ts';
import type { Fact } from '../run/facts.ts';
import { type Branch, type Failure, originOf, type Run } from '../run/run.ts';
import { beganAt } from '../run/stage.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { checkCopy } from './check-copy.ts';
import { checkDestination } from './check-destination.ts';
import { checkDestinations } from './check-destinations.ts';
import { checkExport } from './check-export.ts';
import { checkImport } from './check-import.ts';
import { cleanUp } from './clean-up.ts';
import { cleanUpExport } from './clean-up-export.ts';
import { configureImage } from './configure-image.ts';
import { copyObject } from './copy-object.ts';
import { createImage } from './create-image.ts';
import { exportImage } from './export-image.ts';
import { inspectSource } from './inspect-source.ts';
import { close } from './intermediates.ts';
import { notify } from './notify.ts';
import { discardImage } from './own-image.ts';
import { createExportPar, createPar, deletePar } from './pars.ts';
import type { BranchPerformer, ExportPerformer, NewFact, RunPerformer } from './perform.ts';
import { saidBy } from './said.ts';
import { endTurns } from './turns.ts';
import { verifySource } from './verify-source.ts';

/** An action that would begin with less time than this is left to the next driver. */
const ACTION_RESERVE_MS = 1_000;

const RUN_PERFORMERS: Readonly<Record<RunActionKind, RunPerformer>> = {
  inspect: inspectSource,
  notify,
  close,
};

const EXPORT_PERFORMERS: Readonly<Record<ExportActionKind, ExportPerformer>> = {
  'check-destinations': checkDestinations,
  'create-export-par': createExportPar,
  'export-image': exportImage,
  'check-export': checkExport,
  'clean-up-export': cleanUpExport,
};

const BRANCH_PERFORMERS: Readonly<Record<BranchActionKind, BranchPerformer>> = {
  'check-destination': checkDestination,
  'copy-object': copyObject,
  'check-copy': checkCopy,
  'create-par': createPar,
  'create-image': createImage,
  'check-import': checkImport,
  'verify-source': verifySource,
  'discard-image': discardImage,
  'configure-image': configureImage,
  'clean-up': cleanUp,
};

/** Is there reason to believe that what an action waits for has come? Then it is done at once. */
export type Hint = (action: Action, run: Run) => boolean;

/** The hint that certain branches can go on. */
export const hintOf =
  (isMeant: (branch: Branch) => boolean): Hint =>
  (action, { branches }) =>
    'branch' in action && branches.some((branch) => branch.id === action.branch && isMeant(branch));

/**
 * Takes a run as far as it goes now: does what is due, writes down what came of it, until it waits, is held or is
 * closed. May die between any two lines: whoever comes next finds the record and goes on from there.
 *
 * @param hint to do first what is not due yet: that, and nothing that somebody else may be called to do
 */
export async function drive(
  deployment: Deployment,
  stored: Stored<Run>,
  hint: Hint = () => false,
): Promise<Stored<Run>> {
  let current = stored;
  for (let round = 0; ; round += 1) {
    const now = new Date().toISOString();
    const { value: run } = current;
    const due = actionsOf(run).filter(
      (action) => action.notBefore <= now || (round === 0 && hint(action, run)),
    );
    if (due.length === 0 || deployment.deadline.remainingMs() < ACTION_RESERVE_MS) return current;
    const facts = await Promise.all(due.map((action) => attempt(deployment, run, action)));
    let moved = false;
    for (const fact of facts) {
      const { stored: next, written } = await record(deployment, current, fact);
      current = next;
      moved ||= written;
    }
    if (current.value.closedAt !== null) await deployment.runs.unmark(run.id);
    // Somebody else said it first, and drives the run on: two drivers in step would tell everything twice.
    if (!moved) return current;
  }
}

/** Does one action; a failure is a fact too. */
async function attempt(deployment: Deployment, run: Run, action: Action): Promise<Fact> {
  const fact = await perform(deployment, run, action).catch((error: unknown) =>
    factOfFailure(deployment, run, action, error),
  );
  return { ...fact, ...saidBy(deployment.deadline), stepBegan: stepBeganOf(run, action) };
}

/** By this a fact is known for one of a step that is over: somebody may have canceled or retried the run meanwhile. */
function stepBeganOf({ since, exporting, branches }: Run, action: Action): string {
  const branch = 'branch' in action && branches.find(({ id }) => id === action.branch);
  if (branch) return beganAt(branch);
  return exporting && isOfExport(action.kind) ? beganAt(exporting) : since;
}

async function perform(deployment: Deployment, run: Run, action: Action): Promise<NewFact> {
  if ('branch' in action) {
    const branch = run.branches.find(({ id }) => id === action.branch);
    if (!branch) throw new Error(`The run has no branch ${action.branch}.`);
    return BRANCH_PERFORMERS[action.kind](deployment, run, branch);
  }
  if (!isOfExport(action.kind)) return RUN_PERFORMERS[action.kind](deployment, run);
  if (!run.exporting) throw new Error('The run has no export.');
  return EXPORT_PERFORMERS[action.kind](deployment, run, run.exporting);
}

const isOfExport = (kind: Action['kind']): kind is ExportActionKind => kind in EXPORT_PERFORMERS;

function factOfFailure({ log }: Deployment, run: Run, action: Action, error: unknown): NewFact {
  if (error instanceof SourceLostError) return { kind: 'source-lost', how: error.how };
  const failure = describe(error);
  const transient = error instanceof OciServiceError && error.transient;
  log.warn(`${action.kind} failed`, { run: run.id, transient, ...failure });
  if ('branch' in action) return { kind: 'step-failed', branch: action.branch, failure, transient };
  if (isOfExport(action.kind)) return { kind: 'export-step-failed', failure, transient };
  return { kind: 'run-step-failed', failure, transient };
}

function describe(error: unknown): Failure {
  if (error instanceof ByoiError) return failureOf(error);
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
  await deleteSurplusPar(deployment, run, fact);
  if (!advanced.written) await returnSurplusTickets(deployment, run, fact);
  return advanced;
}

/** Somebody else ended the branch meanwhile: others wait behind the ticket that may just have been taken for it. */
async function returnSurplusTickets(deployment: Deployment, run: Run, fact: Fact): Promise<void> {
  const branch = 'branch' in fact && run.branches.find(({ id }) => id === fact.branch);
  if (branch && branch.step === 'done') await endTurns(deployment, run, branch);
}

/** Another driver's PAR was recorded first: ours must not stay. */
async function deleteSurplusPar(deployment: Deployment, run: Run, fact: Fact): Promise<void> {
  if (fact.kind === 'export-par-created' && run.exporting && run.exporting.par?.id !== fact.par.id)
    await deletePar(deployment, run.exporting.object, fact.par.id);
  if (fact.kind !== 'par-created') return;
  const branch = run.branches.find(({ id }) => id === fact.branch);
  if (branch && branch.par?.id !== fact.par.id)
    await deletePar(deployment, originOf(run, branch), fact.par.id);
}
