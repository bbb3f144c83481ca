import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { claim, ownerOf } from '../../../cli/local/owner.ts';
import { processMark } from '../../../cli/local/process-mark.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'byoi-owner-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function sleeper(): Promise<ChildProcess & { pid: number }> {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child as ChildProcess & { pid: number };
}

/** Leaves a record as a process that was killed does. */
function leaveRecord(number: number, pid: number, mark: string): void {
  const record = { pid, mark, startedAt: '2026-01-01T00:00:00.000Z', ready: true, endedAt: null };
  writeFileSync(join(folder, `owner-${number}.json`), JSON.stringify(record));
}

describe('a data folder', () => {
  test('that nobody ran has no owner, nor has one that is not there', () => {
    expect(ownerOf(folder)).toBeUndefined();
    expect(ownerOf(join(folder, 'none'))).toBeUndefined();
  });

  test('has one owner at a time, until that has ended', () => {
    const first = claim(folder);
    expect(ownerOf(folder)).toMatchObject({ running: true, owner: { pid: process.pid, ready: false } });
    expect(claim(folder)).toBeUndefined();
    first?.ready();
    expect(ownerOf(folder)?.owner.ready).toBe(true);
    first?.ended();
    expect(ownerOf(folder)).toMatchObject({ running: false, owner: { endedAt: expect.any(String) } });
    expect(claim(folder)).toBeDefined();
    expect(readdirSync(folder)).toEqual(['owner-2.json']);
  });

  test('whose owner was killed is another’s, also where the number is a program’s again', async () => {
    const stranger = await sleeper();
    leaveRecord(7, stranger.pid, 'the mark of another process');
    expect(ownerOf(folder)?.running).toBe(false);
    expect(claim(folder)).toBeDefined();
    expect(readdirSync(folder)).toEqual(['owner-8.json']);
  });

  test('is not taken from an owner that runs, whatever older records lie there', async () => {
    const runs = await sleeper();
    leaveRecord(2, 1, 'gone');
    leaveRecord(10, runs.pid, processMark(runs.pid) ?? '');
    expect(claim(folder)).toBeUndefined();
    expect(JSON.parse(readFileSync(join(folder, 'owner-10.json'), 'utf8')).pid).toBe(runs.pid);
  });
});

describe.each(['linux', 'darwin'])('the mark of a process, on %s', (platform) => {
  const { platform: own } = process;
  beforeEach(() => void vi.stubGlobal('process', Object.create(process, { platform: { value: platform } })));
  afterEach(() => void vi.unstubAllGlobals());

  test.runIf(platform !== 'linux' || own === 'linux')('is its own, and gone with it', async () => {
    const one = await sleeper();
    expect(processMark(one.pid)).toMatch(/\d/);
    expect(processMark(one.pid)).toBe(processMark(one.pid));
    const ended = once(one, 'exit');
    one.kill('SIGKILL');
    await ended;
    expect(processMark(one.pid)).toBeUndefined();
  });
});
