import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Table } from '../../../local/table.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'byoi-table-'));
  path = join(folder, 'table.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what was set and deleted is the same after the table is opened again', () => {
  const table = new Table<number>(path);
  table.set('a', 1);
  table.set('b', 2);
  table.set('a', 3);
  table.delete('b');
  table.close();
  expect([...new Table<number>(path).entries()]).toEqual([['a', 3]]);
});

test('a last line that a kill cut short is passed over', () => {
  const table = new Table<number>(path);
  table.set('a', 1);
  table.close();
  appendFileSync(path, '["a",');
  const again = new Table<number>(path);
  expect(again.get('a')).toBe(1);
  again.set('b', 2);
  again.close();
  expect([...new Table<number>(path).keys()]).toEqual(['a', 'b']);
});

test('an index finds the records of a group, in the order of their first insertion, whatever happens to them', () => {
  const table = new Table<{ group: string; value: number }>(path);
  table.set('a', { group: 'x', value: 1 });
  const of = table.indexBy(({ group }) => group);
  const values = (group: string) => of(group).map(({ value }) => value);
  table.set('b', { group: 'y', value: 2 });
  table.set('c', { group: 'x', value: 3 });
  expect([values('x'), values('y'), values('z')]).toEqual([[1, 3], [2], []]);
  table.set('a', { group: 'x', value: 4 });
  expect(values('x')).toEqual([4, 3]);
  table.set('a', { group: 'y', value: 5 });
  expect([values('x'), values('y')]).toEqual([[3], [2, 5]]);
  table.delete('b');
  expect(values('y')).toEqual([5]);
  table.clear();
  expect([values('x'), values('y')]).toEqual([[], []]);
});

test('a cleared table is empty on disk as well, and goes on', () => {
  const table = new Table<number>(path);
  table.set('a', 1);
  table.clear();
  table.set('b', 2);
  table.close();
  expect([...new Table<number>(path).keys()]).toEqual(['b']);
});

test('a closed table writes nothing more', () => {
  const table = new Table<number>(path);
  table.close();
  table.set('a', 1);
  table.close();
  expect(readFileSync(path, 'utf8')).toBe('');
});
