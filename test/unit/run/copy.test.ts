import { describe, expect, it } from 'vitest';
import type { Run } from '../../../shared/run/run.ts';
import {
  aDrop,
  branchOf,
  closed,
  copiedTo,
  copiedToOthers,
  directTo,
  FAILURE,
  failed,
  HUB,
  having,
  INSPECTED,
  kinds,
  later,
  PHOENIX,
  unknownAt,
  wellDone,
} from '../../support/facts.ts';

const HOUR = 3600;
const at = wellDone(PHOENIX);

/** A drop with one destination, inspected; its hub has no branch. */
const toPhoenix = (): Run => having(aDrop([copiedTo(PHOENIX)]), INSPECTED);
const stepOf = (run: Run, id = PHOENIX) => branchOf(run, id)?.step;
const copying = () => having(toPhoenix(), at.checked, at.copyRequested);

describe('a destination', () => {
  it('is checked, copied to, and imported at, one after the other', () => {
    const journey = [
      ...[at.checked, at.copyRequested, at.copyFound, at.parCreated, at.requested, at.imported, at.verified],
      ...[at.configured, at.cleanedUp],
    ];
    expect(journey.map((_, index) => kinds(having(toPhoenix(), ...journey.slice(0, index))))).toEqual([
      ['check-destination'],
      ['copy-object'],
      ['check-copy'],
      ['create-par'],
      ['create-image'],
      ['check-import'],
      ['verify-source'],
      ['configure-image'],
      ['clean-up'],
    ]);
    expect(having(toPhoenix(), ...journey).state).toBe('SUCCEEDED');
  });

  it('that has the copy already needs no other', () => {
    for (const run of [toPhoenix(), having(toPhoenix(), at.checked), copying()])
      expect(branchOf(having(run, at.copyFound))).toMatchObject({
        step: 'authorize',
        copy: { eTag: 'copy-1' },
        workRequestId: null,
      });
  });

  it('of another tenancy ends with its copy', () => {
    const there = wellDone(`${PHOENIX}@theirs`);
    const run = having(aDrop([copiedToOthers(PHOENIX)]), INSPECTED, there.checked, there.copyFound);
    expect(kinds(run)).toEqual(['clean-up']);
    expect(having(run, there.cleanedUp)).toMatchObject({ state: 'SUCCEEDED', branches: [{ imageId: null }] });
  });

  it('that is not known is told, and has the run fail where there is no other', () => {
    const unknown = unknownAt(PHOENIX);
    const both = having(aDrop([directTo(HUB), unknown]), INSPECTED);
    expect(kinds(both)).toEqual(['create-par']);
    const hub = wellDone(HUB);
    const ended = having(
      both,
      ...[hub.parCreated, hub.requested, hub.imported, hub.verified, hub.configured, hub.cleanedUp],
    );
    expect([ended.state, ended.failure?.code]).toEqual(['PARTIAL', 'DESTINATION_UNKNOWN']);
    expect(having(aDrop([unknown]), INSPECTED).state).toBe('FAILED');
  });

  it('changes nothing by a fact of a branch that there is not', () => {
    const run = toPhoenix();
    expect(having(run, wellDone('xx-other-1').checked)).toBe(run);
  });
});

describe('a copy', () => {
  it('that fails ends its branch, at whatever step, and no longer once it is there', () => {
    const failure = { ...FAILURE, code: 'COPY_FAILED' };
    const copyFailed = { kind: 'copy-failed', branch: PHOENIX, failure } as const;
    for (const run of [toPhoenix(), having(toPhoenix(), at.checked), copying()])
      expect(branchOf(having(run, copyFailed))).toMatchObject({ step: 'clean-up', failure });
    const there = having(copying(), at.copyFound);
    expect(having(there, copyFailed)).toBe(there);
  });

  it('that is asked for a second time is awaited by the first request', () => {
    const run = copying();
    expect(having(run, { ...at.copyRequested, workRequestId: 'another' })).toBe(run);
  });

  it('that goes on is looked at again, ever later, and given up after a day', () => {
    const pending = { kind: 'copy-pending', branch: PHOENIX, percent: 40 } as const;
    const first = later(copying(), 10, pending);
    expect(branchOf(first)).toMatchObject({ step: 'transfer', percent: 40, tries: 1 });
    const late = later(first, 25 * HOUR, pending);
    expect(branchOf(late)?.failure).toMatchObject({
      code: 'TIMED_OUT',
      sentence: 'OCI had not finished the copy after 24 hours; last seen at 40 %, work request copy-work.',
    });
    expect(kinds(late)).toEqual(['clean-up']);
  });

  it('does not fail because its work request could not be asked for half a day', () => {
    const unreachable = failed(PHOENIX, true);
    expect(stepOf(later(copying(), 12 * HOUR, unreachable))).toBe('transfer');
    expect(stepOf(later(copying(), 25 * HOUR, unreachable))).toBe('clean-up');
    expect(stepOf(later(having(toPhoenix(), at.checked), 7 * HOUR, unreachable))).toBe('clean-up');
  });
});

