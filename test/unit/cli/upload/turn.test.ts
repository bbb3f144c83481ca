import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { pathOfObject } from '../../../../cli/upload/records.ts';
import { takeTurn } from '../../../../cli/upload/turn.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-turn-'));
afterAll(() => rmSync(folder, { recursive: true }));
const addressOf = (object: string) => ({ region: 'r', namespace: 'n', bucket: 'b', object });

test('the next one waits until the turn ends, and is told once whom it waits for', async () => {
  const waited: number[] = [];
  const end = await takeTurn(folder, addressOf('one'), () => {});
  let over = false;
  const next = takeTurn(folder, addressOf('one'), (pid) => waited.push(pid)).then(async (endNext) => {
    expect(over).toBe(true);
    await endNext();
  });
  await sleep(1_200);
  over = true;
  await end();
  await next;
  expect(waited).toEqual([process.pid]);
  expect(readdirSync(folder)).toEqual([]);
});

test('another object has a turn of its own', async () => {
  const ends = [
    await takeTurn(folder, addressOf('a'), () => {}),
    await takeTurn(folder, addressOf('b'), () => expect.unreachable()),
  ];
  for (const end of ends) await end();
  expect(readdirSync(folder)).toEqual([]);
});

test('the turn of a process that was killed is over', async () => {
  const turn = `${pathOfObject(folder, addressOf('killed'))}.turn`;
  mkdirSync(turn);
  const owner = { pid: process.pid, mark: 'of another boot', startedAt: '', ready: false, endedAt: null };
  writeFileSync(join(turn, 'owner-7.json'), JSON.stringify(owner));
  const end = await takeTurn(folder, addressOf('killed'), () => expect.unreachable());
  await end();
  expect(readdirSync(folder)).toEqual([]);
});

test('never two at once, however many there are', async () => {
  let [at, most] = [0, 0];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const end = await takeTurn(folder, addressOf('crowd'), () => {});
      at += 1;
      most = Math.max(most, at);
      await sleep(20);
      at -= 1;
      await end();
    }),
  );
  expect(most).toBe(1);
});

test('where nothing can be written nobody waits', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const _ of [1, 2]) await takeTurn(join(file, 'below'), addressOf('x'), () => expect.unreachable());
});
