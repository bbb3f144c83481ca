import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationPage } from '../../../build/configuration-page.ts';

const page = readFileSync('docs/configuration.md', 'utf8');

test('docs/configuration.md is what the code says (npm run docs writes it)', () => {
  expect(page).toBe(configurationPage());
});

test('docs/configuration.md names every key that a function reads from its configuration', () => {
  const source = readFileSync('shared/runtime/environment.ts', 'utf8');
  const read = new Set(source.match(/BYOI_[A-Z_]+/g));
  const [, section = ''] = page.split("## The functions' configuration\n");
  const named = new Set(section.split('\n## ')[0]?.match(/BYOI_[A-Z_]+/g));
  expect(Array.from(named).sort()).toEqual(Array.from(read).sort());
});