describe('a branch that waits for its turn', () => {
  const queued = { kind: 'queued', branch: PHOENIX, ticket: 'copy/us-ashburn-1/1' } as const;

  it('has begun nothing, so that its patience does not run out', () => {
    let run = having(toPhoenix(), at.checked);
    for (let hours = 0; hours < 48; hours += 5) run = later(run, 5 * HOUR, queued);
    expect(branchOf(run)).toMatchObject({ step: 'copy', queue: queued.ticket, failure: null });
    expect(stepOf(later(run, 5 * HOUR, failed(PHOENIX, true)))).toBe('copy');
  });

  it('asks again in ten of the longest pauses, should nobody call it', () => {
    const run = having(toPhoenix(), at.checked, queued);
    expect(Date.parse(run.dueAt ?? '') - Date.parse(run.updatedAt)).toBe(600_000);
  });

  it('waits no more once it works, or has failed', () => {
    const run = having(toPhoenix(), at.checked, queued);
    expect(branchOf(having(run, at.copyRequested))?.queue).toBeNull();
    expect(branchOf(having(run, failed(PHOENIX)))?.queue).toBeNull();
    const toImport = having(copying(), at.copyFound, queued);
    expect(branchOf(toImport)?.queue).toBe(queued.ticket);
    expect(branchOf(having(toImport, at.parCreated))?.queue).toBeNull();
  });

  it('is none at any other step', () => {
    const run = copying();
    expect(having(run, queued)).toBe(run);
  });
});

describe('a source that is lost', () => {
  const lost = { kind: 'source-lost', how: 'deleted' } as const;

  it('ends the branches that have still to read it, and no other', () => {
    const run = having(aDrop([directTo(HUB), copiedTo(PHOENIX), copiedTo('eu-paris-1')]), INSPECTED);
    const there = having(run, at.checked, at.copyFound, lost);
    expect([HUB, PHOENIX, 'eu-paris-1'].map((id) => stepOf(there, id))).toEqual([
      'clean-up',
      'authorize',
      'clean-up',
    ]);
    const asked = having(run, at.checked, at.copyRequested, lost);
    expect(stepOf(asked)).toBe('transfer');
  });

  it('is nothing to a branch that imports from its copy', () => {
    const run = having(copying(), at.copyFound, at.parCreated);
    expect(having(run, lost)).toBe(run);
  });
});

describe('branches', () => {
  const both = () => having(aDrop([directTo(HUB), copiedTo(PHOENIX)]), INSPECTED);

  it('do not touch each other: one that fails leaves the other as it is', () => {
    const run = both();
    const after = having(run, failed(HUB));
    expect(after.branches[1]).toBe(run.branches[1]);
    expect(having(after, wellDone(HUB).cleanedUp).state).toBe('OPEN');
  });

  it('make the run PARTIAL where one succeeds and another does not, with the reason of that', () => {
    const hub = wellDone(HUB);
    const run = having(
      both(),
      ...[failed(PHOENIX), at.cleanedUp],
      ...[hub.parCreated, hub.requested, hub.imported, hub.verified, hub.configured, hub.cleanedUp],
    );
    expect([run.state, run.failure]).toEqual(['PARTIAL', FAILURE]);
    expect(closed(run).closedAt).not.toBeNull();
  });

  it('change no more once their run has ended', () => {
    const run = having(both(), failed(PHOENIX), at.cleanedUp, failed(HUB), wellDone(HUB).cleanedUp);
    expect(run.state).toBe('FAILED');
    expect(having(run, at.checked, failed(HUB), at.cleanedUp)).toBe(run);
  });
});
