import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { FuzzResult } from '../test/support/fuzz.ts';

// npm run fuzz -- [--write] [NAME…]
//   --write  records the results in docs/FUZZING.md; parsers that were not run keep theirs
//   NAME     only files in test/fuzz whose path has it: xfs, boot-loaders
//
// BYOI_FUZZ_RUNS and BYOI_FUZZ_SEED change how often and from where.

const PAGE = 'docs/FUZZING.md';
const REPORT = '.byoi/fuzz.jsonl';

const options = process.argv.slice(2);
const names = options.filter((option) => !option.startsWith('--'));
mkdirSync('.byoi', { recursive: true });
rmSync(REPORT, { force: true });
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'fuzz', ...names.map((name) => `test/fuzz/${name}`)],
  {
    stdio: 'inherit',
    env: { BYOI_FUZZ_RUNS: '100000', ...process.env, BYOI_FUZZ_REPORT: REPORT },
  },
);
process.exitCode = status ?? 1;
if (options.includes('--write') && existsSync(REPORT)) {
  const lines = readFileSync(REPORT, 'utf8').trim().split('\n');
  writeFileSync(PAGE, page(lines.map((line): FuzzResult => JSON.parse(line))));
}

function page(results: readonly FuzzResult[]): string {
  const rows = new Map(existsSync(PAGE) ? recordedRows(readFileSync(PAGE, 'utf8')) : []);
  for (const result of results) rows.set(result.name, rowOf(result));
  return [
    '# Fuzzing',
    '',
    'Written by `npm run fuzz -- --write`; do not edit. Each parser reads mutated and cut off structures that someone',
    "else's tools made (or this project's builders, where an independent test shows that those tools read them).",
    'A run ends well, or with an error of byoi; nothing else passes: no other exception, no run beyond 5 s, 20,000 reads',
    'or 512 MiB read; and less than 64 MiB of memory that never go away any more.',
    '',
    '- **Refused**: runs that ended in an error or a told problem; the other changes did no harm, or none that is told.',
    '- **Most reads**: of one run, of the bytes below the parser, without the page cache that is there in use.',
    '- **Slowest**: the longest run, on a machine that had other work as well.',
    '- **Kept**: memory that was not there before the first run, and never went away in the second half of them.',
    '',
    '`npm test` does 5,000 of each with the same seed. `npm run fuzz -- --write NAME…` repeats the files of test/fuzz',
    'that have one of the names, and keeps the other rows; `BYOI_FUZZ_SEED` takes another seed.',
    '',
    '| Parser | Samples | Seed | Runs | Refused | Most reads | Slowest | Kept |',
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...[...rows].sort(([a], [b]) => a.localeCompare(b, 'en')).map(([, row]) => row),
    '',
  ].join('\n');
}

function rowOf(result: FuzzResult): string {
  const { name, samples, seed, runs, refused, mostReads, slowestMs, keptMiB } = result;
  const cells = [
    name,
    samples,
    seed,
    runs.toLocaleString('en'),
    `${((100 * refused) / runs).toFixed(1)} %`,
    mostReads,
    `${slowestMs} ms`,
    `${keptMiB} MiB`,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The page's rows by the parser's name, but its heading's. */
function recordedRows(text: string): [string, string][] {
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) => [row.split(' | ')[0]?.slice(2) ?? '', row]);
}
