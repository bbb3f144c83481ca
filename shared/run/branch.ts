import type { BranchFact } from './facts.ts';
import { hoursBetween, nextTry, type Policy, plusSeconds } from './policy.ts';
import type { Branch, BranchStep, Failure } from './run.ts';
import { beganAt, enter, gaveUp, isFailure, isStale, pending, waitLonger } from './stage.ts';

/** The branch after a fact; the same branch where the fact is stale or was already known. */
export function advanceBranch(branch: Branch, fact: BranchFact, policy: Policy): Branch {
  const { at } = fact;
  const { step } = branch;
  // An image that comes late must go all the same.
  if (fact.kind !== 'image-requested' && isStale(fact, beganAt(branch))) return branch;
  switch (fact.kind) {
    case 'destination-checked':
      return step === 'check' ? enter(branch, 'copy', at) : branch;
    case 'queued':
      return step === 'copy' || step === 'authorize' ? queued(branch, fact.ticket, at, policy) : branch;
    case 'crowded':
      if (step !== 'authorize') return branch;
      // As often as any work request is asked for; what it waits for is no failure, so that its patience does not run out.
      return { ...waitLonger(branch, at, policy), queue: null, crowded: true, since: at };
    case 'copy-requested':
      if (step !== 'copy') return branch;
      return asked({ ...branch, workRequestId: fact.workRequestId, percent: 0 }, 'transfer', at, policy);
    case 'copy-pending':
      return step === 'transfer' ? transferPending(branch, fact.percent, at, policy) : branch;
    case 'copy-found':
      return isCopying(step) ? copied(branch, fact.eTag, at) : branch;
    case 'copy-failed':
      return isCopying(step) ? fail(branch, fact.failure, at) : branch;
    case 'par-created':
      if (step !== 'authorize' || fact.attempt !== branch.attempt) return branch;
      return enter({ ...branch, par: fact.par, queue: null, crowded: false }, 'request', at);
    case 'par-lost':
      if (step !== 'request' || fact.attempt !== branch.attempt) return branch;
      return enter({ ...branch, par: null, attempt: branch.attempt + 1 }, 'authorize', at);
    case 'image-requested':
      return imageRequested(branch, fact, policy);
    case 'import-pending':
      return step === 'import' ? importPending(branch, fact.percent, at, policy) : branch;
    case 'import-succeeded':
      return step === 'import' ? enter({ ...branch, percent: 100 }, 'verify', at) : branch;
    case 'import-failed':
      return step === 'import' ? failAndDiscard(branch, fact.failure, at) : branch;
    case 'source-verified':
      return step === 'verify' ? sourceVerified(branch, fact.result, at) : branch;
    case 'image-discarded':
      return step === 'discard' ? imageDiscarded(branch, at) : branch;
    case 'image-configured':
      return step === 'configure' ? enter(warned(branch, fact.warnings), 'clean-up', at) : branch;
    case 'cleaned-up':
      return step === 'clean-up' ? enter({ ...branch, par: null }, 'done', at) : branch;
    case 'step-failed':
      return stepFailed(branch, fact.failure, fact.transient, at, policy);
  }
}

/** Ends a branch with a failure; what it made is still cleaned up. */
export function fail(branch: Branch, failure: Failure, at: string): Branch {
  return enter({ ...branch, failure, queue: null, crowded: false }, 'clean-up', at);
}

/** Likewise where there may be an image, which must go first. */
function failAndDiscard(branch: Branch, failure: Failure, at: string): Branch {
  return enter({ ...branch, failure }, 'discard', at);
}

/** The branch where the source is lost: it ends if it has not read it yet, and else by its own verification. */
export function loseSource(branch: Branch, failure: Failure, at: string): Branch {
  switch (branch.step) {
    case 'check':
    case 'copy':
      return fail(branch, failure, at);
    case 'authorize':
      return branch.copy ? branch : fail(branch, failure, at);
    case 'request':
      // Whoever asked for the image before, and died of it, may have been in time.
      return branch.copy ? branch : failAndDiscard(branch, failure, at);
    default:
      return branch;
  }
}

/**
 * The branch of a run that a person cancels.
 *
 * @param quietAt from when no driver can be in the midst of CreateImage any more
 */
