import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../../support/cloud.ts';
import { type Deployed, deploy } from '../../support/deployment.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');

/** OCI's own pace divided by so much: an import takes 20 ms, and nothing waits for it. */
const TIME_SCALE = 1000;
/** A dead poller's lease is free after three of the longest pauses. */
const PACE = { pollFirstSeconds: 0.05, pollMaxSeconds: 0.4 };
/**
 * The least that OCI Functions take: a dead driver's run is anybody's after it. On a busy machine it is too little at times
 * to hand over in: the schedule ticks meanwhile.
 */
const FUNCTION_TIMEOUT_SECONDS = 5;
/** Stands for the hourly schedule. */
const TICK_MS = 1_500;
/** Several dead drivers one after the other, on a machine that does other things as well. */
const ENDS_WITHIN_MS = 120_000;

/** A journey through the deployment, from its beginning to the regions that have an image at its end. */
export interface Journey {
  readonly name: string;
  readonly regions: readonly string[];
  /** @param label unlike that of any other @returns the run's id, or undefined where nobody may know it yet */
  begin(stage: Stage, label: string): Promise<string>;
}

/** A deployment on which journeys are made, again and again, while something goes wrong. */
export interface Stage {
  readonly byoi: Deployed;
  /** An image in each region, to be replicated. */
  readonly images: Readonly<Record<string, string>>;
}

/** @param lifeSeconds of the functions: after it a dead driver's run is anybody's */
export async function setStage(
  config: Readonly<Record<string, unknown>> = {},
  lifeSeconds = FUNCTION_TIMEOUT_SECONDS,
): Promise<Stage> {
  const byoi = await deploy({ timeScale: TIME_SCALE }, { ...PACE, ...config });
  await allowImages(byoi);
  const dropped = await untilClosed(byoi, await byoi.drop('original.qcow2', QCOW2));
  const hub = dropped.branches[0]?.imageId ?? '';
  const asked = await replicate(byoi, hub, ASHBURN, PHOENIX, 'original');
  const replicated = await untilClosed(byoi, asked);
  // Only now: nothing has to go wrong yet.
  await shortenLives(byoi, lifeSeconds);
  return { byoi, images: { [ASHBURN]: hub, [PHOENIX]: replicated.branches[0]?.imageId ?? '' } };
}

/** Each journey leaves its images. */
async function allowImages(byoi: Deployed): Promise<void> {
  for (const region of [ASHBURN, PHOENIX])
    await fetch(`${byoi.endpoints[region]}/_local/quota`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ 'custom-image-count': 5_000 }),
    });
}

async function shortenLives({ clients, deployment }: Deployed, seconds: number): Promise<void> {
  const functions = await clients.functions(ASHBURN);
  for (const functionId of Object.values(deployment.functionIds)) {
    const updateFunctionDetails = {
      timeoutInSeconds: seconds,
      detachedModeTimeoutInSeconds: seconds,
    };
    await functions.updateFunction({ functionId, updateFunctionDetails });
  }
}

/** Asks as the payload does; whoever is not answered asks again, and it is the same run. */
async function replicate(
  byoi: Deployed,
  imageId: string,
  region: string,
  to: string,
  request: string,
): Promise<string> {
  const payload = JSON.stringify({ byoi: 'replicate', imageId, region, to: [to], request });
  for (;;) {
    const { status, body } = await byoi.invoke('export-image', payload);
    if (status === 200) return (JSON.parse(body) as { run: string }).run;
    await sleep(100);
  }
}

export const JOURNEYS: readonly Journey[] = [
  {
    name: 'a dropped disk, with a destination',
    regions: [ASHBURN, PHOENIX],
    begin: ({ byoi }, label) => byoi.drop(`${label}.qcow2`, QCOW2, { 'byoi-replicate-to': PHOENIX }),
  },
  {
    name: 'an image of the hub, replicated',
    regions: [PHOENIX],
    begin: ({ byoi, images }, label) => replicate(byoi, images[ASHBURN] ?? '', ASHBURN, PHOENIX, label),
  },
  {
    name: 'an image of another region, replicated to the hub',
    regions: [ASHBURN],
    begin: ({ byoi, images }, label) => replicate(byoi, images[PHOENIX] ?? '', PHOENIX, ASHBURN, label),
  },
];

