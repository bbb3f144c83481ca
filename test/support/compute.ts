import { setTimeout as sleep } from 'node:timers/promises';
import type { AuthenticationDetailsProvider } from 'oci-common';
import { ComputeClient, type models, type requests } from 'oci-core';
import { models as objectStorageModels } from 'oci-objectstorage';
import { WorkRequestClient, type models as workModels } from 'oci-workrequests';
import type { Cloud } from '../../local/cloud.ts';
import { ASHBURN, client } from './cloud.ts';
import { objectStorageOf } from './object-storage.ts';

type Source = models.ImageSourceViaObjectStorageUriDetails | models.ImageSourceViaObjectStorageTupleDetails;
const { AccessType } = objectStorageModels.CreatePreauthenticatedRequestDetails;

/** Compute of a region as the SDK reaches it, and a bucket `disks` with PARs on its objects. */
export async function computeOf(
  cloud: Cloud,
  regionName: string = ASHBURN,
  principal?: AuthenticationDetailsProvider,
) {
  const sdk = client(ComputeClient, cloud, regionName, principal);
  const work = client(WorkRequestClient, cloud, regionName, principal);
  const storage = objectStorageOf(cloud, regionName);
  const place = await storage.createBucket('disks');
  return {
    sdk,
    work,
    storage,
    place,

    /** The PAR's id and URL; valid for an hour. */
    async par(objectName: string, accessType: 'ObjectRead' | 'ObjectWrite' = 'ObjectRead') {
      const { preauthenticatedRequest } = await storage.sdk.createPreauthenticatedRequest({
        ...place,
        createPreauthenticatedRequestDetails: {
          name: objectName,
          objectName,
          accessType: AccessType[accessType],
          timeExpires: new Date(cloud.clock.now().getTime() + 3_600_000),
        },
      });
      const url = `${storage.sdk.endpoint}${preauthenticatedRequest.accessUri}`;
      return { parId: preauthenticatedRequest.id, url };
    },

    create(
      source: Omit<models.ImageSourceViaObjectStorageUriDetails, 'sourceType'> | Source,
      details: Partial<requests.CreateImageRequest['createImageDetails']> = {},
      opcRetryToken = `token-${Math.random()}`,
    ) {
      const imageSourceDetails = { sourceType: 'objectStorageUri', ...source } as Source;
      const compartmentId = cloud.tenancy.id;
      return sdk.createImage({
        createImageDetails: { compartmentId, imageSourceDetails, ...details },
        opcRetryToken,
      });
    },

    /** Waits until the work request has ended. */
    async ended(workRequestId: string): Promise<workModels.WorkRequest> {
      for (;;) {
        const { workRequest } = await work.getWorkRequest({ workRequestId });
        if (workRequest.timeFinished) return workRequest;
        await sleep(5);
      }
    },

    async image(imageId: string): Promise<models.Image> {
      return (await sdk.getImage({ imageId })).image;
    },
  };
}
