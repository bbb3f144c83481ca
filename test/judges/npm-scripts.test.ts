import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { type Seen, seenPath } from '../boot/observe.ts';
import { imagePath } from '../guests/build.ts';
import { CATALOGUE, type Guest } from '../guests/catalogue.ts';
import { CI_COMMANDS, isTypedByCi } from '../support/ci-commands.ts';
import { npmCommands } from '../support/documents.ts';
import { run } from '../support/programs.ts';
import { copyRepository } from '../support/repository-copy.ts';

// What the documents tell to type of npm is typed as they have it, in a copy of this repository: what it writes is seen
// there, and never in what it was copied from. What .ci/run types is not typed again.

const copy = copyRepository();
// Without a look at the registry: whoever runs this has fetched these very packages.
beforeAll(() => done('npm ci --prefer-offline --no-audit --no-fund'));
afterEach(() => copy.restore());
afterAll(() => copy.remove());

/** Types a line that succeeds. @returns what it wrote */
async function done(line: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, written } = await copy.type(line, variables);
  expect(status, `${line}\n${written}`).toBe(0);
  return written;
}

/** The line with more options at its end. */
const withOptions = (line: string, ...options: string[]) =>
  [line, ...(line.includes(' -- ') ? [] : ['--']), ...options].join(' ');

