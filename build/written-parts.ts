import { readFileSync } from 'node:fs';
import { runProgram } from '../cli/program.ts';
import { rows as firmwareRows } from '../shared/disk/firmware.ts';
import { type LaunchEvidence, type Row, rows } from '../shared/launch/decision-table.ts';
import { RELEASES } from '../test/support/guests/windows.ts';
import { markdownTable, type Part } from './parts.ts';

/** The parts of the documents that come from the code. */
export const WRITTEN_PARTS: readonly (Part & { readonly content: () => string | Promise<string> })[] = [
  { page: 'docs/VERDICT.md', name: 'the decision table', content: decisionTable },
  { page: 'docs/VERDICT.md', name: 'the firmware table', content: firmwareTable },
  {
    page: 'docs/VERDICT.md',
    name: 'a verdict in JSON',
    content: () => screen('byoi inspect test/fixtures/demo-disk.vmdk --output json', 'json'),
  },
  {
    page: 'docs/VERDICT.md',
    name: 'an emulated guest',
    content: () => screen('byoi inspect test/fixtures/host-only-disk.qcow2'),
  },
  {
    page: 'README.md',
    name: 'a screen of byoi inspect',
    content: () => screen('npx byoi inspect test/fixtures/host-only-disk.qcow2'),
  },
  { page: 'docs/ACCURACY.md', name: 'the synthetic guests', content: syntheticGuests },
];

/** Nothing known of a disk: what a row says whatever the evidence. */
const NO_EVIDENCE: LaunchEvidence = {
  format: 'raw',
  archive: null,
  architecture: null,
  firmware: null,
  windows: false,
  guest: null,
};

function decisionTable(): string {
  return markdownTable(
    ['', 'evidence', 'launch mode', 'confidence', 'because'],
    rows.map((row, index) => {
      const because = typeof row.because === 'string' ? row.because : row.because(NO_EVIDENCE);
      return [String(index + 1), row.name, launchModeOf(row), row.confidence, because];
    }),
  );
}

function launchModeOf({ name, launchMode }: Row): string {
  if (launchMode === null) return '–';
  if (typeof launchMode === 'string') return `\`${launchMode}\``;
  if (name !== 'the archive says it') throw new Error(`What is the launch mode where "${name}"?`);
  return 'as it says';
}

function firmwareTable(): string {
  return markdownTable(
    ['', 'partition table', 'firmware'],
    firmwareRows.map(({ fact, firmware }, index) => [
      String(index + 1),
      fact,
      firmware ? `\`${firmware}\`` : 'null',
    ]),
  );
}

/** A command, and what it prints. */
async function screen(command: string, language = ''): Promise<string> {
  const words = command.replace(/^npx /, '').split(' ').slice(1);
  const printed: string[] = [];
  const terminal = { interactive: false, colours: false, rows: () => 24, columns: () => 80 };
  const out = { ...terminal, write: (text: string) => void printed.push(text) };
  const status = await runProgram(words, { out, err: out });
  if (status === 1) throw new Error(`${command} failed: ${printed.join('')}`);
  return `\`\`\`sh\n${command}\n\`\`\`\n\n\`\`\`${language}\n${printed.join('')}\`\`\``;
}

/** Tables of unit tests whose rows are layouts made by hand, and what stands before each one's name. */
const SYNTHETIC: readonly { readonly title: string; readonly path: string; readonly before: string }[] = [
  {
    title: 'How they start',
    path: 'test/unit/guest/linux/boot.test.ts',
    before: String.raw`^ {4}name: |^ {6}\[\s*(?='[^']*',\s*redHat\.)`,
  },
  {
    title: 'Their configuration',
    path: 'test/unit/guest/linux/read-linux-system.test.ts',
    before: '^ {4}guest: ',
  },
  {
    title: 'What they call themselves',
    path: 'test/unit/guest/linux/system.test.ts',
    before: '^ {4}system: ',
  },
];
/** These are booted, too. */
const BOOTED = 'Debian 12';

function syntheticGuests(): string {
  const lists = SYNTHETIC.map(({ title, path, before }) => {
    const names = new RegExp(`(?:${before})(?:'([^']+)'|"([^"]+)"),`, 'gm');
    const found = Array.from(readFileSync(path, 'utf8').matchAll(names), ([, one, other]) => one ?? other);
    if (found.length === 0) throw new Error(`${path} has no layouts that could be listed.`);
    const listed = found.filter((name) => name !== BOOTED).map((name) => `- ${name}`);
    return `${title} (\`${path}\`):\n\n${listed.join('\n')}`;
  });
  const windows = Object.keys(RELEASES).map((version) => `- Windows Server ${version}`);
  lists.push(`Their registry (\`test/unit/guest/windows/read-windows.test.ts\`):\n\n${windows.join('\n')}`);
  return lists.join('\n\n');
}
