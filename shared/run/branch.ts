import type { BranchFact } from './facts.ts';
import { hoursBetween, nextTry, type Policy } from './policy.ts';
import type { Branch, BranchStep, Failure } from './run.ts';

/** The branch after a fact; the same branch where the fact is stale or was already known. */
export function advanceBranch(branch: Branch, fact: BranchFact, policy: Policy): Branch {
  const { at } = fact;
  switch (fact.kind) {
    case 'par-created':
      if (branch.step !== 'authorize' || fact.attempt !== branch.attempt) return branch;
      return enter({ ...branch, par: fact.par }, 'request', at);
    case 'par-lost':
      if (branch.step !== 'request' || fact.attempt !== branch.attempt) return branch;
      return enter({ ...branch, par: null, attempt: branch.attempt + 1 }, 'authorize', at);
    case 'image-requested':
      return imageRequested(branch, fact, policy);
    case 'import-pending':
      return branch.step === 'import' ? importPending(branch, fact.percent, at, policy) : branch;
    case 'import-succeeded':
      return branch.step === 'import' ? enter({ ...branch, percent: 100 }, 'verify', at) : branch;
    case 'import-failed':
      return branch.step === 'import' ? fail(branch, fact.failure, at) : branch;
    case 'source-verified':
      return branch.step === 'verify' ? sourceVerified(branch, fact.result, at) : branch;
    case 'image-discarded':
      return branch.step === 'discard' ? fail(branch, SOURCE_CHANGED, at) : branch;
    case 'image-configured':
      if (branch.step !== 'configure') return branch;
      return enter({ ...branch, warnings: [...branch.warnings, ...fact.warnings] }, 'clean-up', at);
    case 'cleaned-up':
      return branch.step === 'clean-up' ? enter({ ...branch, par: null }, 'done', at) : branch;
    case 'step-failed':
      return stepFailed(branch, fact.failure, fact.transient, at, policy);
  }
}

/** Ends a branch with a failure; what it made is still cleaned up. */
export function fail(branch: Branch, failure: Failure, at: string): Branch {
  return enter({ ...branch, failure }, 'clean-up', at);
}

function enter(branch: Branch, step: BranchStep, at: string): Branch {
  return { ...branch, step, since: at, tries: 0, notBefore: at };
}

function imageRequested(
  branch: Branch,
  fact: { imageId: string; workRequestId: string | null; at: string },
  policy: Policy,
): Branch {
  const { imageId, workRequestId, at } = fact;
  if (branch.step === 'request') {
    const asked = enter({ ...branch, imageId, workRequestId }, 'import', at);
    return { ...asked, notBefore: nextTry(at, 0, policy) };
  }
  // The same image, found by its tag before the answer with the work request's id was recorded.
  const missing = branch.step === 'import' && branch.imageId === imageId && branch.workRequestId === null;
  return missing ? { ...branch, workRequestId } : branch;
}

function importPending(branch: Branch, percent: number, at: string, policy: Policy): Branch {
  if (hoursBetween(branch.since, at) > policy.importTimeoutHours) {
    return fail(branch, importTimedOut(percent, policy.importTimeoutHours), at);
  }
  return { ...branch, percent, tries: branch.tries + 1, notBefore: nextTry(at, branch.tries + 1, policy) };
}

function sourceVerified(branch: Branch, result: 'same' | 'deleted' | 'changed', at: string): Branch {
  if (result === 'changed') return enter(branch, 'discard', at);
  const warnings = result === 'deleted' ? [...branch.warnings, SOURCE_DELETED_MEANWHILE] : branch.warnings;
  return enter({ ...branch, warnings }, 'configure', at);
}

function stepFailed(
  branch: Branch,
  failure: Failure,
  transient: boolean,
  at: string,
  policy: Policy,
): Branch {
  if (branch.step === 'done') return branch;
  // A work request that cannot be asked for a while is no failed import, however long that takes already.
  const patience = branch.step === 'import' ? policy.importTimeoutHours : policy.giveUpHours;
  if (transient && hoursBetween(branch.since, at) <= patience) {
    return { ...branch, tries: branch.tries + 1, notBefore: nextTry(at, branch.tries, policy) };
  }
  // A PAR that cannot be deleted expires by itself; it must not keep the run open, but it is told.
  if (branch.step === 'clean-up')
    return enter({ ...branch, warnings: [...branch.warnings, failure] }, 'done', at);
  if (branch.step === 'discard')
    return fail(
      { ...branch, warnings: [...branch.warnings, failure] },
      sourceChangedKept(branch.imageId),
      at,
    );
  return fail(branch, failure, at);
}

const SOURCE_CHANGED: Failure = {
  code: 'SOURCE_CHANGED',
  sentence:
    'The object was overwritten while OCI was importing it, so the image may hold parts of both contents.',
  remedy: 'The image was deleted. The new content has a run of its own; upload it again if it has none.',
};

function sourceChangedKept(imageId: string | null): Failure {
  return {
    ...SOURCE_CHANGED,
    remedy: `The image could not be deleted: do not use it, \`oci compute image delete --image-id ${imageId}\`.`,
  };
}

const SOURCE_DELETED_MEANWHILE: Failure = {
  code: 'SOURCE_DELETED',
  sentence:
    'The object was deleted while OCI was importing it: that it had not changed before could not be checked.',
  remedy: 'Keep the object until its run has ended.',
};

function importTimedOut(percent: number, hours: number): Failure {
  return {
    code: 'IMPORT_TIMED_OUT',
    sentence: `OCI had not finished the import after ${hours} hours (last seen at ${percent} %).`,
    remedy:
      'Look at the work request with `oci work-requests work-request get`; drop the object again to retry.',
  };
}
