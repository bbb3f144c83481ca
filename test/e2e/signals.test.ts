import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Run } from '../../shared/run/run.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { imageOf, personsImage, replicate } from '../support/replication.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
});

afterAll(() => byoi.remove());

/** Drops a disk whose import takes seconds, and waits until OCI is at it. */
async function dropSlowly(object: string): Promise<Run> {
  await byoi.control('POST', 'clock', { scale: 3 });
  return byoi.until(await byoi.drop(object, QCOW2), (run) => run.branches[0]?.imageId != null);
}

/** What Events sends when an import has ended, well or not. */
const importEnded = ({ branches: [branch] }: Run) =>
  JSON.stringify({
    eventType: 'com.oraclecloud.computeapi.createimage.end',
    source: 'ComputeApi',
    data: { resourceId: branch?.imageId, resourceName: branch?.displayName, additionalDetails: {} },
  });

it('an event that says an import has ended while it has not ends nothing', async () => {
  const run = await dropSlowly('hasty.qcow2');
  const answer = await byoi.invoke('advance-runs', importEnded(run));
  expect(JSON.parse(answer.body)).toEqual({ run: run.id, state: 'OPEN' });
  expect((await byoi.runs.get(run.id))?.value.branches[0]?.step).toBe('import');
  await byoi.control('POST', 'clock', { scale: 100 });
  expect((await byoi.ended(run.id)).state).toBe('SUCCEEDED');
});

it('an import whose work request fails has failed, whatever an event says', async () => {
  const run = await dropSlowly('failing.qcow2');
  const storage = await byoi.clients.objectStorage('us-ashburn-1');
  const bucket = { namespaceName: byoi.deployment.ledger.namespace, bucketName: 'byoi-drop' };
  // OCI reads through the PAR: without it the import breaks off.
  await storage.deletePreauthenticatedRequest({ ...bucket, parId: run.branches[0]?.par?.id ?? '' });
  await byoi.control('POST', 'clock', { scale: 100 });
  await byoi.invoke('advance-runs', importEnded(run));
  const ended = await byoi.ended(run.id);
  expect([ended.state, ended.failure?.code]).toEqual(['FAILED', 'IMPORT_FAILED']);
});

it('an object that a run wrote into a drop bucket starts none', async () => {
  const run = await byoi.ended(await byoi.drop('original.qcow2', QCOW2));
  const id = await byoi.drop('copied.qcow2', QCOW2, { 'byoi-run': run.id });
  await byoi.tick();
  await byoi.ended(await byoi.drop('after-it.qcow2', QCOW2));
  expect(await byoi.runs.get(id)).toBeUndefined();
});

it('events alone take a run through the hub region, however seldom it is polled', async () => {
  const patient = await deploy({}, { pollFirstSeconds: 60, pollMaxSeconds: 60 });
  try {
    const imageId = await personsImage(patient);
    const run = await replicate(patient, { imageId, to: ['us-ashburn-1'], displayName: 'twin' });
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect((await imageOf(patient, run, 'us-ashburn-1')).displayName).toBe('twin');
    expect(await patient.leftovers()).toEqual([]);
  } finally {
    await patient.remove();
  }
});
