import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runIdOf } from '../../shared/run/id.ts';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { patternDisk } from '../support/images/disk.ts';
import { buildQcow2 } from '../support/images/qcow2.ts';
import {
  configure,
  imageOf,
  objectsIn,
  personsImage,
  putObject,
  QCOW2,
  ticked,
  worksOf,
} from '../support/replication.ts';

const FRANKFURT = 'eu-frankfurt-1';
const REGIONS = [{ name: ASHBURN }, { name: PHOENIX }, { name: FRANKFURT }];
/** Of another deployment's run, with which an export bucket is shared. */
const FOREIGN_RUN = 'abcdefghijklmnopqrstuvwxyz';

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy({ regions: REGIONS });
});

afterEach(() => configure(byoi, { replicateExportsTo: undefined }));

afterAll(() => byoi.remove());

const bucket = (region: string) => ({
  region,
  namespace: byoi.deployment.ledger.namespace,
  bucket: byoi.deployment.exportBucket,
});

/** Exports an image as a person does in the console: by name, into an export bucket. */
async function exportByHand(
  imageId: string,
  object: string,
  region = ASHBURN,
  exportFormat = 'OCI',
): Promise<void> {
  const { namespace, bucket: bucketName } = bucket(region);
  const compute = await byoi.clients.compute(region);
  await compute.exportImage({
    imageId,
    exportImageDetails: {
      destinationType: 'objectStorageTuple',
      namespaceName: namespace,
      bucketName,
      objectName: object,
      exportFormat,
    } as never,
  });
}

/** The run of an object in an export bucket, where there is one. */
async function runOf(object: string, region = ASHBURN): Promise<Run | undefined> {
  const storage = await byoi.clients.objectStorage(region);
  const { namespace: namespaceName, bucket: bucketName } = bucket(region);
  const head = await storage.headObject({ namespaceName, bucketName, objectName: object }).catch(() => null);
  const id = head && runIdOf(byoi.deployment.ledger, { ...bucket(region), object, eTag: head.eTag });
  return id ? (await byoi.runs.get(id))?.value : undefined;
}

async function endedRunOf(object: string, region = ASHBURN): Promise<Run> {
  await expect.poll(() => runOf(object, region), { timeout: 10_000 }).toBeDefined();
  return byoi.ended((await runOf(object, region))?.id ?? '');
}

async function setObjectEvents(objectEventsEnabled: boolean): Promise<void> {
  const storage = await byoi.clients.objectStorage(ASHBURN);
  const { namespace: namespaceName, bucket: bucketName } = bucket(ASHBURN);
  await storage.updateBucket({ namespaceName, bucketName, updateBucketDetails: { objectEventsEnabled } });
}

describe('an image that a person exports into an export bucket', () => {
  it('is copied to every destination and imported there; the export stays', async () => {
    const imageId = await personsImage(byoi, { launchMode: 'EMULATED' as never });
    await exportByHand(imageId, 'golden/web-server.oci');
    const run = await endedRunOf('golden/web-server.oci');
    expect([run.state, run.failure, run.journey]).toEqual(['SUCCEEDED', null, 'replication']);
    expect(run.branches.map(({ id }) => id)).toEqual([PHOENIX, FRANKFURT]);
    for (const region of [PHOENIX, FRANKFURT])
      expect(await imageOf(byoi, run, region)).toMatchObject({
        displayName: 'web-server',
        lifecycleState: 'AVAILABLE',
        launchMode: 'EMULATED',
      });
    expect(await objectsIn(byoi, ASHBURN, 'byoi-export')).toContain('golden/web-server.oci');
    expect(worksOf(byoi, 'ExportImage')).toHaveLength(1);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('goes to replicateExportsTo where the configuration says it', async () => {
    await configure(byoi, { replicateExportsTo: [FRANKFURT] });
    await putObject(byoi.clients, { ...bucket(ASHBURN), object: 'chosen.qcow2' }, QCOW2);
    const run = await endedRunOf('chosen.qcow2');
    expect([run.state, run.branches.map(({ id }) => id)]).toEqual(['SUCCEEDED', [FRANKFURT]]);
  });

  it('goes nowhere where the configuration names no destination for exports', async () => {
    await configure(byoi, { replicateExportsTo: [] });
    await putObject(byoi.clients, { ...bucket(ASHBURN), object: 'nowhere.qcow2' }, QCOW2);
    const ignored = async () =>
      (await byoi.logs()).some((line) => /nowhere\.qcow2.*no destination/.test(line));
    await expect.poll(ignored).toBe(true);
    expect(await runOf('nowhere.qcow2')).toBeUndefined();
  });

  it('is found by the end of its export, where its bucket tells of no object', async () => {
    await setObjectEvents(false);
    const imageId = await personsImage(byoi);
    await exportByHand(imageId, 'untold.oci');
    const run = await endedRunOf('untold.oci');
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    await setObjectEvents(true);
  });

  it('is found by the schedule in another region, from which no event comes', async () => {
    const imageId = await personsImage(byoi, {}, {}, PHOENIX);
    await exportByHand(imageId, 'from-phoenix.oci', PHOENIX);
    await expect
      .poll(() => objectsIn(byoi, PHOENIX, 'byoi-export'), { timeout: 10_000 })
      .toContain('from-phoenix.oci');
    await byoi.tick();
    const run = await endedRunOf('from-phoenix.oci', PHOENIX);
    expect([run.state, run.branches.map(({ id }) => id)]).toEqual(['SUCCEEDED', [ASHBURN, FRANKFURT]]);
  });

  it('is imported NATIVE where it is a bare disk that says nothing of its launch', async () => {
    // Nothing on it but a boot sector and noise: no system to read.
    const bare = buildQcow2(patternDisk(4 * 1024 * 1024));
    await putObject(byoi.clients, { ...bucket(ASHBURN), object: 'bare.qcow2' }, bare);
    const run = await endedRunOf('bare.qcow2');
    expect([run.state, run.verdict?.launchMode]).toEqual(['SUCCEEDED', 'NATIVE']);
    expect((await imageOf(byoi, run, PHOENIX)).launchMode).toBe('NATIVE');
  });

  it('is refused where no region could import it', async () => {
    const vhd = Buffer.alloc(1024);
    vhd.write('conectix', 512);
    await putObject(byoi.clients, { ...bucket(ASHBURN), object: 'exported.vhd' }, vhd);
    const run = await endedRunOf('exported.vhd');
    expect([run.state, run.failure?.code]).toEqual(['REFUSED', 'VHD_UNSUPPORTED']);
    expect(await objectsIn(byoi, ASHBURN, 'byoi-export')).toContain('exported.vhd');
  });
});

describe('an object in an export bucket', () => {
  it('that another deployment’s run exported is left to that run, by event and by the schedule', async () => {
    const name = `byoi/${FOREIGN_RUN}/image.oci`;
    await putObject(byoi.clients, { ...bucket(ASHBURN), object: name }, QCOW2);
    await putObject(byoi.clients, { ...bucket(ASHBURN), object: 'own.qcow2' }, QCOW2);
    await endedRunOf('own.qcow2');
    await ticked(byoi);
    expect(await runOf(name)).toBeUndefined();
    expect(await objectsIn(byoi, ASHBURN, 'byoi-export')).toContain(name);
  });
});
