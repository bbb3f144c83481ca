import type { Operation } from '../api.ts';
import type { ObjectAccess, Region } from '../region.ts';
import { bucketOperations } from './buckets.ts';
import { copyExecutor, copyOperations } from './copies.ts';
import { listingOperations } from './listing.ts';
import { multipartOperations } from './multipart.ts';
import { objectOperations } from './objects.ts';
import { parOperations, resolvePar } from './pars.ts';
import { serviceUploads } from './service-uploads.ts';
import { storeOf } from './store.ts';
import { workRequestOperations } from './work-requests.ts';

/** Object Storage of one region. */
export function objectStorage(region: Region): Operation[] {
  region.objects = doorOf(region);
  region.work.define('CopyObject', copyExecutor(region));
  return [
    ...bucketOperations,
    ...listingOperations,
    ...objectOperations,
    ...multipartOperations,
    ...copyOperations,
    ...parOperations,
    ...workRequestOperations,
  ];
}

function doorOf(region: Region): ObjectAccess {
  const store = storeOf(region);
  return {
    open(namespace, bucketName, object) {
      const bucket = store.bucket(namespace, bucketName);
      const record = bucket && store.object(bucket, object);
      if (!record) return undefined;
      const { size, eTag, segments } = record;
      const file = store.files.pathOf(segments);
      const read = (start = 0, end = size) => store.files.read(segments, start, end);
      return { size, eTag, read, ...(file !== undefined && { file }) };
    },
    bucketExists: (namespace, bucketName) => store.bucket(namespace, bucketName) !== undefined,
    ...serviceUploads(store),
    resolvePar: (url, access) => resolvePar(region, url, access),
  };
}