export function cancelBranch(branch: Branch, at: string, quietAt: string): Branch {
  switch (branch.step) {
    case 'done':
    case 'clean-up':
      return branch;
    case 'discard':
      // What is to go goes; a driver that may be asking for it is waited for as before.
      return branch.failure ? branch : { ...branch, failure: CANCELED };
    case 'request':
      // A driver may be asking for the image just now: what it gets is looked for afterwards.
      return { ...failAndDiscard(branch, CANCELED, at), notBefore: quietAt };
    case 'import':
    case 'verify':
    case 'configure':
      return failAndDiscard(branch, CANCELED, at);
    default:
      return fail(branch, CANCELED, at);
  }
}

/** The step in which a branch failed. */
function failedStepOf({ history }: Branch): BranchStep {
  const steps = history.map(({ step }) => step).filter((step) => !AFTERMATH.has(step));
  return steps.at(-1) ?? 'authorize';
}

const AFTERMATH: ReadonlySet<BranchStep> = new Set(['discard', 'clean-up', 'done']);

/**
 * A failed branch from the step on that failed, as a new attempt; any other as it is.
 *
 * @param exportsAgain what is imported without a copy will be another object
 */
export function retryBranch(branch: Branch, exportsAgain: boolean, at: string): Branch {
  const { step, failure, imageId, attempt } = branch;
  if (step !== 'done' || !failure || isHopeless(failure)) return branch;
  const anew = {
    ...branch,
    attempt: attempt + 1,
    failure: null,
    workRequestId: null,
    percent: 0,
    queue: null,
  };
  // The new attempt would take it for its own.
  const disowned = isImageKept(branch) || (exportsAgain && !branch.copy);
  if (imageId && disowned) return enter(anew, 'discard', at);
  const failedStep = failedStepOf(branch);
  const goesOn = failedStep === 'verify' || failedStep === 'configure';
  return imageId && goesOn && !isImageGone(failure) ? enter(anew, failedStep, at) : beginAgain(anew, at);
}

function beginAgain(branch: Branch, at: string): Branch {
  const anew = { ...branch, imageId: null };
  if (branch.copy) return enter({ ...anew, copy: { ...branch.copy, eTag: null } }, 'check', at);
  return enter(anew, 'authorize', at);
}

/** Was the image to go, and could not be deleted? */
function isImageKept({ history }: Branch): boolean {
  const steps = history.map(({ step }) => step);
  return steps.slice(steps.findLastIndex((step) => !AFTERMATH.has(step)) + 1).includes('discard');
}

const isCopying = (step: BranchStep) => step === 'check' || step === 'copy' || step === 'transfer';

const warned = (branch: Branch, warnings: readonly Failure[]): Branch => ({
  ...branch,
  warnings: [...branch.warnings, ...warnings],
});

/** OCI was asked, and is first looked at after a while. */
function asked(branch: Branch, step: BranchStep, at: string, policy: Policy): Branch {
  return { ...enter(branch, step, at), queue: null, notBefore: nextTry(at, 0, policy) };
}

/** Whoever waits for its turn is called by the poller; should it not be, it asks again after so many of its pauses. */
const QUEUE_PAUSES = 10;

/** It has not begun, so that its patience does not run out. */
function queued(branch: Branch, ticket: string, at: string, policy: Policy): Branch {
  const notBefore = plusSeconds(at, QUEUE_PAUSES * policy.pollMaxSeconds);
  return { ...branch, queue: ticket, crowded: false, since: at, notBefore };
}

function copied(branch: Branch, eTag: string, at: string): Branch {
  if (!branch.copy) return branch;
  const there = { ...branch, copy: { ...branch.copy, eTag }, percent: 0, workRequestId: null, queue: null };
  return enter(there, branch.imports ? 'authorize' : 'clean-up', at);
}

function transferPending(branch: Branch, percent: number, at: string, policy: Policy): Branch {
  const waited = pending(branch, percent, { what: 'copy', hours: policy.copyTimeoutHours }, at, policy);
  return isFailure(waited) ? fail(branch, waited, at) : waited;
}

function imageRequested(branch: Branch, fact: ImageRequested, policy: Policy): Branch {
  const { imageId, workRequestId, at } = fact;
  const { step, failure } = branch;
  if (step === 'request') {
    // One of an earlier attempt is found by its tag.
    if (isStale(fact, beganAt(branch))) return branch;
    return asked({ ...branch, imageId, workRequestId, percent: 0 }, 'import', at, policy);
  }
  // The branch was ended by somebody else while this driver asked: the image must not outlive it.
  if (failure && branch.imageId === null && AFTERMATH.has(step))
    return enter({ ...branch, imageId }, 'discard', at);
  // The same image, found by its tag before the answer with the work request's id was recorded.
  const missing = step === 'import' && branch.imageId === imageId && branch.workRequestId === null;
  return missing && workRequestId !== null ? { ...branch, workRequestId } : branch;
}

