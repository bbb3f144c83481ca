import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDocuments } from '../../shared/oci/documents.ts';
import { runIdOf } from '../../shared/run/id.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  askToReplicate,
  branchOf,
  configure,
  faultWorks,
  imagesIn,
  objectsIn,
  personsImage,
  placeOfCopy,
  putObject,
  QCOW2,
  replicate,
  retried,
  ticked,
} from '../support/replication.ts';

/** Less than a tenth of a second. */
const NO_DAYS = 0.000001;
const PERSONS = readFileSync('test/fixtures/demo-disk.vmdk');

let byoi: Deployed;
let imageId: string;

beforeEach(async () => {
  byoi = await deploy();
  imageId = await personsImage(byoi);
});

afterEach(() => byoi.remove());

const place = (region: string, bucket: string, object: string) => ({
  region,
  namespace: byoi.deployment.ledger.namespace,
  bucket,
  object,
});

/** The export and the copy of a run, where they are still there. */
async function intermediates(): Promise<string[]> {
  const exports = await objectsIn(byoi, ASHBURN, 'byoi-export');
  return [...exports, ...(await objectsIn(byoi, PHOENIX, 'byoi-copies'))];
}

/** After every intermediate's time. */
async function tickLater(): Promise<void> {
  await sleep(200);
  await ticked(byoi);
}

describe('exports and copies', () => {
  it('go with their run where it succeeds', async () => {
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect([run.state, await intermediates()]).toEqual(['SUCCEEDED', []]);
  });

  it('that expire are kept for their days, and go with a tick after that', async () => {
    await configure(byoi, { intermediates: 'expire' });
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    const name = `byoi/${run.id}/web-server.oci`;
    await ticked(byoi);
    expect(await intermediates()).toEqual([name, name]);
    await configure(byoi, { intermediateDays: NO_DAYS });
    await tickLater();
    expect(await intermediates()).toEqual([]);
    expect(await imagesIn(byoi, PHOENIX)).toHaveLength(1);
  });

  it('are kept for ever where the configuration says so', async () => {
    await configure(byoi, { intermediates: 'keep', intermediateDays: NO_DAYS });
    await replicate(byoi, { imageId, to: [PHOENIX] });
    await tickLater();
    expect(await intermediates()).toHaveLength(2);
  });

  it('of a run that failed are kept for their days, so that it can be retried', async () => {
    await faultWorks(byoi, { operation: 'CreateImage', outcome: 'fail' });
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect(run.state).toBe('FAILED');
    await ticked(byoi);
    expect(await intermediates()).toHaveLength(2);
    await configure(byoi, { intermediateDays: NO_DAYS });
    await tickLater();
    expect(await intermediates()).toEqual([]);
  });
});

it('an export that fails leaves no unfinished upload', async () => {
  await faultWorks(byoi, { operation: 'ExportImage', outcome: 'stall', times: 1 });
  const id = await askToReplicate(byoi, { imageId, to: [PHOENIX] });
  const uploads = async () => (await byoi.leftovers()).filter((left) => left.startsWith('upload'));
  await expect.poll(uploads).toEqual([`upload byoi/${id}/web-server.oci in ${ASHBURN}`]);
  // It is written by its PAR, without which it fails when it goes on.
  const storage = await byoi.clients.objectStorage(ASHBURN);
  const bucket = { namespaceName: byoi.deployment.ledger.namespace, bucketName: 'byoi-export' };
  const { items } = await storage.listPreauthenticatedRequests(bucket);
  await storage.deletePreauthenticatedRequest({ ...bucket, parId: items[0]?.id ?? '' });
  await byoi.control('DELETE', 'faults');
  const run = await byoi.ended(id);
  expect([run.state, run.failure?.code]).toEqual(['FAILED', 'EXPORT_FAILED']);
  expect(await byoi.leftovers()).toEqual([]);
});

it('what a failed export still wrote passes for no other attempt’s, and goes with a tick', async () => {
  await faultWorks(byoi, { operation: 'ExportImage', outcome: 'fail', times: 1 });
  const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
  expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'EXPORT_FAILED']);
  const late = place(ASHBURN, 'byoi-export', `byoi/${failed.id}/web-server.oci`);
  await putObject(byoi.clients, late, Buffer.from('cut off'));
  const run = await retried(byoi, failed);
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  expect(run.exporting?.object.object).toBe(`byoi/${failed.id}/2/web-server.oci`);
  expect(await objectsIn(byoi, ASHBURN, 'byoi-export')).toEqual([late.object]);
  await ticked(byoi);
  expect(await byoi.leftovers()).toEqual([]);
});

