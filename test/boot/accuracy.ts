import { readFileSync, writeFileSync } from 'node:fs';
import { CATALOGUE, type Machine } from '../guests/catalogue.ts';
import type { Boot } from '../guests/machine.ts';
import { contradictions, lastSeen, type Observation, same, verdictOf } from './observe.ts';

const PAGE = 'docs/ACCURACY.md';
const BEGIN = '<!-- written by `npm run accuracy`; do not edit -->';
const END = '<!-- end of what is written -->';

/** The machines that get a column. */
const COLUMNS: readonly (Machine & { readonly title: string })[] = [
  { title: 'virtio, BIOS', devices: 'PARAVIRTUALIZED', firmware: 'BIOS' },
  { title: 'virtio, UEFI', devices: 'PARAVIRTUALIZED', firmware: 'UEFI_64' },
  { title: 'IDE and e1000, BIOS', devices: 'EMULATED', firmware: 'BIOS' },
];

// Usage: npm run accuracy
// Inspects all guests anew and writes what was said, and what booting each of them last showed, into
// docs/ACCURACY.md. `npm run test:boot` boots; half a table would pass for the whole, so it has to have booted all.
const observations: Observation[] = [];
const missing: string[] = [];
for (const guest of CATALOGUE) {
  const seen = lastSeen(guest);
  if (!seen) missing.push(guest.name);
  else observations.push({ guest, verdict: await verdictOf(guest, guest.containers[0]), ...seen });
}
if (missing.length > 0) {
  console.error(
    `Not booted since they were built: ${missing.join(', ')}.\n\`npm run test:boot\` boots them.`,
  );
  process.exitCode = 1;
} else writeTable(observations);

function writeTable(observations: readonly Observation[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost the marks of its table.`);
  writeFileSync(
    PAGE,
    `${page.slice(0, begin)}${BEGIN}\n\n${accuracyTable(observations)}\n\n${page.slice(end)}`,
  );
}

function accuracyTable(observations: readonly Observation[]): string {
  const header = [
    'guest',
    'containers',
    'verdict',
    'told',
    ...COLUMNS.map(({ title }) => title),
    'booted',
    'agrees',
  ];
  const rows = observations.map((observation) => {
    const { guest, verdict, boots } = observation;
    const found = contradictions(observation);
    return [
      `**${guest.name}**: ${guest.about}`,
      guest.containers.join(', '),
      `${verdict.launchMode} ${verdict.firmware ?? ''}, ${verdict.confidence}`,
      verdict.problems.map(({ code }) => `\`${code}\``).join(', '),
      ...COLUMNS.map((column) => {
        const seen = boots.find(({ machine }) => same(machine, column));
        return seen ? shown(seen.boot) : '';
      }),
      observation.when.slice(0, 10),
      found.length === 0 ? 'yes' : `**no**: ${found.join('; ')}`,
    ];
  });
  const agreeing = observations.filter((observation) => contradictions(observation).length === 0).length;
  return [
    `${new Date().toISOString().slice(0, 10)}: ${agreeing} of ${observations.length} verdicts are what the console showed.`,
    '',
    line(header),
    line(header.map(() => '---')),
    ...rows.map(line),
  ].join('\n');
}

function shown(boot: Boot): string {
  if (boot.outcome === 'stopped') return `stops: ${boot.at}`;
  return `boots: ${boot.disk}; network: ${boot.nic === 'none' ? 'no driver' : `${boot.nic}, ${boot.address === 'none' ? 'no address' : 'address by DHCP'}`}`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
