import { describe, expect, it } from 'vitest';
import type { KillFault } from '../../local/faults.ts';
import { sideBySide } from './support/side-by-side.ts';
import { faultsOf, JOURNEYS, type Journey, type Stage, untilClosed } from './support/stage.ts';

const FUNCTIONS = ['import-image', 'export-image', 'copy-image', 'advance-runs'];
/** More calls than any invocation makes on a journey; reached, the enumeration would not be whole. */
const MOST_CALLS = 250;

/** One death: at the `call`-th call of whichever invocation comes to it first. */
type Death = Pick<KillFault, 'functionName' | 'call' | 'when'>;

/** Every call of every function, before and after it, until no invocation makes so many. */
class Deaths implements Iterator<Death> {
  readonly died: Death[] = [];
  readonly #survived = new Map<string, number>();
  readonly #queue: Death[] = [];
  #call = 0;

  next(): IteratorResult<Death> {
    if (this.#queue.length === 0) this.#refill();
    const death = this.#queue.shift();
    return death ? { value: death, done: false } : { value: undefined, done: true };
  }

  /** What came of it: a kill that found no call to strike ends the enumeration of its function. */
  note(death: Death, struck: boolean): void {
    if (struck) this.died.push(death);
    else {
      const least = this.#survived.get(death.functionName) ?? MOST_CALLS;
      this.#survived.set(death.functionName, Math.min(least, death.call));
    }
  }

  #refill(): void {
    this.#call += 1;
    for (const functionName of FUNCTIONS) {
      // Calls of a poller differ a little from time to time: one that was not struck is not yet the last.
      if (this.#call > (this.#survived.get(functionName) ?? MOST_CALLS) + 3) continue;
      for (const when of ['before', 'after'] as const)
        this.#queue.push({ functionName, call: this.#call, when });
    }
  }
}

/** A poller that is at work since before makes no call of that number any more: then it is tried on another journey. */
const MAX_ATTEMPTS = 3;

async function die(stage: Stage, journey: Journey, death: Death, deaths: Deaths): Promise<string[]> {
  const { faults } = stage.byoi.cloud;
  let struck = false;
  for (let attempt = 1; !struck && attempt <= MAX_ATTEMPTS; attempt += 1) {
    faults.kills = [{ ...death, times: 1 }];
    const label = `${death.functionName}-${death.call}-${death.when}-${attempt}`;
    const run = await untilClosed(stage.byoi, await journey.begin(stage, label));
    struck = faults.kills.every(({ times }) => times === 0);
    faults.clear();
    const wrong = await faultsOf(stage, journey, run);
    if (wrong.length > 0) return wrong.map((what) => `${label}: ${what}`);
  }
  deaths.note(death, struck);
  return [];
}

describe.each(JOURNEYS)('$name', (journey) => {
  it('ends well though any function dies before or after any of its calls', async () => {
    const deaths = new Deaths();
    const wrong = await sideBySide(deaths, (stage, death) => die(stage, journey, death, deaths));
    const counts = FUNCTIONS.map((functionName) => {
      const calls = deaths.died.filter((death) => death.functionName === functionName);
      return `${functionName} ${calls.length}`;
    });
    console.log(`${journey.name}: deaths of ${counts.join(', ')}`);
    expect(wrong).toEqual([]);
    expect(deaths.died.length).toBeGreaterThan(40);
  }, 1_800_000);
});
