import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  branchOf,
  configure,
  imageOf,
  personsImage,
  placeOfCopy,
  putObject,
  QCOW2,
  replicate,
  retried,
  setImageLimit,
  worksOf,
} from '../support/replication.ts';

const FRANKFURT = 'eu-frankfurt-1';
const REGIONS = [{ name: ASHBURN }, { name: PHOENIX }, { name: FRANKFURT }];

let byoi: Deployed;
let imageId: string;

beforeEach(async () => {
  byoi = await deploy({ regions: REGIONS });
  imageId = await personsImage(byoi);
});

afterEach(() => byoi.remove());

async function createBucket(region: string, name: string): Promise<void> {
  const { ledger, compartmentId } = byoi.deployment;
  const storage = await byoi.clients.objectStorage(region);
  await storage.createBucket({
    namespaceName: ledger.namespace,
    createBucketDetails: { name, compartmentId },
  });
}

/** What was asked of OCI that takes time: exports, copies. */
const asked = () => [worksOf(byoi, 'ExportImage').length, worksOf(byoi, 'CopyObject').length];

describe('before an image is exported it is told, and nothing is,', () => {
  it('that the destination’s bucket is missing; once it is made, a retry goes on from there', async () => {
    await configure(byoi, { destinations: [{ region: PHOENIX, bucket: 'not-made' }] });
    const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'DESTINATION_BUCKET_MISSING']);
    const { compartmentId } = byoi.deployment;
    expect(failed.failure?.remedy).toContain(
      `\`oci os bucket create --region us-phoenix-1 -ns local -c ${compartmentId} --name not-made\``,
    );
    expect(branchOf(failed, PHOENIX).warnings).toEqual([]);
    expect(asked()).toEqual([0, 0]);
    await createBucket(PHOENIX, 'not-made');
    const run = await retried(byoi, failed);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(asked()).toEqual([1, 1]);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('that the tenancy is not subscribed to the region; the others succeed, and are left alone by the retry', async () => {
    const subscribe = (...regions: string[]) =>
      byoi.control('POST', 'subscriptions', { namespace: 'local', regions });
    await subscribe(ASHBURN, FRANKFURT);
    const partial = await replicate(byoi, { imageId, to: [PHOENIX, FRANKFURT] });
    expect(partial.state).toBe('PARTIAL');
    expect(branchOf(partial, PHOENIX).failure).toMatchObject({
      code: 'REGION_NOT_SUBSCRIBED',
      remedy: expect.stringContaining(
        `\`oci iam region-subscription create --tenancy-id ${byoi.cloud.tenancy.id}`,
      ),
    });
    expect((await imageOf(byoi, partial, FRANKFURT)).lifecycleState).toBe('AVAILABLE');
    expect(asked()).toEqual([1, 1]);
    await subscribe(ASHBURN, FRANKFURT, PHOENIX);
    const run = await retried(byoi, partial);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(branchOf(run, FRANKFURT)).toEqual(branchOf(partial, FRANKFURT));
    expect(asked()).toEqual([1, 2]);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('that the region has as many images as it may', async () => {
    await setImageLimit(byoi, PHOENIX, 0);
    const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'OCI_LIMIT_EXCEEDED']);
    expect(failed.failure?.sentence).toContain(PHOENIX);
    expect(asked()).toEqual([0, 0]);
    await setImageLimit(byoi, PHOENIX, 1);
    const run = await retried(byoi, failed);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(asked()).toEqual([1, 1]);
    expect(await byoi.leftovers()).toEqual([]);
  });
});

