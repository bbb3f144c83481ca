import { runIdInName } from '../run/object-names.ts';
import type { BucketAddress, ObjectAddress } from '../run/run.ts';
import type { Clients } from './clients.ts';
import { callUnlessMissing, hasStatus, pages } from './errors.ts';
import { named } from './objects.ts';

/**
 * Deletes an object that a run made; no error where there is none. What a person put there has another name.
 *
 * @param eTag if given, only while it is that content
 */
export async function deleteOwnObject(
  clients: Clients,
  object: ObjectAddress,
  eTag?: string | null,
): Promise<void> {
  if (runIdInName(object.object) === undefined)
    throw new Error(`${object.object} is no object of a run: it is not deleted.`);
  const client = await clients.objectStorage(object.region);
  await callUnlessMissing('DeleteObject', () =>
    client.deleteObject({ ...named(object), ...(eTag && { ifMatch: eTag }) }),
  );
}

/** An upload that nobody has committed, or will. */
export interface UnfinishedUpload extends ObjectAddress {
  readonly uploadId: string;
}

/** The unfinished uploads of a bucket that runs' exports left. */
export async function* ownUploads(clients: Clients, bucket: BucketAddress): AsyncGenerator<UnfinishedUpload> {
  const { namespace: namespaceName, bucket: bucketName } = bucket;
  const client = await clients.objectStorage(bucket.region);
  const listed = pages('ListMultipartUploads', (page) =>
    client.listMultipartUploads({ namespaceName, bucketName, page }),
  );
  for await (const { object, uploadId } of listed)
    if (runIdInName(object) !== undefined) yield { ...bucket, object, uploadId };
}

export async function abortUpload(
  clients: Clients,
  { uploadId, ...object }: UnfinishedUpload,
): Promise<void> {
  const client = await clients.objectStorage(object.region);
  await callUnlessMissing('AbortMultipartUpload', () =>
    client.abortMultipartUpload({ ...named(object), uploadId }),
  );
}

/** Ends the unfinished uploads of one object: their parts are stored, and paid for, until then. */
export async function abortUploads(clients: Clients, object: ObjectAddress): Promise<void> {
  for await (const upload of ownUploads(clients, object))
    if (upload.object === object.object) await abortUpload(clients, upload);
}

/** Asks Object Storage to stop a copy; one that has ended is past that. */
export async function cancelCopy(clients: Clients, region: string, workRequestId: string): Promise<void> {
  const client = await clients.objectStorage(region);
  try {
    await callUnlessMissing('CancelWorkRequest', () => client.cancelWorkRequest({ workRequestId }));
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
  }
}
