import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { matches, parseCondition } from '../../../events/condition.ts';
import { limitProblems } from '../../../events/limits.ts';
import { declaredRules, functionRules } from '../../../events/rules.ts';
import { terraformRules } from '../../../events/terraform.ts';

const SCOPE = { drop: ['in', 'in-2'], export: ['out'], destination: ['copies'] };

const started = (event: object) =>
  declaredRules(SCOPE)
    .filter(({ condition }) => matches(parseCondition(condition), event))
    .map(({ displayName }) => displayName);

test('what is declared keeps to the limits of OCI', () => {
  expect(declaredRules(SCOPE)).toHaveLength(functionRules.length);
  expect(limitProblems(declaredRules(SCOPE), {})).toEqual([]);
});

test.each([
  ['in', ['byoi-import-image']],
  ['in-2', ['byoi-import-image']],
  ['out', ['byoi-copy-image']],
  ['copies', ['byoi-import-copy']],
  ['ledger', []],
])('an object that arrives in the bucket %s starts %j', (bucketName, names) => {
  for (const kind of ['createobject', 'updateobject']) {
    const eventType = `com.oraclecloud.objectstorage.${kind}`;
    expect(started({ eventType, data: { additionalDetails: { bucketName } } })).toEqual(names);
  }
  const eventType = 'com.oraclecloud.objectstorage.deleteobject';
  expect(started({ eventType, data: { additionalDetails: { bucketName } } })).toEqual([]);
});

test('a role without buckets has no rule', () => {
  const names = declaredRules({ ...SCOPE, export: [] }).map(({ displayName }) => displayName);
  expect(names).not.toContain('byoi-copy-image');
  expect(names).toHaveLength(functionRules.length - 1);
});

test('deploy/stack/rules_declared.tf.json is what the functions declare (npm run docs writes it)', () => {
  expect(readFileSync('deploy/stack/rules_declared.tf.json', 'utf8')).toBe(terraformRules());
});

test('Terraform gets what this program makes conditions of', () => {
  const { byoi_rules } = JSON.parse(terraformRules()).locals;
  expect(Object.keys(byoi_rules)).toEqual(functionRules.map(({ ruleName }) => ruleName));
  expect(byoi_rules['byoi-import-image']).toEqual({
    description: 'A disk dropped into a drop bucket becomes a custom image.',
    event_types: ['com.oraclecloud.objectstorage.createobject', 'com.oraclecloud.objectstorage.updateobject'],
    buckets: 'drop',
    function: 'import-image',
  });
  expect(byoi_rules['byoi-advance-runs'].buckets).toBeNull();
});
