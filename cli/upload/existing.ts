import type { Clients } from '../../shared/oci/clients.ts';
import { callUnlessMissing } from '../../shared/oci/errors.ts';
import { listObjects, named } from '../../shared/oci/objects.ts';
import type { ObjectAddress } from '../../shared/run/run.ts';

/** The object that has the name already. */
export interface Existing {
  readonly eTag: string;
  /** Bytes. */
  readonly size: number;
  /** `Content-MD5`, or `opc-multipart-md5` where it came in parts. */
  readonly md5: string;
  /** `opc-meta-*`, by full header name in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * @returns undefined where there is no such object
 * @throws {OciServiceError} 404 where the bucket does not exist, or may not be seen
 */
export async function findExisting(clients: Clients, address: ObjectAddress): Promise<Existing | undefined> {
  const client = await clients.objectStorage(address.region);
  const head = await callUnlessMissing('HeadObject', () => client.headObject(named(address)));
  // The answer to a HEAD has no body that could say what is missing; a listing of the bucket's says it.
  if (!head) await listObjects(clients, address, address.object, 1).next();
  return (
    head && {
      eTag: head.eTag,
      size: head.contentLength,
      md5: head.opcMultipartMd5 || head.contentMd5 || '',
      metadata: head.opcMeta ?? {},
    }
  );
}
