import { ConfigFileAuthenticationDetailsProvider } from 'oci-common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployLocally, type LocalDeployment, putJson } from '../../cli/local/deploy.ts';
import { NO_DEADLINE } from '../../shared/deadline.ts';
import { openDocuments } from '../../shared/oci/documents.ts';
import { openRunStore, type RunStore } from '../../shared/oci/run-store.ts';
import { createSigner } from '../../shared/oci/signer.ts';
import { createTransport } from '../../shared/oci/transport.ts';
import { runIdOf } from '../../shared/run/id.ts';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  branchOf,
  configure,
  imagesIn,
  personsImage,
  QCOW2,
  replicate,
  ticked,
} from '../support/replication.ts';

/** The other deployment, in the same tenancy, with its hub in Phoenix. */
interface Other {
  readonly deployment: LocalDeployment;
  readonly runs: RunStore;
  configure(changes: object): Promise<void>;
  ticked(): Promise<void>;
}

let byoi: Deployed;
let west: Other;

beforeEach(async () => {
  // What they copy stays, so that there is time enough to take it for a drop.
  byoi = await deploy({}, { intermediates: 'keep' });
  west = await deployWest();
});

afterEach(() => byoi.remove());

async function deployWest(): Promise<Other> {
  const { cloud, clients, endpoints } = byoi;
  const signer = createSigner(new ConfigFileAuthenticationDetailsProvider(cloud.configFile, 'DEFAULT'));
  const deployment = await deployLocally({
    httpClient: createTransport(signer, NO_DEADLINE),
    endpoints,
    hubRegion: PHOENIX,
    homeRegion: ASHBURN,
    tenancyId: cloud.tenancy.id,
    name: 'west',
    config: { pollFirstSeconds: 0.2, pollMaxSeconds: 1, intermediates: 'keep' },
  });
  const { ledger, functionIds } = deployment;
  return {
    deployment,
    runs: openRunStore(clients, ledger),
    async configure(changes) {
      const stored = await openDocuments(clients, ledger).read<object>('config.json');
      const storage = await clients.objectStorage(ledger.region);
      await putJson(storage, ledger, 'config.json', { ...stored?.value, ...changes });
    },
    async ticked() {
      const body = Buffer.from(JSON.stringify({ byoi: 'tick' }));
      const functions = cloud.region(PHOENIX)?.functions;
      const answer = await functions?.invoke(functionIds['advance-runs'] ?? '', body, false);
      expect(answer?.status).toBe(200);
    },
  };
}

async function allRuns(store: RunStore): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const id of store.ids()) {
    const stored = await store.get(id);
    if (stored) runs.push(stored.value);
  }
  return runs;
}

/** By deployment, the states of its runs, once both have come to rest. */
async function states(): Promise<{ ours: string[]; theirs: string[] }> {
  const stores = [byoi.runs, west.runs];
  const open = async () =>
    (await Promise.all(stores.map(allRuns))).flat().filter(({ closedAt }) => closedAt === null);
  await expect.poll(open, { timeout: 20_000 }).toEqual([]);
  const [ours = [], theirs = []] = await Promise.all(stores.map(allRuns));
  const told = (runs: Run[]) =>
    runs
      .map(({ state, failure, openedAt }) => [openedAt, state, failure?.code].filter(Boolean).join(' '))
      .sort()
      .map((text) => text.slice(text.indexOf(' ') + 1));
  return { ours: told(ours), theirs: told(theirs) };
}

/** How many images there are, by region, in both deployments' compartments. */
async function imageCounts(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const region of [ASHBURN, PHOENIX]) {
    const compute = await byoi.clients.compute(region);
    const listed = [byoi.deployment, west.deployment].map(async ({ compartmentId }) => {
      return (await compute.listImages({ compartmentId })).items.length;
    });
    counts[region] = (await Promise.all(listed)).reduce((sum, count) => sum + count);
  }
  return counts;
}

/** Runs and images as they are, and that three ticks of both change nothing. */
async function atRest() {
  const before = { ...(await states()), images: await imageCounts() };
  for (let round = 0; round < 3; round += 1) {
    await ticked(byoi);
    await west.ticked();
  }
  expect({ ...(await states()), images: await imageCounts() }).toEqual(before);
  return before;
}

