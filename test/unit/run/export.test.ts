import { describe, expect, it } from 'vitest';
import type { Attestation, Run } from '../../../shared/run/run.ts';
import {
  anImageRun,
  branchOf,
  closed,
  copiedTo,
  EXPORT,
  FAILURE,
  FRANKFURT,
  having,
  kinds,
  later,
  PHOENIX,
  T0,
  unknownAt,
  wellDone,
} from '../../support/facts.ts';
import { aVerdict } from '../../support/runs.ts';

const HOUR = 3600;
const at = wellDone(PHOENIX);

const toPhoenix = (): Run => anImageRun([copiedTo(PHOENIX)]);
const asked = () => having(toPhoenix(), EXPORT.checked, EXPORT.parCreated);
const exporting = () => having(asked(), EXPORT.requested);
const exported = () => having(exporting(), EXPORT.succeeded);
const stepFailed = (transient: boolean) =>
  ({ kind: 'export-step-failed', failure: FAILURE, transient }) as const;

describe('an export', () => {
  it('comes before everything else, and its destinations after it', () => {
    const journey = [EXPORT.checked, EXPORT.parCreated, EXPORT.requested, EXPORT.succeeded, EXPORT.cleanedUp];
    expect(
      [...journey, at.checked].map((_, index) => kinds(having(toPhoenix(), ...journey.slice(0, index)))),
    ).toEqual([
      ['check-destinations'],
      ['create-export-par'],
      ['export-image'],
      ['check-export'],
      ['clean-up-export'],
      ['check-destination'],
    ]);
  });

  it('is the source of what follows, and keeps no secret URL', () => {
    const run = having(exported(), EXPORT.cleanedUp);
    expect(run.source).toEqual(EXPORT.succeeded.source);
    expect(run.exporting?.par).toBeNull();
  });

  it('takes none of the time that its destinations have', () => {
    const long = later(exporting(), 11 * HOUR, EXPORT.succeeded);
    const run = having(long, EXPORT.cleanedUp);
    expect(run.branches[0]).toMatchObject({ since: run.updatedAt, notBefore: run.updatedAt });
    const failed = { kind: 'step-failed', branch: PHOENIX, failure: FAILURE, transient: true } as const;
    expect(later(run, HOUR, failed).branches[0]?.failure).toBeNull();
  });

  it('is all of a run that is shared', () => {
    const run = anImageRun([], undefined, 'share');
    const done = having(
      run,
      ...[EXPORT.checked, EXPORT.parCreated, EXPORT.requested, EXPORT.succeeded, EXPORT.cleanedUp],
    );
    expect(done.state).toBe('SUCCEEDED');
    expect(closed(done).closedAt).not.toBeNull();
  });

  it('is not made where no destination is known', () => {
    const run = anImageRun([unknownAt(PHOENIX)]);
    expect([run.state, run.failure?.code, kinds(run)]).toEqual(['FAILED', 'DESTINATION_UNKNOWN', ['notify']]);
  });

  it('waits for a licence that its image needs', () => {
    const held = anImageRun([copiedTo(PHOENIX)], aVerdict({ licensedSystem: 'windows' }));
    expect([held.state, kinds(held)]).toEqual(['NEEDS_LICENSE', ['notify']]);
    const attestation: Attestation = { text: 'ours', how: 'command', by: null, at: T0 };
    const told = having(held, { kind: 'notified', state: 'NEEDS_LICENSE' });
    expect([kinds(told), told.dueAt]).toEqual([[], null]);
    expect(kinds(having(told, { kind: 'attested', attestation }))).toEqual(['check-destinations']);
  });

  it('is moved by its own facts only, and by those of its present step', () => {
    const { checked, parCreated, requested, succeeded, failed, cleanedUp } = EXPORT;
    const pending = { kind: 'export-pending', percent: 50 } as const;
    for (const fact of [parCreated, requested, pending, succeeded, failed, cleanedUp, at.checked])
      expect(having(toPhoenix(), fact)).toEqual(toPhoenix());
    for (const fact of [checked, parCreated, pending, succeeded, cleanedUp])
      expect(having(asked(), fact)).toEqual(asked());
    for (const fact of [parCreated, requested, cleanedUp])
      expect(having(exporting(), fact)).toEqual(exporting());
    for (const fact of [parCreated, requested, pending, succeeded, failed])
      expect(having(exported(), fact)).toEqual(exported());
    const lost = { kind: 'source-lost', how: 'deleted' } as const;
    expect(having(exporting(), lost)).toEqual(exporting());
  });

  it('changes no more once it is done', () => {
    const done = having(exported(), EXPORT.cleanedUp);
    for (const fact of [EXPORT.parCreated, EXPORT.failed, stepFailed(false), EXPORT.cleanedUp])
      expect(having(done, fact)).toBe(done);
  });
});

