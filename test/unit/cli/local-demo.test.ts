import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { runProgram } from '../../../cli/program.ts';
import { recordingIo } from '../../support/terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-demo-'));
const own = join(folder, 'tmp');

beforeAll(() => {
  for (const name of ['tmp', 'a', 'b']) mkdirSync(join(folder, name));
  for (const name of ['a/disk.qcow2', 'b/disk.qcow2', 'SHA256SUMS']) writeFileSync(join(folder, name), 'x');
  vi.stubEnv('TMPDIR', own);
});

afterEach(() => {
  vi.stubEnv('TMPDIR', own);
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test.each([
  ['a file that is not there', ['none.qcow2'], 1, /^error FILE_UNREADABLE: .*none\.qcow2 .*no such file/],
  ['a directory', ['a'], 1, /^error FILE_UNREADABLE: .*not a regular file/],
  ['files of the same name', ['a/disk.qcow2', 'b/disk.qcow2'], 2, /^error USAGE: .*called disk\.qcow2/],
  ['a name of no image', ['a/disk.qcow2', 'SHA256SUMS'], 2, /^error USAGE: .*SHA256SUMS is no image/],
])('the demo tells %s before it starts anything', async (_what, names, status, error) => {
  const io = recordingIo();
  const paths = names.map((name) => join(folder, name));
  expect(await runProgram(['local', 'demo', ...paths], io)).toBe(status);
  expect(io.out.written()).toBe('');
  expect(io.err.written()).toMatch(error);
  expect(readdirSync(own)).toEqual([]);
});

test.each([
  ['is not there', 'none', 1, /does not exist/],
  ['has a path too long for a socket', 'x'.repeat(80), 1, /too many for sockets/],
  // A hole as large as no disk: it takes no room itself.
  ['has no room for the files', 'tmp', 2 ** 43, /the files take 8 TiB, and it has .* left/],
])('the demo tells that the temporary folder %s', async (_what, name, size, error) => {
  const path = join(folder, 'a/disk.qcow2');
  truncateSync(path, size);
  vi.stubEnv('TMPDIR', join(folder, name));
  if (name !== 'none') mkdirSync(join(folder, name), { recursive: true });
  const io = recordingIo();
  expect(await runProgram(['local', 'demo', path], io)).toBe(1);
  expect(io.err.written()).toMatch(/^error TMPDIR_UNUSABLE: /);
  expect(io.err.written()).toMatch(error);
  expect(readdirSync(own)).toEqual([]);
});
