import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, DOCUMENTS } from '../support/documents.ts';

/** Where somebody types what the documents say: with their disks, and a home of their own. */
const folder = mkdtempSync(join(tmpdir(), 'byoi-documents-'));
const home = join(folder, 'home');
const bin = join(folder, 'bin');

/** Lines that this test cannot type, and who does. */
const TYPED_ELSEWHERE = [
  // Stays until it is ended: local.test.ts.
  'byoi local start --foreground --debug',
];

const ofByoi = (line: string) => /^(eval "\$\(|source <\()?byoi /.test(line);
/** `byoi runs attest` in a sentence is a name, and no line to type. */
const isWhole = (line: string) => !/^byoi( [a-z]+)*$/.test(line);
const endsTheCloud = (line: string) => /^byoi local (stop|reset)/.test(line);

const lines = [
  ...new Set(
    DOCUMENTS.flatMap((path) => {
      const { blocks, inline } = codeOf(path);
      return [...blocks, ...inline.filter((line) => isWhole(line.replace(/^npx /, '')))];
    }).map((line) => line.replaceAll(/\bnpx byoi\b/g, 'byoi')),
  ),
].filter((line) => ofByoi(line) && !TYPED_ELSEWHERE.includes(line));

/** What `byoi local env` says, once it can. */
let variables: Record<string, string> = {};
let dropped = { id: '', branches: [{ imageId: '' }] };
let held = 0;

interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function type(line: string): Promise<Result> {
  const env = {
    ...process.env,
    ...variables,
    HOME: home,
    XDG_DATA_HOME: '',
    XDG_STATE_HOME: '',
    PATH: `${bin}:${process.env.PATH}`,
    BYOI_LOCAL_DATA_DIR: join(folder, 'data'),
  };
  return new Promise((done) => {
    const typed = execFile('bash', ['-c', line], { cwd: folder, env }, (error, out, err) => {
      done({ status: error ? Number(error.code) : 0, out, err });
    });
    typed.stdin?.end();
  });
}

async function told(line: string, expected = 0) {
  const { status, out, err } = await type(`${line} --output json`);
  expect({ status, err: status === expected ? '' : err }).toEqual({ status: expected, err: '' });
  return JSON.parse(out);
}

/** A run that the command can do something with: of a licensed system, in nobody's region, or one that succeeded. */
async function runFor(command: string): Promise<string> {
  if (command === 'retry') {
    const { id } = await told(
      `byoi replicate ${dropped.branches[0]?.imageId} --to mars-1 --strategy direct --again`,
      1,
    );
    return id;
  }
  if (command === 'attest' || command === 'cancel') {
    held += 1;
    const [run] = await told(
      `byoi drop disk.qcow2 --name held-${held}.qcow2 --os 'Red Hat Enterprise Linux' --hold`,
      2,
    );
    return run.id;
  }
  return dropped.id;
}

/** With what the reader is to put in: their run, their image, a region that they have. */
async function filledIn(line: string): Promise<string> {
  const [, command = ''] = /^byoi runs (\w+) x4f2/.exec(line) ?? [];
  return line
    .replaceAll('x4f2', command && (await runFor(command)))
    .replaceAll('ocid1.image.oc1.iad.aaaa', dropped.branches[0]?.imageId ?? '')
    .replaceAll('eu-frankfurt-1', 'us-ashburn-1');
}

beforeAll(async () => {
  for (const path of [bin, home]) mkdirSync(path);
  symlinkSync(resolve('dist/byoi.js'), join(bin, 'byoi'));
  symlinkSync(resolve('test'), join(folder, 'test'));
  for (const name of ['disk.qcow2', 'debian-12.qcow2', 'win2022.vmdk'])
    copyFileSync(`test/fixtures/demo-disk.${name.split('.')[1]}`, join(folder, name));
  await type('byoi local start --time-scale 200');
  variables = await told('byoi local env');
  [dropped] = await told('byoi drop debian-12.qcow2');
  const event = {
    eventType: 'com.oraclecloud.objectstorage.createobject',
    data: { additionalDetails: { bucketName: 'byoi-drop' } },
  };
  writeFileSync(join(folder, 'event.json'), JSON.stringify(event));
  const config = {
    compartmentId: 'ocid1.compartment.oc1..aaaa',
    dropBuckets: ['byoi-drop'],
    advanceRunsFunctionId: 'ocid1.fnfunc.oc1.iad.aaaa',
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
});

afterAll(async () => {
  await type('byoi local reset --force');
  rmSync(folder, { recursive: true });
});

test('the documents have lines to type for every command', () => {
  for (const command of [
    'drop',
    'inspect',
    'replicate',
    'share',
    'runs',
    'rules',
    'doctor',
    'config',
    'local',
  ])
    expect(
      lines.filter((line) => line.startsWith(`byoi ${command} `) || line === `byoi ${command}`),
    ).not.toEqual([]);
});

async function doesWhatTheySay(line: string): Promise<void> {
  if (line.startsWith('byoi completion')) await type(FOLDERS);
  const { status, err } = await type(await filledIn(line));
  expect({ status, err: status === 0 ? '' : err }).toEqual({ status: 0, err: '' });
}

/** It would see the runs that others here make, and one of them fails. */
const alone: string[] = lines.filter((line) => line === 'byoi runs watch');
const last = lines.filter(endsTheCloud);
const others = lines.filter((line) => !alone.includes(line) && !last.includes(line));

test.each(alone)('what the documents tell to type is done: %s', doesWhatTheySay);
test.concurrent.each(others)('what the documents tell to type is done: %s', doesWhatTheySay);
test.each(last)('what the documents tell to type is done: %s', doesWhatTheySay);

/** docs/command.md has it before the scripts of completion. */
const FOLDERS = 'mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions ~/.zfunc';
test('the folders of completion are made as the documents make them', () => {
  expect(codeOf('docs/command.md').blocks).toContain(FOLDERS);
});
