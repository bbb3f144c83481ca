import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVersions } from '../../../../shared/guest/linux/versions.ts';

/** UAPI.10, "Examples": each is older than the next. */
const ASCENDING = [
  '122.1',
  '123~rc1-1',
  '123',
  '123-a',
  '123-a.1',
  '123-a1',
  '123-a1.1',
  '123-3',
  '123-3.1',
  '123^patch1',
  '123^1',
  '123.a-1',
  '123.1-1',
  '123a-1',
  '124',
];

test('versions are in the order of the specification', () => {
  expect([...ASCENDING].reverse().sort(compareVersions)).toEqual(ASCENDING);
  for (const [index, version] of ASCENDING.entries()) {
    for (const newer of ASCENDING.slice(index + 1)) {
      expect(compareVersions(version, newer), `${version} < ${newer}`).toBeLessThan(0);
      expect(compareVersions(newer, version), `${newer} > ${version}`).toBeGreaterThan(0);
    }
  }
});

test.each([
  ['11', '11', 0],
  ['bar-123', 'foo-123', -1],
  ['123a', '123', 1],
  ['123a', '123.a', 1],
  ['11α', '11β', 0],
  ['A', 'a', -1],
  ['', '0', -1],
  ['0.', '0', 1],
  ['0', '~', 1],
  ['', '~', 1],
  ['1_', '1', 0],
  ['_1', '1', 0],
  ['1_2_3', '1.3.3', 1],
  ['1+', '1.2', -1],
  ['00123', '123', 0],
  ['6._0', '6.0', -1],
  ['6.1.0-13-amd64', '6.1.0-9-amd64', 1],
  ['5.14.0-427.el9.x86_64', '5.14.0-70.13.1.el9_0.x86_64', 1],
])('%s and %s', (left, right, order) => {
  expect(Math.sign(compareVersions(left, right))).toBe(order);
});

const version = fc.string({ unit: fc.constantFrom(...'0019abZ~-^._+'), maxLength: 8 });

test('the order of any versions is total', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
      expect(compareVersions(a, a)).toBe(0);
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }
    }),
    { numRuns: 2000 },
  );
});

test('hostile versions of any length are compared in no time', () => {
  const long = '1a'.repeat(2 ** 20);
  const longer = `${long}b`;
  const started = performance.now();
  for (let index = 0; index < 100; index++) compareVersions(long, longer);
  expect(performance.now() - started).toBeLessThan(2000);
});
