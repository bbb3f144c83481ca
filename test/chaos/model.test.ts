import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOURNEYS } from './model/journeys.ts';
import { play } from './model/play.ts';

/** `npm run test:chaos` plays so many schedules of each journey. */
const SCHEDULES = Number(process.env.BYOI_CHAOS_RUNS ?? 12_500);
/** Decimal; a failure names it. */
const SEED = Number(process.env.BYOI_CHAOS_SEED ?? 20261129);
/** Choices of a schedule before it is left alone: the longest has several drivers, and several lives. */
const MAX_CHOICES = 220;

const schedules = fc.noBias(fc.uint8Array({ maxLength: MAX_CHOICES, size: 'max' }));

describe('whatever goes wrong, whoever drives, and whatever anybody does meanwhile', () => {
  const reached = new Map<string, number>();

  it.each(JOURNEYS)('$name ends, and leaves what its record says', (journey) => {
    fc.assert(
      fc.property(schedules, (choices) => play(journey, choices, reached)),
      { numRuns: SCHEDULES, seed: SEED },
    );
  });

  it('the schedules reach every state and every kind of fact', () => {
    console.log(reached);
    expect(reached.size).toBeGreaterThan(40);
  });
});
