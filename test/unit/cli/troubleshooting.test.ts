import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('docs/troubleshooting.md has a section for each code that the command itself raises, in their order', () => {
  const source = ['errors', 'report-error'].map((name) => readFileSync(`cli/${name}.ts`, 'utf8')).join('');
  const codes = Array.from(source.matchAll(/(?:super|new ByoiError)\(\s*'([A-Z_]+)'/g), ([, code]) => code);
  expect(codes).toContain('USAGE');
  expect(codes).toContain('UNEXPECTED');
  const sections = readFileSync('docs/troubleshooting.md', 'utf8').match(/(?<=^## ).*/gm) ?? [];
  expect(sections).toEqual(expect.arrayContaining(codes));
  expect(sections).toEqual(sections.toSorted());
});
