import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EventFaults } from '../../local/faults.ts';
import { faultsOf, JOURNEYS, type Stage, setStage, untilClosed } from './support/stage.ts';

/** A delay of minutes at OCI's own pace; work that takes 20 s there takes 20 ms here. */
const MINUTES_MS = 3_000;

const WRONGS: readonly { readonly name: string; readonly faults: Partial<EventFaults> }[] = [
  { name: 'are all lost', faults: { lose: 1 } },
  { name: 'all come twice', faults: { duplicate: 1 } },
  { name: 'come in any order', faults: { delayMs: 200 } },
  { name: 'come minutes late', faults: { delayMs: MINUTES_MS } },
  {
    name: 'are lost, doubled and late, each as it comes',
    faults: { lose: 0.3, duplicate: 0.3, delayMs: 500 },
  },
];

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
  stage.byoi.cloud.faults.seed(20261129);
});

afterEach(() => stage.byoi.cloud.faults.clear());

afterAll(() => stage.byoi.remove());

describe.each(JOURNEYS)('$name, ends well', (journey) => {
  it.each(WRONGS)('with events that $name', async ({ name, faults }) => {
    stage.byoi.cloud.faults.events = { lose: 0, duplicate: 0, delayMs: 0, ...faults };
    const run = await untilClosed(
      stage.byoi,
      await journey.begin(stage, `events-${name.replaceAll(/\W/g, '-')}`),
    );
    expect(await faultsOf(stage, journey, run)).toEqual([]);
  });
});
