import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { formatBytes } from '../../cli/output.ts';
import manifest from '../../package.json' with { type: 'json' };
import { PERSONS_ENVIRONMENT } from '../support/programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-package-'));
const home = join(folder, 'home');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(cwd: string, program: string, ...args: string[]): string {
  return runWith({}, cwd, program, ...args);
}
function runWith(variables: Record<string, string>, cwd: string, program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...PERSONS_ENVIRONMENT, HOME: home, TMPDIR: folder, ...variables },
  });
}
const byoi = (...args: string[]) => byoiWith({}, ...args);
const byoiWith = (variables: Record<string, string>, ...args: string[]) =>
  runWith(variables, folder, join(folder, 'node_modules/.bin/byoi'), ...args);

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

// Before the tests, so that a title can tell its size. What `prepack` does was just done for all judges.
const [packed] = JSON.parse(
  run('.', 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
) as [Packed];

const size = `${formatBytes(packed.size)} packed, ${formatBytes(packed.unpackedSize)} unpacked,`;

beforeAll(() => {
  // Offline, with an empty cache: there is nothing else to get.
  run(folder, 'npm', 'install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`);
});

test('the package has what is run, its licences and documents, and nothing else', () => {
  const kinds = [
    /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/\w+\.md|docs\/decisions\/[\w-]+\.md)$/,
    /^dist\/(byoi\.js|NOTICE|demo-disk\.qcow2)$/,
    /^dist\/chunks\/[\w-]+\.js$/,
    /^dist\/functions\/(import-image|export-image|copy-image|advance-runs)\/(func\.(cjs|yaml)|package\.json|[\w-]+\.js)$/,
  ];
  const paths = packed.files.map(({ path }) => path);
  expect(paths.filter((path) => !kinds.some((kind) => kind.test(path)))).toEqual([]);
  expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'dist/NOTICE', 'dist/byoi.js']));
});

test('the package needs no other package', () => {
  expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['byoi']);
  expect(manifest).not.toHaveProperty('dependencies');
});

test(`${size} give a command that says its version, and a verdict on a disk`, () => {
  expect(byoi('--version')).toBe(`${manifest.version}\n`);
  const disk = 'node_modules/byoi/dist/demo-disk.qcow2';
  expect(JSON.parse(byoi('inspect', disk, '--output', 'json'))).toMatchObject({
    format: 'qcow2',
    launchMode: 'PARAVIRTUALIZED',
  });
});

test('the installed command runs the embedded OCI with its functions, and a disk that it drops becomes an image', () => {
  onTestFinished(() => void byoi('local', 'reset', '--force'));
  const started = JSON.parse(byoi('local', 'start', '--output', 'json'));
  expect(started).toMatchObject({ running: true, dataDir: join(home, '.local/share/byoi/local') });
  const variables = JSON.parse(byoi('local', 'env', '--output', 'json'));
  const disk = 'node_modules/byoi/dist/demo-disk.qcow2';
  const dropped = JSON.parse(byoiWith(variables, 'drop', disk, '--output', 'json'));
  expect(JSON.stringify(dropped)).toContain('"state":"SUCCEEDED"');
  expect(byoi('local', 'status')).toContain('0 open, 1 in all');
  expect(JSON.parse(byoi('local', 'stop', '--output', 'json'))).toEqual({
    running: false,
    stopped: started.pid,
  });
  // Neither its functions' folders nor anything else is left where temporary files are.
  expect(readdirSync(folder).filter((name) => /^byoi-(?!.*\.tgz)/.test(name))).toEqual([]);
});
