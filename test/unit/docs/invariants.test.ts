import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = readFileSync('docs/INVARIANTS.md', 'utf8');
const sections = text.split(/^## /m).slice(1);

interface Enforcement {
  readonly path: string;
  readonly title: string;
}

function enforcements(section: string): Enforcement[] {
  const [, list = ''] = section.split('Enforced by:\n');
  return Array.from(list.matchAll(/^- `([^`]+)`: "(.+)"$/gm), ([, path = '', title = '']) => ({
    path,
    title,
  }));
}

/** Is there a test of that title, and is it run? */
function exists({ path, title }: Enforcement): boolean {
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8').replaceAll(/\\(?=['"`])/g, '');
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote},`));
}

test('there are nine invariants, and each is enforced by tests', () => {
  expect(sections.map((section) => section[0])).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  expect(sections.filter((section) => enforcements(section).length === 0)).toEqual([]);
});

test('every test that docs/INVARIANTS.md names is there', () => {
  const named = sections.flatMap(enforcements);
  expect(named).toHaveLength(text.match(/^- `/gm)?.length ?? 0);
  expect(named.filter((one) => !exists(one))).toEqual([]);
  expect(exists({ path: 'test/unit/architecture.test.ts', title: 'no such title' })).toBe(false);
});
