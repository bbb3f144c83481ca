import { CANCELED } from './branch.ts';
import type { ExportFact } from './facts.ts';
import { nameOfAttempt } from './object-names.ts';
import { hoursBetween, nextTry, type Policy } from './policy.ts';
import type { Branch, Export, Failure } from './run.ts';
import { beganAt, enter, gaveUp, isFailure, isStale, pending, waitLonger } from './stage.ts';

/** Has the branch nothing yet? One of a retry may have an image: that has its room, is to be configured, or must go. */
export const mayLackItsWay = ({ step, imageId }: Branch): boolean => step !== 'done' && imageId === null;

/** The export after a fact; the same where the fact is stale or was already known. */
export function advanceExport(exporting: Export, fact: ExportFact, policy: Policy): Export {
  const { at } = fact;
  const { step } = exporting;
  if (isStale(fact, beganAt(exporting))) return exporting;
  switch (fact.kind) {
    case 'export-checked':
      return step === 'check' ? enter(exporting, 'authorize', at) : exporting;
    case 'export-par-created':
      if (step !== 'authorize' || fact.attempt !== exporting.attempt) return exporting;
      return enter({ ...exporting, par: fact.par }, 'request', at);
    case 'export-par-lost':
      if (step !== 'request' || fact.attempt !== exporting.attempt) return exporting;
      return enter({ ...nextAttempt(exporting), par: null }, 'authorize', at);
    case 'export-requested': {
      if (step !== 'request') return exporting;
      const asked = enter({ ...exporting, workRequestId: fact.workRequestId, percent: 0 }, 'export', at);
      return { ...asked, notBefore: nextTry(at, 0, policy) };
    }
    case 'export-pending': {
      if (step !== 'export') return exporting;
      const limit = { what: 'export', hours: policy.exportTimeoutHours };
      const waited = pending(exporting, fact.percent, limit, at, policy);
      return isFailure(waited) ? failExport(exporting, waited, at) : waited;
    }
    case 'export-succeeded':
      return step === 'export' ? enter({ ...exporting, percent: 100 }, 'clean-up', at) : exporting;
    case 'export-failed':
      return step === 'request' || step === 'export' ? failExport(exporting, fact.failure, at) : exporting;
    case 'export-cleaned-up':
      return step === 'clean-up' ? enter({ ...exporting, par: null }, 'done', at) : exporting;
    case 'export-step-failed':
      return exportStepFailed(exporting, fact.failure, fact.transient, at, policy);
  }
}

export function failExport(exporting: Export, failure: Failure, at: string): Export {
  return enter({ ...exporting, failure }, 'clean-up', at);
}

/** @param exporting one that is not done */
export function cancelExport(exporting: Export, at: string): Export {
  if (exporting.step !== 'clean-up') return failExport(exporting, CANCELED, at);
  return exporting.failure ? exporting : { ...exporting, failure: CANCELED };
}

/** The export made anew, from its first step. */
export function retryExport(exporting: Export, at: string): Export {
  return enter({ ...nextAttempt(exporting), failure: null, workRequestId: null, percent: 0 }, 'check', at);
}

/** Of one that succeeded the object is known, and by now somebody else's or gone. */
function nextAttempt(exporting: Export): Export {
  const { attempt, object, failure, step, abandoned } = exporting;
  const next = attempt + 1;
  const givenUp = failure !== null || step === 'request';
  return {
    ...exporting,
    attempt: next,
    object: { ...object, object: nameOfAttempt(object.object, next) },
    abandoned: givenUp ? [...abandoned, attempt].slice(-MAX_ABANDONED) : abandoned,
  };
}

/** What a person tries again every day for a month. */
const MAX_ABANDONED = 30;

function exportStepFailed(
  exporting: Export,
  failure: Failure,
  transient: boolean,
  at: string,
  policy: Policy,
): Export {
  const { step } = exporting;
  if (step === 'done') return exporting;
  // OCI exports an image once at a time: to wait for its turn takes as long as an export may.
  const patience = step === 'request' || step === 'export' ? policy.exportTimeoutHours : policy.giveUpHours;
  if (transient && hoursBetween(exporting.since, at) <= patience) return waitLonger(exporting, at, policy);
  // A PAR that cannot be deleted expires by itself; it must not keep the run open, but it is told.
  if (step === 'clean-up')
    return enter({ ...exporting, warnings: [...exporting.warnings, failure], par: null }, 'done', at);
  return failExport(exporting, transient ? gaveUp(failure, patience) : failure, at);
}