describe('before an export', () => {
  const missing = { ...FAILURE, code: 'DESTINATION_BUCKET_MISSING' };
  const checked = (...branches: string[]) =>
    ({
      kind: 'export-checked',
      failures: branches.map((branch) => ({ branch, failure: missing })),
    }) as const;

  it('a destination that could not take its copy is done, and the others go on', () => {
    const run = having(anImageRun(), checked(PHOENIX));
    expect(branchOf(run, PHOENIX)).toMatchObject({ step: 'done', failure: missing });
    expect(branchOf(run, FRANKFURT)).toMatchObject({ step: 'check', failure: null });
    expect(kinds(run)).toEqual(['create-export-par']);
  });

  it('nothing is exported that no destination could take; a retry looks again', () => {
    const run = having(anImageRun(), checked(PHOENIX, FRANKFURT));
    expect([run.state, run.failure?.code, kinds(run)]).toEqual(['FAILED', missing.code, ['notify']]);
    const again = having(closed(run), { kind: 'retried', definedTags: {} });
    expect(kinds(again)).toEqual(['check-destinations']);
    expect(kinds(having(again, checked()))).toEqual(['create-export-par']);
  });

  it('a destination that has an image already goes on: its room is its own', () => {
    const failed = {
      kind: 'step-failed',
      branch: PHOENIX,
      failure: { ...FAILURE, code: 'EXPORT_LOST' },
      transient: false,
    } as const;
    const made = [at.checked, at.copyFound, at.parCreated, at.requested, at.imported, at.verified];
    const run = having(exported(), EXPORT.cleanedUp, ...made, failed, at.cleanedUp);
    const again = having(closed(run), { kind: 'retried', definedTags: {} });
    expect([kinds(again), branchOf(again, PHOENIX)?.step]).toEqual([['check-destinations'], 'configure']);
    const next = having(again, checked(PHOENIX));
    expect([kinds(next), branchOf(next, PHOENIX)?.failure]).toEqual([['create-export-par'], null]);
  });

  it('an export bucket that is missing ends it', () => {
    expect(kinds(having(toPhoenix(), stepFailed(false)))).toEqual(['clean-up-export']);
  });
});

describe("an export's PAR", () => {
  it('of another attempt is not taken', () => {
    const run = toPhoenix();
    expect(having(run, { ...EXPORT.parCreated, attempt: 2 })).toBe(run);
  });

  it('that is lost has a new attempt make a new one', () => {
    const lost = { kind: 'export-par-lost', attempt: 1 } as const;
    const run = having(asked(), lost);
    expect(run.exporting).toMatchObject({ step: 'authorize', attempt: 2, par: null });
    expect(having(run, EXPORT.parCreated)).toBe(run);
    expect(having(run, { ...EXPORT.parCreated, attempt: 2 }).exporting?.step).toBe('request');
    expect(having(exporting(), lost)).toEqual(exporting());
  });

  it('that cannot be deleted keeps no run open, nor its URL in the record, and is told', () => {
    const run = having(exported(), stepFailed(false));
    expect(run.exporting).toMatchObject({ step: 'done', par: null, failure: null, warnings: [FAILURE] });
    expect(kinds(run)).toEqual(['check-destination']);
  });
});

describe('an export that fails', () => {
  it('is cleaned up after, and has the run fail, whose destinations never begin', () => {
    for (const run of [having(asked(), EXPORT.failed), having(exporting(), EXPORT.failed)]) {
      expect(kinds(run)).toEqual(['clean-up-export']);
      const ended = having(run, EXPORT.cleanedUp);
      expect([ended.state, ended.failure?.code, ended.branches[0]?.step]).toEqual([
        'FAILED',
        'EXPORT_FAILED',
        'check',
      ]);
    }
  });

  it('because it is archived is refused', () => {
    const failure = { code: 'SOURCE_ARCHIVED', sentence: 'It is archived.', remedy: 'Restore it.' };
    const run = having(exporting(), { kind: 'export-failed', failure }, EXPORT.cleanedUp);
    expect(run.state).toBe('REFUSED');
  });

  it('is one that takes more than half a day', () => {
    const pending = { kind: 'export-pending', percent: 30 } as const;
    const first = later(exporting(), 10, pending);
    expect(first.exporting).toMatchObject({ step: 'export', percent: 30, tries: 1 });
    const late = later(first, 13 * HOUR, pending);
    expect(late.exporting?.failure).toMatchObject({
      code: 'TIMED_OUT',
      sentence:
        'OCI had not finished the export after 12 hours; last seen at 30 %, work request export-work.',
    });
    expect(kinds(late)).toEqual(['clean-up-export']);
  });

  it('for a passing reason is tried again: for its turn it waits as long as an export may take', () => {
    const tried = having(asked(), stepFailed(true));
    expect(tried.exporting).toMatchObject({ step: 'request', tries: 1, failure: null });
    expect(later(asked(), 11 * HOUR, stepFailed(true)).exporting?.step).toBe('request');
    expect(later(exporting(), 11 * HOUR, stepFailed(true)).exporting?.step).toBe('export');
    expect(later(asked(), 13 * HOUR, stepFailed(true)).exporting).toMatchObject({
      step: 'clean-up',
      failure: { code: 'TIMED_OUT', sentence: expect.stringContaining(FAILURE.sentence) },
    });
    expect(later(toPhoenix(), 7 * HOUR, stepFailed(true)).exporting?.step).toBe('clean-up');
    expect(later(exported(), 7 * HOUR, stepFailed(true)).exporting?.step).toBe('done');
  });

  it('for good ends at once', () => {
    for (const run of [toPhoenix(), asked(), exporting()])
      expect(having(run, stepFailed(false)).exporting).toMatchObject({ step: 'clean-up', failure: FAILURE });
  });
});
