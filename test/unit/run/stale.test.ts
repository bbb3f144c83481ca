import { describe, expect, it } from 'vitest';
import { advance } from '../../../shared/run/advance.ts';
import type { Run } from '../../../shared/run/run.ts';
import { beganAt } from '../../../shared/run/stage.ts';
import {
  aDrop,
  anImageRun,
  branchOf,
  copiedTo,
  EXPORT,
  FAILURE,
  failed,
  HUB,
  having,
  INSPECTED,
  kinds,
  PHOENIX,
  T0,
  timed,
  type UntimedFact,
  wellDone,
} from '../../support/facts.ts';
import { A_POLICY } from '../../support/runs.ts';

const hub = wellDone(HUB);
const secondTry = wellDone(HUB, 2);
const RETRIED = { kind: 'retried', definedTags: {} } as const;
const firstTry = [hub.parCreated, failed(HUB), hub.discarded, hub.cleanedUp] as const;
const again = (...facts: UntimedFact[]): Run => having(aDrop(), INSPECTED, ...firstTry, RETRIED, ...facts);

/** The run after a fact that was found before it all began. */
const afterOld = (run: Run, fact: UntimedFact): Run => advance(run, timed(fact, T0), A_POLICY).run;

describe('a fact that was found before the present step began', () => {
  it('is about an earlier one: it moves no branch', () => {
    const asked = [secondTry.parCreated, secondTry.requested];
    const made = [...asked, secondTry.imported, secondTry.verified];
    const discarding = [...asked, { kind: 'canceled' } as const];
    for (const [facts, fact] of [
      [[], failed(HUB)],
      [asked, hub.imported],
      [asked, { kind: 'import-failed', branch: HUB, failure: FAILURE } as const],
      [[...asked, secondTry.imported], hub.verified],
      [made, hub.configured],
      [[...made, secondTry.configured], hub.cleanedUp],
      [discarding, hub.discarded],
    ] as const) {
      const run = again(...facts);
      expect(afterOld(run, fact)).toBe(run);
    }
  });

  it('moves no copy, and no export', () => {
    const there = wellDone(PHOENIX);
    const copying = having(aDrop([copiedTo(PHOENIX)]), INSPECTED, there.checked);
    for (const fact of [there.copyRequested, there.copyFound]) expect(afterOld(copying, fact)).toBe(copying);
    const exporting = having(anImageRun(), EXPORT.checked, EXPORT.parCreated, EXPORT.requested);
    for (const fact of [EXPORT.succeeded, EXPORT.failed]) expect(afterOld(exporting, fact)).toBe(exporting);
  });

  it('tells no end that it did not know', () => {
    const ended = again(failed(HUB), hub.cleanedUp);
    expect(ended.untold).toBe('FAILED');
    const told = { kind: 'notified', state: 'FAILED' } as const;
    const unpublished = { kind: 'run-step-failed', failure: FAILURE, transient: false } as const;
    for (const fact of [told, unpublished]) expect(afterOld(ended, fact)).toBe(ended);
    const toClose = having(ended, told);
    expect(afterOld(toClose, { kind: 'closed' })).toBe(toClose);
  });

  it('tells no state but the one that is owed', () => {
    const ended = again(failed(HUB), hub.cleanedUp);
    expect(having(ended, { kind: 'notified', state: 'NEEDS_LICENSE' })).toBe(ended);
  });

  it('loses no source that a run has anew', () => {
    const run = again();
    expect(afterOld(run, { kind: 'source-lost', how: 'deleted' })).toBe(run);
  });

  it('is not taken for the image of the present try, which finds it by its tag', () => {
    const run = again(secondTry.parCreated);
    expect(afterOld(run, hub.requested)).toBe(run);
  });

  it('has an image deleted all the same that nobody else knows of', () => {
    const run = again(secondTry.parCreated, failed(HUB));
    expect(branchOf(afterOld(run, hub.requested))).toMatchObject({ step: 'discard', imageId: 'image-1' });
  });
});

describe('a fact that says which step it is about', () => {
  it('is known to be stale however late it was found', () => {
    const before = having(aDrop(), INSPECTED, hub.parCreated);
    const seen = branchOf(before);
    const stepBegan = seen && beganAt(seen);
    const run = again(secondTry.parCreated);
    expect(having(run, { ...failed(HUB), stepBegan })).toBe(run);
    expect(kinds(having(before, { ...failed(HUB), stepBegan }))).toEqual(['discard-image']);
  });

  it('is about the step that waits for its turn, however long it does', () => {
    const run = having(aDrop(), INSPECTED);
    const seen = branchOf(run);
    const stepBegan = seen && beganAt(seen);
    const queued = having(run, { kind: 'queued', branch: HUB, ticket: 'import/us-ashburn-1/1' });
    expect(kinds(having(queued, { ...hub.parCreated, stepBegan }))).toEqual(['create-image']);
  });
});

it('an image that is found by its tag gets its work request by the answer that comes later', () => {
  const byTag = { ...hub.requested, workRequestId: null };
  const run = having(aDrop(), INSPECTED, hub.parCreated, byTag);
  expect(branchOf(run)).toMatchObject({ step: 'import', workRequestId: null });
  expect(branchOf(having(run, hub.requested))?.workRequestId).toBe('work');
  expect(having(run, byTag)).toBe(run);
  expect(having(run, { ...hub.requested, imageId: 'another' })).toBe(run);
});