/** Waits until the other deployment's function has dealt with such an event, whose effect would show from then on. */
async function heardThere(eventType: string): Promise<void> {
  const functionIds = Object.values(west.deployment.functionIds);
  const dealtWith = async () => {
    const answer = await fetch(`${byoi.endpoints[PHOENIX]}/_local/events/deliveries`);
    const { items } = (await answer.json()) as {
      items: { eventType: string; outcome: string; action?: { target: string } }[];
    };
    return items.filter(
      (item) =>
        item.eventType.endsWith(eventType) &&
        item.outcome === 'DELIVERED' &&
        functionIds.includes(item.action?.target ?? ''),
    ).length;
  };
  await expect.poll(dealtWith, { timeout: 10_000 }).toBeGreaterThan(0);
}

describe('two deployments that replicate every drop into each other’s drop bucket', () => {
  beforeEach(async () => {
    await configure(byoi, {
      destinations: [{ region: PHOENIX, bucket: west.deployment.dropBucket }],
      replicateDropsTo: [PHOENIX],
    });
    await west.configure({
      destinations: [{ region: ASHBURN, bucket: byoi.deployment.dropBucket }],
      replicateDropsTo: [ASHBURN],
    });
  });

  it('make an image each where the disk was to go, and tell of the copy that is not theirs', async () => {
    const run = await byoi.ended(await byoi.drop('disk.qcow2', QCOW2));
    expect(run.state).toBe('SUCCEEDED');
    expect(await atRest()).toEqual({
      ours: ['SUCCEEDED'],
      theirs: ['REFUSED COPY_OF_ANOTHER_DEPLOYMENT'],
      images: { [ASHBURN]: 1, [PHOENIX]: 1 },
    });
    const topic = `${byoi.endpoints[PHOENIX]}/_local/topics/${west.deployment.topicId}/messages`;
    const { items } = (await (await fetch(topic)).json()) as { items: { body: string }[] };
    expect(items.map(({ body }) => JSON.parse(body).code)).toEqual(['COPY_OF_ANOTHER_DEPLOYMENT']);
  });

  it('do so as well where no event tells of it, and the schedule finds it', async () => {
    await byoi.control('POST', 'faults', { events: { lose: 1 } });
    const id = await byoi.drop('unheard.qcow2', QCOW2);
    await byoi.tick();
    expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
    await west.ticked();
    expect(await atRest()).toEqual({
      ours: ['SUCCEEDED'],
      theirs: ['REFUSED COPY_OF_ANOTHER_DEPLOYMENT'],
      images: { [ASHBURN]: 1, [PHOENIX]: 1 },
    });
  });
});

