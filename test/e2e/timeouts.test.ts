import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DocumentConflictError, openDocuments } from '../../shared/oci/documents.ts';
import type { Failure, Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  branchOf,
  configure,
  faultWorks,
  imagesIn,
  objectsIn,
  personsImage,
  QCOW2,
  replicate,
  retried,
  worksOf,
} from '../support/replication.ts';

const FRANKFURT = 'eu-frankfurt-1';
/** About a second: far more than any work takes here. */
const SHORT_HOURS = 0.0003;
/** Somewhat more, so that nothing that lasts a day is in force any more. */
const DAY_MS = 25 * 3_600_000;

let byoi: Deployed;
let imageId: string;

beforeEach(async () => {
  byoi = await deploy({ regions: [{ name: ASHBURN }, { name: PHOENIX }, { name: FRANKFURT }] });
  imageId = await personsImage(byoi);
});

afterEach(() => byoi.remove());

const stallOnce = (operation: string) => faultWorks(byoi, { operation, outcome: 'stall', times: 1 });
const endFaults = () => byoi.control('DELETE', 'faults');

function expectTimedOut(failure: Failure | null, what: string, workRequestId: string | null | undefined) {
  expect(failure).toEqual({
    code: 'TIMED_OUT',
    sentence: `OCI had not finished the ${what} after ${SHORT_HOURS} hours; last seen at 99 %, work request ${workRequestId}.`,
    remedy: 'Look at the work request; `byoi runs retry` tries again.',
  });
}