type ImageRequested = BranchFact & { readonly kind: 'image-requested' };

function importPending(branch: Branch, percent: number, at: string, policy: Policy): Branch {
  const waited = pending(branch, percent, { what: 'import', hours: policy.importTimeoutHours }, at, policy);
  return isFailure(waited) ? failAndDiscard(branch, waited, at) : waited;
}

function sourceVerified(branch: Branch, result: 'same' | 'deleted' | 'changed', at: string): Branch {
  if (result === 'changed') return failAndDiscard(branch, sourceChanged(branch), at);
  return enter(result === 'deleted' ? warned(branch, [SOURCE_DELETED_MEANWHILE]) : branch, 'configure', at);
}

/** A branch that was failed by then ends; one that is tried again begins. */
function imageDiscarded(branch: Branch, at: string): Branch {
  return branch.failure ? enter({ ...branch, imageId: null }, 'clean-up', at) : beginAgain(branch, at);
}

function stepFailed(
  branch: Branch,
  failure: Failure,
  transient: boolean,
  at: string,
  policy: Policy,
): Branch {
  const { step } = branch;
  if (step === 'done') return branch;
  const patience = patienceOf(step, policy);
  if (transient && hoursBetween(branch.since, at) <= patience) return waitLonger(branch, at, policy);
  // A PAR that cannot be deleted expires by itself; it must not keep the run open, but it is told.
  if (step === 'clean-up') return enter({ ...warned(branch, [failure]), par: null }, 'done', at);
  if (step === 'discard') return enter(imageKept(warned(branch, [failure]), failure), 'clean-up', at);
  const reason = transient ? gaveUp(failure, patience) : failure;
  // A call without an answer, or of a driver that died of it, may have made the image all the same.
  return step === 'request' || step === 'import'
    ? failAndDiscard(branch, reason, at)
    : fail(branch, reason, at);
}

/** A work request that cannot be asked for a while is no failed one, however long that takes already. */
function patienceOf(step: BranchStep, policy: Policy): number {
  if (step === 'import') return policy.importTimeoutHours;
  return step === 'transfer' ? policy.copyTimeoutHours : policy.giveUpHours;
}

/** Somebody deleted it before it was configured. */
const isImageGone = ({ code }: Failure): boolean => code === 'IMAGE_DELETED';

/** Of a destination that nothing is known of: there is nothing to try again. */
const isHopeless = ({ code }: Failure): boolean => code === 'DESTINATION_UNKNOWN';

export const CANCELED: Failure = {
  code: 'CANCELED',
  sentence: 'A person canceled the run.',
  remedy: '`byoi runs retry` begins what was canceled anew.',
};

/** Was the object itself overwritten that the branch imported from? */
export const isSourceChanged = ({ copy, failure }: Branch): boolean =>
  !copy && failure?.code === 'SOURCE_CHANGED';

function sourceChanged({ copy }: Branch): Failure {
  return {
    code: 'SOURCE_CHANGED',
    sentence: `The ${copy ? 'copy' : 'object'} was overwritten while OCI was importing it, so the image may hold parts of both contents.`,
    remedy: copy
      ? 'The image was deleted. Delete the object that is there now; then `byoi runs retry` copies again.'
      : 'The image was deleted. What was dropped has a run of its own; upload it again if it has none. What a run exported is exported again by `byoi runs retry`.',
  };
}

/** What was to be said once the image was gone is not true. */
function imageKept(branch: Branch, reason: Failure): Branch {
  const { imageId } = branch;
  const failure = branch.failure ?? reason;
  const remedy = imageId
    ? `The image could not be deleted: do not use it, \`oci compute image delete --image-id ${imageId}\`.`
    : `${failure.remedy ? `${failure.remedy} ` : ''}${MAYBE_AN_IMAGE}`;
  return { ...branch, failure: { ...failure, remedy } };
}

const MAYBE_AN_IMAGE =
  'There may be an image with the tag byoi-run and the id of this run: do not use it, and delete it.';

const SOURCE_DELETED_MEANWHILE: Failure = {
  code: 'SOURCE_DELETED',
  sentence:
    'The object was deleted while OCI was importing it: that it had not changed before could not be checked.',
  remedy: 'Keep the object until its run has ended.',
};
