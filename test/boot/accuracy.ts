import { readFileSync, writeFileSync } from 'node:fs';
import { CATALOGUE, type Machine } from '../guests/catalogue.ts';
import type { Boot } from '../guests/machine.ts';
import { contradictions, type Observation, same } from './observe.ts';

const PAGE = 'docs/ACCURACY.md';
const BEGIN = '<!-- written by `npm run accuracy`; do not edit -->';
const END = '<!-- end of what is written -->';

/** The machines that get a column. */
const COLUMNS: readonly (Machine & { readonly title: string })[] = [
  { title: 'virtio, BIOS', devices: 'PARAVIRTUALIZED', firmware: 'BIOS' },
  { title: 'virtio, UEFI', devices: 'PARAVIRTUALIZED', firmware: 'UEFI_64' },
  { title: 'IDE and e1000, BIOS', devices: 'EMULATED', firmware: 'BIOS' },
];

/**
 * Writes the table of what was said and what was seen into docs/ACCURACY.md, between its marks.
 *
 * @throws when not all guests of the catalogue were booted: half a table would pass for the whole
 */
export function recordAccuracy(observations: readonly Observation[]): void {
  const rows = CATALOGUE.map((guest) => observations.find((one) => one.guest.name === guest.name));
  if (rows.some((row) => row === undefined)) throw new Error('Only a run of all guests can be recorded.');
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost the marks of its table.`);
  writeFileSync(
    PAGE,
    `${page.slice(0, begin)}${BEGIN}\n\n${accuracyTable(observations)}\n\n${page.slice(end)}`,
  );
}

export function accuracyTable(observations: readonly Observation[]): string {
  const header = ['guest', 'containers', 'verdict', 'told', ...COLUMNS.map(({ title }) => title), 'agrees'];
  const rows = CATALOGUE.flatMap(({ name }) => observations.filter(({ guest }) => guest.name === name)).map(
    (observation) => {
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
        found.length === 0 ? 'yes' : `**no**: ${found.join('; ')}`,
      ];
    },
  );
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
