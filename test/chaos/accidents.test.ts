import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { WorkFault } from '../../local/faults.ts';
import { openDocuments } from '../../shared/oci/documents.ts';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import {
  faultsOf,
  imageFaults,
  JOURNEYS,
  type Journey,
  leftOf,
  type Stage,
  setStage,
  untilClosed,
} from './support/stage.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');
const OTHER = Buffer.concat([QCOW2, Buffer.alloc(512)]);
const [DROP, FROM_HUB] = JOURNEYS as [Journey, Journey];

let stage: Stage;

/** Long enough that nobody is cut off on a busy machine: who asks a second time meets no accident. */
const LIFE_SECONDS = 15;

beforeAll(async () => {
  stage = await setStage({}, LIFE_SECONDS);
});

afterEach(() => {
  stage.byoi.cloud.faults.clear();
  stage.byoi.cloud.clock.scale = 1000;
});

afterAll(() => stage.byoi.remove());

const works = (fault: WorkFault) => stage.byoi.cloud.faults.addWork(fault);

/** Each destination has one image, or one clear failure and no image; and nothing lies about but what a retry needs. */
async function expectClearEnd(run: Run): Promise<void> {
  const regions = run.branches.filter(({ failure }) => !failure).map(({ region }) => region);
  expect(await imageFaults(stage, regions, run)).toEqual([]);
  for (const { failure } of run.branches)
    if (failure) expect(failure).toMatchObject({ code: /^[A-Z_]+$/, sentence: /\w/, remedy: /\w/ } as never);
  const left = await leftOfRun(run);
  expect(left.filter((thing) => !/: object byoi\//.test(thing))).toEqual([]);
}

/** A retry needs the export, and copies that arrived: they are kept for some days, and nothing waits for that here. */
async function leftOfRun(run: Run): Promise<string[]> {
  if (run.state === 'SUCCEEDED') return leftOf(stage.byoi, run);
  return (await stage.byoi.leftovers())
    .filter((thing) => thing.includes(run.id))
    .map((thing) => `left behind: ${thing}`);
}

const codesOf = ({ branches }: Run) =>
  Object.fromEntries(branches.map(({ id, failure }) => [id, failure?.code ?? null]));

describe('work that OCI accepted', () => {
  it.each(['CopyObject', 'ExportImage', 'CreateImage'])(
    '%s may be forgotten at once: the object or the image tells',
    async (operation) => {
      works({ operation, outcome: 'forget' });
      for (const journey of JOURNEYS) {
        const run = await untilClosed(stage.byoi, await journey.begin(stage, `forgotten-${operation}`));
        expect(await faultsOf(stage, journey, run)).toEqual([]);
      }
    },
  );

  it('CopyObject may fail late: its destination has a clear failure, the others their image; a retry copies again', async () => {
    works({
      operation: 'CopyObject',
      outcome: 'fail',
      code: 'InternalError',
      message: 'It broke.',
      times: 1,
    });
    const run = await untilClosed(stage.byoi, await DROP.begin(stage, 'copy-fails'));
    expect([run.state, codesOf(run)]).toEqual(['PARTIAL', { [ASHBURN]: null, [PHOENIX]: 'COPY_FAILED' }]);
    await expectClearEnd(run);
    await retried(run, DROP);
  });

  it('ExportImage may fail late: the run has failed clearly, and its upload is gone; a retry exports again', async () => {
    works({
      operation: 'ExportImage',
      outcome: 'fail',
      code: 'InternalError',
      message: 'It broke.',
      times: 1,
    });
    const run = await untilClosed(stage.byoi, await FROM_HUB.begin(stage, 'export-fails'));
    expect([run.state, run.failure?.code]).toEqual(['FAILED', 'EXPORT_FAILED']);
    expect(await leftOfRun(run)).toEqual([]);
    await retried(run, FROM_HUB);
  });

  it('CreateImage may fail late: no image stays; a retry imports again', async () => {
    works({
      operation: 'CreateImage',
      outcome: 'fail',
      code: 'InternalError',
      message: 'It broke.',
      times: 1,
    });
    const run = await untilClosed(stage.byoi, await FROM_HUB.begin(stage, 'import-fails'));
    expect([run.state, codesOf(run)]).toEqual(['FAILED', { [PHOENIX]: 'IMPORT_FAILED' }]);
    await expectClearEnd(run);
    await retried(run, FROM_HUB);
  });

  async function retried(run: Run, journey: Journey): Promise<void> {
    const { code, err } = await stage.byoi.command('runs', 'retry', run.id);
    expect([code, err]).toEqual([0, '']);
    expect(await faultsOf(stage, journey, await untilClosed(stage.byoi, run.id))).toEqual([]);
  }
});

describe('the ledger', () => {
  it('may be written by somebody else at any moment: who comes second reads it again, and goes on', async () => {
    for (const journey of JOURNEYS) {
      const id = await journey.begin(stage, 'conflicts');
      const rival = rewriteUntilClosed(id);
      const run = await untilClosed(stage.byoi, id);
      expect(await rival).toBeGreaterThan(3);
      expect(await faultsOf(stage, journey, run)).toEqual([]);
    }
  });

  /** Writes the record as it is, again and again: each time whoever read it before comes second. @returns how often */
  async function rewriteUntilClosed(id: string): Promise<number> {
    const documents = openDocuments(stage.byoi.clients, stage.byoi.deployment.ledger);
    for (let times = 0; ; ) {
      const stored = await documents.read<Run>(`runs/${id}`);
      if (stored?.value.closedAt) return times;
      if (stored) {
        const written = await documents.write(`runs/${id}`, stored.value, stored.eTag).catch(() => null);
        if (written) times += 1;
      }
      await sleep(5);
    }
  }
});

describe('the dropped object', () => {
  it('may be overwritten while it is copied: its new content has a run of its own, with all its images', async () => {
    stage.byoi.cloud.clock.scale = 4;
    const first = await DROP.begin(stage, 'overwritten');
    await stage.byoi.until(first, ({ branches }) => branches.some(({ step }) => step === 'transfer'));
    const second = await stage.byoi.drop('overwritten.qcow2', OTHER, { 'byoi-replicate-to': PHOENIX });
    stage.byoi.cloud.clock.scale = 1000;
    const old = await untilClosed(stage.byoi, first);
    expect(codesOf(old)[PHOENIX]).toBe('SOURCE_OVERWRITTEN');
    await expectClearEnd(old);
    expect(await faultsOf(stage, DROP, await untilClosed(stage.byoi, second))).toEqual([]);
  });

  it('may be deleted while it is copied', async () => {
    stage.byoi.cloud.clock.scale = 4;
    const id = await DROP.begin(stage, 'deleted');
    await stage.byoi.until(id, ({ branches }) => branches.some(({ step }) => step === 'transfer'));
    const storage = await stage.byoi.clients.objectStorage(ASHBURN);
    const { ledger, dropBucket } = stage.byoi.deployment;
    await storage.deleteObject({
      namespaceName: ledger.namespace,
      bucketName: dropBucket,
      objectName: 'deleted.qcow2',
    });
    stage.byoi.cloud.clock.scale = 1000;
    const run = await untilClosed(stage.byoi, id);
    expect(codesOf(run)[PHOENIX]).toBe('SOURCE_DELETED');
    await expectClearEnd(run);
  });
});

describe('the destination', () => {
  it('may lose its bucket while a copy is on its way: that destination fails clearly, the others do not', async () => {
    const { byoi } = stage;
    const storage = await byoi.clients.objectStorage(PHOENIX);
    const { ledger, copyBucket, compartmentId } = byoi.deployment;
    const place = { namespaceName: ledger.namespace, bucketName: copyBucket };
    byoi.cloud.clock.scale = 4;
    const id = await DROP.begin(stage, 'bucket-lost');
    await byoi.until(id, ({ branches }) => branches.some(({ step }) => step === 'transfer'));
    await storage.deleteBucket(place);
    byoi.cloud.clock.scale = 1000;
    const run = await untilClosed(stage.byoi, id);
    await storage.createBucket({
      namespaceName: ledger.namespace,
      createBucketDetails: { compartmentId, name: copyBucket, objectEventsEnabled: true },
    });
    expect([run.state, codesOf(run)]).toEqual(['PARTIAL', { [ASHBURN]: null, [PHOENIX]: 'COPY_FAILED' }]);
    await expectClearEnd(run);
  });

  it('may have its copy overwritten while it is imported: the image goes, and nobody’s object is touched', async () => {
    const { byoi } = stage;
    byoi.cloud.clock.scale = 10;
    const id = await FROM_HUB.begin(stage, 'copy-overwritten');
    const importing = await byoi.until(id, ({ branches }) => branches[0]?.step === 'import');
    const copy = importing.branches[0]?.copy;
    const storage = await byoi.clients.objectStorage(PHOENIX);
    const named = { namespaceName: copy?.namespace ?? '', bucketName: copy?.bucket ?? '' };
    await storage.putObject({
      ...named,
      objectName: copy?.object ?? '',
      putObjectBody: 'somebody’s',
      contentLength: Buffer.byteLength('somebody’s'),
    });
    byoi.cloud.clock.scale = 1000;
    const run = await untilClosed(stage.byoi, id);
    expect(codesOf(run)).toEqual({ [PHOENIX]: 'SOURCE_CHANGED' });
    expect(await imageFaults(stage, [], run)).toEqual([]);
    await byoi.tick();
    await sleep(1_000);
    const kept = await storage.headObject({ ...named, objectName: copy?.object ?? '' });
    expect(kept.contentLength).toBe(Buffer.byteLength('somebody’s'));
    await storage.deleteObject({ ...named, objectName: copy?.object ?? '' });
  });
});

describe('the poller', () => {
  it('may die with its lease: the schedule goes on when that has run out', async () => {
    stage.byoi.cloud.faults.events = { lose: 1, duplicate: 0, delayMs: 0 };
    stage.byoi.cloud.faults.kills = [{ functionName: 'advance-runs', call: 12, when: 'after', times: 3 }];
    const run = await untilClosed(stage.byoi, await FROM_HUB.begin(stage, 'lease'));
    expect(stage.byoi.cloud.faults.kills[0]?.times).toBeLessThan(3);
    stage.byoi.cloud.faults.clear();
    expect(await faultsOf(stage, FROM_HUB, run)).toEqual([]);
  });
});
