import { afterEach, beforeEach, expect, it } from 'vitest';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { addPartner, importAs, type Partner } from '../support/partner.ts';
import {
  branchOf,
  configure,
  imagesIn,
  personsImage,
  replicate,
  retried,
  ticked,
  worksOf,
} from '../support/replication.ts';

const INBOX = 'inbox';
const THEIRS = `${PHOENIX}@partner`;

let byoi: Deployed;
let partner: Partner;
let imageId: string;

beforeEach(async () => {
  byoi = await deploy();
  partner = await addPartner(byoi);
  const storage = await partner.clients.objectStorage(PHOENIX);
  await storage.createBucket({
    namespaceName: partner.namespace,
    createBucketDetails: { name: INBOX, compartmentId: partner.id },
  });
  await configure(byoi, {
    destinations: [
      { region: PHOENIX, bucket: INBOX, namespace: partner.namespace },
      { region: PHOENIX, bucket: 'byoi-copies' },
    ],
  });
  imageId = await personsImage(byoi, { launchMode: 'EMULATED' as never });
});

afterEach(() => byoi.remove());

const addPolicy = (tenancyId: string, ...statements: string[]) =>
  byoi.cloud.identity.addPolicy(`policy-${Math.random()}`, tenancyId, statements);

function allow(): void {
  addPolicy(
    byoi.cloud.tenancy.id,
    `Define tenancy Theirs as ${partner.id}`,
    'Endorse dynamic-group byoi to manage object-family in tenancy Theirs',
  );
  addPolicy(
    partner.id,
    `Define tenancy Ours as ${byoi.cloud.tenancy.id}`,
    'Define dynamic-group Ours as ocid1.dynamicgroup.oc1..x',
    'Admit dynamic-group Ours of tenancy Ours to manage object-family in tenancy',
  );
  addPolicy(partner.id, `Allow service objectstorage-${ASHBURN} to manage object-family in tenancy`);
}

/** What the partner finds in its bucket. */
async function inbox(): Promise<string[]> {
  const storage = await partner.clients.objectStorage(PHOENIX);
  const { objects } = (await storage.listObjects({ namespaceName: partner.namespace, bucketName: INBOX }))
    .listObjects;
  return objects.map(({ name }) => name);
}

it('a copy in another tenancy’s bucket ends the run, is told, and is theirs from then on', async () => {
  allow();
  const run = await replicate(byoi, { imageId, to: [THEIRS] });
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  const { copy, imageId: made, warnings } = branchOf(run, THEIRS);
  expect([made, warnings]).toEqual([null, []]);
  expect(await inbox()).toEqual([copy?.object]);
  const told = (await byoi.notifications()).filter((message) => message.run === run.id);
  expect(told).toMatchObject([
    { state: 'SUCCEEDED', images: [], copies: [`oci://partner/${INBOX}/${copy?.object}`] },
  ]);
  await ticked(byoi);
  expect(await inbox()).toEqual([copy?.object]);
  expect(worksOf(byoi, 'CreateImage', PHOENIX)).toEqual([]);
  expect(await byoi.leftovers()).toEqual([]);
});

it('the command prints how the other tenancy imports the copy, and it can', async () => {
  allow();
  const answer = await byoi.command('replicate', imageId, '--to', THEIRS);
  expect([answer.code, answer.err]).toEqual([0, '']);
  const [object = ''] = await inbox();
  expect(answer.out).toContain(
    `oci compute image import from-object --region ${PHOENIX} --namespace partner --bucket-name ${INBOX} --name ${object} --compartment-id …`,
  );
  const tuple = { namespaceName: partner.namespace, bucketName: INBOX, objectName: object };
  const imported = await importAs(partner, PHOENIX, { sourceType: 'objectStorageTuple', ...tuple });
  expect(imported).toMatchObject({ lifecycleState: 'AVAILABLE', launchMode: 'EMULATED' });
});

it('without their consent nothing is copied, and the statements that are told are what it takes', async () => {
  const failed = await replicate(byoi, { imageId, to: [THEIRS] });
  expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'DESTINATION_NOT_ADMITTED']);
  expect(branchOf(failed, THEIRS).warnings).toEqual([]);
  expect(worksOf(byoi, 'CopyObject')).toEqual([]);
  const remedy = failed.failure?.remedy ?? '';
  // As a person fills them in.
  const filled = remedy
    .replaceAll('<their tenancy OCID>', partner.id)
    .replaceAll('<our tenancy OCID>', byoi.cloud.tenancy.id)
    .replaceAll('<of the functions>', 'byoi')
    .replaceAll('<its OCID>', 'ocid1.dynamicgroup.oc1..x')
    .replaceAll('<of the bucket>', 'inbox');
  const [here = '', there = ''] = filled.split('there:');
  const statements = (text: string) =>
    Array.from(text.matchAll(/`((?:Define|Endorse|Admit|Allow) [^`]+)`/g), ([, found = '']) => found);
  expect([statements(here).length, statements(there).length]).toEqual([2, 4]);
  addPolicy(byoi.cloud.tenancy.id, ...statements(here));
  addPolicy(partner.id, ...statements(there));
  const run = await retried(byoi, failed);
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  expect(await inbox()).toHaveLength(1);
});

it('a service policy that is missing there is told with what both sides need', async () => {
  allow();
  for (const { id, statements, compartmentId } of byoi.cloud.identity.policies.values())
    if (compartmentId === partner.id && statements.some((text) => text.startsWith('Allow service')))
      byoi.cloud.identity.policies.delete(id);
  const run = await replicate(byoi, { imageId, to: [THEIRS] });
  expect([run.state, run.failure?.code]).toEqual(['FAILED', 'COPY_POLICY_MISSING']);
  expect(run.failure?.remedy).toContain(
    `there, too: \`Allow service objectstorage-${ASHBURN} to manage object-family`,
  );
  expect(await inbox()).toEqual([]);
});

it('our own tenancy’s copy in the same region is a branch beside theirs', async () => {
  allow();
  const run = await replicate(byoi, { imageId, to: [PHOENIX, THEIRS] });
  expect([run.state, run.branches.map(({ id }) => id)]).toEqual(['SUCCEEDED', [PHOENIX, THEIRS]]);
  expect((await imagesIn(byoi, PHOENIX)).map(({ id }) => id)).toEqual([branchOf(run, PHOENIX).imageId]);
  expect(await inbox()).toHaveLength(1);
  expect(await byoi.leftovers()).toEqual([]);
});
