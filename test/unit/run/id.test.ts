import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageRunIdOf, isRunId, runIdOf } from '../../../shared/run/id.ts';

const name = fc.string({ minLength: 1, maxLength: 8 });
const ledger = fc.record({ region: name, namespace: name, bucket: name });
const source = fc.record({ region: name, namespace: name, bucket: name, object: name, eTag: name });
const request = fc.record({
  journey: fc.constantFrom('replication' as const, 'share' as const),
  imageId: name,
  destinations: fc.uniqueArray(name, { maxLength: 4 }),
  format: name,
  request: name,
});

const same = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other);

describe('the id of a run', () => {
  it('is the same for the same content in the same ledger, and for no other', () => {
    fc.assert(
      fc.property(ledger, ledger, source, source, (ours, theirs, one, other) => {
        const id = runIdOf(ours, one);
        expect(isRunId(id)).toBe(true);
        expect(id === runIdOf({ ...ours }, { ...one })).toBe(true);
        expect(id === runIdOf(theirs, other)).toBe(same([ours, one], [theirs, other]));
        expect(id === runIdOf(theirs, one)).toBe(same(ours, theirs));
      }),
    );
  });

  it('is the same for the same request in the same ledger, in whatever order it names the destinations', () => {
    fc.assert(
      fc.property(ledger, ledger, request, request, (ours, theirs, one, other) => {
        const id = imageRunIdOf(ours, one);
        const turned = { ...one, destinations: one.destinations.toReversed() };
        expect(id === imageRunIdOf(ours, turned)).toBe(true);
        expect(id === imageRunIdOf(theirs, one)).toBe(same(ours, theirs));
        const sorted = (asked: typeof one) => ({ ...asked, destinations: asked.destinations.toSorted() });
        expect(id === imageRunIdOf(ours, other)).toBe(same(sorted(one), sorted(other)));
      }),
    );
  });
});
