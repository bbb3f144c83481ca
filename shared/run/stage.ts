import type { Said } from './facts.ts';
import { hoursBetween, nextTry, type Policy } from './policy.ts';
import type { Failure, Stage } from './run.ts';

/** What a person tries again every day for a month; older steps are forgotten. */
const MAX_HISTORY = 60;

/** The stage in its next step. */
export function enter<S extends Stage<string>>(stage: S, step: S['step'], at: string): S {
  const history = [...stage.history, { step, attempt: stage.attempt, at }].slice(-MAX_HISTORY);
  return { ...stage, step, since: at, tries: 0, notBefore: at, history };
}

/** The stage's present step from now on: what it waited for until now was not its own. */
export function restart<S extends Stage<string>>(stage: S, at: string): S {
  if (stage.step === 'done') return stage;
  const history = [...stage.history.slice(0, -1), { step: stage.step, attempt: stage.attempt, at }];
  return { ...stage, since: at, notBefore: at, history };
}

/** When the present step began: not all of that time it need have been waited for. */
export const beganAt = ({ history, since }: Stage<string>): string => history.at(-1)?.at ?? since;

/** Is what was found about a step before the one that began then? */
export const isStale = ({ stepBegan, at }: Said, began: string): boolean => (stepBegan ?? at) < began;

/** A new stage, in its first step. */
export function begun<Step extends string>(step: Step, at: string): Stage<Step> {
  return {
    step,
    attempt: 1,
    par: null,
    workRequestId: null,
    percent: 0,
    tries: 0,
    since: at,
    notBefore: at,
    failure: null,
    warnings: [],
    history: [{ step, attempt: 1, at }],
  };
}

/** The stage as it waits, a little longer than before. */
export function waitLonger<S extends Stage<string>>(stage: S, at: string, policy: Policy): S {
  return { ...stage, tries: stage.tries + 1, notBefore: nextTry(at, stage.tries, policy) };
}

/** A work request that goes on. @returns the failure where it has been waited for too long */
export function pending<S extends Stage<string>>(
  stage: S,
  percent: number,
  { what, hours }: { what: string; hours: number },
  at: string,
  policy: Policy,
): S | Failure {
  const tries = stage.tries + 1;
  if (hoursBetween(stage.since, at) <= hours)
    return { ...stage, percent, tries, notBefore: nextTry(at, tries, policy) };
  const request = stage.workRequestId ?? 'unknown';
  return {
    code: 'TIMED_OUT',
    sentence: `OCI had not finished the ${what} after ${hours} hours; last seen at ${percent} %, work request ${request}.`,
    remedy: 'Look at the work request; `byoi runs retry` tries again.',
  };
}

/** A step that kept failing for passing reasons. */
export function gaveUp(last: Failure, hours: number): Failure {
  return {
    code: 'TIMED_OUT',
    sentence: `It was tried for ${hours} hours; last seen: ${last.sentence} (${last.code})`,
    remedy: `${last.remedy ? `${last.remedy} ` : ''}\`byoi runs retry\` tries again.`,
  };
}

export const isFailure = (value: object): value is Failure => 'code' in value;
