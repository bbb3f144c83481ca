import { describe, expect, it } from 'vitest';
import { plusSeconds } from '../../../shared/run/policy.ts';
import type { Run } from '../../../shared/run/run.ts';
import {
  aDrop,
  anImageRun,
  branchOf,
  closed,
  copiedTo,
  directTo,
  EXPORT,
  FAILURE,
  failed,
  HUB,
  having,
  INSPECTED,
  kinds,
  later,
  PHOENIX,
  type UntimedFact,
  wellDone,
} from '../../support/facts.ts';
import { aVerdict } from '../../support/runs.ts';

const CANCELED = { kind: 'canceled' } as const;
const hub = wellDone(HUB);
const there = wellDone(PHOENIX);
const HUB_JOURNEY = [hub.parCreated, hub.requested, hub.imported, hub.verified, hub.configured];

const drop = (...facts: UntimedFact[]): Run => having(aDrop(), INSPECTED, ...facts);
const replicated = (...facts: UntimedFact[]): Run => having(anImageRun([copiedTo(PHOENIX)]), ...facts);

describe('canceling', () => {
  it('ends a run at once of which nothing has been asked of OCI', () => {
    const held = having(aDrop(), { ...INSPECTED, verdict: aVerdict({ licensedSystem: 'windows' }) });
    for (const run of [aDrop(), held]) {
      const ended = having(run, CANCELED);
      expect([ended.state, ended.failure?.code, kinds(ended)]).toEqual(['CANCELED', 'CANCELED', ['notify']]);
    }
  });

  it('has an export cleaned up after, from whichever step', () => {
    const steps = [EXPORT.checked, EXPORT.parCreated, EXPORT.requested, EXPORT.succeeded];
    for (const count of [0, 1, 2, 3]) {
      const run = having(replicated(...steps.slice(0, count)), CANCELED);
      expect(kinds(run)).toEqual(['clean-up-export']);
      expect(having(run, EXPORT.cleanedUp).state).toBe('CANCELED');
    }
  });

  it('is nothing to an export that has failed already', () => {
    const run = replicated(EXPORT.checked, EXPORT.parCreated, EXPORT.failed);
    expect(having(run, CANCELED)).toBe(run);
    const canceled = replicated(CANCELED);
    expect(having(canceled, CANCELED)).toBe(canceled);
  });

  it('cleans up after a branch, and deletes the image that there may be', () => {
    const asked = [0, 1, 2, 3, 4].map((count) =>
      kinds(having(drop(...HUB_JOURNEY.slice(0, count)), CANCELED)),
    );
    expect(asked).toEqual([
      ['clean-up'],
      ['discard-image'],
      ['discard-image'],
      ['discard-image'],
      ['discard-image'],
    ]);
    const copying = having(aDrop([copiedTo(PHOENIX)]), INSPECTED);
    for (const run of [
      copying,
      having(copying, there.checked),
      having(copying, there.checked, there.copyRequested),
    ])
      expect(kinds(having(run, CANCELED))).toEqual(['clean-up']);
  });

  it('ends the run CANCELED', () => {
    const ended = drop(hub.parCreated, hub.requested, CANCELED, hub.discarded, hub.cleanedUp);
    expect([ended.state, ended.failure?.code, ended.branches[0]?.imageId]).toEqual([
      'CANCELED',
      'CANCELED',
      null,
    ]);
  });

  it('leaves the images that there are: the run is PARTIAL', () => {
    const run = having(aDrop([directTo(HUB), copiedTo(PHOENIX)]), INSPECTED, ...HUB_JOURNEY, hub.cleanedUp);
    const ended = having(run, CANCELED, there.cleanedUp);
    expect([ended.state, ended.failure?.code, branchOf(ended, HUB)?.failure]).toEqual([
      'PARTIAL',
      'CANCELED',
      null,
    ]);
  });

  it('comes too late where nothing is left to be done but to clean up, or the run has ended', () => {
    const cleaning = drop(...HUB_JOURNEY);
    const ended = having(cleaning, hub.cleanedUp);
    for (const run of [cleaning, ended, closed(ended), drop(failed(HUB))])
      expect(having(run, CANCELED)).toBe(run);
  });

  it('is no second end of a run that ended before its branches began', () => {
    const canceled = having(aDrop(), CANCELED);
    const told = having(canceled, { kind: 'notified', state: 'CANCELED' });
    for (const run of [canceled, told]) expect(having(run, CANCELED)).toBe(run);
  });

  it('does not hide why an image is deleted already', () => {
    const run = drop(hub.parCreated, hub.requested, {
      kind: 'import-failed',
      branch: HUB,
      failure: FAILURE,
    });
    expect(having(run, CANCELED)).toBe(run);
  });

  it('ends a branch that deletes what an earlier attempt left', () => {
    const kept = drop(hub.parCreated, hub.requested, CANCELED, failed(HUB), hub.cleanedUp);
    const ended = having(kept, { kind: 'retried', definedTags: {} }, CANCELED, hub.discarded, hub.cleanedUp);
    expect(ended.state).toBe('CANCELED');
  });
});

describe('canceling while a driver may be asking for the image', () => {
  it('waits for as long as it may take, whenever the run was due, and however often one cancels', () => {
    // A try that failed is due again in seconds: somebody may be at it for a minute.
    const run = drop(hub.parCreated, failed(HUB, true));
    const canceled = later(run, 30, CANCELED);
    const quietAt = plusSeconds(canceled.updatedAt, 90);
    expect([kinds(canceled), branchOf(canceled)?.notBefore]).toEqual([['discard-image'], quietAt]);
    expect(later(canceled, 30, CANCELED)).toBe(canceled);
  });

  it('deletes the image that it gets, before and after it was looked for', () => {
    const canceled = drop(hub.parCreated, CANCELED);
    for (const run of [canceled, having(canceled, hub.discarded)]) {
      const found = having(run, hub.requested);
      expect([kinds(found), branchOf(found)?.imageId]).toEqual([['discard-image'], 'image-1']);
    }
  });
});
