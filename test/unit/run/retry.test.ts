import { describe, expect, it } from 'vitest';
import type { Failure, Run } from '../../../shared/run/run.ts';
import {
  aDrop,
  anImageRun,
  branchOf,
  closed,
  copiedTo,
  directTo,
  EXPORT,
  FAILURE,
  FRANKFURT,
  failed,
  HUB,
  having,
  INSPECTED,
  kinds,
  PHOENIX,
  type UntimedFact,
  unknownAt,
  wellDone,
} from '../../support/facts.ts';
import { aVerdict } from '../../support/runs.ts';

const RETRIED = { kind: 'retried', definedTags: {} } as const;
const hub = wellDone(HUB);
const there = wellDone(PHOENIX);
const hubDone = [
  ...[hub.parCreated, hub.requested, hub.imported, hub.verified, hub.configured, hub.cleanedUp],
];
const exported = [EXPORT.checked, EXPORT.parCreated, EXPORT.requested, EXPORT.succeeded, EXPORT.cleanedUp];

const drop = (...facts: UntimedFact[]): Run => having(aDrop(), INSPECTED, ...facts);
const copied = (...facts: UntimedFact[]): Run =>
  having(aDrop([copiedTo(PHOENIX)]), INSPECTED, there.checked, there.copyFound, ...facts);
const replicated = (...facts: UntimedFact[]): Run => having(anImageRun([copiedTo(PHOENIX)]), ...facts);
const because = (code: string): Failure => ({ ...FAILURE, code });

describe('a retry', () => {
  it('opens a run again that failed, in part or as a whole, or was canceled', () => {
    const partial = having(aDrop([directTo(HUB), unknownAt(PHOENIX)]), INSPECTED, ...hubDone);
    for (const run of [drop(failed(HUB), hub.cleanedUp), having(aDrop(), { kind: 'canceled' })])
      expect(having(closed(run), RETRIED)).toMatchObject({ state: 'OPEN', closedAt: null, failure: null });
    expect(partial.state).toBe('PARTIAL');
    // There is nothing to try again in it: it is told once more.
    expect(having(closed(partial), RETRIED)).toMatchObject({ state: 'PARTIAL', untold: 'PARTIAL' });
  });

  it('has what is made carry the tags that config.json has by then', () => {
    const definedTags = { Finance: { Account: 'A-1' } };
    const again = having(closed(drop(failed(HUB), hub.cleanedUp)), { kind: 'retried', definedTags });
    expect(again.definedTags).toEqual(definedTags);
  });

  it('is nothing to any other run', () => {
    const refused = having(aDrop(), { kind: 'source-lost', how: 'archived' });
    const superseded = having(aDrop(), { kind: 'source-lost', how: 'deleted' });
    for (const run of [drop(), drop(...hubDone), refused, superseded, closed(refused)])
      expect(having(run, RETRIED)).toBe(run);
  });

  it('is one where two persons ask for it', () => {
    const run = having(drop(failed(HUB), hub.cleanedUp), RETRIED);
    expect(having(run, RETRIED)).toBe(run);
  });

  it('leaves alone what succeeded, and destinations that nothing is known of', () => {
    const plan = [directTo(HUB), copiedTo(PHOENIX), unknownAt('xx-nowhere-1')];
    const ended = having(aDrop(plan), INSPECTED, failed(PHOENIX), there.cleanedUp, ...hubDone);
    const again = having(ended, RETRIED);
    expect(again.branches[0]).toBe(ended.branches[0]);
    expect(again.branches[2]).toBe(ended.branches[2]);
    expect(branchOf(again, PHOENIX)).toMatchObject({ step: 'check', attempt: 2, failure: null });
  });

  it('inspects once more what could not be inspected', () => {
    const unread = having(aDrop(), { kind: 'run-step-failed', failure: FAILURE, transient: false });
    expect(unread.state).toBe('FAILED');
    expect(kinds(having(unread, RETRIED))).toEqual(['inspect']);
  });

  it('has all the time that there was at first', () => {
    const ended = closed(drop(failed(HUB), hub.cleanedUp));
    const at = '2026-03-01T00:00:00.000Z';
    const again = having({ ...ended, updatedAt: at }, RETRIED);
    expect(branchOf(again)).toMatchObject({ since: again.updatedAt, notBefore: again.updatedAt, tries: 0 });
    expect(branchOf(having(again, failed(HUB, true)))?.failure).toBeNull();
  });

  it('does not let the history grow for ever', () => {
    let run = drop(failed(HUB), hub.cleanedUp);
    for (let day = 0; day < 60; day += 1) run = having(run, RETRIED, failed(HUB), hub.cleanedUp);
    expect(branchOf(run)).toMatchObject({ attempt: 61 });
    expect(branchOf(run)?.history).toHaveLength(60);
  });
});

