import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionsOf } from '../../../shared/run/actions.ts';
import { advance } from '../../../shared/run/advance.ts';
import { plusSeconds } from '../../../shared/run/policy.ts';
import { type Attestation, isEnded, type Run } from '../../../shared/run/run.ts';
import {
  aDrop,
  directTo,
  FAILURE,
  HUB,
  having,
  kinds,
  T0,
  timed,
  type UntimedFact,
} from '../../support/facts.ts';
import { A_POLICY, aVerdict } from '../../support/runs.ts';

const REGION = HUB;
const POLICY = A_POLICY;
const PAR = { id: 'par-1', url: 'http://127.0.0.1/p/secret', expiresAt: plusSeconds(T0, 86_400) };
const ATTESTATION: Attestation = { text: 'ours', how: 'command', by: 'ocid1.user', at: T0 };

const VERDICT = aVerdict();

const newRun = (attestation: Attestation | null = null): Run => aDrop([directTo(REGION)], attestation);

const inspected = { kind: 'inspected', verdict: VERDICT, attestation: null } as const;
const parCreated = { kind: 'par-created', branch: REGION, attempt: 1, par: PAR } as const;
const requested = {
  kind: 'image-requested',
  branch: REGION,
  imageId: 'ocid1.image',
  workRequestId: 'wr',
} as const;
const succeeded = { kind: 'import-succeeded', branch: REGION } as const;
const verified = { kind: 'source-verified', branch: REGION, result: 'same' } as const;
const configured = { kind: 'image-configured', branch: REGION, warnings: [] } as const;
const cleanedUp = { kind: 'cleaned-up', branch: REGION } as const;
const JOURNEY = [inspected, parCreated, requested, succeeded, verified, configured, cleanedUp] as const;

