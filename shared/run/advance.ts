import { rejections, type Verdict } from '../launch/verdict.ts';
import { type Action, actionsOf } from './actions.ts';
import { advanceBranch, CANCELED, cancelBranch, isSourceChanged, loseSource, retryBranch } from './branch.ts';
import { advanceExport, cancelExport, mayLackItsWay, retryExport } from './export.ts';
import { type BranchFact, type ExportFact, type Fact, isExportFact, type Said } from './facts.ts';
import { isExportLost, isRefusing, isSuperseding, lossOf } from './losses.ts';
import { hoursBetween, nextTry, type Policy, plusSeconds } from './policy.ts';
import { type Attestation, type Branch, type Failure, isEnded, type Run, type RunState } from './run.ts';
import { enter, isStale, restart } from './stage.ts';

/** However long a driver lives: one that is silent for longer in one action than its retries take is gone. */
const ACTION_HOLD_SECONDS = 90;

/**
 * The whole logic of a journey: the run after a fact, and what to do then. Pure; a fact that is stale or already
 * known changes nothing, so that facts may come twice, late and in any order.
 */
export function advance(run: Run, fact: Fact, policy: Policy): { run: Run; actions: Action[] } {
  const next = settle(apply(run, fact, policy), fact.at);
  if (next === run) return { run, actions: actionsOf(run) };
  const written = withDueTime({ ...next, updatedAt: fact.at, sequence: run.sequence + 1 }, fact);
  return { run: written, actions: actionsOf(written) };
}

function apply(run: Run, fact: Fact, policy: Policy): Run {
  if (fact.kind === 'retried') return retry(run, fact);
  if (run.closedAt !== null) return run;
  if (isExportFact(fact)) return applyToExport(run, fact, policy);
  if (SAID_OF_RUN.has(fact.kind) && isStale(fact, run.since)) return run;
  switch (fact.kind) {
    case 'inspected':
      return isWaitingForInspection(run) ? inspected(run, fact.verdict, fact.attestation, fact.at) : run;
    case 'attested':
      if (run.state !== 'NEEDS_LICENSE') return run;
      return begin({ ...run, attestation: fact.attestation, state: 'OPEN', untold: null }, fact.at);
    case 'source-lost':
      return sourceLost(run, lossOf(run, fact.how), fact.at);
    case 'notified':
      return run.untold === fact.state ? { ...run, untold: null, tries: 0, since: fact.at } : run;
    case 'closed':
      return isEnded(run.state) && run.untold === null ? { ...run, closedAt: fact.at } : run;
    case 'run-step-failed':
      return runStepFailed(run, fact.failure, fact.transient, fact.at, policy);
    case 'canceled':
      return cancel(run, fact.at);
    default:
      return applyToBranch(run, fact, policy);
  }
}

/** What drivers say of a run as a whole; a person speaks of the run as it is. */
const SAID_OF_RUN: ReadonlySet<Fact['kind']> = new Set([
  'inspected',
  'source-lost',
  'notified',
  'closed',
  'run-step-failed',
]);

function applyToExport(run: Run, fact: ExportFact, policy: Policy): Run {
  if (run.state !== 'OPEN' || !run.exporting) return run;
  const exporting = advanceExport(run.exporting, fact, policy);
  if (exporting === run.exporting) return run;
  if (fact.kind === 'export-succeeded') return { ...run, exporting, source: fact.source };
  if (fact.kind === 'export-checked') return withoutWay({ ...run, exporting }, fact.failures, fact.at);
  // The branches' time begins with their source.
  return exporting.step === 'done' ? begin({ ...run, exporting }, fact.at) : { ...run, exporting };
}

/** Branches that could not take their copy are done: there is nothing of theirs to clean up. */
function withoutWay(run: Run, failures: FactOf<'export-checked'>['failures'], at: string): Run {
  return withBranches(run, (branch) => {
    const failure = failures.find((one) => one.branch === branch.id)?.failure;
    return failure && mayLackItsWay(branch) ? enter({ ...branch, failure }, 'done', at) : branch;
  });
}

type FactOf<Kind extends Fact['kind']> = Extract<Fact, { readonly kind: Kind }>;

function applyToBranch(run: Run, fact: BranchFact, policy: Policy): Run {
  if (run.state !== 'OPEN' || !isReady(run)) return run;
  return withBranches(run, (branch) =>
    branch.id === fact.branch ? advanceBranch(branch, fact, policy) : branch,
  );
}

/** The run with its branches changed; the same where none is. */
function withBranches(run: Run, change: (branch: Branch) => Branch): Run {
  const branches = run.branches.map(change);
  return branches.some((branch, index) => branch !== run.branches[index]) ? { ...run, branches } : run;
}

function inspected(run: Run, verdict: Verdict, configured: Attestation | null, at: string): Run {
  const known = { ...run, verdict };
  const [rejection] = rejections(verdict);
  if (rejection) return end(known, 'REFUSED', rejection, at);
  if (verdict.licensedSystem === null || known.attestation) return begin(known, at);
  if (configured) return begin({ ...known, attestation: configured }, at);
  return tell({ ...known, state: 'NEEDS_LICENSE' }, at);
}

/** From here on the steps that wait are due. */
function begin(run: Run, at: string): Run {
  const exporting = run.exporting && restart(run.exporting, at);
  return { ...run, exporting, branches: run.branches.map((branch) => restart(branch, at)) };
}

/** A notification of the run's state is owed from now on. */
function tell(run: Run, at: string): Run {
  return { ...run, untold: run.state, tries: 0, since: at, notBefore: at };
}