describe('a branch that is tried again', () => {
  it('makes its image anew, with another PAR, where it has none', () => {
    const ended = drop(hub.parCreated, failed(HUB), hub.discarded, hub.cleanedUp);
    const again = having(ended, RETRIED);
    expect(branchOf(again)).toMatchObject({ step: 'authorize', attempt: 2, workRequestId: null, percent: 0 });
    expect(having(again, hub.parCreated)).toBe(again);
    expect(kinds(having(again, wellDone(HUB, 2).parCreated))).toEqual(['create-image']);
  });

  it('looks again whether its copy is there', () => {
    const ended = copied(
      there.parCreated,
      there.requested,
      { kind: 'import-failed', branch: PHOENIX, failure: because('IMPORT_FAILED') },
      there.discarded,
      there.cleanedUp,
    );
    expect(branchOf(having(ended, RETRIED))).toMatchObject({
      step: 'check',
      attempt: 2,
      imageId: null,
      copy: { eTag: null },
    });
  });

  it('goes on with the image that was only not verified, or not configured, yet', () => {
    const made = [hub.parCreated, hub.requested, hub.imported];
    const unverified = drop(...made, failed(HUB), hub.cleanedUp);
    expect(branchOf(having(unverified, RETRIED))).toMatchObject({ step: 'verify', imageId: 'image-1' });
    const unconfigured = drop(...made, hub.verified, failed(HUB), hub.cleanedUp);
    expect(branchOf(having(unconfigured, RETRIED))).toMatchObject({ step: 'configure', imageId: 'image-1' });
  });

  it('makes the image anew that somebody deleted before it was configured', () => {
    const gone = failed(HUB, false, because('IMAGE_DELETED'));
    const ended = drop(hub.parCreated, hub.requested, hub.imported, hub.verified, gone, hub.cleanedUp);
    expect(branchOf(having(ended, RETRIED))).toMatchObject({ step: 'authorize', imageId: null });
  });

  it('deletes first what could not be deleted: the new attempt would take it for its own', () => {
    const changed = { ...there.verified, result: 'changed' } as const;
    const kept = copied(there.parCreated, there.requested, there.imported, changed, failed(PHOENIX));
    const again = having(kept, there.cleanedUp, RETRIED);
    expect([kinds(again), branchOf(again)?.imageId]).toEqual([['discard-image'], 'image-1']);
    expect(branchOf(having(again, there.discarded))).toMatchObject({
      step: 'check',
      imageId: null,
      copy: { eTag: null },
    });
  });

  it('fails with the image that still cannot be deleted, and says which', () => {
    const asked = drop(hub.parCreated, hub.requested, { kind: 'canceled' }, failed(HUB), hub.cleanedUp);
    const ended = having(asked, RETRIED, failed(HUB), hub.cleanedUp);
    expect(ended).toMatchObject({
      state: 'FAILED',
      failure: { code: FAILURE.code, remedy: expect.stringContaining('--image-id image-1') },
    });
    expect(kinds(having(ended, RETRIED))).toEqual(['discard-image']);
  });
});