/** What an option's placeholder stands for. */
const A_FUZZ_TEST = 'lvm';
/** Far fewer than it does otherwise, and enough for each parser to refuse something. */
const FEW_RUNS = { BYOI_FUZZ_RUNS: '200' };
/** Of docs/FUZZING.md, without its heading; and those that tell of so many runs. */
const rows = (): string[] => copy.read('docs/FUZZING.md').match(/^\| (?!Parser).*/gm) ?? [];
const rowsOf = (runs: string) => rows().filter((row) => row.split(' | ')[3] === runs);
/** Of docs/PERFORMANCE.md. */
const sections = () => copy.read('docs/PERFORMANCE.md').split(/^(?=## )/m);

/** In the copy, the demo disk stands in for every guest: to build and boot all of them takes hours. */
function standIn(guest: Guest): void {
  for (const container of guest.containers) {
    const image = join(copy.path, imagePath(guest, container));
    mkdirSync(dirname(image), { recursive: true });
    copyFileSync(join(copy.path, `test/fixtures/demo-disk.${/vmdk$/.test(image) ? 'vmdk' : 'qcow2'}`), image);
  }
}

/** As booting the guest leaves it. */
function remember(guest: Guest, boot: Seen['boots'][number]['boot']): void {
  const machine = { devices: 'PARAVIRTUALIZED', firmware: 'BIOS' } as const;
  // Now is too early: the image is no older than a moment.
  const when = new Date(Date.now() + 60_000).toISOString();
  const seen: Seen = { when, boots: [{ machine, boot }] };
  writeFileSync(join(copy.path, seenPath(guest)), JSON.stringify(seen));
}
const BOOTED = {
  outcome: 'booted',
  seconds: 1,
  disk: 'sda by virtio_scsi',
  root: '/dev/sda1',
  nic: 'virtio_net',
  address: '10.0.2.15/24',
} as const;
const STOPPED = { outcome: 'stopped', seconds: 1, at: 'the shell of the initramfs', console: '' } as const;

/** Every command that is typed here, as the documents have it, in this order; and what has to come of it. */
const TYPED: Readonly<Record<string, (line: string) => Promise<void>>> = {
  'npm run docs': async (line) => {
    await done(line);
    expect(copy.changed()).toEqual([]);
  },

  'npm start': async (line) => {
    expect(await done(withOptions(line, '--time-scale', '200'))).toMatch(BOTH_JOURNEYS);
  },
  'npm start -- debian-12.qcow2': async (line) => {
    copyFileSync('test/fixtures/demo-disk.qcow2', join(copy.path, 'debian-12.qcow2'));
    const written = await done(withOptions(line, '--time-scale', '200'));
    expect(written).toMatch(BOTH_JOURNEYS);
    expect(written).toContain('debian-12.qcow2');
  },

  'npm pack': async (line) => {
    await done(line);
    expect(readdirSync(copy.path)).toContain(`byoi-${manifest.version}.tgz`);
  },
  // What is installed is used in package.test.ts.
  'npm install --global ./byoi-*.tgz': async (line) => {
    const prefix = join(copy.scratch, 'global');
    await done(line, { npm_config_prefix: prefix });
    expect(await done(`${join(prefix, 'bin/byoi')} --version`)).toBe(`${manifest.version}\n`);
  },

  'npm run fuzz': async (line) => {
    await done(line, FEW_RUNS);
    expect(copy.changed()).toEqual([]);
  },
  'npm run fuzz -- --write': async (line) => {
    await done(line, FEW_RUNS);
    expect(copy.changed()).toEqual(['docs/FUZZING.md']);
    expect(rows().length).toBeGreaterThan(30);
    expect(rowsOf('200')).toEqual(rows());
  },
  'npm run fuzz -- --write NAME…': async (line) => {
    const before = rows();
    await done(line.replace('NAME…', A_FUZZ_TEST), FEW_RUNS);
    expect(rowsOf('200').length).toBeGreaterThan(0);
    expect(rows().filter((row) => !before.includes(row))).toEqual(rowsOf('200'));
    expect(rows()).toHaveLength(before.length);
  },

  // Of each bench as little as can be: the figures say nothing, and it refuses to record them.
  'npm run bench': async (line) => {
    const written = await done(withOptions(line, '--quick'));
    expect(written.match(/^## .*/gm)?.length).toBeGreaterThan(6);
    expect((await copy.type(withOptions(line, '--quick', '--write'))).status).toBe(1);
    expect(copy.changed()).toEqual([]);
  },
  'npm run bench -- run-cost': async (line) => {
    expect((await done(withOptions(line, '--quick'))).match(/^## .*/gm)).toEqual(['## What a run costs']);
  },
  // Of the registry's: half a gigabyte.
  'npm run bench -- --umbrella cold-start': async (line) => {
    expect(await done(withOptions(line, '--quick'))).toMatch(/on the umbrella, no limit \| \d+ \|/);
  },
  // One that takes seconds as it is.
  'npm run bench -- --write': async (line) => {
    const before = sections();
    await done(withOptions(line, 'detection'));
    expect(copy.changed()).toEqual(['docs/PERFORMANCE.md']);
    const after = sections();
    expect(after.map(titleOf)).toEqual(before.map(titleOf));
    const others = (all: readonly string[]) =>
      all.filter((section) => titleOf(section) !== '## Format detection');
    expect(others(after)).toEqual(others(before));
  },

  'npm run accuracy': async (line) => {
    const refused = async (names: string) => {
      const { status, written } = await copy.type(line);
      expect({ status, changed: copy.changed() }, written).toEqual({ status: 1, changed: [] });
      expect(written).toContain(`Not booted since they were built: ${names}.\n\`npm run test:boot\``);
    };
    await refused(CATALOGUE.map(({ name }) => name).join(', '));
    for (const guest of CATALOGUE) standIn(guest);
    const [first, ...others] = CATALOGUE;
    if (!first) throw new Error('There are guests.');
    for (const guest of others) remember(guest, BOOTED);
    await refused(first.name);
    remember(first, STOPPED);
    const before = copy.read('docs/ACCURACY.md');
    await done(line);
    const after = copy.read('docs/ACCURACY.md');
    const table = tableOf(after);
    expect(after.replace(table, '')).toBe(before.replace(tableOf(before), ''));
    for (const { name, about } of CATALOGUE) expect(table).toContain(`| **${name}**: ${about} |`);
    expect(table).toMatch(
      /\*\*ext4-mbr\*\*.*stops: the shell of the initramfs.*\*\*no\*\*: on PARAVIRTUALIZED, BIOS it stops/,
    );
    expect(table).toMatch(
      /\*\*dracut-generic\*\*.*boots: sda by virtio_scsi; network: virtio_net, address by DHCP.* yes \|$/m,
    );
  },
  // The guests are chosen as it says, and none of them is booted: .ci/run boots others.
  'BYOI_GUESTS=ext4-mbr,arm64 npm run test:boot': async (line) => {
    const guests = CATALOGUE.filter(({ name }) => ['ext4-mbr', 'arm64'].includes(name));
    for (const guest of guests) standIn(guest);
    const report = join(copy.scratch, 'boot.json');
    await done(
      withOptions(line, '--testNamePattern', "'^none of them$'", '--reporter=json', `--outputFile=${report}`),
    );
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const titles: string[] = testResults[0].assertionResults.map(({ title }: { title: string }) => title);
    const chosen = titles.filter((title) => title.endsWith('is what its verdict says'));
    expect(chosen.map((title) => title.split("'")[1])).toEqual(guests.map(({ name }) => name));
  },

  'npm run fixtures': async (line) => {
    await done(line);
    // Of the VMDK, qemu-img draws the content's id at random; another qemu-img may compress in another way.
    const made = ['demo-disk.qcow2', 'demo-disk.vmdk', 'host-only-disk.qcow2'].map(
      (name) => `test/fixtures/${name}`,
    );
    expect(made).toEqual(expect.arrayContaining(copy.changed()));
    for (const path of made)
      expect(run('qemu-utils', ['qemu-img', 'compare', path, join(copy.path, path)])).toContain('identical');
  },
};
const BOTH_JOURNEYS = /SUCCEEDED {2}us-ashburn-1 ocid1\.image[\s\S]*SUCCEEDED {2}us-phoenix-1 ocid1\.image/;
const titleOf = (section: string) => section.split('\n')[0];
const tableOf = (text: string) =>
  /(?<=<!-- written by `npm run accuracy`; do not edit -->)[\s\S]*(?=<!-- end of what is written -->)/.exec(
    text,
  )?.[0] ?? '';

const told = npmCommands();

test('every npm command of the documents is typed here, or by .ci/run', () => {
  expect(CI_COMMANDS.map(({ script }) => script)).toEqual(
    expect.arrayContaining(['ci', 'build', 'test', 'test:boot']),
  );
  expect(isTypedByCi('npm run never')).toBe(false);
  expect(told.filter((line) => !(line in TYPED) && !isTypedByCi(line))).toEqual([]);
});

test('what is typed here is in the documents', () => {
  expect(Object.keys(TYPED).filter((line) => !told.includes(line))).toEqual([]);
});

test.each(Object.entries(TYPED))('%s', (line, type) => type(line));
