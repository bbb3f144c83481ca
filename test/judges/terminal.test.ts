import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../support/programs.ts';
import { screenAfter } from '../support/terminal.ts';

const DEMO = `'${process.execPath}' dist/byoi.js local demo`;

/** Runs the demo on a terminal of script(1), with these variables. @returns everything that was written to it */
function demoOnTerminal(environment: string): string {
  const command = `stty rows 24 cols 80; exec env -u NO_COLOR TERM=xterm ${environment} ${DEMO}`;
  return run('bsdutils', ['script', '--quiet', '--return', '--command', command, '/dev/null']);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ECMA-48 §8.3.117, what sets colours
const SGR = /\u001b\[[\d;]*m/;
/** Up, and away with what is below: a line of progress is replaced. */
const REDRAWN = '\u001b[1A\r\u001b[J';

describe('the demo on a terminal', () => {
  test('redraws a run’s line in place, and leaves its outcome only', () => {
    const written = demoOnTerminal('');
    expect(written).toContain('importing');
    expect(written).toContain(REDRAWN);
    expect(written).toMatch(SGR);
    const screen = screenAfter(written);
    // What each step took, below the outcome, names the steps as well.
    expect(screen.filter((line) => /…|us-\w+-1 importing/.test(line))).toEqual([]);
    expect(screen.filter((line) => /^\w+ {2}demo-disk\.qcow2 {2}/.test(line))).toEqual([
      expect.stringMatching(/SUCCEEDED {2}us-ashburn-1 ocid1\.image\./),
    ]);
  });

  test('has no colours with NO_COLOR, and is redrawn all the same', () => {
    const written = demoOnTerminal('NO_COLOR=1');
    expect(written).toContain(REDRAWN);
    expect(written).not.toMatch(SGR);
  });

  test('that is dumb gets plain lines, a line a step', () => {
    const written = demoOnTerminal('TERM=dumb');
    expect(written).not.toContain('\u001b');
    expect(written).toMatch(/us-ashburn-1 importing/);
  });
});

test('the demo in a pipe writes plain lines, a line a step', () => {
  const written = run('bsdutils', ['sh', '-c', `${DEMO} | cat`]);
  expect(written).not.toContain('\u001b');
  expect(written).not.toContain('\r');
  expect(written).toMatch(/demo-disk\.qcow2 {2}us-ashburn-1 importing/);
  expect(written).toMatch(/demo-disk\.qcow2 {2}SUCCEEDED {2}us-ashburn-1 ocid1\.image\./);
});

/** Well below the two minutes for which a command looks for an OCI that is gone. */
const SOON_MS = 60_000;

test('the demo whose reader leaves cleans up all the same, and soon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-reader-left-'));
  const begun = performance.now();
  try {
    const written = run('bsdutils', ['sh', '-c', `TMPDIR='${folder}' ${DEMO} --debug 2>&1 | head -n 5`]);
    expect(written).toContain('demo-disk.qcow2');
    expect(readdirSync(folder)).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(SOON_MS);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