/** Waits until the run is closed, while the schedule ticks. @throws with the record where it does not end */
export async function untilClosed(
  byoi: Deployed,
  id: string,
  { tickMs = TICK_MS, endsWithinMs = ENDS_WITHIN_MS } = {},
): Promise<Run> {
  const end = Date.now() + endsWithinMs;
  let nextTick = Date.now() + tickMs;
  for (;;) {
    const run = (await byoi.runs.get(id))?.value;
    if (run?.closedAt && !(await byoi.isMarked(id))) return run;
    if (Date.now() > end) throw new Error(`It does not end: ${JSON.stringify(run ?? id, undefined, 2)}`);
    if (Date.now() > nextTick) {
      await byoi.tick();
      nextTick = Date.now() + tickMs;
    }
    await sleep(100);
  }
}

/** All that can be wrong with how a journey ended; nothing where it ended as it should. */
export async function faultsOf(stage: Stage, journey: Journey, run: Run): Promise<string[]> {
  const { byoi } = stage;
  const wrong: string[] = [];
  if (run.state !== 'SUCCEEDED') wrong.push(`${run.state}: ${JSON.stringify(run.failure)}`);
  wrong.push(...(await imageFaults(stage, journey.regions, run)));
  if (!(await isTold(byoi, run))) wrong.push('it was not told');
  wrong.push(...(await leftOf(byoi, run)));
  return wrong;
}

/** In each region that is to have one, the one image that the record names. */
export async function imageFaults(stage: Stage, regions: readonly string[], run: Run): Promise<string[]> {
  return imageFaultsAmong(await imagesByRun(stage), regions, run);
}

/** OCIDs of images by `run region`. */
export type MadeImages = ReadonlyMap<string, readonly string[]>;

export function imageFaultsAmong(made: MadeImages, regions: readonly string[], run: Run): string[] {
  return [ASHBURN, PHOENIX].flatMap((region) => {
    const found = made.get(`${run.id} ${region}`) ?? [];
    const named = run.branches.find((branch) => branch.region === region)?.imageId;
    const wanted = regions.includes(region) ? [named] : [];
    if (JSON.stringify(found) === JSON.stringify(wanted)) return [];
    return [`images in ${region}: ${found.join(', ') || 'none'}, and the run names ${named}`];
  });
}

/** The images there are, by the run that each is tagged with. */
export async function imagesByRun({ byoi }: Stage): Promise<MadeImages> {
  const made = new Map<string, string[]>();
  for (const region of [ASHBURN, PHOENIX]) {
    const compute = await byoi.clients.compute(region);
    let page: string | undefined;
    do {
      const listed = await compute.listImages({ compartmentId: byoi.deployment.compartmentId, page });
      for (const { id, freeformTags } of listed.items) {
        const key = `${freeformTags?.['byoi-run']} ${region}`;
        made.set(key, [...(made.get(key) ?? []), id]);
      }
      page = listed.opcNextPage;
    } while (page);
  }
  return made;
}

async function isTold(byoi: Deployed, run: Run): Promise<boolean> {
  return (await byoi.notifications()).some(
    (message) => message.run === run.id && message.state === run.state,
  );
}

/** What the run left, after the schedule had a look. */
export async function leftOf(byoi: Deployed, { id }: Run): Promise<string[]> {
  const end = Date.now() + 15_000;
  for (;;) {
    const left = (await byoi.leftovers()).filter((thing) => thing.includes(id));
    if (left.length === 0 || Date.now() > end) return left.map((thing) => `left behind: ${thing}`);
    await byoi.tick();
    await sleep(300);
  }
}
