import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { coldStarts } from './cold-start.ts';
import { crowd } from './crowd.ts';
import { detection } from './detection.ts';
import { eventLatency } from './event-latency.ts';
import { imageStarts } from './image-start.ts';
import { inspection } from './inspection.ts';
import { ledgerWork } from './ledger-work.ts';
import { localThroughput } from './local-throughput.ts';
import { runCost } from './run-cost.ts';
import { stepLatency } from './step-latency.ts';
import { installNodes } from './support/nodes.ts';
import { QUICK } from './support/quick.ts';
import { type Table, toMarkdown } from './support/table.ts';

// npm run bench -- [--write | --quick] [--umbrella] [--nodes] [NAME…]
//   --write     records the figures in docs/PERFORMANCE.md
//   --quick     one round of each, which shows that it runs and no more; image-start, inspection and local-throughput only
//               where they are named
//   --umbrella  installs the umbrella SDK (520 MB) first, and measures on it too
//   --nodes     fetches Node 22 and 24 first; inspections are measured on all that were ever fetched
//   NAME        only these: cold-start image-start event-latency step-latency crowd ledger-work run-cost detection inspection
//               local-throughput; with --write the other sections of the page stay as they are
//
// inspection reads guests of test/guests/, builds those that are missing (root, minutes), and needs nginx-light,
// qemu-utils, qemu-block-extra and libguestfs-tools. image-start needs a Docker engine, or buildah and root.

const BENCHES: Readonly<Record<string, () => Promise<Table[]>>> = {
  'cold-start': coldStarts,
  'image-start': imageStarts,
  'event-latency': eventLatency,
  'step-latency': stepLatency,
  crowd,
  'ledger-work': ledgerWork,
  'run-cost': runCost,
  detection,
  inspection,
  'local-throughput': localThroughput,
};

/** What they need is not on every machine: a container engine, real guests, nginx. */
const NOT_QUICK: readonly string[] = ['image-start', 'inspection', 'local-throughput'];

const PAGE = 'docs/PERFORMANCE.md';

const options = process.argv.slice(2);
const names = options.filter((option) => !option.startsWith('--'));
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) throw new Error(`No bench is called ${unknown}: ${Object.keys(BENCHES).join(', ')}.`);
if (QUICK && options.includes('--write')) throw new Error('What --quick measures is not to be recorded.');

if (options.includes('--umbrella'))
  execFileSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund'], {
    cwd: 'bench/umbrella',
    stdio: 'inherit',
  });

if (options.includes('--nodes')) installNodes();

/** What else the machine was doing: the ratios bear it, the milliseconds do not. */
const [load = 0] = loadavg();
const tables: Table[] = [];
for (const [name, run] of Object.entries(BENCHES)) {
  if (names.length > 0 ? !names.includes(name) : QUICK && NOT_QUICK.includes(name)) continue;
  for (const table of await run()) {
    console.log(`${toMarkdown(table)}\n`);
    tables.push(table);
  }
}
if (options.includes('--write')) writeFileSync(PAGE, record(tables));
process.exitCode = !QUICK && tables.some(({ rows }) => rows.some(({ met }) => met === false)) ? 1 : 0;

/** The page with these sections in place of what it had of them, each with the machine that it was measured on. */
function record(measured: readonly Table[]): string {
  const [processor] = cpus();
  const machine = `${cpus().length} × ${processor?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, load ${load.toFixed(1)} when it began`;
  const measuredOn = `*${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${machine}.*`;
  const known = readFileSync(PAGE, 'utf8')
    .split(/^(?=## )/m)
    .slice(1);
  const sections = new Map(known.map((section) => [titleOf(section), section.trimEnd()]));
  for (const table of measured) sections.set(table.title, `${toMarkdown(table)}\n\n${measuredOn}`);
  return [
    '# Performance',
    '',
    'Written by `npm run bench -- --write`; do not edit. Each ratio compares two things that were measured side by side in one run.',
    '',
    Array.from(sections.values()).join('\n\n'),
    '',
  ].join('\n');
}

function titleOf(section: string): string {
  return /^## (.*)$/m.exec(section)?.[1] ?? '';
}
