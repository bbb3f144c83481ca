import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { concurrently } from '../../shared/concurrently.ts';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import {
  imageFaultsAmong,
  imagesByRun,
  JOURNEYS,
  type Journey,
  type Stage,
  setStage,
  untilClosed,
} from './support/stage.ts';

/** Of each of the three journeys. */
const EACH = 167;
const FAILING = 0.05;
const AT_ONCE = 24;
/**
 * A tenth of what a deployment waits by default: to look at 500 runs several times a second would be all that is done. And
 * so many at once that some have to wait for their turn, but not for the whole test.
 */
const PACE = { pollFirstSeconds: 0.5, pollMaxSeconds: 6, copiesAtOnce: 100, importsAtOnce: 100 };
/** Long enough for a poller to see many runs, short enough for several to follow each other. */
const LIFE_SECONDS = 30;
/** A tick reads every object of the buckets: often enough to see that it does no harm, and no more. */
const PATIENCE = { tickMs: 15_000, endsWithinMs: 600_000 };

it(`${EACH * JOURNEYS.length} runs at once, 5 % of everything failing: nothing is lost, nothing doubled`, async () => {
  const stage = await setStage(PACE, LIFE_SECONDS);
  try {
    // Each its own: OCI exports an image once at a time.
    const [here, there] = await Promise.all([makeImages(stage, ASHBURN), makeImages(stage, PHOENIX)]);
    const images = here.map((id, number) => ({ [ASHBURN]: id, [PHOENIX]: there[number] ?? '' }));
    // At a pace at which none of them ends before all are open.
    stage.byoi.cloud.clock.scale = 0.01;
    stage.byoi.cloud.faults.seed(20261129);
    const failing = { operation: '*', probability: FAILING, ofFunctions: true } as const;
    stage.byoi.cloud.faults.add({ ...failing, status: 500 });
    stage.byoi.cloud.faults.add({ ...failing, drop: true, when: 'after' });
    stage.byoi.cloud.faults.events = { lose: FAILING, duplicate: FAILING, delayMs: 100 };

    const begun = images.flatMap((images, number) =>
      JOURNEYS.map((journey) => ({ journey, images, label: `crowd-${number}` })),
    );
    const runs: { id: string; journey: Journey }[] = [];
    await concurrently(begun, AT_ONCE, async ({ journey, images, label }) => {
      runs.push({ id: await journey.begin({ ...stage, images }, label), journey });
    });
    await untilAllOpen(stage, runs.length);
    stage.byoi.cloud.clock.scale = 1000;
    const ended: { run: Run; journey: Journey }[] = [];
    for (const { id, journey } of runs)
      ended.push({ run: await untilClosed(stage.byoi, id, PATIENCE), journey });
    stage.byoi.cloud.faults.clear();
    const made = await imagesByRun(stage);
    const wrong = ended.flatMap(({ run, journey }) => [
      ...(run.state === 'SUCCEEDED' ? [] : [`${run.id}: ${run.state} ${JSON.stringify(run.failure)}`]),
      ...imageFaultsAmong(made, journey.regions, run),
    ]);
    expect(wrong).toEqual([]);
    await expect.poll(() => swept(stage), { timeout: 60_000, interval: 2_000 }).toEqual([]);
  } finally {
    await stage.byoi.remove();
  }
}, 1_200_000);

/** What is left after the schedule had another look. */
async function swept({ byoi }: Stage): Promise<string[]> {
  const left = await byoi.leftovers();
  if (left.length > 0) await byoi.tick();
  return left;
}

/** Those whose event was lost are opened by the schedule; what fails for it in one tick, by the next. */
async function untilAllOpen(stage: Stage, count: number): Promise<void> {
  const end = Date.now() + PATIENCE.endsWithinMs;
  for (let nextTick = 0; ; ) {
    if ((await openRuns(stage)) === count) return;
    if (Date.now() > end) throw new Error(`Only ${await openRuns(stage)} of ${count} runs are open.`);
    if (Date.now() > nextTick) {
      await stage.byoi.tick();
      nextTick = Date.now() + PATIENCE.tickMs;
    }
    await sleep(500);
  }
}

async function openRuns({ byoi }: Stage): Promise<number> {
  let open = 0;
  for await (const _ of byoi.runs.openMarkers()) open += 1;
  return open;
}

/** Images that nobody's run made. */
async function makeImages({ byoi }: Stage, region: string): Promise<string[]> {
  const { compartmentId, ledger } = byoi.deployment;
  const [storage, compute] = [await byoi.clients.objectStorage(region), await byoi.clients.compute(region)];
  const namespaceName = ledger.namespace;
  const [bucketName, objectName] = ['crowd', 'disk.qcow2'];
  await storage.createBucket({ namespaceName, createBucketDetails: { compartmentId, name: bucketName } });
  const content = readFileSync('test/fixtures/demo-disk.qcow2');
  await storage.putObject({
    namespaceName,
    bucketName,
    objectName,
    putObjectBody: Readable.from([content]),
    contentLength: content.length,
  });
  const ids: string[] = [];
  const source = { sourceType: 'objectStorageTuple', namespaceName, bucketName, objectName };
  await concurrently(Array.from({ length: EACH }), AT_ONCE, async () => {
    const { image } = await compute.createImage({
      createImageDetails: {
        compartmentId,
        launchMode: 'PARAVIRTUALIZED' as never,
        imageSourceDetails: { ...source, sourceImageType: 'QCOW2' } as never,
      },
    });
    ids.push(image.id);
  });
  for (const imageId of ids)
    while (((await compute.getImage({ imageId })).image.lifecycleState as string) !== 'AVAILABLE')
      await sleep(20);
  return ids;
}
