import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Branch, Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  branchOf,
  faultWorks,
  imageOf,
  imagesIn,
  personsImage,
  QCOW2,
  replicate,
  retried,
  worksOf,
} from '../support/replication.ts';

const FRANKFURT = 'eu-frankfurt-1';

let byoi: Deployed;
let imageId: string;

beforeEach(async () => {
  byoi = await deploy({ regions: [{ name: ASHBURN }, { name: PHOENIX }, { name: FRANKFURT }] });
  imageId = await personsImage(byoi);
});

afterEach(() => byoi.remove());

const failOnce = (operation: string) =>
  faultWorks(byoi, { operation, outcome: 'fail', code: 'Broken', message: 'It broke.', times: 1 });

/** The branch that failed, and the one that did not. */
function halves(run: Run): { failed: Branch; succeeded: Branch } {
  const failed = run.branches.find(({ failure }) => failure);
  const succeeded = run.branches.find(({ failure }) => !failure);
  if (!failed || !succeeded) throw new Error(`Not PARTIAL: ${JSON.stringify(run)}`);
  return { failed, succeeded };
}

const asked = () => [worksOf(byoi, 'ExportImage').length, worksOf(byoi, 'CopyObject').length];

describe('a region that fails stops no other, and a retry touches only what failed:', () => {
  it('a copy that fails', async () => {
    await failOnce('CopyObject');
    const partial = await replicate(byoi, { imageId, to: [PHOENIX, FRANKFURT] });
    expect(partial.state).toBe('PARTIAL');
    const { failed, succeeded } = halves(partial);
    expect(failed.failure).toEqual({
      code: 'COPY_FAILED',
      sentence: 'OCI failed the copy: It broke. (Broken)',
      remedy: `See \`oci os work-request-error list --region ${ASHBURN} --work-request-id ${failed.workRequestId}\`; \`byoi runs retry\` copies again.`,
    });
    expect((await imageOf(byoi, partial, succeeded.id)).lifecycleState).toBe('AVAILABLE');
    expect(await imagesIn(byoi, failed.region)).toEqual([]);
    const told = (await byoi.notifications()).filter((message) => message.run === partial.id);
    expect(told).toMatchObject([
      {
        state: 'PARTIAL',
        images: [{ region: succeeded.region, imageId: succeeded.imageId }],
        failures: [{ destination: failed.id, ...failed.failure }],
      },
    ]);
    const run = await retried(byoi, partial);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(branchOf(run, succeeded.id)).toEqual(succeeded);
    expect(asked()).toEqual([1, 3]);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('an import that fails, whose copy is used again', async () => {
    // The first was the person's own image.
    await failOnce('CreateImage');
    const partial = await replicate(byoi, { imageId, to: [PHOENIX, FRANKFURT] });
    expect(partial.state).toBe('PARTIAL');
    const { failed, succeeded } = halves(partial);
    expect(failed.failure).toMatchObject({
      code: 'IMPORT_FAILED',
      sentence: 'OCI failed the import: It broke. (Broken)',
      remedy: expect.stringContaining(`--work-request-id ${failed.workRequestId}`),
    });
    expect(await imagesIn(byoi, failed.region)).toEqual([]);
    const run = await retried(byoi, partial);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(branchOf(run, succeeded.id)).toEqual(succeeded);
    expect(asked()).toEqual([1, 2]);
    expect(await imagesIn(byoi, failed.region)).toHaveLength(1);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('the hub’s own import of a dropped disk', async () => {
    await faultWorks(byoi, { operation: 'CopyObject', outcome: 'fail' });
    const metadata = { 'byoi-replicate-to': PHOENIX };
    const partial = await byoi.ended(await byoi.drop('half.qcow2', QCOW2, metadata));
    const { failed, succeeded } = halves(partial);
    expect([failed.id, succeeded.id]).toEqual([PHOENIX, ASHBURN]);
    await byoi.control('DELETE', 'faults');
    const run = await retried(byoi, partial);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(branchOf(run, ASHBURN)).toEqual(succeeded);
    expect(await byoi.leftovers()).toEqual([]);
  });
});

describe('an export that fails', () => {
  it('fails the run with OCI’s reason, and a retry exports anew', async () => {
    await failOnce('ExportImage');
    const failed = await replicate(byoi, { imageId, to: [PHOENIX, FRANKFURT] });
    expect([failed.state, failed.failure]).toEqual([
      'FAILED',
      {
        code: 'EXPORT_FAILED',
        sentence: 'OCI failed the export: It broke. (Broken)',
        remedy: `See \`oci work-requests work-request-error list --work-request-id ${failed.exporting?.workRequestId}\`; \`byoi runs retry\` exports again.`,
      },
    ]);
    expect(await byoi.leftovers()).toEqual([]);
    const run = await retried(byoi, failed);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(asked()).toEqual([2, 2]);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('is exported again where somebody deleted the export before it was copied again', async () => {
    await failOnce('CopyObject');
    const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'COPY_FAILED']);
    const { bucket, object = '' } = failed.exporting?.object ?? {};
    const storage = await byoi.clients.objectStorage(ASHBURN);
    const place = { namespaceName: byoi.deployment.ledger.namespace, bucketName: bucket ?? '' };
    await storage.deleteObject({ ...place, objectName: object });
    const lost = await retried(byoi, failed);
    expect([lost.state, lost.failure?.code]).toEqual(['FAILED', 'EXPORT_LOST']);
    const run = await retried(byoi, lost);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(worksOf(byoi, 'ExportImage')).toHaveLength(2);
  });
});

describe('the command', () => {
  it('tells each region’s own failure and remedy, and fails, though others succeeded', async () => {
    await faultWorks(byoi, { operation: 'CopyObject', outcome: 'fail', times: 1 });
    const to = [PHOENIX, FRANKFURT];
    const { code, out } = await byoi.command('replicate', imageId, '--to', ...to);
    expect(code).toBe(1);
    const told = out.slice(out.indexOf('\nFailed\n'));
    expect(told).toMatch(/(us-phoenix-1|eu-frankfurt-1): COPY_FAILED: OCI failed the copy/);
    expect(told).toContain('`byoi runs retry` copies again.');
  });

  it('refuses to retry what succeeded or was refused, and leaves it as it is', async () => {
    const succeeded = await byoi.ended(await byoi.drop('done.qcow2', QCOW2));
    const refused = await byoi.ended(await byoi.drop('no-disk.qcow2', Buffer.from('text')));
    for (const { id } of [succeeded, refused]) {
      const { code, err } = await byoi.command('runs', 'retry', id);
      expect([code, err]).toEqual([1, expect.stringContaining('RUN_NOT_RETRIABLE')]);
    }
    expect((await byoi.runs.get(succeeded.id))?.value).toEqual(succeeded);
    expect(await byoi.leftovers()).toEqual([]);
    expect(JSON.parse((await byoi.command('runs', 'list', '--output', 'json')).out)).toEqual([]);
  });

  it('retries all that failed with a code, whatever their number, and nothing else', async () => {
    await failOnce('CopyObject');
    const copied = await replicate(byoi, { imageId, to: [PHOENIX] });
    await faultWorks(byoi, { operation: 'CreateImage', outcome: 'fail', times: 2 });
    const dropped = [await byoi.drop('one.qcow2', QCOW2), await byoi.drop('two.qcow2', QCOW2)];
    const codes = [];
    for (const id of dropped) codes.push((await byoi.ended(id)).failure?.code);
    const [code = ''] = codes;
    expect([copied.failure?.code, ...codes]).toEqual(['COPY_FAILED', code, code]);
    const first = await byoi.command('runs', 'retry', '--all', '--code', code, '--output', 'json');
    const left = JSON.parse(first.out) as { id: string; action: string; state: string }[];
    expect(left.map(({ id }) => id).sort()).toEqual(dropped.toSorted());
    expect(left.map(({ action, state }) => [action, state])).toEqual(Array(2).fill(['retry', 'OPEN']));
    for (const id of dropped) expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
    expect((await byoi.runs.get(copied.id))?.value).toEqual(copied);
    const second = await byoi.command('runs', 'retry', '--all');
    expect([second.code, second.out]).toEqual([0, expect.stringContaining(copied.id)]);
    expect((await byoi.ended(copied.id)).state).toBe('SUCCEEDED');
    const third = await byoi.command('runs', 'retry', '--all');
    expect(third).toMatchObject({ code: 0, out: '', err: 'No run has failed.\n' });
  });

  it('changes each of several runs, and tells of those that it cannot', async () => {
    const succeeded = await byoi.ended(await byoi.drop('done.qcow2', QCOW2));
    await failOnce('CopyObject');
    const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
    const { code, out, err } = await byoi.command('runs', 'retry', succeeded.id, failed.id);
    expect(code).toBe(1);
    expect(err).toContain(`RUN_NOT_RETRIABLE: Run ${succeeded.id} is SUCCEEDED`);
    expect(out).toContain(`run ${failed.id}; \`byoi runs watch`);
    expect((await byoi.ended(failed.id)).state).toBe('SUCCEEDED');
    const none = await byoi.command('runs', 'retry', failed.id, 'nosuchrun');
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('RUN_NOT_FOUND')]);
    expect((await byoi.runs.get(failed.id))?.value.state).toBe('SUCCEEDED');
    for (const wrong of [[], [failed.id, '--all'], [failed.id, '--code', 'COPY_FAILED']])
      expect(await byoi.command('runs', 'retry', ...wrong)).toMatchObject({ code: 2, out: '' });
  });

  it('lists a run that is retried as open, with what it is at', async () => {
    await failOnce('CopyObject');
    const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
    await faultWorks(byoi, { operation: 'CopyObject', outcome: 'stall', times: 1 });
    await byoi.command('runs', 'retry', failed.id);
    await byoi.until(failed.id, (run) => branchOf(run, PHOENIX).step === 'transfer');
    const { out } = await byoi.command('runs', 'list');
    expect(out).toContain(`${failed.id.slice(0, 8)}  OPEN`);
    expect(out).toMatch(/us-phoenix-1 copying/);
    expect((await byoi.command('runs', 'show', failed.id)).out).toContain('(attempt 2)');
    await byoi.control('DELETE', 'faults');
    expect((await byoi.ended(failed.id)).state).toBe('SUCCEEDED');
  });
});
