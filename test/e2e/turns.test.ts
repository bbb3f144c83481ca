import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkRequest } from '../../local/work.ts';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { demoDiskOf } from '../support/fixtures.ts';
import {
  branchOf,
  configure,
  faultWorks,
  QCOW2,
  retried,
  setImageLimit,
  worksOf,
} from '../support/replication.ts';

const FRANKFURT = 'eu-frankfurt-1';
const REGIONS = [{ name: ASHBURN }, { name: PHOENIX }, { name: FRANKFURT }];
const RHEL = await demoDiskOf('rhel');

let byoi: Deployed;

beforeEach(async () => {
  // Slow enough that works of several runs would meet.
  byoi = await deploy({ regions: REGIONS, timeScale: 50 }, { importsAtOnce: 1, copiesAtOnce: 1 });
});

afterEach(() => byoi.remove());

const stallOne = () => faultWorks(byoi, { operation: 'CreateImage', outcome: 'stall', times: 1 });
const endStall = () => byoi.control('DELETE', 'faults');
const isQueued = (run: Run) => branchOf(run, ASHBURN).queue !== null;
const isImporting = (run: Run) => branchOf(run, ASHBURN).step === 'import';

/** The most works that were ever at work at once. */
function mostAtOnce(works: readonly WorkRequest[]): number {
  const atWork = (at: string) =>
    works.filter(({ timeAccepted, timeFinished = '' }) => timeAccepted <= at && at < timeFinished).length;
  return Math.max(...works.map(({ timeAccepted }) => atWork(timeAccepted)));
}

/** The names of the images in the order in which OCI was asked for them. */
async function namesAsAsked(): Promise<(string | undefined)[]> {
  const compute = await byoi.clients.compute(ASHBURN);
  const asked = worksOf(byoi, 'CreateImage').reverse();
  return Promise.all(
    asked.map(async ({ input }) => {
      return (await compute.getImage({ imageId: String(input.imageId) })).image.displayName;
    }),
  );
}

it('imports of a region take turns, and all of many drops at once become images', async () => {
  const names = ['one', 'two', 'three', 'four', 'five'];
  const ids = await Promise.all(names.map((name) => byoi.drop(`${name}.qcow2`, QCOW2)));
  const runs = await Promise.all(ids.map((id) => byoi.ended(id)));
  expect(runs.map(({ state }) => state)).toEqual(names.map(() => 'SUCCEEDED'));
  expect(mostAtOnce(worksOf(byoi, 'CreateImage'))).toBe(1);
  expect(await byoi.leftovers()).toEqual([]);
});

it('who came first goes first', async () => {
  await stallOne();
  const ids = [await byoi.drop('first.qcow2', QCOW2)];
  await byoi.until(ids[0] ?? '', isImporting);
  for (const name of ['second', 'third', 'fourth']) {
    const id = await byoi.drop(`${name}.qcow2`, QCOW2);
    await byoi.until(id, isQueued);
    ids.push(id);
  }
  await endStall();
  for (const id of ids) expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
  expect(await namesAsAsked()).toEqual(['first', 'second', 'third', 'fourth']);
});

it('a run that was opened before, and had to wait for something else, takes no turn that is taken', async () => {
  const held = await byoi.drop('held.qcow2', RHEL);
  await byoi.until(held, ({ state, untold }) => state === 'NEEDS_LICENSE' && untold === null);
  await stallOne();
  const later = await byoi.drop('later.qcow2', QCOW2);
  await byoi.until(later, isImporting);
  await byoi.command('runs', 'attest', held, '--license', 'ours');
  await byoi.until(held, isQueued);
  expect(worksOf(byoi, 'CreateImage')).toHaveLength(1);
  await endStall();
  expect((await byoi.ended(later)).state).toBe('SUCCEEDED');
  expect((await byoi.ended(held)).state).toBe('SUCCEEDED');
});

it('copies from a region take turns, across runs and destinations', async () => {
  const metadata = { 'byoi-replicate-to': `${PHOENIX} ${FRANKFURT}` };
  const ids = await Promise.all(
    ['one', 'two', 'three'].map((name) => byoi.drop(`${name}.qcow2`, QCOW2, metadata)),
  );
  const runs = await Promise.all(ids.map((id) => byoi.ended(id)));
  expect(runs.map(({ state, failure }) => [state, failure])).toEqual(runs.map(() => ['SUCCEEDED', null]));
  expect(worksOf(byoi, 'CopyObject')).toHaveLength(6);
  expect(mostAtOnce(worksOf(byoi, 'CopyObject'))).toBe(1);
  for (const region of [PHOENIX, FRANKFURT]) {
    expect(worksOf(byoi, 'CreateImage', region)).toHaveLength(3);
    expect(mostAtOnce(worksOf(byoi, 'CreateImage', region))).toBe(1);
  }
  expect(await byoi.leftovers()).toEqual([]);
});

it('one region’s turns are no other’s', async () => {
  await stallOne();
  const first = await byoi.drop('at-home.qcow2', QCOW2);
  await byoi.until(first, isImporting);
  const id = await byoi.drop('everywhere.qcow2', QCOW2, { 'byoi-replicate-to': PHOENIX });
  const run = await byoi.until(id, (run) => branchOf(run, PHOENIX).step === 'done');
  expect([branchOf(run, PHOENIX).failure, branchOf(run, ASHBURN).queue]).toEqual([null, expect.any(String)]);
  await endStall();
  for (const ended of [first, id]) expect((await byoi.ended(ended)).state).toBe('SUCCEEDED');
});

describe('where a region has room for one image only', () => {
  const isCrowded = (run: Run) => branchOf(run, ASHBURN).crowded;

  /** An import at work, and one that waits for what becomes of it. @returns the ids of their runs */
  async function oneBehindTheOther(): Promise<[string, string]> {
    await configure(byoi, { importsAtOnce: 5 });
    await setImageLimit(byoi, ASHBURN, 1);
    await stallOne();
    const first = await byoi.drop('first.qcow2', QCOW2);
    await byoi.until(first, isImporting);
    const second = await byoi.drop('second.qcow2', QCOW2);
    await byoi.until(second, isCrowded);
    return [first, second];
  }

  it('an import waits for the one before it, and takes the room that it leaves', async () => {
    const [first, second] = await oneBehindTheOther();
    expect(worksOf(byoi, 'CreateImage')).toHaveLength(1);
    await byoi.command('runs', 'cancel', first);
    expect((await byoi.ended(first)).state).toBe('CANCELED');
    const run = await byoi.ended(second);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(await byoi.images()).toHaveLength(1);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('it fails once there is nothing more to wait for, and a retry finds the room that was made', async () => {
    const [first, second] = await oneBehindTheOther();
    await endStall();
    expect((await byoi.ended(first)).state).toBe('SUCCEEDED');
    const failed = await byoi.ended(second);
    expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'OCI_LIMIT_EXCEEDED']);
    expect(worksOf(byoi, 'CreateImage')).toHaveLength(1);
    await setImageLimit(byoi, ASHBURN, 2);
    expect((await retried(byoi, failed)).state).toBe('SUCCEEDED');
    expect(await byoi.leftovers()).toEqual([]);
  });
});
