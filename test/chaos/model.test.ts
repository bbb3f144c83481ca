import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../shared/run/facts.ts';
import type { RunState } from '../../shared/run/run.ts';
import { JOURNEYS } from './model/journeys.ts';
import { play } from './model/play.ts';

/** So many schedules of each journey, 100,000 in all: a minute. */
const SCHEDULES = Number(process.env.BYOI_CHAOS_RUNS ?? 12_500);
/** Decimal; a failure names it, with the choices that lead there and all that happened. */
const SEED = Number(process.env.BYOI_CHAOS_SEED ?? 20261129);
/** Choices of a schedule before it is left alone: several drivers, and several lives of a run. */
const MAX_CHOICES = 300;

const schedules = fc.noBias(fc.uint8Array({ maxLength: MAX_CHOICES, size: 'max' }));

/** Every way in which a record changes, and every state there is. */
const REACHED: readonly (Fact['kind'] | RunState)[] = [
  ...([
    'OPEN',
    'NEEDS_LICENSE',
    'SUCCEEDED',
    'PARTIAL',
    'REFUSED',
    'SUPERSEDED',
    'CANCELED',
    'FAILED',
  ] as const),
  ...(['inspected', 'attested', 'source-lost', 'notified', 'closed', 'run-step-failed'] as const),
  ...(['retried', 'canceled', 'export-par-created', 'export-par-lost', 'export-requested'] as const),
  ...(['export-pending', 'export-succeeded', 'export-failed', 'export-cleaned-up'] as const),
  ...([
    'export-checked',
    'export-step-failed',
    'destination-checked',
    'queued',
    'crowded',
    'copy-requested',
    'copy-pending',
  ] as const),
  ...(['copy-found', 'copy-failed', 'par-created', 'par-lost', 'image-requested'] as const),
  ...(['import-pending', 'import-succeeded', 'import-failed', 'source-verified'] as const),
  ...(['image-discarded', 'image-configured', 'cleaned-up', 'step-failed'] as const),
];

/** What drivers leave that no record shows, until the tick takes it away: in so many of 100,000 schedules at most. */
const GAPS = { 'late image': 50, 'late ticket': 2_000 };

describe(`whatever goes wrong, whoever drives, and whatever anybody does meanwhile (seed ${SEED})`, () => {
  const reached = new Map<string, number>();

  it.each(JOURNEYS)('$name: the run ends, and the world is as its record says', (journey) => {
    fc.assert(
      fc.property(schedules, (choices) => play(journey, choices, reached)),
      { numRuns: SCHEDULES, seed: SEED },
    );
  });

  it('the schedules lead everywhere', () => {
    expect(REACHED.filter((what) => !reached.has(what))).toEqual([]);
  });

  it.each(Object.entries(GAPS))('the gap "%s" is no wider than it is known to be', (gap, most) => {
    const schedulesPlayed = SCHEDULES * JOURNEYS.length;
    expect(reached.get(gap) ?? 0).toBeLessThanOrEqual(Math.ceil((most * schedulesPlayed) / 100_000));
  });
});
