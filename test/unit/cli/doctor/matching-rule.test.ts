import fc from 'fast-check';
import { expect, test } from 'vitest';
import { functionsRule, matchesRule } from '../../../../cli/doctor/matching-rule.ts';

const principal = { id: 'ocid1.fnfunc.oc1.iad.a', compartmentId: 'ocid1.compartment.oc1..c' };

test.each([
  ["resource.type = 'fnfunc'", true],
  ["ALL {resource.type = 'fnfunc', resource.compartment.id = 'ocid1.compartment.oc1..c'}", true],
  ["all{resource.type='fnfunc',resource.compartment.id='ocid1.compartment.oc1..c'}", true],
  ["ALL {resource.type = 'fnfunc', resource.compartment.id = 'ocid1.compartment.oc1..other'}", false],
  ["ALL {resource.type = 'instance'}", false],
  ["resource.type != 'fnfunc'", false],
  ["ANY {resource.type = 'instance', ALL {resource.id = 'ocid1.fnfunc.oc1.iad.a'}}", true],
  // An instance's compartment is no function's.
  ["instance.compartment.id = 'ocid1.compartment.oc1..c'", undefined],
  ["ALL {resource.type = 'fnfunc', tag.ops.kind.value = 'byoi'}", undefined],
  ["ANY {resource.type = 'fnfunc', tag.ops.kind.value = 'byoi'}", true],
  ["ALL {resource.type = 'instance', tag.ops.kind.value = 'byoi'}", false],
  ['tag.ops.kind', undefined],
  ["ALL {resource.type = 'fnfunc'", undefined],
  ["resource.type = 'fnfunc' }", undefined],
  ['', undefined],
])('%s: %s', (rule, expected) => {
  expect(matchesRule(rule, principal)).toBe(expected);
});

test('the rule that is made matches its functions and no other', () => {
  const rule = functionsRule([principal.id, 'ocid1.fnfunc.oc1.iad.b']);
  expect(matchesRule(rule, principal)).toBe(true);
  expect(matchesRule(rule, { ...principal, id: 'ocid1.fnfunc.oc1.iad.c' })).toBe(false);
});

test('any text is an answer', () => {
  const word = fc.constantFrom(
    'ALL',
    'any',
    '{',
    '}',
    ',',
    '=',
    '!=',
    "'x'",
    'resource.type',
    'tag.a.b',
    "'",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), (words) => {
      expect([true, false, undefined]).toContain(matchesRule(words.join(' '), principal));
    }),
  );
});
