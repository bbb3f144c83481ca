import { describe, expect, test } from 'vitest';
import type { PresentRule, WantedRule } from '../../../events/changes.ts';
import { limitProblems } from '../../../events/limits.ts';
import { DEPLOYMENT_TAG, deploymentTag, isOwn, ownTags } from '../../../events/ownership.ts';
import { changesAnything, planRules } from '../../../events/plan.ts';

const DEPLOYMENT = deploymentTag({ region: 'us-ashburn-1', namespace: 'acme', bucket: 'ledger' });

const wanted = (more: Partial<WantedRule> = {}): WantedRule => ({
  displayName: 'dropped',
  description: 'A disk was dropped.',
  condition: '{"eventType":["a","b"]}',
  functionName: 'import-image',
  functionId: 'ocid1.fnfunc.import',
  compartmentId: 'ocid1.compartment.a',
  about: 'drop',
  ...more,
});

const present = (more: Partial<PresentRule> = {}): PresentRule => ({
  id: 'ocid1.eventrule.1',
  etag: 'etag',
  compartmentId: 'ocid1.compartment.a',
  displayName: 'dropped',
  description: 'A disk was dropped.',
  condition: '{"eventType":["a","b"]}',
  isEnabled: true,
  lifecycleState: 'ACTIVE',
  lifecycleMessage: '',
  timeCreated: '2026-01-01T00:00:00Z',
  actions: [{ actionType: 'FAAS', isEnabled: true, target: 'ocid1.fnfunc.import', failure: null }],
  freeformTags: ownTags(DEPLOYMENT),
  ...more,
});

const changesOf = (more: Partial<PresentRule>) => {
  const [step] = planRules([wanted()], [present(more)], DEPLOYMENT).steps;
  return step?.action === 'update' ? step.changes : step?.action;
};

describe('a plan', () => {
  test('makes a rule anew that is in another compartment than what it is about: it would see nothing', () => {
    const elsewhere = present({ compartmentId: 'ocid1.compartment.b' });
    const { steps } = planRules([wanted()], [elsewhere], DEPLOYMENT);
    expect(steps).toMatchObject([
      { action: 'create', wanted: { compartmentId: 'ocid1.compartment.a' } },
      { action: 'delete', present: elsewhere, why: expect.stringContaining('compartment') },
    ]);
  });

  test('leaves a rule alone that is as declared', () => {
    const plan = planRules([wanted()], [present()], DEPLOYMENT);
    expect(plan.steps).toMatchObject([{ action: 'keep' }]);
    expect(changesAnything(plan)).toBe(false);
  });

  test.each([
    ['other white space', '{ "eventType": ["a", "b"] }'],
    ['another order of alternatives', '{"eventType":["b","a"]}'],
  ])('sees no difference in %s', (_, condition) => {
    expect(changesOf({ condition })).toBe('keep');
  });

  test.each<[string, Partial<PresentRule>, object]>([
    ['a disabled rule', { isEnabled: false }, { field: 'enabled', from: false, to: true }],
    [
      'a disabled action',
      { actions: [{ actionType: 'FAAS', isEnabled: false, target: 'ocid1.fnfunc.import', failure: null }] },
      { field: 'actions', from: ['FAAS ocid1.fnfunc.import (disabled)'], to: ['FAAS ocid1.fnfunc.import'] },
    ],
    [
      'an action that FAILED',
      { actions: [{ actionType: 'FAAS', isEnabled: true, target: 'x', failure: 'no right' }] },
      { field: 'actions', from: ['FAAS x (FAILED: no right)'], to: ['FAAS ocid1.fnfunc.import'] },
    ],
    [
      'another event type',
      { condition: '{"eventType":["a"]}' },
      { field: 'condition.eventType', from: ['a'], to: ['a', 'b'] },
    ],
    [
      'a field too many',
      { condition: '{"eventType":["a","b"],"source":"x"}' },
      { field: 'condition.source', from: 'x', to: undefined },
    ],
    [
      'a condition that is no JSON',
      { condition: '{' },
      { field: 'condition', from: '{', to: { eventType: ['a', 'b'] } },
    ],
    [
      'a lost tag',
      { freeformTags: { [DEPLOYMENT_TAG]: DEPLOYMENT } },
      { field: 'tag byoi-managed-by', from: undefined, to: 'byoi' },
    ],
  ])('updates %s', (_, more, change) => {
    expect(changesOf(more)).toEqual([change]);
  });

  test('replaces a FAILED rule by a new one, and tells its message', () => {
    const failed = present({ lifecycleState: 'FAILED', lifecycleMessage: 'no such function' });
    expect(planRules([wanted()], [failed], DEPLOYMENT).steps).toMatchObject([
      { action: 'create' },
      { action: 'delete', why: 'it has FAILED (no such function), and is made anew' },
    ]);
    // The new one is there, and only the deletion was not done.
    expect(planRules([wanted()], [failed, present({ id: '2' })], DEPLOYMENT).steps).toMatchObject([
      { action: 'keep', present: { id: '2' } },
      { action: 'delete', present: { id: failed.id } },
    ]);
  });

  test('creates before it updates, and updates before it deletes', () => {
    const rules = [present({ displayName: 'gone', id: '1' }), present({ id: '2', isEnabled: false })];
    const plan = planRules([wanted(), wanted({ displayName: 'new' })], rules, DEPLOYMENT);
    expect(plan.steps.map(({ action, name }) => `${action} ${name}`)).toEqual([
      'create new',
      'update dropped',
      'delete gone',
    ]);
  });

  test('knows its own rules by their tag alone, and forgets deleted ones', () => {
    expect(isOwn(present(), DEPLOYMENT)).toBe(true);
    expect(isOwn(present({ lifecycleState: 'DELETED' }), DEPLOYMENT)).toBe(false);
    expect(isOwn(present({ freeformTags: {} }), DEPLOYMENT)).toBe(false);
    expect(isOwn(present({ freeformTags: ownTags(`${DEPLOYMENT}-2`) }), DEPLOYMENT)).toBe(false);
    expect(isOwn({ lifecycleState: 'ACTIVE' }, DEPLOYMENT)).toBe(false);
  });
});

describe('the limits', () => {
  const problems = (more: Partial<WantedRule>) => limitProblems([wanted(more)], ownTags(DEPLOYMENT));

  test('are kept by what is in order', () => {
    expect(problems({})).toEqual([]);
  });

  test.each<[string, Partial<WantedRule>, RegExp]>([
    ['a long name', { displayName: 'n'.repeat(256) }, /256 characters/],
    ['no name', { displayName: '' }, /0 characters/],
    ['a long description', { description: 'd'.repeat(256) }, /description .* 256 characters/],
    ['a condition that is no object', { condition: '["a"]' }, /condition of dropped: .*not a JSON object/],
  ])('are passed by %s', (_, more, problem) => {
    expect(problems(more)).toEqual([expect.stringMatching(problem)]);
  });

  test('are passed by too many rules, by one name twice, by a long tag', () => {
    const many = Array.from({ length: 51 }, (_, index) => wanted({ displayName: `rule ${index}` }));
    expect(limitProblems(many, {})).toEqual(['51 rules are declared, and a region has 50.']);
    expect(limitProblems([wanted(), wanted()], {})).toEqual(['dropped is declared twice.']);
    expect(limitProblems([], { tag: 'v'.repeat(257) })).toEqual([expect.stringContaining('257 characters')]);
  });
});