describe('before an image is imported directly it is told', () => {
  it('that the tenancy is not subscribed to the region, or that there is none of that name', async () => {
    await byoi.control('POST', 'subscriptions', { namespace: 'local', regions: [ASHBURN, PHOENIX] });
    const to = [FRANKFURT, 'us-pheonix-1', PHOENIX];
    const run = await replicate(byoi, { imageId, to, strategy: 'direct' });
    expect(run.state).toBe('PARTIAL');
    expect(run.branches.map(({ failure }) => failure?.code)).toEqual([
      'REGION_NOT_SUBSCRIBED',
      'REGION_NOT_SUBSCRIBED',
      undefined,
    ]);
    expect(worksOf(byoi, 'CreateImage', FRANKFURT)).toEqual([]);
  });

  it('that the region has as many images as it may', async () => {
    await setImageLimit(byoi, PHOENIX, 0);
    const failed = await replicate(byoi, { imageId, to: [PHOENIX], strategy: 'direct' });
    expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'OCI_LIMIT_EXCEEDED']);
    expect(asked()).toEqual([0, 0]);
    await setImageLimit(byoi, PHOENIX, 1);
    expect((await retried(byoi, failed)).state).toBe('SUCCEEDED');
    expect(asked()).toEqual([1, 0]);
    expect(await byoi.leftovers()).toEqual([]);
  });
});

it('before anything is copied it is told that Object Storage may not copy there, with the statement that lets it', async () => {
  byoi.cloud.identity.policies.clear();
  const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
  expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'COPY_POLICY_MISSING']);
  const { compartmentId } = byoi.deployment;
  const statement = /`(Allow [^`]*)`/.exec(failed.failure?.remedy ?? '')?.[1] ?? '';
  expect(statement).toBe(
    `Allow service objectstorage-us-ashburn-1 to manage object-family in compartment id ${compartmentId}`,
  );
  expect(asked()).toEqual([1, 0]);
  byoi.cloud.identity.addPolicy('copies', byoi.cloud.tenancy.id, [statement]);
  const run = await retried(byoi, failed);
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  expect(asked()).toEqual([1, 1]);
  expect(await byoi.leftovers()).toEqual([]);
});

it('what somebody else put where a copy is to go is told, and out of the way the copy is made', async () => {
  const address = placeOfCopy(byoi, imageId, 'web-server.oci');
  await putObject(byoi.clients, address, QCOW2);
  const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
  expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'DESTINATION_OCCUPIED']);
  const { namespace, bucket, object } = address;
  expect(failed.failure?.remedy).toContain(
    `\`oci os object delete --region ${PHOENIX} -ns ${namespace} -bn ${bucket} --name ${object}\``,
  );
  expect(asked()).toEqual([1, 0]);
  const storage = await byoi.clients.objectStorage(PHOENIX);
  await storage.deleteObject({ namespaceName: namespace, bucketName: bucket, objectName: object });
  const run = await retried(byoi, failed);
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  expect(asked()).toEqual([1, 1]);
});

it('a limit that only CreateImage tells of keeps the copy, which a retry imports', async () => {
  // Without it the limit is not looked at before.
  await configure(byoi, { tenancyId: undefined });
  await setImageLimit(byoi, PHOENIX, 0);
  const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
  expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'OCI_LIMIT_EXCEEDED']);
  expect(asked()).toEqual([1, 1]);
  await setImageLimit(byoi, PHOENIX, 1);
  const run = await retried(byoi, failed);
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  expect(asked()).toEqual([1, 1]);
  expect(await byoi.leftovers()).toEqual([]);
});

it('an image of a region without an export bucket is refused by the command, before a run begins', async () => {
  await configure(byoi, { exportBuckets: [] });
  const answer = await byoi.command('replicate', imageId, '--to', PHOENIX);
  expect(answer.code).toBe(1);
  expect(answer.err).toMatch(/IMAGE_NOT_EXPORTABLE: config.json has no export bucket in us-ashburn-1/);
  expect(answer.err).toContain('exportBuckets');
});

it('an export bucket that is missing fails the run, and once it is made a retry exports', async () => {
  await configure(byoi, { exportBuckets: [{ region: ASHBURN, bucket: 'outbox' }] });
  const failed = await replicate(byoi, { imageId, to: [PHOENIX] });
  expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'EXPORT_BUCKET_MISSING']);
  expect(failed.failure?.remedy).toContain('`oci os bucket create --region us-ashburn-1 -ns local');
  expect(failed.exporting?.warnings).toEqual([]);
  expect(asked()).toEqual([0, 0]);
  await createBucket(ASHBURN, 'outbox');
  const run = await retried(byoi, failed);
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
});
