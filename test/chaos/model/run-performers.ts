import { keptUntil } from '../../../shared/drive/intermediates.ts';
import type { NewFact } from '../../../shared/drive/perform.ts';
import { hoursBetween, type Policy } from '../../../shared/run/policy.ts';
import type { Run } from '../../../shared/run/run.ts';
import { head } from './branch-performers.ts';
import { call, type Driver, Refusal, type Steps } from './call.ts';
import { deleteObject } from './storage.ts';
import { iso, keyOf, type World } from './world.ts';

export type RunPerformer = (driver: Driver, run: Run) => Steps<NewFact>;

/** Patient, but with few looks: a schedule is to end in few steps. */
export const POLICY: Policy = {
  pollFirstSeconds: 300,
  pollMaxSeconds: 7200,
  exportTimeoutHours: 12,
  copyTimeoutHours: 24,
  importTimeoutHours: 12,
  giveUpHours: 6,
};

const INTERMEDIATE_DAYS = 7;

/** inspect-source.ts */
const inspect: RunPerformer = function* (driver, run) {
  const { world } = driver;
  if (hoursBetween(run.since, iso(world.now)) > POLICY.giveUpHours) throw new Refusal('INSPECTION_GIVEN_UP');
  if (!run.source) throw new Error('An object to inspect, but there is none: the run is damaged.');
  for (let read = 0; read < 2; read += 1) {
    const found = yield* head(driver, keyOf(run.source));
    if (found?.eTag !== run.source.eTag)
      return { kind: 'source-lost', how: found ? 'overwritten' : 'deleted' };
    if (found.archived) return { kind: 'source-lost', how: 'archived' };
  }
  return { kind: 'inspected', verdict: world.verdict, attestation: null };
};

/** notify.ts */
const notify: RunPerformer = function* (driver, { state }) {
  yield* call(driver, `PublishMessage ${state}`, () => driver.world.published.push(state));
  return { kind: 'notified', state };
};

/** intermediates.ts */
const close: RunPerformer = function* (driver, run) {
  const { world } = driver;
  const until = keptUntilIn(world, run);
  const over = until !== null && until <= iso(world.now);
  if (run.exporting && over) {
    const key = keyOf(run.exporting.object);
    yield* call(driver, 'DeleteObject', () => deleteObject(world, key, run.source?.eTag ?? null));
  }
  return { kind: 'closed' };
};

export const keptUntilIn = ({ intermediates }: World, run: Run): string | null =>
  keptUntil(run, { intermediates, intermediateDays: INTERMEDIATE_DAYS });

export const RUN_PERFORMERS = { inspect, notify, close } as const satisfies Record<string, RunPerformer>;
