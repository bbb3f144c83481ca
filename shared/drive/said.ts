import type { Deadline } from '../deadline.ts';
import type { Said } from '../run/facts.ts';

/** No function lives longer than this: the limit of a detached invocation. */
export const LONGEST_LIFE_MS = 3_600_000;

/** A fact that is found now, by a driver that lives until its deadline. */
export function saidBy(deadline: Deadline): Said {
  const now = Date.now();
  const end = now + Math.max(0, Math.min(deadline.remainingMs(), LONGEST_LIFE_MS));
  return { at: new Date(now).toISOString(), heldUntil: new Date(end).toISOString() };
}

/** A fact that is found now, by somebody who does not drive the run on: the next step is anybody's at once. */
export function saidInPassing(): Said {
  const at = new Date().toISOString();
  return { at, heldUntil: at };
}
