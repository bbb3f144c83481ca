import { describe, expect, it } from 'vitest';
import type { CallFault } from '../../local/faults.ts';
import { observeCalls } from './support/calls.ts';
import { sideBySide } from './support/side-by-side.ts';
import { faultsOf, JOURNEYS, type Journey, type Stage, setStage, untilClosed } from './support/stage.ts';

/** Journeys until an operation that is not called on each is called. */
const MAX_ATTEMPTS = 10;

/** What a service can do wrong with one call, and what a driver then knows. */
const WRONGS: readonly { readonly name: string; readonly fault: Omit<CallFault, 'operation'> }[] = [
  { name: 'answers 429 six times', fault: { status: 429, times: 6 } },
  { name: 'answers 500 six times', fault: { status: 500, times: 6 } },
  { name: 'answers 500 though it did the work', fault: { status: 500, when: 'after', times: 1 } },
  { name: 'gives no answer though it did the work', fault: { drop: true, when: 'after', times: 2 } },
];

/** The operations that functions call on a journey on which nothing goes wrong. */
async function operationsOf(stage: Stage, journey: Journey): Promise<string[]> {
  const observed = observeCalls(stage.byoi);
  await untilClosed(stage.byoi, await journey.begin(stage, 'undisturbed'));
  observed.stop();
  return [...new Set(observed.calls.map(({ operation }) => operation))].sort();
}

describe.each(JOURNEYS)('$name', (journey) => {
  it('ends well whatever any one operation of OCI does wrong for a while', async () => {
    const first = await setStage();
    const operations = await operationsOf(first, journey);
    await first.byoi.remove();
    const cases = operations.flatMap((operation) => WRONGS.map((wrong) => ({ operation, ...wrong })));
    let struck = 0;
    const wrong = await sideBySide(cases.values(), async (stage, { operation, name, fault }) => {
      const { faults } = stage.byoi.cloud;
      const found: string[] = [];
      // Whoever finds a poller at work invokes none: then the fault waits for the next journey.
      for (let attempt = 1; found.length === 0 && attempt <= MAX_ATTEMPTS; attempt += 1) {
        faults.add({ ...fault, operation, ofFunctions: true });
        const label = `${operation} ${name} ${attempt}`;
        const run = await untilClosed(stage.byoi, await journey.begin(stage, label));
        const strikes = faults.list().reduce((sum, entry) => sum + entry.struck, 0);
        faults.clear();
        found.push(...(await faultsOf(stage, journey, run)).map((what) => `${label}: ${what}`));
        if (strikes === 0) continue;
        struck += 1;
        break;
      }
      return found;
    });
    console.log(`${journey.name}: ${struck} of ${cases.length} struck, ${operations.length} operations`);
    expect(wrong).toEqual([]);
    expect(struck).toBe(cases.length);
  }, 1_800_000);
});
