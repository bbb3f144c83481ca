import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Without comments, which speak of codes, too. */
const sources = ['shared', 'functions', 'cli'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${folder}/${name}`, 'utf8').replaceAll(/^\s*(?:\/\/|\/\*|\*).*/gm, '')),
);

/** Classes, with their parents and what their own constructors take first. */
const classes = new Map(
  sources
    .flatMap((source) =>
      Array.from(source.matchAll(/^(?:export )?class (\w+) extends (\w+) \{([\s\S]*?)^\}/gm)),
    )
    .map(([, name, parent, body]) => [
      name,
      { parent, takes: /constructor\(\s*(\w+)/.exec(body ?? '')?.[1] },
    ]),
);

/** Are errors of this class made with their code first? */
function takesCode(name: string | undefined): boolean {
  if (name === 'ByoiError') return true;
  const known = classes.get(name);
  return (
    known !== undefined && (known.takes === undefined ? takesCode(known.parent) : known.takes === 'code')
  );
}
const errorClasses = ['ByoiError', ...classes.keys()].filter(takesCode).map((name) => `new ${name}`);

/** What stands in a source where the code of an error or a problem is due. */
function expressionsIn(source: string): string[] {
  const helpers = Array.from(
    source.matchAll(/\b(?:function (\w+)|const (\w+) = )\(code: string/g),
    ([, declared, assigned]) => declared ?? assigned,
  );
  const makers = ['super', ...errorClasses, ...helpers].join('|');
  const places = [
    new RegExp(`(?<![\\w.]|function )(?:${makers})\\(\\s*([^,()]+)`, 'g'),
    /\bcode: ([^,;}]+?)(?= \}|[,;])/g,
    ...(source.includes('function codeOf(') ? [/return ('\w+');/g] : []),
  ];
  return places.flatMap((place) => Array.from(source.matchAll(place), ([, expression = '']) => expression));
}

const CODE = /(?<!=== )'([A-Z][A-Z0-9_]*)'/g;
const codesIn = (expression: string) => Array.from(expression.matchAll(CODE), ([, code = '']) => code);
const expressions = sources.flatMap(expressionsIn);
/** The transport's own, which becomes OCI_UNAVAILABLE. */
const NOT_OURS = 'DEADLINE';
const codes = new Set(expressions.flatMap(codesIn).filter((code) => code !== NOT_OURS));

const text = readFileSync('docs/troubleshooting.md', 'utf8');
const sections = text.match(/(?<=^## ).*/gm) ?? [];

test('docs/troubleshooting.md has a section for each code in the source and none for another, in their order', () => {
  const ofEachForm = ['USAGE', 'QCOW2_BACKING_FILE', 'VMDK_VERSION', 'OCI_UNAVAILABLE', 'IMPORT_CANCELED'];
  expect(Array.from(codes)).toEqual(expect.arrayContaining([...ofEachForm, 'QCOW2_DIRTY', 'NO_KERNEL']));
  expect(sections).toEqual(Array.from(codes).sort());
});

test('every code stands in the source as it is, so that none is missed', () => {
  const others = expressions.filter((expression) => codesIn(expression).length === 0);
  // Passed on from where it stands; the type; DecompressionError's kind; SOURCE_DELETED and its like, of which
  // shared/run/losses.ts has the texts.
  const known = ['code', 'error.code', 'reason.code', 'codeOf', 'sentence', 'string', "'cut off'"];
  expect(new Set(others)).toEqual(new Set([...known, '`SOURCE_${how.toUpperCase']));
});

test('each section of docs/troubleshooting.md says something', () => {
  const bodies = text.split(/^## .*$/m).slice(1);
  expect(bodies.filter((body) => body.trim().length < 40)).toEqual([]);
});
