import type { models } from 'oci-objectstorage';
import type { BucketAddress } from '../run/run.ts';
import type { Clients } from './clients.ts';
import { pages } from './errors.ts';

/** The pre-authenticated requests on objects of a bucket whose names begin so. */
export async function* listPars(
  clients: Clients,
  { region, namespace: namespaceName, bucket: bucketName }: BucketAddress,
  objectNamePrefix: string,
): AsyncGenerator<models.PreauthenticatedRequestSummary> {
  const client = await clients.objectStorage(region);
  yield* pages('ListPreauthenticatedRequests', (page) =>
    client.listPreauthenticatedRequests({
      namespaceName,
      bucketName,
      // The SDK leaves query values as they are: & + # in a name would cut them short.
      ...(objectNamePrefix && { objectNamePrefix: encodeURIComponent(objectNamePrefix) }),
      page,
    }),
  );
}