describe('the drop journey', () => {
  it('asks for one action after the other, and ends with a notification and a closing', () => {
    const asked = JOURNEY.map((_, index) => kinds(having(newRun(), ...JOURNEY.slice(0, index))));
    expect(asked).toEqual([
      ['inspect'],
      ['create-par'],
      ['create-image'],
      ['check-import'],
      ['verify-source'],
      ['configure-image'],
      ['clean-up'],
    ]);
    const ended = having(newRun(), ...JOURNEY);
    expect(ended.state).toBe('SUCCEEDED');
    expect(kinds(ended)).toEqual(['notify']);
    const told = having(ended, { kind: 'notified', state: 'SUCCEEDED' });
    expect(kinds(told)).toEqual(['close']);
    expect(kinds(having(told, { kind: 'closed' }))).toEqual([]);
  });

  it('keeps the secret URL no longer than it is needed', () => {
    expect(having(newRun(), ...JOURNEY).branches[0]?.par).toBeNull();
  });

  it('refuses an image with a rejection before anything is asked of OCI', () => {
    const problem = {
      code: 'IMAGE_TOO_LARGE',
      severity: 'reject',
      sentence: 'too large',
      remedy: 'shrink it',
    } as const;
    const run = having(newRun(), { ...inspected, verdict: { ...VERDICT, problems: [problem] } });
    expect(run.state).toBe('REFUSED');
    expect(run.failure).toEqual({ code: 'IMAGE_TOO_LARGE', sentence: 'too large', remedy: 'shrink it' });
    expect(kinds(run)).toEqual(['notify']);
  });

  it('waits between two looks at a work request, longer each time, up to the bound', () => {
    const waits: number[] = [];
    let run = having(newRun(), inspected, parCreated, requested);
    for (let look = 0; look < 12; look += 1) {
      const at = run.dueAt ?? '';
      run = advance(run, timed({ kind: 'import-pending', branch: REGION, percent: look }, at), POLICY).run;
      waits.push((Date.parse(run.dueAt ?? '') - Date.parse(at)) / 1000);
    }
    expect(waits[0]).toBeCloseTo(7.5);
    expect(waits.at(-1)).toBe(60);
    expect([...waits].sort((a, b) => a - b)).toEqual(waits);
  });

  it('fails an import that takes longer than the policy allows, and still cleans up', () => {
    const run = having(newRun(), inspected, parCreated, requested);
    const late = advance(
      run,
      timed({ kind: 'import-pending', branch: REGION, percent: 40 }, plusSeconds(T0, 13 * 3600)),
      POLICY,
    ).run;
    expect(late.branches[0]?.failure?.code).toBe('TIMED_OUT');
    expect(late.branches[0]?.failure?.sentence).toContain('last seen at 40 %');
    // What OCI may still finish must not stay.
    expect(kinds(late)).toEqual(['discard-image']);
  });

  it('deletes the image of a source that changed while it was imported', () => {
    const run = having(newRun(), inspected, parCreated, requested, succeeded, {
      ...verified,
      result: 'changed',
    });
    expect(kinds(run)).toEqual(['discard-image']);
    const ended = having(run, { kind: 'image-discarded', branch: REGION }, cleanedUp);
    expect([ended.state, ended.failure?.code]).toEqual(['FAILED', 'SOURCE_CHANGED']);
  });

  it('succeeds with a warning where the source was deleted while it was imported', () => {
    const run = having(
      newRun(),
      inspected,
      parCreated,
      requested,
      succeeded,
      { ...verified, result: 'deleted' },
      configured,
      cleanedUp,
    );
    expect(run.state).toBe('SUCCEEDED');
    expect(run.branches[0]?.warnings.map(({ code }) => code)).toEqual(['SOURCE_DELETED']);
  });

  it('is superseded where the source was overwritten before its import was asked for', () => {
    const lost = { kind: 'source-lost', how: 'overwritten' } as const;
    expect(having(newRun(), lost).state).toBe('SUPERSEDED');
    const run = having(newRun(), inspected, parCreated, lost);
    const discarded = { kind: 'image-discarded', branch: REGION } as const;
    expect(having(run, discarded, cleanedUp).state).toBe('SUPERSEDED');
  });

  it('looks for an image where the source is lost while OCI may have been asked for one', () => {
    const lost = { kind: 'source-lost', how: 'overwritten' } as const;
    // Its driver may have died of the answer.
    expect(kinds(having(newRun(), inspected, parCreated, lost))).toEqual(['discard-image']);
    expect(kinds(having(newRun(), inspected, lost))).toEqual(['clean-up']);
  });

  it('looks for an image where CreateImage is refused, or its work request cannot be asked', () => {
    const refused = { kind: 'step-failed', branch: REGION, failure: FAILURE, transient: false } as const;
    expect(kinds(having(newRun(), inspected, parCreated, refused))).toEqual(['discard-image']);
    expect(kinds(having(newRun(), inspected, parCreated, requested, refused))).toEqual(['discard-image']);
  });

  it('says that there may be an image where that cannot be found out, beside what was to be done anyway', () => {
    const failure = { ...FAILURE, remedy: 'Add the policy.' };
    const refused = { kind: 'step-failed', branch: REGION, failure, transient: false } as const;
    const run = having(newRun(), inspected, parCreated, refused, refused, cleanedUp);
    expect(run.failure?.remedy).toMatch(/^Add the policy\. There may be an image/);
  });

  it('keeps no secret URL in its record where the PAR cannot be deleted, and says so', () => {
    const failed = { kind: 'step-failed', branch: REGION, failure: FAILURE, transient: false } as const;
    const [branch] = having(newRun(), ...JOURNEY.slice(0, -1), failed).branches;
    expect(branch).toMatchObject({ step: 'done', par: null, failure: null, warnings: [FAILURE] });
  });

  it('makes a new attempt, with a new PAR, where the PAR was lost', () => {
    const run = having(newRun(), inspected, parCreated, { kind: 'par-lost', branch: REGION, attempt: 1 });
    expect(run.branches[0]).toMatchObject({ attempt: 2, par: null, step: 'authorize' });
    expect(having(run, parCreated).branches[0]?.step).toBe('authorize');
  });

  it('tries again what failed for a passing reason, and gives up in time', () => {
    const failed = { kind: 'step-failed', branch: REGION, failure: FAILURE, transient: true } as const;
    const run = having(newRun(), inspected, failed);
    expect(run.branches[0]).toMatchObject({ step: 'authorize', tries: 1, failure: null });
    const late = advance(run, timed(failed, plusSeconds(T0, 7 * 3600)), POLICY).run;
    expect(late.branches[0]).toMatchObject({
      step: 'clean-up',
      failure: { code: 'TIMED_OUT', sentence: expect.stringContaining(FAILURE.sentence) },
    });
  });

  it('does not fail an import because its work request could not be asked for a moment, however long it takes', () => {
    const run = having(newRun(), inspected, parCreated, requested);
    const failed = { kind: 'step-failed', branch: REGION, failure: FAILURE, transient: true } as const;
    const at = (hours: number) => timed(failed, plusSeconds(T0, hours * 3600));
    expect(advance(run, at(11), POLICY).run.branches[0]?.step).toBe('import');
    expect(advance(run, at(13), POLICY).run.branches[0]?.failure?.sentence).toContain(FAILURE.sentence);
  });

  it('does not say of an image that it was deleted where it could not be', () => {
    const changed = { ...verified, result: 'changed' } as const;
    const failed = { kind: 'step-failed', branch: REGION, failure: FAILURE, transient: false } as const;
    const ended = having(newRun(), inspected, parCreated, requested, succeeded, changed, failed, cleanedUp);
    expect(ended.failure).toMatchObject({
      code: 'SOURCE_CHANGED',
      remedy: expect.stringContaining('oci compute image delete --image-id ocid1.image'),
    });
  });

  it('is refused where the source turns out to be archived, before and after it was read', () => {
    const archived = { kind: 'source-lost', how: 'archived' } as const;
    for (const run of [
      having(newRun(), archived),
      having(
        newRun(),
        inspected,
        parCreated,
        archived,
        { kind: 'image-discarded', branch: REGION },
        cleanedUp,
      ),
    ])
      expect([run.state, run.failure?.code]).toEqual(['REFUSED', 'SOURCE_ARCHIVED']);
  });

  it('ends at once what failed for good', () => {
    const run = having(
      newRun(),
      inspected,
      { kind: 'step-failed', branch: REGION, failure: FAILURE, transient: false },
      cleanedUp,
    );
    expect([run.state, run.failure]).toEqual(['FAILED', FAILURE]);
  });
});

