import { attest, retry } from './disturbances.ts';
import type { Journey } from './journeys.ts';
import { checkOutcome } from './outcome.ts';
import { type Play, playNoise, settleDown } from './schedule.ts';
import type { Tape } from './tape.ts';
import type { Memory } from './transition.ts';
import { isHeld } from './transition.ts';

/**
 * Plays one schedule to its end, and judges it.
 *
 * @param reached counts what was reached, over all schedules
 * @throws with what happened, where anything does not hold
 */
export function play(journey: Journey, choices: ArrayLike<number>, reached: Map<string, number>): void {
  try {
    playOnce(journey, choices, reached, null);
  } catch (error) {
    const trace: string[] = [];
    try {
      playOnce(journey, choices, new Map(), trace);
    } catch {
      // The same again, this time with its trace.
    }
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${trace.join('\n')}`, {
      cause: error,
    });
  }
}

function playOnce(
  journey: Journey,
  choices: ArrayLike<number>,
  reached: Map<string, number>,
  trace: string[] | null,
): void {
  const tape: Tape = { choices, at: 0 };
  const memory: Memory = { publishedBefore: 0, givenUp: new Set(), everGivenUp: new Set(), reached };
  const played = playNoise(tape, journey, memory, trace);
  settleDown(played);
  checkOutcome(played);
}