describe('an export', () => {
  it('that failed is made again, as another attempt', () => {
    const ended = replicated(EXPORT.checked, EXPORT.parCreated, EXPORT.failed, EXPORT.cleanedUp);
    const again = having(ended, RETRIED);
    expect(again.exporting).toMatchObject({ step: 'check', attempt: 2, failure: null });
    expect(again.exporting?.abandoned).toEqual([1]);
    expect(again.exporting?.object.object).toBe(ended.exporting?.object.object.replace('disk', '2/disk'));
    expect(kinds(again)).toEqual(['check-destinations']);
  });

  it('that succeeded is not made again for a copy that failed', () => {
    const ended = replicated(...exported, failed(PHOENIX), there.cleanedUp);
    expect(kinds(having(ended, RETRIED))).toEqual(['check-destination']);
  });

  it('that somebody deleted or overwrote is made again', () => {
    for (const how of ['deleted', 'overwritten'] as const) {
      const ended = replicated(...exported, { kind: 'source-lost', how }, there.cleanedUp);
      expect([ended.state, ended.failure?.code]).toEqual(['FAILED', 'EXPORT_LOST']);
      const again = having(ended, RETRIED);
      expect([again.source, kinds(again)]).toEqual([null, ['check-destinations']]);
      // What lies there now is somebody's.
      expect(again.exporting?.abandoned).toEqual([]);
    }
  });

  it('that was overwritten while it was imported is made again', () => {
    const changed = { ...there.verified, result: 'changed' } as const;
    const ended = having(
      anImageRun([directTo(PHOENIX)]),
      ...exported,
      ...[there.parCreated, there.requested, there.imported, changed, there.discarded, there.cleanedUp],
    );
    expect(ended.failure?.code).toBe('SOURCE_CHANGED');
    expect(kinds(having(ended, RETRIED))).toEqual(['check-destinations']);
  });

  it('of a canceled run is made again: it went when that was closed', () => {
    const ended = replicated(...exported, { kind: 'canceled' }, there.cleanedUp);
    expect(ended.state).toBe('CANCELED');
    expect(kinds(having(closed(ended), RETRIED))).toEqual(['check-destinations']);
  });

  it('that is made again is another object: no image of the first one passes for its own', () => {
    const plan = [directTo(PHOENIX), copiedTo(FRANKFURT)];
    const made = [there.parCreated, there.requested, there.imported, failed(PHOENIX), there.cleanedUp];
    const lost = { kind: 'source-lost', how: 'overwritten' } as const;
    const ended = having(anImageRun(plan), ...exported, ...made, lost, wellDone(FRANKFURT).cleanedUp);
    const again = having(
      ended,
      RETRIED,
      EXPORT.checked,
      { ...EXPORT.parCreated, attempt: 2 },
      ...exported.slice(2),
    );
    expect(kinds(again)).toEqual(['discard-image', 'check-destination']);
  });

  it('that fails when it is made again leaves the images that there are: the run is PARTIAL', () => {
    const frankfurt = wellDone(FRANKFURT);
    const made = [there.parCreated, there.requested, there.imported, there.verified, there.configured];
    const run = having(
      anImageRun([copiedTo(PHOENIX), copiedTo(FRANKFURT)]),
      ...exported,
      ...[there.copyFound, ...made, there.cleanedUp],
      ...([{ kind: 'source-lost', how: 'deleted' }, frankfurt.cleanedUp, RETRIED, EXPORT.checked] as const),
    );
    const parCreated = { ...EXPORT.parCreated, attempt: 2 };
    for (const facts of [[parCreated, EXPORT.failed], [{ kind: 'canceled' } as const]])
      expect(having(run, ...facts, EXPORT.cleanedUp).state).toBe('PARTIAL');
  });
});

describe('a run that was held for a licence, and canceled', () => {
  it('is held again', () => {
    const windows = { ...INSPECTED, verdict: aVerdict({ licensedSystem: 'windows' }) };
    const image = anImageRun([copiedTo(PHOENIX)], aVerdict({ licensedSystem: 'windows' }));
    for (const held of [having(aDrop(), windows), image]) {
      const again = having(closed(having(held, { kind: 'canceled' })), RETRIED);
      expect([again.state, again.untold, kinds(again)]).toEqual([
        'NEEDS_LICENSE',
        'NEEDS_LICENSE',
        ['notify'],
      ]);
      expect(kinds(having(again, { kind: 'notified', state: 'NEEDS_LICENSE' }))).toEqual([]);
    }
  });
});
