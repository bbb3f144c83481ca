import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { demoDiskOf } from '../support/fixtures.ts';
import {
  askToReplicate,
  branchOf,
  configure,
  faultWorks,
  imageOf,
  imagesIn,
  personsImage,
  QCOW2,
  retried,
  worksOf,
} from '../support/replication.ts';

const FRANKFURT = 'eu-frankfurt-1';
const RHEL = await demoDiskOf('rhel');

let byoi: Deployed;
let imageId: string;

beforeEach(async () => {
  byoi = await deploy({ regions: [{ name: ASHBURN }, { name: PHOENIX }, { name: FRANKFURT }] });
  imageId = await personsImage(byoi);
});

afterEach(() => byoi.remove());

const stall = (operation: string) => faultWorks(byoi, { operation, outcome: 'stall', times: 1 });
const endStall = () => byoi.control('DELETE', 'faults');

async function cancel(id: string): Promise<Run> {
  const { code, err } = await byoi.command('runs', 'cancel', id);
  expect([code, err]).toEqual([0, '']);
  return byoi.ended(id);
}

/** Canceled, told, and as if it had never been. */
async function expectNothingLeft(run: Run): Promise<void> {
  expect([run.state, run.failure?.code]).toEqual(['CANCELED', 'CANCELED']);
  const told = (await byoi.notifications()).filter((message) => message.run === run.id);
  expect(told.at(-1)).toMatchObject({ state: 'CANCELED', images: [] });
  expect(await byoi.leftovers()).toEqual([]);
  expect(await imagesIn(byoi, PHOENIX)).toEqual([]);
}

const isAt = (step: string, branch: string) => (run: Run) => branchOf(run, branch).step === step;

describe('a replication that is canceled', () => {
  it('while it is exported leaves nothing, also when OCI goes on; a retry exports anew', async () => {
    await stall('ExportImage');
    const id = await askToReplicate(byoi, { imageId, to: [PHOENIX] });
    await byoi.until(id, ({ exporting }) => exporting?.step === 'export');
    const canceled = await cancel(id);
    await expectNothingLeft(canceled);
    await endStall();
    const compute = await byoi.clients.compute(ASHBURN);
    const state = async () => (await compute.getImage({ imageId })).image.lifecycleState as string;
    await expect.poll(state).toBe('AVAILABLE');
    await expectNothingLeft(canceled);
    expect((await retried(byoi, canceled)).state).toBe('SUCCEEDED');
    expect(worksOf(byoi, 'ExportImage')).toHaveLength(2);
  });

  it('while it is copied stops the copy and leaves nothing; a retry exports anew, and makes the image', async () => {
    await stall('CopyObject');
    const id = await askToReplicate(byoi, { imageId, to: [PHOENIX] });
    await byoi.until(id, isAt('transfer', PHOENIX));
    const canceled = await cancel(id);
    expect(worksOf(byoi, 'CopyObject').map(({ status }) => status)).toEqual(['CANCELED']);
    await expectNothingLeft(canceled);
    await endStall();
    const run = await retried(byoi, canceled);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('while it is imported deletes the image and leaves nothing; a retry makes another', async () => {
    await stall('CreateImage');
    const id = await askToReplicate(byoi, { imageId, to: [PHOENIX] });
    await byoi.until(id, isAt('import', PHOENIX));
    const canceled = await cancel(id);
    await expectNothingLeft(canceled);
    expect(branchOf(canceled, PHOENIX).imageId).toBeNull();
    await endStall();
    await expect.poll(() => worksOf(byoi, 'CreateImage', PHOENIX)[0]?.status).toBe('FAILED');
    await expectNothingLeft(canceled);
    const run = await retried(byoi, canceled);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(await imagesIn(byoi, PHOENIX)).toMatchObject([{ id: branchOf(run, PHOENIX).imageId }]);
  });

  it('while it waits for its turn leaves the others theirs', async () => {
    await configure(byoi, { importsAtOnce: 1 });
    await stall('CreateImage');
    const first = await askToReplicate(byoi, { imageId, to: [PHOENIX], request: 'first' });
    await byoi.until(first, isAt('import', PHOENIX));
    const second = await askToReplicate(byoi, { imageId, to: [PHOENIX], request: 'second' });
    await byoi.until(second, (run) => branchOf(run, PHOENIX).queue !== null);
    const canceled = await cancel(second);
    expect(canceled.state).toBe('CANCELED');
    await endStall();
    expect((await byoi.ended(first)).state).toBe('SUCCEEDED');
    expect(await imagesIn(byoi, PHOENIX)).toHaveLength(1);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('keeps the images that it has made already, and ends PARTIAL', async () => {
    await stall('CopyObject');
    const id = await askToReplicate(byoi, { imageId, to: [PHOENIX, FRANKFURT] });
    const half = await byoi.until(id, ({ branches }) => branches.some(({ step }) => step === 'done'));
    const [done, stalled] = half.branches[0]?.step === 'done' ? [0, 1] : [1, 0];
    const run = await cancel(id);
    expect([run.state, run.branches[stalled]?.failure?.code]).toEqual(['PARTIAL', 'CANCELED']);
    const { id: ready = '' } = run.branches[done] ?? {};
    expect((await imageOf(byoi, run, ready)).lifecycleState).toBe('AVAILABLE');
    await endStall();
    const whole = await retried(byoi, run);
    expect([whole.state, whole.failure]).toEqual(['SUCCEEDED', null]);
    expect(whole.branches[done]).toEqual(run.branches[done]);
    expect(await byoi.leftovers()).toEqual([]);
  });
});

describe('a dropped disk that is canceled', () => {
  it('while it is imported gives no image, and stays in its bucket', async () => {
    await stall('CreateImage');
    const id = await byoi.drop('half-way.qcow2', QCOW2);
    await byoi.until(id, isAt('import', ASHBURN));
    const canceled = await cancel(id);
    await expectNothingLeft(canceled);
    expect(await byoi.images()).toMatchObject([{ id: imageId }]);
    await endStall();
    expect((await retried(byoi, canceled)).state).toBe('SUCCEEDED');
  });

  it('while it is held for a licence ends; an attestation comes too late, and a retry is held again', async () => {
    const isHeld = ({ state, untold }: Run) => state === 'NEEDS_LICENSE' && untold === null;
    const id = await byoi.drop('rhel.qcow2', RHEL);
    await byoi.until(id, isHeld);
    await expectNothingLeft(await cancel(id));
    const attest = () => byoi.command('runs', 'attest', id, '--license', 'ours');
    expect(await attest()).toMatchObject({ code: 1, err: expect.stringContaining('RUN_NOT_HELD') });
    await byoi.command('runs', 'retry', id);
    await byoi.until(id, isHeld);
    // The person's own.
    expect(worksOf(byoi, 'CreateImage')).toHaveLength(1);
    expect((await attest()).code).toBe(0);
    expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
  });
});

it('a run that has ended cannot be canceled, and is left as it is', async () => {
  const run = await byoi.ended(await byoi.drop('done.qcow2', QCOW2));
  const { code, err } = await byoi.command('runs', 'cancel', run.id);
  expect([code, err]).toEqual([1, expect.stringContaining('RUN_NOT_CANCELABLE')]);
  expect((await byoi.runs.get(run.id))?.value).toEqual(run);
  expect(await byoi.leftovers()).toEqual([]);
});
