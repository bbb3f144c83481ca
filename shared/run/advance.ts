import { rejections, type Verdict } from '../launch/verdict.ts';
import { type Action, actionsOf } from './actions.ts';
import { advanceBranch, fail } from './branch.ts';
import type { BranchFact, Fact, Said, SourceLoss } from './facts.ts';
import { hoursBetween, nextTry, type Policy, plusSeconds } from './policy.ts';
import {
  type Attestation,
  type Branch,
  type Failure,
  isEnded,
  type Run,
  type RunState,
  type Source,
} from './run.ts';

/** However long a driver lives: one that is silent for longer in one action than its retries take is gone. */
const ACTION_HOLD_SECONDS = 90;

/** What a branch is to become: one image in one region. */
export interface BranchPlan {
  readonly region: string;
  readonly compartmentId: string;
  readonly displayName: string;
}

/**
 * The run that a newly found object begins with.
 *
 * @param id from `runIdOf`
 * @param attestation what came with the object, if anything
 */
export function openRun(
  id: string,
  source: Source,
  plan: readonly BranchPlan[],
  attestation: Attestation | null,
  said: Said,
): Run {
  const { at } = said;
  const branches = plan.map(
    (branch): Branch => ({
      ...branch,
      step: 'authorize',
      attempt: 1,
      par: null,
      imageId: null,
      workRequestId: null,
      percent: 0,
      tries: 0,
      since: at,
      notBefore: at,
      failure: null,
      warnings: [],
    }),
  );
  const run: Run = {
    schema: 1,
    id,
    nonce: '',
    sequence: 0,
    openedAt: at,
    updatedAt: at,
    closedAt: null,
    dueAt: at,
    state: 'OPEN',
    source,
    verdict: null,
    attestation,
    branches,
    failure: null,
    untold: null,
    tries: 0,
    since: at,
    notBefore: at,
  };
  return withDueTime(run, said);
}

/**
 * The whole logic of a journey: the run after a fact, and what to do then. Pure; a fact that is stale or already
 * known changes nothing, so that facts may come twice, late and in any order.
 */
export function advance(run: Run, fact: Fact, policy: Policy): { run: Run; actions: Action[] } {
  const next = run.closedAt === null ? settle(apply(run, fact, policy), fact.at) : run;
  if (next === run) return { run, actions: actionsOf(run) };
  const written = withDueTime({ ...next, updatedAt: fact.at, sequence: run.sequence + 1 }, fact);
  return { run: written, actions: actionsOf(written) };
}

function apply(run: Run, fact: Fact, policy: Policy): Run {
  switch (fact.kind) {
    case 'inspected':
      return isWaitingForInspection(run) ? inspected(run, fact.verdict, fact.attestation, fact.at) : run;
    case 'attested':
      if (run.state !== 'NEEDS_LICENSE') return run;
      return begin({ ...run, attestation: fact.attestation, state: 'OPEN', untold: null }, fact.at);
    case 'source-lost':
      return sourceLost(run, SOURCE_LOST[fact.how], fact.at);
    case 'notified':
      return run.untold === fact.state ? { ...run, untold: null, tries: 0 } : run;
    case 'closed':
      return isEnded(run.state) && run.untold === null ? { ...run, closedAt: fact.at } : run;
    case 'run-step-failed':
      return runStepFailed(run, fact.failure, fact.transient, fact.at, policy);
    default:
      return applyToBranch(run, fact, policy);
  }
}

function applyToBranch(run: Run, fact: BranchFact, policy: Policy): Run {
  if (run.state !== 'OPEN' || run.verdict === null) return run;
  const branches = run.branches.map((branch) => {
    return branch.region === fact.region ? advanceBranch(branch, fact, policy) : branch;
  });
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

/** From here on the branches' steps are due. */
function begin(run: Run, at: string): Run {
  return { ...run, branches: run.branches.map((branch) => ({ ...branch, since: at, notBefore: at })) };
}

/** A notification of the run's state is owed from now on. */
function tell(run: Run, at: string): Run {
  return { ...run, untold: run.state, tries: 0, since: at, notBefore: at };
}

/** Branches that OCI was not asked for yet end; those it was asked for end by their own verification. */
function sourceLost(run: Run, failure: Failure, at: string): Run {
  if (isEnded(run.state)) return run;
  if (run.verdict === null || run.state === 'NEEDS_LICENSE') return end(run, endBy(failure), failure, at);
  const branches = run.branches.map((branch) => {
    return branch.step === 'authorize' || branch.step === 'request' ? fail(branch, failure, at) : branch;
  });
  return { ...run, branches };
}

function runStepFailed(run: Run, failure: Failure, transient: boolean, at: string, policy: Policy): Run {
  const waiting = isWaitingForInspection(run) || run.untold !== null;
  if (!waiting) return run;
  if (transient && hoursBetween(run.since, at) <= policy.giveUpHours) {
    return { ...run, tries: run.tries + 1, notBefore: nextTry(at, run.tries, policy) };
  }
  // A topic that refuses must not keep a run open for ever: the state and the log still tell.
  return run.untold === null ? end(run, 'FAILED', failure, at) : { ...run, untold: null, tries: 0 };
}

/** Ends the run when its last branch is done. */
function settle(run: Run, at: string): Run {
  if (run.state !== 'OPEN' || run.verdict === null || run.branches.some((branch) => branch.step !== 'done'))
    return run;
  const failure = run.branches.find((branch) => branch.failure)?.failure ?? null;
  if (failure === null) return end(run, 'SUCCEEDED', null, at);
  return end(run, endBy(failure), failure, at);
}

function endBy({ code }: Failure): RunState {
  if (code === SOURCE_LOST.archived.code) return 'REFUSED';
  return code === SOURCE_LOST.overwritten.code || code === SOURCE_LOST.deleted.code ? 'SUPERSEDED' : 'FAILED';
}

function end(run: Run, state: RunState, reason: Failure | null, at: string): Run {
  const failure = reason && { code: reason.code, sentence: reason.sentence, remedy: reason.remedy };
  return tell({ ...run, state, failure }, at);
}

/** The run's next step is anybody's when it is due, but no sooner than the driver at work has had its time. */
function withDueTime(run: Run, { at, heldUntil }: Said): Run {
  const [first] = actionsOf(run)
    .map((action) => action.notBefore)
    .sort();
  if (first === undefined) return { ...run, dueAt: null };
  if (first > at) return { ...run, dueAt: first };
  // An inspection may take all the time its driver has.
  const silence = run.verdict === null ? heldUntil : plusSeconds(at, ACTION_HOLD_SECONDS);
  return { ...run, dueAt: silence < heldUntil ? silence : heldUntil };
}

function isWaitingForInspection(run: Run): boolean {
  return run.state === 'OPEN' && run.verdict === null;
}

const SOURCE_LOST = {
  overwritten: {
    code: 'SOURCE_OVERWRITTEN',
    sentence: 'The object was overwritten before its import was asked for.',
    remedy: 'Nothing is lost: the new content has a run of its own.',
  },
  deleted: {
    code: 'SOURCE_DELETED',
    sentence: 'The object was deleted before its import was asked for.',
    remedy: 'Upload it again to import it.',
  },
  archived: {
    code: 'SOURCE_ARCHIVED',
    sentence: 'The object is in the Archive tier and cannot be read.',
    remedy:
      'Restore it with `oci os object restore`, wait until it is Restored, and copy it with `oci os object copy` to a ' +
      'name of its own in a drop bucket of the Standard tier.',
  },
} as const satisfies Record<SourceLoss, Failure>;
