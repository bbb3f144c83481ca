import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type OutlineNode, parseOutline } from '../../../../shared/guest/linux/outline.ts';

/** `key=value` and, in parentheses, what is below. */
const drawn = ({ children }: OutlineNode): string =>
  children
    .map(
      (child) =>
        child.key + (child.value && `=${child.value}`) + (child.children.length ? `(${drawn(child)})` : ''),
    )
    .join(' ');

test.each([
  ['a: 1\nb: 2\n', 'a=1 b=2'],
  ['a:\n  b:\n    c: 1\n  d: 2\ne: 3\n', 'a(b(c=1) d=2) e=3'],
  ['a: # comment\n  b: 1 # comment\n# comment\n', 'a(b=1)'],
  ['"a": \'1\'\n', 'a=1'],
  ['a: "x: y"\nb: x#y\n', 'a=x: y b=x#y'],
  ['a:\n- 1\n- 2\nb: 3\n', 'a(-=1 -=2) b=3'],
  ['a:\n  - b: 1\n    c: 2\n  - b: 3\n', 'a(-(b=1 c=2) -(b=3))'],
  ['a:\n-\n  b: 1\n', 'a(-(b=1))'],
  ['a:\n- - 1\n  - 2\n', 'a(-(-=1 -=2))'],
  ['a: {b: 1, c: [2]}\n', 'a={b: 1, c: [2]}'],
  ['--- \n%YAML 1.2\na: 1\n...\n', 'a=1'],
  ['a: 10.0.0.1/24\nb: fe80::1\n', 'a=10.0.0.1/24 b=fe80::1'],
  ['- 2001:db8::1/64\n', '-=2001:db8::1/64'],
])('%j', (text, outline) => {
  expect(drawn(parseOutline(text))).toBe(outline);
});

test('any nested mappings are read back, however deep each is indented', () => {
  const { tree } = fc.letrec<{ tree: Record<string, unknown>; value: unknown }>((tie) => ({
    tree: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), tie('value'), { minKeys: 1, maxKeys: 3 }),
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.stringMatching(/^[a-z0-9./]{1,12}$/),
      tie('tree'),
    ),
  }));
  const write = (node: Record<string, unknown>, indent: string, step: string): string =>
    Object.entries(node)
      .map(([key, value]) =>
        typeof value === 'string'
          ? `${indent}${key}: ${value}\n`
          : `${indent}${key}:\n${write(value as Record<string, unknown>, indent + step, step)}`,
      )
      .join('');
  const read = ({ children }: OutlineNode): Record<string, unknown> =>
    Object.fromEntries(children.map((child) => [child.key, child.value || read(child)]));
  fc.assert(
    fc.property(tree, fc.integer({ min: 1, max: 6 }), (node, step) => {
      expect(read(parseOutline(write(node, '', ' '.repeat(step))))).toEqual({ ...node });
    }),
  );
});
