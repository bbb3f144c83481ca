import type { Region } from '../region.ts';
import type { Bucket } from './store.ts';

/**
 * Emits what OCI emits of an object in a bucket that has `objectEventsEnabled`, and nothing of one that has not.
 * There is no size, region or work request in it.
 */
export function emitObjectEvent(
  region: Region,
  type: 'createobject' | 'updateobject' | 'deleteobject',
  bucket: Bucket,
  object: { readonly name: string; readonly eTag: string },
): void {
  if (!bucket.objectEventsEnabled) return;
  region.emit({
    eventType: `com.oraclecloud.objectstorage.${type}`,
    source: 'ObjectStorage',
    compartmentId: bucket.compartmentId,
    data: {
      compartmentId: bucket.compartmentId,
      resourceName: object.name,
      resourceId: `/n/${bucket.namespace}/b/${bucket.name}/o/${object.name}`,
      additionalDetails: {
        bucketName: bucket.name,
        bucketId: bucket.id,
        namespace: bucket.namespace,
        eTag: object.eTag,
        archivalState: 'Available',
      },
    },
  });
}
