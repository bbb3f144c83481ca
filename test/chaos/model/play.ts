import { attest, retry } from './disturbances.ts';
import type { Journey } from './journeys.ts';
import { newMemory } from './memory.ts';
import { isMendable, isRetriable, mend } from './mend.ts';
import { checkOutcome } from './outcome.ts';
import { begin, type Play, playNoise, settleDown } from './schedule.ts';
import { checkSwept, sweep } from './sweep.ts';
import type { Tape } from './tape.ts';
import { check, isDoneWell } from './transition.ts';

/** So much of the choices is for the time until the run ends first; the others for its retry. */
const FIRST_LIFE = 2 / 3;

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
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\n${trace.join('\n')}`, { cause: error });
  }
}

function playOnce(
  journey: Journey,
  choices: ArrayLike<number>,
  reached: Map<string, number>,
  trace: string[] | null,
): void {
  const { length } = choices;
  const tape: Tape = { choices, at: 0, end: Math.ceil(length * FIRST_LIFE) };
  const played = begin(journey, tape, newMemory(reached), trace);
  playNoise(played);
  end(played);
  attest(played.ledger);
  retry(played.ledger);
  tape.end = length;
  playNoise(played);
  end(played);
  attest(played.ledger);
  end(played);
  retryToSuccess(played);
  sweepUp(played);
}

function end(played: Play): void {
  settleDown(played);
  checkOutcome(played);
  if (played.world.ticks) sweepUp(played);
}

/** The schedule's tick has come. */
function sweepUp({ world, ledger }: Play): void {
  const { run } = ledger.stored;
  sweep(world, ledger.memory, run);
  checkSwept(world, run);
}

/** Once everything is in order, a retry ends well, whatever the run went through before. */
function retryToSuccess(played: Play): void {
  const { ledger, world } = played;
  const first = ledger.stored.run;
  if (!isRetriable(first) || !isMendable(world, first)) return;
  // What somebody deleted meanwhile is known only once a retry looks for it.
  const imageGone = Array.from(world.images.values()).some(({ deletedByOther }) => deletedByOther);
  const exportGone = first.exporting !== null && first.state !== 'CANCELED';
  const most = 1 + Number(imageGone) + Number(exportGone);
  for (let retries = 0; retries < most && isRetriable(ledger.stored.run); retries += 1) {
    mend(world, ledger.stored.run);
    retry(ledger);
    end(played);
    attest(ledger);
    end(played);
  }
  const { branches, exporting } = ledger.stored.run;
  for (const branch of branches) {
    const { id, step, failure } = branch;
    const hopeless = failure?.code === 'DESTINATION_UNKNOWN';
    check(hopeless || isDoneWell(branch), `a retry mends ${id}, which is at ${step} with ${failure?.code}`);
  }
  check(!exporting?.failure, `a retry mends the export, which has ${exporting?.failure?.code}`);
}