/** Branches that have not read it yet end; those that OCI was asked for end by their own verification. */
function sourceLost(run: Run, failure: Failure, at: string): Run {
  if (isEnded(run.state)) return run;
  if (!isReady(run) || run.state === 'NEEDS_LICENSE')
    return run.exporting ? run : end(run, endBy(failure), failure, at);
  return withBranches(run, (branch) => loseSource(branch, failure, at));
}

function runStepFailed(run: Run, failure: Failure, transient: boolean, at: string, policy: Policy): Run {
  const closing = isEnded(run.state) && run.untold === null;
  if (!isWaitingForInspection(run) && run.untold === null && !closing) return run;
  if (transient && hoursBetween(run.since, at) <= policy.giveUpHours) {
    return { ...run, tries: run.tries + 1, notBefore: nextTry(at, run.tries, policy) };
  }
  // Neither a topic that refuses nor an export that cannot be deleted may keep a run open for ever.
  if (closing) return { ...run, closedAt: at };
  return run.untold === null
    ? end(run, 'FAILED', failure, at)
    : { ...run, untold: null, tries: 0, since: at };
}

/** Ends what can be ended at once; branches that are at work clean up first. */
function cancel(run: Run, at: string): Run {
  if (isEnded(run.state)) return run;
  if (run.exporting && run.exporting.step !== 'done' && run.state === 'OPEN') {
    const exporting = cancelExport(run.exporting, at);
    return exporting === run.exporting ? run : { ...run, exporting };
  }
  if (run.state === 'NEEDS_LICENSE' || !isReady(run)) return end(run, 'CANCELED', CANCELED, at);
  const quietAt = plusSeconds(at, ACTION_HOLD_SECONDS);
  return withBranches(run, (branch) => cancelBranch(branch, at, quietAt));
}

/** A run that ended is opened again, for what failed in it; what succeeded stays. */
function retry(run: Run, { at, definedTags }: FactOf<'retried'>): Run {
  if (!RETRIED_STATES.has(run.state)) return run;
  const exporting = run.exporting && isExportGone(run) ? retryExport(run.exporting, at) : null;
  const branches = run.branches.map((branch) => retryBranch(branch, exporting !== null, at));
  const open = { ...run, state: 'OPEN', closedAt: null, failure: null, untold: null, tries: 0 } as const;
  const again = {
    ...open,
    since: at,
    notBefore: at,
    definedTags,
    branches,
    ...(exporting && { exporting, source: null }),
  };
  return needsLicense(again) ? tell({ ...again, state: 'NEEDS_LICENSE' }, at) : begin(again, at);
}

/** What a canceled run had exported went with it, when it was closed at the latest. */
const isExportGone = ({ state, source, exporting, branches }: Run): boolean =>
  state === 'CANCELED' ||
  source === null ||
  exporting?.failure != null ||
  branches.some((branch) => isSourceChanged(branch) || (branch.failure && isExportLost(branch.failure)));

const needsLicense = ({ verdict, attestation }: Run): boolean =>
  verdict !== null && verdict.licensedSystem !== null && attestation === null;

const RETRIED_STATES: ReadonlySet<RunState> = new Set(['FAILED', 'PARTIAL', 'CANCELED']);

/** Ends the run when its export failed, its last branch is done, or none of them could ever begin. */
export function settle(run: Run, at: string): Run {
  if (run.state !== 'OPEN') return run;
  const { exporting, branches } = run;
  if (exporting?.step === 'done' && exporting.failure) return endFailed(run, exporting.failure, at);
  const hopeless = branches.length > 0 && branches.every(({ step, failure }) => step === 'done' && failure);
  if (!hopeless && (!isReady(run) || branches.some(({ step }) => step !== 'done'))) return run;
  const failure = branches.find((branch) => branch.failure)?.failure ?? null;
  return failure === null ? end(run, 'SUCCEEDED', null, at) : endFailed(run, failure, at);
}

function endFailed(run: Run, failure: Failure, at: string): Run {
  const partial = run.branches.some((branch) => branch.step === 'done' && branch.failure === null);
  return end(run, partial ? 'PARTIAL' : endBy(failure), failure, at);
}

function endBy(failure: Failure): RunState {
  if (isRefusing(failure)) return 'REFUSED';
  if (failure.code === CANCELED.code) return 'CANCELED';
  return isSuperseding(failure) ? 'SUPERSEDED' : 'FAILED';
}

function end(run: Run, state: RunState, reason: Failure | null, at: string): Run {
  const failure = reason && { code: reason.code, sentence: reason.sentence, remedy: reason.remedy };
  return tell({ ...run, state, failure }, at);
}

/** The run's next step is anybody's when it is due, but no sooner than the driver at work has had its time. */
export function withDueTime(run: Run, { at, heldUntil }: Said): Run {
  const [first] = actionsOf(run)
    .map((action) => action.notBefore)
    .sort();
  if (first === undefined) return { ...run, dueAt: null };
  if (first > at) return { ...run, dueAt: first };
  // An inspection may take all the time its driver has.
  const silence = run.verdict === null ? heldUntil : plusSeconds(at, ACTION_HOLD_SECONDS);
  return { ...run, dueAt: silence < heldUntil ? silence : heldUntil };
}

/** Is everything there that the branches need? */
const isReady = ({ source, verdict, exporting }: Run): boolean =>
  source !== null &&
  verdict !== null &&
  (exporting === null || (exporting.step === 'done' && !exporting.failure));

function isWaitingForInspection(run: Run): boolean {
  return run.state === 'OPEN' && run.verdict === null;
}