describe('the tick', () => {
  it('deletes an image that was made when its run had failed already, and no other', async () => {
    await faultWorks(byoi, { operation: 'CreateImage', outcome: 'fail' });
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    await byoi.control('DELETE', 'faults');
    const namesakes = [await personsImage(byoi, {}, {}, PHOENIX)];
    const ofOthers = { 'byoi-run': 'abcdefghijklmnopqrstuvwxyz' };
    namesakes.push(await personsImage(byoi, { freeformTags: ofOthers }, {}, PHOENIX));
    await personsImage(byoi, { freeformTags: { 'byoi-run': run.id } }, {}, PHOENIX);
    expect((await ticked(byoi)).swept).toBe(1);
    const left = (await imagesIn(byoi, PHOENIX)).map(({ id }) => id);
    expect(left.sort()).toEqual(namesakes.sort());
    expect(await imagesIn(byoi, ASHBURN)).toHaveLength(1);
  });

  it('takes away what a driver that died left of a run that is over', async () => {
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    const storage = await byoi.clients.objectStorage(ASHBURN);
    const namespaceName = byoi.deployment.ledger.namespace;
    const objectName = `byoi/${run.id}/web-server.oci`;
    for (const bucketName of ['byoi-drop', 'byoi-export', 'byoi-copies'])
      await storage.createPreauthenticatedRequest({
        namespaceName,
        bucketName,
        createPreauthenticatedRequestDetails: {
          name: `byoi/${run.id}/export/1`,
          objectName,
          accessType: 'ObjectWrite' as never,
          timeExpires: new Date(Date.now() + 3_600_000),
        },
      });
    await storage.createMultipartUpload({
      namespaceName,
      bucketName: 'byoi-export',
      createMultipartUploadDetails: { object: objectName },
    });
    await putObject(byoi.clients, place(ASHBURN, 'byoi-export', objectName), QCOW2);
    const documents = openDocuments(byoi.clients, byoi.deployment.ledger);
    await documents.mark(`tickets/import/${PHOENIX}/${run.id}-${PHOENIX}`);
    await documents.mark(`exporting/${imageId}/${run.id}`);
    await documents.mark(`open/${run.id}`);
    expect(await byoi.leftovers()).toHaveLength(8);
    const { swept } = await ticked(byoi);
    // The object there is another than the run's own; the marker is put right before the sweep.
    expect(swept).toBe(6);
    expect(await byoi.leftovers()).toEqual([`object ${objectName} in ${ASHBURN}`]);
  });

  it('leaves what an open run still needs', async () => {
    await faultWorks(byoi, { operation: 'CreateImage', outcome: 'stall', times: 1 });
    const id = await askToReplicate(byoi, { imageId, to: [PHOENIX] });
    await byoi.until(id, (run) => branchOf(run, PHOENIX).step === 'import');
    await configure(byoi, { intermediateDays: NO_DAYS });
    const before = await byoi.leftovers();
    expect(before.some((left) => left.startsWith('PAR'))).toBe(true);
    await tickLater();
    expect(await byoi.leftovers()).toEqual(before);
    await byoi.control('DELETE', 'faults');
    expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
  });
});

describe('what a person put there is never taken away:', () => {
  beforeEach(() => configure(byoi, { intermediateDays: NO_DAYS }));

  it('a dropped disk, an export by hand, an object beside the copies', async () => {
    const byHand = place(ASHBURN, 'byoi-export', 'by-hand.qcow2');
    const eTag = await putObject(byoi.clients, byHand, QCOW2);
    const beside = [
      place(PHOENIX, 'byoi-copies', 'notes.txt'),
      place(PHOENIX, 'byoi-copies', 'byoi/notes.txt'),
      place(PHOENIX, 'byoi-copies', 'byoi/abcdefghijklmnopqrstuvwxyz/of-another-deployment.oci'),
    ];
    for (const address of beside) await putObject(byoi.clients, address, QCOW2);
    const run = await byoi.ended(await byoi.drop('dropped.qcow2', QCOW2, { 'byoi-replicate-to': PHOENIX }));
    const replicated = await byoi.ended(runIdOf(byoi.deployment.ledger, { ...byHand, eTag }));
    expect([run.state, replicated.state]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    await tickLater();
    expect(await objectsIn(byoi, ASHBURN, 'byoi-drop')).toEqual(['dropped.qcow2']);
    expect(await objectsIn(byoi, ASHBURN, 'byoi-export')).toEqual(['by-hand.qcow2']);
    const left = await objectsIn(byoi, PHOENIX, 'byoi-copies');
    expect(left).toEqual(beside.map(({ object }) => object).sort());
  });

  it('an object where a copy was to go, though the run has failed of it', async () => {
    const address = placeOfCopy(byoi, imageId, 'web-server.oci');
    await putObject(byoi.clients, address, PERSONS);
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect([run.state, run.failure?.code]).toEqual(['FAILED', 'DESTINATION_OCCUPIED']);
    await tickLater();
    expect(await objectsIn(byoi, PHOENIX, 'byoi-copies')).toEqual([address.object]);
  });

  it('an object that was put where a copy was on its way, when the run is canceled', async () => {
    // Nobody looks at the copy before the cancellation does.
    await configure(byoi, { pollFirstSeconds: 20, pollMaxSeconds: 20 });
    await faultWorks(byoi, { operation: 'CopyObject', outcome: 'stall', times: 1 });
    const id = await askToReplicate(byoi, { imageId, to: [PHOENIX] });
    const { branches } = await byoi.until(id, (run) => branchOf(run, PHOENIX).step === 'transfer');
    const { object = '' } = branches[0]?.copy ?? {};
    await putObject(byoi.clients, place(PHOENIX, 'byoi-copies', object), PERSONS);
    await byoi.command('runs', 'cancel', id);
    expect((await byoi.ended(id)).state).toBe('CANCELED');
    await tickLater();
    expect(await objectsIn(byoi, PHOENIX, 'byoi-copies')).toEqual([object]);
  });
});