describe('a run that is driven', () => {
  it("is nobody else's for as long as its driver may inspect, and 90 seconds in any other action", () => {
    expect(newRun().dueAt).toBe(plusSeconds(T0, 300));
    expect(having(newRun(), inspected).dueAt).toBe(plusSeconds(T0, 1 + 90));
  });

  it("is anybody's at once after a fact that was said in passing", () => {
    const held = having(newRun(), { ...inspected, verdict: { ...VERDICT, licensedSystem: 'rhel' } });
    const at = plusSeconds(T0, 60);
    const fact = { kind: 'attested', attestation: ATTESTATION, at, heldUntil: at } as const;
    expect(advance(held, fact, POLICY).run.dueAt).toBe(at);
  });
});

describe('a licensed system', () => {
  const windows = { ...inspected, verdict: { ...VERDICT, licensedSystem: 'windows' } } as const;

  it('is held, and told, until its licence is attested', () => {
    const held = having(newRun(), windows);
    expect([held.state, kinds(held)]).toEqual(['NEEDS_LICENSE', ['notify']]);
    const told = having(held, { kind: 'notified', state: 'NEEDS_LICENSE' });
    expect([kinds(told), told.dueAt]).toEqual([[], null]);
    const attested = having(told, { kind: 'attested', attestation: ATTESTATION });
    expect([attested.state, attested.attestation, kinds(attested)]).toEqual([
      'OPEN',
      ATTESTATION,
      ['create-par'],
    ]);
  });

  it('goes on at once where the licence came with the drop or the configuration', () => {
    expect(kinds(having(newRun(ATTESTATION), windows))).toEqual(['create-par']);
    expect(kinds(having(newRun(), { ...windows, attestation: ATTESTATION }))).toEqual(['create-par']);
  });

  it('has six hours for its next step from the attestation on, however long it was held', () => {
    const held = having(newRun(), windows, { kind: 'notified', state: 'NEEDS_LICENSE' });
    const at = plusSeconds(T0, 30 * 86_400);
    const attested = advance(held, timed({ kind: 'attested', attestation: ATTESTATION }, at), POLICY).run;
    const failed = advance(
      attested,
      timed({ kind: 'step-failed', branch: REGION, failure: FAILURE, transient: true }, at),
      POLICY,
    ).run;
    expect(failed.branches[0]?.failure).toBeNull();
  });
});

