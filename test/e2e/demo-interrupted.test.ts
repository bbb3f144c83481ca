import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

test('Ctrl-C ends the demo at once, and nothing is left of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-int-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const env = { ...process.env, TMPDIR: folder };
  // At OCI's own pace: the import would take much longer than this test may.
  const args = ['dist/byoi.js', 'local', 'demo', '--time-scale', '0.1'];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  for await (const text of child.stdout.iterator({ destroyOnReturn: false }))
    if (String(text).includes('importing')) break;
  child.stdout.resume();
  child.kill('SIGINT');
  expect(await exited).toEqual([null, 'SIGINT']);
  expect(readdirSync(folder)).toEqual([]);
}, 60_000);
