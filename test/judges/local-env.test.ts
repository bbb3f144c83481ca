import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findOciCli } from '../support/oci-cli.ts';
import { run } from '../support/programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-env-'));
/** What a careless quote would break. */
const dataDir = join(folder, "it's a $folder");
const byoi = (...argv: string[]) =>
  run('nodejs', [process.execPath, 'dist/byoi.js', 'local', ...argv, '--data-dir', dataDir]);

beforeAll(() => void byoi('start'));
afterAll(() => {
  byoi('reset', '--force');
  rmSync(folder, { recursive: true });
});

test.each([
  ['bash', ['bash', '--norc']],
  ['zsh', ['zsh', '-f']],
  ['fish', ['fish', '--no-config']],
])('in %s what byoi local env prints points the OCI CLI and byoi at the cloud', (shell, command) => {
  const script = join(folder, `script.${shell}`);
  const node = `'${process.execPath}' '${resolve('dist/byoi.js')}'`;
  // A shell that is set up for a tenancy; a quote is escaped alike in all three.
  const lines = [
    'export OCI_CLI_REGION=eu-zurich-1 OCI_CLI_AUTH=security_token OCI_CLI_PROFILE=TENANCY',
    `export BYOI_LOCAL_DATA_DIR='${dataDir.replaceAll("'", "'\\''")}'`,
    `eval "$(${node} local env)"`,
    `'${resolve(dirname(findOciCli()), 'oci')}' os ns get`,
    `${node} runs list --output json`,
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  expect(run(shell, [...command, script]).replaceAll(/\s/g, '')).toBe('{"data":"local"}[]');
});
