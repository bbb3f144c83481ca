import type { ObjectAccess } from '../region.ts';
import { DEFAULT_CONTENT_TYPE } from './content-headers.ts';
import { uploadNotFound } from './errors.ts';
import { abandonUpload } from './multipart.ts';
import type { ObjectStore } from './store.ts';

/**
 * The multipart uploads in which other services write their objects, as Compute an export. Their parts come at the
 * end and all at once: until then there is an upload without parts.
 */
export function serviceUploads(
  store: ObjectStore,
): Pick<ObjectAccess, 'beginUpload' | 'hasUpload' | 'commitUpload'> {
  return {
    beginUpload(id, namespace, bucket, object) {
      if (store.uploads.has(id)) return;
      const timeCreated = store.region.cloud.clock.now().toISOString();
      const headers = { 'content-type': DEFAULT_CONTENT_TYPE };
      store.uploads.set(id, { id, namespace, bucket, object, timeCreated, headers });
    },
    hasUpload: (id) => store.uploads.has(id),
    async commitUpload(id, content) {
      const { segment, md5 } = await store.files.receive(content);
      const upload = store.uploads.get(id);
      const bucket = upload && store.bucket(upload.namespace, upload.bucket);
      if (!upload || !bucket) {
        store.files.discard([segment]);
        throw uploadNotFound();
      }
      // The upload goes first, as where a client commits: it has to be begun again where this is cut short.
      abandonUpload(store, upload);
      const { headers } = upload;
      return store.put(bucket, upload.object, { segments: [segment], size: segment.size, md5, headers }, {});
    },
  };
}
