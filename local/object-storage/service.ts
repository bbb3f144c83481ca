import type { Operation } from '../api.ts';
import type { ObjectAccess, Region } from '../region.ts';
import { bucketOperations } from './buckets.ts';
import { DEFAULT_CONTENT_TYPE, metadataHeaders } from './content-headers.ts';
import { copyExecutor, copyOperations } from './copies.ts';
import { bucketNotFound } from './errors.ts';
import { listingOperations } from './listing.ts';
import { multipartOperations } from './multipart.ts';
import { objectOperations } from './objects.ts';
import { parOperations, resolvePar } from './pars.ts';
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
    async write(namespace, bucketName, object, content, metadata = {}) {
      const bucket = store.bucket(namespace, bucketName);
      if (!bucket) throw bucketNotFound(namespace, bucketName);
      const { segment, md5 } = await store.files.receive(content);
      const headers = { 'content-type': DEFAULT_CONTENT_TYPE, ...metadataHeaders(metadata) };
      return store.put(bucket, object, { segments: [segment], size: segment.size, md5, headers }, {});
    },
    resolvePar: (url, access) => resolvePar(region, url, access),
  };
}