describe('two deployments of which one', () => {
  it('copies into the other’s export bucket start nothing there', async () => {
    await configure(byoi, { destinations: [{ region: PHOENIX, bucket: west.deployment.exportBucket }] });
    const imageId = await personsImage(byoi);
    expect((await replicate(byoi, { imageId, to: [PHOENIX] })).state).toBe('SUCCEEDED');
    await heardThere('createobject');
    expect(await atRest()).toEqual({
      ours: ['SUCCEEDED'],
      theirs: [],
      images: { [ASHBURN]: 1, [PHOENIX]: 1 },
    });
  });

  it('exports into the other’s export bucket start nothing there', async () => {
    const shared = { region: PHOENIX, bucket: west.deployment.exportBucket };
    await configure(byoi, { exportBuckets: [shared] });
    const imageId = await personsImage(byoi, {}, {}, PHOENIX);
    expect((await replicate(byoi, { imageId, region: PHOENIX, to: [ASHBURN] })).state).toBe('SUCCEEDED');
    await heardThere('createobject');
    expect(await atRest()).toEqual({
      ours: ['SUCCEEDED'],
      theirs: [],
      images: { [ASHBURN]: 1, [PHOENIX]: 1 },
    });
  });

  it('exports into the other’s drop bucket make no image there, and are told', async () => {
    const theirs = { region: PHOENIX, bucket: west.deployment.dropBucket };
    await configure(byoi, { exportBuckets: [theirs] });
    const imageId = await personsImage(byoi, {}, {}, PHOENIX);
    expect((await replicate(byoi, { imageId, region: PHOENIX, to: [ASHBURN] })).state).toBe('SUCCEEDED');
    await heardThere('createobject');
    expect(await atRest()).toEqual({
      ours: ['SUCCEEDED'],
      theirs: ['REFUSED COPY_OF_ANOTHER_DEPLOYMENT'],
      images: { [ASHBURN]: 1, [PHOENIX]: 1 },
    });
  });

  it('makes its images in the other’s compartment start nothing there, whatever tags they had or get', async () => {
    const { compartmentId } = west.deployment;
    await configure(byoi, {
      destinations: [{ region: PHOENIX, bucket: byoi.deployment.copyBucket, compartmentId }],
    });
    await west.configure({ destinations: [{ region: ASHBURN, bucket: west.deployment.copyBucket }] });
    const imageId = await personsImage(byoi);
    const ashburn = await byoi.clients.compute(ASHBURN);
    const freeformTags = { 'byoi-replicate-to': PHOENIX, team: 'web' };
    await ashburn.updateImage({ imageId, updateImageDetails: { freeformTags } });
    await expect.poll(() => allRuns(byoi.runs), { timeout: 10_000 }).toHaveLength(1);
    const [opened] = await allRuns(byoi.runs);
    const run = await byoi.ended(opened?.id ?? '');
    expect(run.state).toBe('SUCCEEDED');
    const phoenix = await byoi.clients.compute(PHOENIX);
    const { imageId: copyId } = branchOf(run, PHOENIX);
    const copy = (await phoenix.getImage({ imageId: copyId ?? '' })).image;
    expect(copy.freeformTags).toEqual({
      'byoi-run': run.id,
      'byoi-source': `${ASHBURN}/${imageId}`,
      team: 'web',
    });
    await phoenix.updateImage({
      imageId: copy.id,
      updateImageDetails: { freeformTags: { ...copy.freeformTags, 'byoi-replicate-to': ASHBURN } },
    });
    await heardThere('updateimage');
    expect(await atRest()).toEqual({
      ours: ['SUCCEEDED'],
      theirs: [],
      images: { [ASHBURN]: 1, [PHOENIX]: 1 },
    });
  });
});

it('two deployments that are asked for the same copy make one each, and know which is theirs', async () => {
  const { compartmentId, copyBucket } = byoi.deployment;
  await west.configure({ destinations: [{ region: PHOENIX, bucket: copyBucket, compartmentId }] });
  const imageId = await personsImage(byoi);
  const asked = { byoi: 'replicate', imageId, region: ASHBURN, to: [PHOENIX] };
  const { id } = await replicate(byoi, { imageId, to: [PHOENIX] });
  const functions = byoi.cloud.region(PHOENIX)?.functions;
  const payload = Buffer.from(JSON.stringify(asked));
  await functions?.invoke(west.deployment.functionIds['export-image'] ?? '', payload, false);
  expect(await atRest()).toMatchObject({
    ours: ['SUCCEEDED'],
    theirs: ['SUCCEEDED'],
    images: { [ASHBURN]: 1, [PHOENIX]: 2 },
  });
  const [other] = await allRuns(west.runs);
  const images = await imagesIn(byoi, PHOENIX);
  expect(images.map(({ freeformTags }) => freeformTags?.['byoi-run']).sort()).toEqual([id, other?.id].sort());
  expect(other?.id).not.toBe(id);
});

it('what a person says with an object is not said of its copies', async () => {
  await configure(byoi, { destinations: [{ region: PHOENIX, bucket: west.deployment.dropBucket }] });
  const metadata = { 'byoi-replicate-to': PHOENIX, 'byoi-launch-mode': 'EMULATED' };
  const run = await byoi.ended(await byoi.drop('told.qcow2', QCOW2, metadata));
  const { copy } = branchOf(run, PHOENIX);
  const storage = await byoi.clients.objectStorage(PHOENIX);
  const head = await storage.headObject({
    namespaceName: copy?.namespace ?? '',
    bucketName: copy?.bucket ?? '',
    objectName: copy?.object ?? '',
  });
  expect(head.opcMeta).toEqual({ 'opc-meta-byoi-run': run.id });
  const id = runIdOf(west.deployment.ledger, {
    ...west.deployment.ledger,
    bucket: west.deployment.dropBucket,
    object: copy?.object ?? '',
    eTag: head.eTag,
  });
  await expect.poll(async () => (await west.runs.get(id))?.value.state, { timeout: 10_000 }).toBe('REFUSED');
});