describe('a step that takes too long ends as TIMED_OUT, with what was last seen:', () => {
  it('an export, which leaves nothing, also when OCI goes on', async () => {
    await configure(byoi, { exportTimeoutHours: SHORT_HOURS });
    await stallOnce('ExportImage');
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect(run.state).toBe('FAILED');
    expectTimedOut(run.failure, 'export', run.exporting?.workRequestId);
    expect(await byoi.leftovers()).toEqual([]);
    await endFaults();
    await expect.poll(() => worksOf(byoi, 'ExportImage')[0]?.status).toBe('FAILED');
    expect(await byoi.leftovers()).toEqual([]);
    expect((await retried(byoi, run)).state).toBe('SUCCEEDED');
  });

  it('a copy, which is stopped, while the others go on', async () => {
    await configure(byoi, { copyTimeoutHours: SHORT_HOURS });
    await stallOnce('CopyObject');
    const run = await replicate(byoi, { imageId, to: [PHOENIX, FRANKFURT] });
    expect(run.state).toBe('PARTIAL');
    const late = run.branches.find(({ failure }) => failure);
    expectTimedOut(late?.failure ?? null, 'copy', late?.workRequestId);
    const copy = worksOf(byoi, 'CopyObject').find(({ id }) => id === late?.workRequestId);
    expect(copy?.status).toBe('CANCELED');
    expect(await objectsIn(byoi, late?.region ?? '', 'byoi-copies')).toEqual([]);
    await endFaults();
    const whole = await retried(byoi, run);
    expect([whole.state, whole.failure]).toEqual(['SUCCEEDED', null]);
    expect(worksOf(byoi, 'ExportImage')).toHaveLength(1);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('an import, whose image is deleted and whose copy is used again', async () => {
    await configure(byoi, { importTimeoutHours: SHORT_HOURS });
    await stallOnce('CreateImage');
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect(run.state).toBe('FAILED');
    expectTimedOut(run.failure, 'import', branchOf(run, PHOENIX).workRequestId);
    expect(await imagesIn(byoi, PHOENIX)).toEqual([]);
    expect((await byoi.leftovers()).filter((left) => left.startsWith('PAR'))).toEqual([]);
    await endFaults();
    const again = await retried(byoi, run);
    expect([again.state, again.failure]).toEqual(['SUCCEEDED', null]);
    expect(await imagesIn(byoi, PHOENIX)).toHaveLength(1);
    expect(worksOf(byoi, 'CopyObject')).toHaveLength(1);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('a call that is never answered well', async () => {
    await configure(byoi, { giveUpHours: SHORT_HOURS });
    await byoi.control('POST', 'faults', { calls: [{ operation: 'CopyObject', status: 500 }] });
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect([run.state, run.failure?.code]).toEqual(['FAILED', 'TIMED_OUT']);
    expect(run.failure?.sentence).toMatch(/^It was tried for 0.0003 hours; last seen: CopyObject: .*500/);
    await endFaults();
    expect((await retried(byoi, run)).state).toBe('SUCCEEDED');
  });
});

describe('a work request that OCI has forgotten', () => {
  it.each(['ExportImage', 'CopyObject', 'CreateImage'])(
    'from the start is made up for by a look at what it made: %s',
    async (operation) => {
      await faultWorks(byoi, { operation, outcome: 'forget' });
      const run = await replicate(byoi, { imageId, to: [PHOENIX] });
      expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
      expect(await imagesIn(byoi, PHOENIX)).toHaveLength(1);
      expect(await byoi.leftovers()).toEqual([]);
    },
  );

  describe('as soon as it had ended', () => {
    let forgetting: NodeJS.Timeout;

    beforeEach(async () => {
      // Nobody hears of an end before it is forgotten.
      await byoi.control('POST', 'faults', { events: { lose: 1 } });
      await configure(byoi, { pollFirstSeconds: 1, pollMaxSeconds: 1 });
      forgetting = setInterval(() => {
        for (const { work } of byoi.cloud.regions.values()) work.forgetEnded();
      }, 20);
    });

    afterEach(() => clearInterval(forgetting));

    it('is made up for by a look at what it made', async () => {
      const run = await replicate(byoi, { imageId, to: [PHOENIX] });
      expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
      expect(await imagesIn(byoi, PHOENIX)).toHaveLength(1);
      expect(await byoi.leftovers()).toEqual([]);
    });

    it('is known to have failed by its image, which is gone', async () => {
      await faultWorks(byoi, { operation: 'CreateImage', outcome: 'fail' });
      const id = await byoi.drop('failing.qcow2', QCOW2);
      await byoi.tick();
      const run = await byoi.ended(id);
      expect([run.state, run.failure?.code]).toEqual(['FAILED', 'IMPORT_FAILED']);
      expect(run.failure?.sentence).toContain('is gone');
    });
  });
});

/** As if the run had stood still for a day: every time in its record is that much earlier, OCI's date later. */
async function sleepsForADay(id: string): Promise<void> {
  const documents = openDocuments(byoi.clients, byoi.deployment.ledger);
  const earlier = (_: string, value: unknown) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)
      ? new Date(Date.parse(value) - DAY_MS).toISOString()
      : value;
  for (;;) {
    const stored = await documents.read<Run>(`runs/${id}`);
    const aged = JSON.parse(JSON.stringify(stored?.value), earlier) as Run;
    const written = await documents.write(`runs/${id}`, aged, stored?.eTag ?? '').catch((error) => {
      if (!(error instanceof DocumentConflictError)) throw error;
    });
    if (written) break;
  }
  await byoi.control('POST', 'clock', { advanceSeconds: DAY_MS / 1000 });
}

it('an image whose answer was lost is known by its tag, once OCI has forgotten the retry token', async () => {
  await byoi.control('POST', 'faults', {
    calls: [{ operation: 'CreateImage', when: 'after', drop: true, ofFunctions: true }],
  });
  const id = await byoi.drop('forgotten.qcow2', QCOW2);
  await byoi.until(id, ({ branches }) => branches[0]?.step === 'request' && branches[0].tries > 0);
  await sleepsForADay(id);
  await endFaults();
  const run = await byoi.ended(id);
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  const made = (await imagesIn(byoi, ASHBURN)).filter(
    ({ freeformTags }) => freeformTags?.['byoi-run'] === id,
  );
  expect(made.map((image) => image.id)).toEqual([branchOf(run, ASHBURN).imageId]);
  expect(await byoi.leftovers()).toEqual([]);
});
