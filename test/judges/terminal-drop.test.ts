import { randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Deployed, deploy } from '../support/deployment.ts';
import { startTmux, type Tmux } from '../support/tmux.ts';

/** Five parts of 16 MiB. */
const NOISE = 70 * 2 ** 20;
const BYOI = `'${process.execPath}' '${resolve('dist/byoi.js')}'`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: ECMA-48 §8.3.117, what sets colours
const SGR = /\u001b\[[\d;]*m/;
/** Of an embedded cloud that dawdles. */
const SOON = { timeout: 60_000, interval: 50 };

let byoi: Deployed;
let folder: string;
let tmux: Tmux;

beforeAll(async () => {
  byoi = await deploy();
  folder = mkdtempSync(join(tmpdir(), 'byoi-judge-'));
});
beforeEach(() => {
  tmux = startTmux(byoi.environment);
  tmux.type(`cd '${folder}'; clear`);
});
afterEach(() => {
  tmux.remove();
  byoi.cloud.faults.clear();
});
afterAll(async () => {
  await byoi.remove();
  rmSync(folder, { recursive: true, force: true });
});

function disk(name: string): void {
  copyFileSync('test/fixtures/demo-disk.qcow2', join(folder, name));
  appendFileSync(join(folder, name), randomBytes(NOISE));
}

/** Slow enough for a person to see each part go, and the import stands until the faults are cleared. */
function dawdle(): void {
  byoi.cloud.faults.add({ operation: 'UploadPart', delayMs: 700 });
  byoi.cloud.faults.addWork({ operation: 'CreateImage', outcome: 'stall' });
}

const shows = (what: RegExp) => expect.poll(tmux.screen, SOON).toMatch(what);
const count = (what: RegExp) => tmux.screen().match(what)?.length ?? 0;

test('a person drops a disk, breaks off, goes on, leaves while it is imported, and watches it to its end', async () => {
  disk('server.qcow2');
  dawdle();
  tmux.type(`${BYOI} drop server.qcow2`);
  await shows(/^server\.qcow2 {2}qcow2 v3, 64 MiB, PARAVIRTUALIZED/m);
  await shows(/^server\.qcow2 {2}uploading [1-9]\d? % .*MiB\/s, .* left/m);
  expect(count(/^server\.qcow2 {2}uploading/gm)).toBe(1);

  tmux.press('C-c');
  await shows(/To go on with the upload, run the same command again/);
  tmux.type('echo "ended with $?"');
  await shows(/ended with 130/);

  tmux.type(`clear; ${BYOI} drop server.qcow2`);
  await shows(
    /^server\.qcow2 {2}uploaded 7\d(\.\d)? MiB in .*, \d+ MiB of it were there already, its MD5 verified/m,
  );
  await shows(/^… \w{8} {2}server\.qcow2 {2}us-ashburn-1 importing \d+ %/m);
  expect(count(/^server\.qcow2 {2}uploading/gm)).toBe(0);
  expect(tmux.painted()).toMatch(SGR);
  tmux.press('C-c');
  await shows(/^The run [a-z2-7]{26} goes on by itself; `byoi runs watch [a-z2-7]{26}` follows it\.$/m);

  tmux.type(`clear; ${BYOI} runs watch; echo "ended with $?"`);
  await shows(/^… \w{8} {2}server\.qcow2 {2}us-ashburn-1 importing/m);
  byoi.cloud.faults.clear();
  await shows(/^\w{8} {2}server\.qcow2 {2}SUCCEEDED {2}us-ashburn-1 ocid1\.image\./m);
  await shows(/ended with 0/);
  expect(count(/importing/g)).toBe(0);
});

test('NO_COLOR leaves the colours out, and nothing else', async () => {
  disk('plain.qcow2');
  dawdle();
  tmux.type(`NO_COLOR=1 ${BYOI} drop plain.qcow2`);
  await shows(/^plain\.qcow2 {2}uploading [1-9]/m);
  expect(count(/^plain\.qcow2 {2}uploading/gm)).toBe(1);
  await shows(/^… \w{8} {2}plain\.qcow2 {2}us-ashburn-1 importing/m);
  byoi.cloud.faults.clear();
  await shows(/^plain\.qcow2 {2}SUCCEEDED\n(.*\n)*Took/m);
  expect(tmux.painted()).not.toMatch(SGR);
});

test('a dumb terminal gets plain lines, a line a step', async () => {
  disk('dumb.qcow2');
  byoi.cloud.faults.add({ operation: 'UploadPart', delayMs: 100 });
  tmux.type(`TERM=dumb ${BYOI} drop dumb.qcow2`);
  await shows(/^dumb\.qcow2 {2}SUCCEEDED\n/m);
  const lines = tmux.everything();
  expect(lines.match(/^dumb\.qcow2 {2}uploading \d+ %/gm)?.length).toBeGreaterThan(2);
  expect(lines.match(/^\S+Z {2}\w{8} {2}dumb\.qcow2 {2}us-ashburn-1 importing$/gm)).toHaveLength(1);
  expect(tmux.painted()).not.toMatch(SGR);
});
