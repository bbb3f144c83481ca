import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../shared/run/run.ts';
import { type Deployed, deploy } from '../support/deployment.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');
/** The same disk as another content. */
const OTHER = Buffer.concat([QCOW2, Buffer.alloc(512)]);
/** The least that OCI Functions take: a dead driver's run is anybody's after it. */
const FUNCTION_TIMEOUT_SECONDS = 5;

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
  const functions = await byoi.clients.functions('us-ashburn-1');
  for (const functionId of Object.values(byoi.deployment.functionIds)) {
    const updateFunctionDetails = {
      timeoutInSeconds: FUNCTION_TIMEOUT_SECONDS,
      detachedModeTimeoutInSeconds: FUNCTION_TIMEOUT_SECONDS * 4,
    };
    await functions.updateFunction({ functionId, updateFunctionDetails });
  }
});

afterEach(() => byoi.control('DELETE', 'faults'));

afterAll(() => byoi.remove());

const faults = (body: object) => byoi.control('POST', 'faults', body);

/** Exactly one image with the run's tag, nothing left behind, told at least once. */
async function expectOneImage(run: Run): Promise<void> {
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  const images = (await byoi.images()).filter(({ freeformTags }) => freeformTags['byoi-run'] === run.id);
  expect(images.map(({ id }) => id)).toEqual([run.branches[0]?.imageId]);
  expect((await byoi.pars()).filter((name) => name.includes(run.id))).toEqual([]);
  expect((await byoi.notifications()).some((message) => message.run === run.id)).toBe(true);
  for await (const marker of byoi.runs.openMarkers()) expect(marker.id).not.toBe(run.id);
}

describe('events', () => {
  it('that never come are made up for by the schedule', async () => {
    await faults({ events: { lose: 1 } });
    const id = await byoi.drop('lost.qcow2', QCOW2);
    await sleep(300);
    expect(await byoi.runs.get(id)).toBeUndefined();
    await byoi.tick();
    await expectOneImage(await byoi.ended(id));
  });

  it('that come twice make one image', async () => {
    await faults({ events: { duplicate: 1 } });
    await expectOneImage(await byoi.ended(await byoi.drop('doubled.qcow2', QCOW2)));
  });

  it('that come late, after an overwrite, make one image, of what is there', async () => {
    await faults({ events: { delayMs: 400 } });
    const first = await byoi.drop('late.qcow2', QCOW2);
    const second = await byoi.drop('late.qcow2', OTHER);
    await expectOneImage(await byoi.ended(second));
    expect(await byoi.runs.get(first)).toBeUndefined();
  });

  it('of an object that is gone already start nothing', async () => {
    await faults({ events: { delayMs: 300 } });
    const id = await byoi.drop('gone.qcow2', QCOW2);
    const storage = await byoi.clients.objectStorage('us-ashburn-1');
    const namespaceName = byoi.deployment.ledger.namespace;
    await storage.deleteObject({ namespaceName, bucketName: 'byoi-drop', objectName: 'gone.qcow2' });
    await sleep(1_000);
    expect(await byoi.runs.get(id)).toBeUndefined();
  });

  it('of a bucket without the event flag are not needed: the schedule finds its objects', async () => {
    const storage = await byoi.clients.objectStorage('us-ashburn-1');
    const bucket = { namespaceName: byoi.deployment.ledger.namespace, bucketName: 'byoi-drop' };
    await storage.updateBucket({ ...bucket, updateBucketDetails: { objectEventsEnabled: false } });
    const id = await byoi.drop('silent.qcow2', QCOW2);
    await byoi.tick();
    await expectOneImage(await byoi.ended(id));
    await storage.updateBucket({ ...bucket, updateBucketDetails: { objectEventsEnabled: true } });
  });
});

describe('the source', () => {
  it('that is overwritten while it is read is superseded by its new content', async () => {
    // Of its GetObject calls the first two are the configuration's and the run's; then the image is read.
    await faults({ calls: [{ operation: 'GetObject', skip: 2, times: 1, delayMs: 1_000 }] });
    const first = await byoi.drop('read.qcow2', QCOW2);
    await expect.poll(() => byoi.isMarked(first)).toBe(true);
    const second = await byoi.drop('read.qcow2', OTHER);
    const lost = await byoi.ended(first);
    expect([lost.state, lost.failure?.code]).toEqual(['SUPERSEDED', 'SOURCE_OVERWRITTEN']);
    await expectOneImage(await byoi.ended(second));
  });

  it('that is overwritten while it is imported gives no image; its new content has a run of its own', async () => {
    await byoi.control('POST', 'clock', { scale: 5 });
    const first = await byoi.drop('changing.qcow2', QCOW2);
    await byoi.until(first, (run) => run.branches[0]?.step === 'import');
    const second = await byoi.drop('changing.qcow2', OTHER);
    await byoi.control('POST', 'clock', { scale: 100 });
    const changed = await byoi.ended(first);
    expect([changed.state, changed.failure?.code]).toEqual(['FAILED', 'SOURCE_CHANGED']);
    expect((await byoi.images()).filter(({ freeformTags }) => freeformTags['byoi-run'] === first)).toEqual(
      [],
    );
    await expectOneImage(await byoi.ended(second));
  });
});

describe('services', () => {
  it.each([429, 500])('that answer %i now and then delay a run, and no more', async (status) => {
    await faults({ calls: [{ operation: '*', status, probability: 0.1 }], seed: status });
    await expectOneImage(await byoi.ended(await byoi.drop(`answer-${status}.qcow2`, QCOW2)));
  });

  it.each([
    'CreateImage',
    'CreatePreauthenticatedRequest',
    'PutObject',
    'PublishMessage',
    'DeletePreauthenticatedRequest',
  ])('%s that does its work while its answer is lost is not done twice', async (operation) => {
    const id = await byoi.drop(`unanswered-${operation}.qcow2`, QCOW2);
    await faults({ calls: [{ operation, when: 'after', drop: true, times: 1 }] });
    await expectOneImage(await byoi.ended(id));
  });
});

describe('a function', () => {
  const KILLS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16].flatMap((call) =>
    (['before', 'after'] as const).map((when) => ({ call, when })),
  );

  it('import-image may die before and after each of its calls: there is one image all the same', async () => {
    const dropped: string[] = [];
    for (const { call, when } of KILLS) {
      await faults({ kills: [{ functionName: 'import-image', call, when, times: 1 }] });
      const id = await byoi.drop(`killed-${call}-${when}.qcow2`, QCOW2);
      await byoi.until(id, () => true);
      dropped.push(id);
    }
    await byoi.tick();
    for (const id of dropped) await expectOneImage(await byoi.ended(id));
    // Each death was died, but for calls that a run does not come to.
    const killed = (await byoi.logs()).filter((line) => line.includes('killed'));
    expect(killed.length).toBeGreaterThanOrEqual(24);
  }, 180_000);
});
