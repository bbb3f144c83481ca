import type { BucketAddress, ObjectAddress } from '../run/run.ts';
import type { Clients } from './clients.ts';
import { call, callUnlessMissing } from './errors.ts';

/** What HEAD says of an object. */
export interface ObjectHead {
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  /** `opc-meta-*`, by full header name in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** `Archived` and `Restoring` objects cannot be read. */
  readonly archivalState: string | null;
}

/**
 * @returns undefined where the object does not exist
 * @throws {OciServiceError} 404 where its bucket does not, or may not be seen: a right that is missing for a while
 *   must not pass for a deleted object
 */
export async function headObject(clients: Clients, address: ObjectAddress): Promise<ObjectHead | undefined> {
  const head = await peekObject(clients, address);
  // The answer to a HEAD has no body that could say what is missing; a listing of the bucket's says it.
  if (!head) await listObjects(clients, address, address.object, 1).next();
  return head;
}

/** As `headObject`, where it does not matter why the object is not seen. */
export async function peekObject(clients: Clients, address: ObjectAddress): Promise<ObjectHead | undefined> {
  const client = await clients.objectStorage(address.region);
  const head = await callUnlessMissing('HeadObject', () => client.headObject(named(address)));
  return (
    head && {
      eTag: head.eTag,
      size: head.contentLength,
      // The SDK leaves the headers' names as they are here, although PutObject puts the prefix before them itself.
      metadata: head.opcMeta ?? {},
      archivalState: head.archivalState ?? null,
    }
  );
}

/** As the SDK's requests have it. */
export const named = ({ namespace, bucket, object }: ObjectAddress) => ({
  namespaceName: namespace,
  bucketName: bucket,
  objectName: object,
});

export const isArchived = ({ archivalState }: ObjectHead): boolean =>
  archivalState === 'Archived' || archivalState === 'Restoring';

/** What a listing says of an object. */
export interface ObjectSummary {
  readonly name: string;
  readonly eTag: string;
  readonly createdAt: Date;
}

/** The objects of a bucket under a prefix, page by page, in the order of their names' bytes. */
export async function* listObjects(
  clients: Clients,
  { region, namespace, bucket }: BucketAddress,
  prefix = '',
  pageSize = 1000,
): AsyncGenerator<ObjectSummary> {
  const client = await clients.objectStorage(region);
  let start: string | undefined;
  do {
    const page = await call('ListObjects', () =>
      client.listObjects({
        namespaceName: namespace,
        bucketName: bucket,
        // The SDK leaves query values as they are: & + # in a name would cut them short.
        prefix: prefix && encodeURIComponent(prefix),
        start: start && encodeURIComponent(start),
        fields: 'name,etag,timeCreated',
        limit: pageSize,
      }),
    );
    for (const { name, etag, timeCreated } of page.listObjects.objects) {
      yield { name, eTag: etag ?? '', createdAt: new Date(timeCreated ?? 0) };
    }
    start = page.listObjects.nextStartWith;
  } while (start);
}