/** Any fact, sensible or not, for this region or another. */
const anyFact: fc.Arbitrary<UntimedFact> = fc.oneof(
  fc.constantFrom<UntimedFact>(...JOURNEY),
  fc.constantFrom<UntimedFact>(
    { ...inspected, verdict: { ...VERDICT, licensedSystem: 'rhel' } },
    { kind: 'attested', attestation: ATTESTATION },
    { kind: 'source-lost', how: 'overwritten' },
    { kind: 'source-lost', how: 'deleted' },
    { kind: 'notified', state: 'SUCCEEDED' },
    { kind: 'notified', state: 'FAILED' },
    { kind: 'notified', state: 'SUPERSEDED' },
    { kind: 'notified', state: 'NEEDS_LICENSE' },
    { kind: 'closed' },
    { kind: 'par-lost', branch: REGION, attempt: 1 },
    { kind: 'par-created', branch: REGION, attempt: 2, par: { ...PAR, id: 'par-2' } },
    { kind: 'import-pending', branch: REGION, percent: 50 },
    { kind: 'import-failed', branch: REGION, failure: FAILURE },
    { ...verified, result: 'changed' },
    { ...verified, result: 'deleted' },
    { kind: 'image-discarded', branch: REGION },
    { kind: 'image-requested', branch: REGION, imageId: 'ocid1.image', workRequestId: null },
    { ...succeeded, branch: 'us-phoenix-1' },
  ),
  fc.record({
    kind: fc.constant('step-failed' as const),
    branch: fc.constant(REGION),
    failure: fc.constant(FAILURE),
    transient: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('run-step-failed' as const),
    failure: fc.constant(FAILURE),
    transient: fc.boolean(),
  }),
);

describe('any schedule of facts', () => {
  const schedule = fc.array(fc.tuple(anyFact, fc.integer({ min: 0, max: 3600 })), { maxLength: 60 });

  function play(facts: readonly [UntimedFact, number][]): Run[] {
    const runs = [newRun()];
    let at = T0;
    for (const [fact, seconds] of facts) {
      at = plusSeconds(at, seconds);
      runs.push(advance(runs.at(-1) ?? newRun(), timed(fact, at), POLICY).run);
    }
    return runs;
  }

  it('leaves no open run without a next step, except one held for a licence', () => {
    fc.assert(
      fc.property(schedule, (facts) => {
        for (const run of play(facts)) {
          const waits = actionsOf(run).length > 0;
          const held = run.state === 'NEEDS_LICENSE' && run.untold === null;
          expect(waits).toBe(run.closedAt === null && !held);
          expect(run.dueAt !== null).toBe(waits);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('asks for one image at most: once a branch knows its image, CreateImage is never due again', () => {
    fc.assert(
      fc.property(schedule, (facts) => {
        const images = new Set<string>();
        for (const run of play(facts)) {
          const [branch] = run.branches;
          if (branch?.imageId) images.add(branch.imageId);
          if (branch?.imageId) expect(kinds(run)).not.toContain('create-image');
        }
        expect(images.size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never leaves an end, and tells each end before it closes', () => {
    fc.assert(
      fc.property(schedule, (facts) => {
        let end: string | null = null;
        for (const run of play(facts)) {
          if (end) expect(run.state).toBe(end);
          if (isEnded(run.state)) end = run.state;
          if (run.closedAt) expect([isEnded(run.state), run.untold]).toEqual([true, null]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('changes nothing by a fact that comes a second time, except to try or ask once more', () => {
    const repeatable = new Set([
      'step-failed',
      'run-step-failed',
      'import-pending',
      'source-lost',
      'par-lost',
    ]);
    fc.assert(
      fc.property(schedule, anyFact, (facts, fact) => {
        fc.pre(!repeatable.has(fact.kind));
        const before = play(facts).at(-1) ?? newRun();
        const at = plusSeconds(T0, 10 ** 6);
        const once = advance(before, timed(fact, at), POLICY).run;
        const twice = advance(once, timed(fact, at), POLICY).run;
        // A branch that failed before CreateImage begins again from nothing: no second fact can revive it.
        if (once !== before)
          expect(twice.branches.map(({ step }) => step)).toEqual(once.branches.map(({ step }) => step));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reaches an end from wherever it is, when every action succeeds', () => {
    fc.assert(
      fc.property(schedule, (facts) => {
        let run = play(facts).at(-1) ?? newRun();
        if (run.state === 'NEEDS_LICENSE') run = having(run, { kind: 'attested', attestation: ATTESTATION });
        for (let step = 0; step < 20 && run.closedAt === null; step += 1) run = having(run, succeedAt(run));
        expect(run.closedAt).not.toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The fact that the first action of a run yields when all goes well. */
function succeedAt(run: Run): UntimedFact {
  const attempt = run.branches[0]?.attempt ?? 1;
  switch (kinds(run)[0]) {
    case 'inspect':
      return inspected;
    case 'create-par':
      return { ...parCreated, attempt };
    case 'create-image':
      return requested;
    case 'check-import':
      return succeeded;
    case 'verify-source':
      return verified;
    case 'discard-image':
      return { kind: 'image-discarded', branch: REGION };
    case 'configure-image':
      return configured;
    case 'clean-up':
      return cleanedUp;
    case 'notify':
      return { kind: 'notified', state: run.state };
    default:
      return { kind: 'closed' };
  }
}
