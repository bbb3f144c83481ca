import { describe, expect, it } from 'vitest';
import { explain, InvalidCondition, matches, parseCondition } from '../../../events/condition.ts';

const event = {
  eventType: 'com.oraclecloud.objectstorage.createobject',
  source: 'ObjectStorage',
  eventTypeVersion: '2.0',
  data: {
    resourceName: 'disks/debian 12.qcow2',
    availabilityDomain: null,
    size: 42,
    public: false,
    freeformTags: { Department: 'Finance' },
    labels: ['red', 'blue'],
    additionalDetails: { bucketName: 'drop', namespace: 'acme', versions: [{ id: 'v1' }, { id: 'v2' }] },
  },
};

const cases: [name: string, condition: object, matches: boolean][] = [
  ['an empty condition matches every event', {}, true],
  ['a field is compared exactly', { eventType: 'com.oraclecloud.objectstorage.createobject' }, true],
  ['a prefix is no match', { eventType: 'com.oraclecloud.objectstorage.create' }, false],
  ['letter case counts', { source: 'objectstorage' }, false],
  ['fields are ANDed', { source: 'ObjectStorage', eventTypeVersion: '1.0' }, false],
  ['an array is an OR', { source: ['objectstorage', 'ObjectStorage'] }, true],
  ['an array without the value does not match', { source: ['compute', 'functions'] }, false],
  ['nesting is as in the event', { data: { additionalDetails: { bucketName: ['drop', 'in'] } } }, true],
  ['a field at another level does not match', { data: { bucketName: 'drop' } }, false],
  ['a field the event lacks does not match', { data: { additionalDetails: { eTag: '*' } } }, false],
  ['an inherited property is no field', { constructor: '*' }, false],
  ['* at the end', { eventType: 'com.oraclecloud.objectstorage.*' }, true],
  ['* at the start', { data: { resourceName: '*.qcow2' } }, true],
  ['* in the middle', { eventType: 'com.*.createobject' }, true],
  ['* stands for nothing too', { source: 'Object*Storage' }, true],
  ['several *', { data: { resourceName: '*disks*12*.qcow2*' } }, true],
  ['parts may not overlap', { eventTypeVersion: '2.*.0' }, false],
  ['* inside an array', { data: { resourceName: ['*.vmdk', '*.qcow2'] } }, true],
  ['. is no wildcard', { eventType: 'com.oraclecloud.objectstorage.create.bject' }, false],
  ['? is no wildcard', { source: '?bjectStorage' }, false],
  ['* in a key is literal', { 'event*': '*' }, false],
  ['a lone * matches any value', { data: { size: '*', public: '*', freeformTags: '*' } }, true],
  ['a lone * does not match null', { data: { availabilityDomain: '*' } }, false],
  ['null matches null', { data: { availabilityDomain: null } }, true],
  ['null does not match what is absent', { data: { nothing: null } }, false],
  ['numbers are compared as numbers', { data: { size: 42 } }, true],
  ['text is no number', { data: { size: '42' } }, false],
  ['booleans', { data: { public: false } }, true],
  ['any value of an array in the event will do', { data: { labels: 'bl*' } }, true],
  ['an array in the event without the value', { data: { labels: ['green', 'r'] } }, false],
  ['arrays on both sides match where they share a value', { data: { labels: ['green', 'blue'] } }, true],
  ['arrays on both sides without a shared value', { data: { labels: ['green', 'black'] } }, false],
  ['a lone * in an array', { data: { labels: ['green', '*'] } }, true],
  ['null as an alternative', { data: { availabilityDomain: ['AD-1', null] } }, true],
  ['a number as an alternative', { data: { size: [7, 42] } }, true],
  ['a * inside a text matches no number', { data: { size: '4*' } }, false],
  ['letter case of a field counts', { data: { ResourceName: '*' } }, false],
  ['letter case counts with a *', { data: { resourceName: 'Disks/*' } }, false],
  ['a * alone between others', { data: { resourceName: 'disks/**.qcow2' } }, true],
  [
    'all fields of an object are ANDed',
    { data: { freeformTags: { Department: 'Finance', Team: '*' } } },
    false,
  ],
  ['objects inside an array of the event', { data: { additionalDetails: { versions: { id: 'v2' } } } }, true],
  ['alternatives may be objects', { data: [{ size: 1 }, { size: 42 }] }, true],
  ['an object does not match a text', { source: { name: '*' } }, false],
];

describe('matches', () => {
  it.each(cases)('%s', (_, condition, expected) => {
    expect(matches(parseCondition(JSON.stringify(condition)), event)).toBe(expected);
    expect(explain(parseCondition(JSON.stringify(condition)), event).length === 0).toBe(expected);
  });

  it('takes no exponential time over many asterisks', () => {
    const condition = { name: `${'a*'.repeat(5_000)}b` };
    const started = performance.now();
    expect(matches(condition, { name: 'a'.repeat(100_000) })).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('explain', () => {
  it('names every field that does not match, what was wanted and what is there', () => {
    const condition = parseCondition(
      '{"eventType":"*.createobject","data":{"additionalDetails":{"bucketName":["in","out"],"eTag":"x"}}}',
    );
    expect(explain(condition, event)).toEqual([
      { field: 'data.additionalDetails.bucketName', wanted: ['in', 'out'], found: 'drop' },
      { field: 'data.additionalDetails.eTag', wanted: 'x', found: undefined },
    ]);
  });
});

describe('parseCondition', () => {
  it.each([
    ['text that is not JSON', '{"eventType":'],
    ['a bare string', '"eventType"'],
    ['an array', '[]'],
    ['null', 'null'],
    ['an empty array', '{"data":{"size":[]}}'],
    ['an array inside an array', '{"source":[["a"]]}'],
    ['endless nesting', `${'{"a":'.repeat(50)}1${'}'.repeat(50)}`],
  ])('refuses %s', (_, text) => {
    expect(() => parseCondition(text)).toThrow(InvalidCondition);
  });
});
