import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../cli/program.ts';
import { recordingIo } from '../support/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-json-'));
const DISK = 'test/fixtures/demo-disk.qcow2';
const EVENT = join(folder, 'event.json');
/** What `byoi local env` says, once it can. */
let variables: Record<string, string> = { BYOI_LOCAL_DATA_DIR: join(folder, 'data') };
/** Of the dropped disk. */
let run = { id: '', branches: [{ imageId: '' }] };
const image = () => run.branches[0]?.imageId ?? '';

function byoi(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  const env = { ...process.env, ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/byoi.js', ...argv], { env }, (error, out, err) => {
      resolve({ status: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** What prints no results but a script of its own. */
const NO_RESULTS = ['completion'];

/** What there is to say of a run that was begun, or changed, and is not followed. */
const LEFT = ['id', 'action', 'state', 'subject', 'source', 'watch'];

interface Call {
  readonly path: string;
  readonly operands: () => string[];
  readonly status?: number;
}

/** Each command with operands that it can work on, in an order in which it has them. A new command needs its row. */
const CALLS: readonly Call[] = [
  { path: 'local start', operands: () => [] },
  { path: 'local status', operands: () => [] },
  { path: 'local env', operands: () => [] },
  { path: 'inspect', operands: () => [DISK] },
  { path: 'drop', operands: () => [DISK] },
  { path: 'drop', operands: () => [DISK, '--no-wait'] },
  { path: 'runs list', operands: () => ['--all'] },
  { path: 'runs show', operands: () => [run.id] },
  { path: 'runs watch', operands: () => [run.id] },
  { path: 'config check', operands: () => [] },
  { path: 'doctor', operands: () => [] },
  { path: 'rules list', operands: () => [] },
  { path: 'rules plan', operands: () => [] },
  { path: 'rules apply', operands: () => [] },
  { path: 'rules test', operands: () => [EVENT], status: 2 },
  { path: 'rules export', operands: () => [] },
  { path: 'replicate', operands: () => [image(), '--to', 'us-phoenix-1'] },
  { path: 'replicate', operands: () => [image(), '--to', 'us-phoenix-1', '--no-wait'] },
  { path: 'share', operands: () => [image()] },
  // It has ended well: these tell so, and print no result.
  { path: 'runs attest', operands: () => [run.id, '--license', 'ours'], status: 1 },
  { path: 'runs retry', operands: () => [run.id], status: 1 },
  { path: 'runs retry', operands: () => ['--all'] },
  { path: 'runs cancel', operands: () => [run.id], status: 1 },
  { path: 'rules delete', operands: () => ['--force'] },
  { path: 'local stop', operands: () => [] },
  { path: 'local reset', operands: () => ['--force'] },
  { path: 'local demo', operands: () => [] },
];

beforeAll(() => writeFileSync(EVENT, JSON.stringify({ eventType: 'com.example.nothing', data: {} })));
afterAll(async () => {
  await byoi('local', 'reset', '--force');
  rmSync(folder, { recursive: true });
});

test('every command is in the table', () => {
  const pathsOf = (command: Command, path: readonly string[]): string[] =>
    command.commands.length === 0
      ? [path.join(' ')]
      : command.commands.flatMap((child) => pathsOf(child, [...path, child.name()]));
  const paths = pathsOf(buildProgram(recordingIo(), { action: () => {} }), []);
  expect(new Set([...CALLS.map(({ path }) => path), ...NO_RESULTS])).toEqual(new Set(paths));
});

test('a reader that leaves early is no error, and nothing is said', async () => {
  const pipe = 'set -o pipefail; "$0" dist/byoi.js rules export --output json | true';
  const { code, err } = await new Promise<{ code: unknown; err: string }>((done) => {
    execFile('bash', ['-c', pipe, process.execPath], (error, _out, err) =>
      done({ code: error?.code ?? 0, err }),
    );
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

test.each(CALLS)(
  'byoi $path --output json prints JSON, and nothing else, on the standard output',
  async ({ path, operands, status: expected = 0 }) => {
    const { status, out, err } = await byoi(...path.split(' '), ...operands(), '--output', 'json');
    expect({ status, err: status === expected ? '' : err }).toEqual({ status: expected, err: '' });
    if (status === 1) {
      expect(out).toBe('');
      expect(err).toMatch(/^error [A-Z_]+: .*\n {2}.+\n$/);
      return;
    }
    const printed = JSON.parse(out);
    if (operands().includes('--no-wait')) expect([printed].flat().map(Object.keys)).toEqual([LEFT]);
    if (path === 'local env') variables = { ...variables, ...printed };
    if (path === 'runs list') [run] = printed;
  },
);
