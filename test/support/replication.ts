import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { models, requests } from 'oci-core';
import { expect } from 'vitest';
import { putJson } from '../../cli/local/deploy.ts';
import type { WorkRequest } from '../../local/work.ts';
import type { Clients } from '../../shared/oci/clients.ts';
import { openDocuments } from '../../shared/oci/documents.ts';
import { imageRunIdOf } from '../../shared/run/id.ts';
import { objectNameOf } from '../../shared/run/object-names.ts';
import type { Branch, ObjectAddress, Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from './cloud.ts';
import type { Deployed } from './deployment.ts';

/** What tests of replication ask of a deployment; each a function of its own, so that the deployment stays small. */

export const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');

/** Sets keys of config.json, and leaves the others as they are. */
export async function configure(
  { clients, deployment }: Deployed,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { ledger } = deployment;
  const stored = await openDocuments(clients, ledger).read<object>('config.json');
  const storage = await clients.objectStorage(ledger.region);
  await putJson(storage, ledger, 'config.json', { ...stored?.value, ...changes });
}

/** Drops a disk, and waits for its image. @returns the image's OCID */
export async function droppedImage(byoi: Deployed, object: string): Promise<string> {
  const run = await byoi.ended(await byoi.drop(object, QCOW2));
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  return run.branches[0]?.imageId ?? '';
}

/** Asks the function export-image. @returns the run's id */
export async function askToReplicate(byoi: Deployed, payload: object): Promise<string> {
  const { status, body } = await byoi.invoke(
    'export-image',
    JSON.stringify({ byoi: 'replicate', ...payload }),
  );
  expect([status, body]).toEqual([200, expect.stringContaining('"run"')]);
  return (JSON.parse(body) as { run: string }).run;
}

/** Likewise, and waits for the end of the run. */
export const replicate = async (byoi: Deployed, payload: object): Promise<Run> =>
  byoi.ended(await askToReplicate(byoi, payload));

/** Puts an object into any bucket, as its administrator. @returns its eTag */
export async function putObject(
  clients: Clients,
  { region, namespace, bucket, object }: ObjectAddress,
  content: Buffer,
  opcMeta: Record<string, string> = {},
): Promise<string> {
  const storage = await clients.objectStorage(region);
  const { eTag } = await storage.putObject({
    namespaceName: namespace,
    bucketName: bucket,
    objectName: object,
    putObjectBody: Readable.from([content]),
    contentLength: content.length,
    opcMeta,
  });
  return eTag;
}

/** Names of the objects in a bucket. */
export async function objectsIn({ clients, deployment }: Deployed, region: string, bucketName: string) {
  const storage = await clients.objectStorage(region);
  const namespaceName = deployment.ledger.namespace;
  const { objects } = (await storage.listObjects({ namespaceName, bucketName })).listObjects;
  return objects.map(({ name }) => name);
}

type CreateImageDetails = requests.CreateImageRequest['createImageDetails'];

/** An image that a person made by themselves, of the demo's disk: no run is known of it. */
export async function personsImage(
  { clients, deployment }: Deployed,
  details: Partial<CreateImageDetails> = {},
  source: object = {},
  region: string = ASHBURN,
): Promise<string> {
  const { ledger, compartmentId } = deployment;
  const place = { namespaceName: ledger.namespace, bucketName: 'persons-disks' };
  const storage = await clients.objectStorage(region);
  const createBucketDetails = { name: place.bucketName, compartmentId };
  // Made by an earlier test of the file, else.
  await storage.createBucket({ namespaceName: ledger.namespace, createBucketDetails }).catch(() => {});
  const address = { region, namespace: ledger.namespace, bucket: place.bucketName, object: 'disk.qcow2' };
  await putObject(clients, address, QCOW2);
  const compute = await clients.compute(region);
  const imageSourceDetails = {
    sourceType: 'objectStorageTuple',
    ...place,
    objectName: address.object,
    sourceImageType: 'QCOW2',
    ...source,
  } as unknown as models.ImageSourceViaObjectStorageTupleDetails;
  const { image } = await compute.createImage({
    createImageDetails: {
      compartmentId,
      displayName: 'web-server',
      launchMode: 'PARAVIRTUALIZED' as never,
      imageSourceDetails,
      ...details,
    },
  });
  while (((await compute.getImage({ imageId: image.id })).image.lifecycleState as string) !== 'AVAILABLE')
    await sleep(20);
  return image.id;
}

export function branchOf({ branches }: Run, id: string): Branch {
  const found = branches.find((branch) => branch.id === id);
  if (!found) throw new Error(`The run has no branch ${id}, only ${branches.map((branch) => branch.id)}.`);
  return found;
}

/** The image that a branch made, as OCI has it. */
export async function imageOf({ clients }: Deployed, run: Run, branch: string): Promise<models.Image> {
  const { region, imageId } = branchOf(run, branch);
  const compute = await clients.compute(region);
  return (await compute.getImage({ imageId: imageId ?? '' })).image;
}

/** The images that there are in a region. */
export async function imagesIn({ clients, deployment }: Deployed, region: string): Promise<models.Image[]> {
  const compute = await clients.compute(region);
  return (await compute.listImages({ compartmentId: deployment.compartmentId })).items;
}

/** Where the copy of an image in Phoenix will lie: known before its run is. @param name of the export, for people */
export function placeOfCopy({ deployment }: Deployed, imageId: string, name: string): ObjectAddress {
  const { ledger, copyBucket: bucket } = deployment;
  const request = { journey: 'replication', imageId, destinations: [PHOENIX] } as const;
  const runId = imageRunIdOf(ledger, { ...request, format: 'OCI', request: '' });
  return { region: PHOENIX, namespace: ledger.namespace, bucket, object: objectNameOf(runId, name) };
}

/** What a region was asked for of an operation that takes time, the newest first. */
export function worksOf(
  { cloud }: Deployed,
  operation: 'CopyObject' | 'ExportImage' | 'CreateImage',
  region: string = ASHBURN,
): WorkRequest[] {
  const service = operation === 'CopyObject' ? 'objectstorage' : 'compute';
  return (cloud.region(region)?.work.list(service) ?? []).filter((work) => work.operation === operation);
}

/** Lets works fail, stall or be forgotten: docs/FIDELITY.md, "Faults". */
export const faultWorks = ({ control }: Deployed, ...works: object[]): Promise<unknown> =>
  control('POST', 'faults', { works });

/** The schedule's tick to its end: what it repaired. */
export async function ticked({ invoke }: Deployed): Promise<{ found: number; swept: number }> {
  const { status, body } = await invoke('advance-runs', JSON.stringify({ byoi: 'tick' }));
  expect([status, body]).toEqual([200, expect.stringContaining('"swept"')]);
  return JSON.parse(body) as { found: number; swept: number };
}

/** Has a person try a run again that ended, and waits for its new end. */
export async function retried(byoi: Deployed, { id, sequence }: Run): Promise<Run> {
  const { code, err } = await byoi.command('runs', 'retry', id);
  expect([code, err]).toEqual([0, '']);
  expect((await byoi.runs.get(id))?.value.sequence).toBeGreaterThan(sequence);
  return byoi.ended(id);
}

/** How many custom images a region takes. */
export async function setImageLimit({ endpoints }: Deployed, region: string, count: number): Promise<void> {
  const body = JSON.stringify({ 'custom-image-count': count });
  const { status } = await fetch(`${endpoints[region]}/_local/quota`, { method: 'POST', body });
  expect(status).toBe(200);
}
