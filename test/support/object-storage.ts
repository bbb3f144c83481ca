import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ObjectStorageClient, type requests } from 'oci-objectstorage';
import type { Cloud } from '../../local/cloud.ts';
import { ASHBURN, client } from './cloud.ts';

/** Object Storage of a region as the SDK reaches it, with short words for what most tests do. */
export function objectStorageOf(cloud: Cloud, regionName: string = ASHBURN) {
  const sdk = client(ObjectStorageClient, cloud, regionName);
  const namespaceName = cloud.tenancy.namespace;
  return {
    sdk,
    namespaceName,

    async createBucket(
      name: string,
      details: Partial<requests.CreateBucketRequest['createBucketDetails']> = {},
    ) {
      const createBucketDetails = { name, compartmentId: cloud.tenancy.id, ...details };
      await sdk.createBucket({ namespaceName, createBucketDetails });
      return { namespaceName, bucketName: name };
    },

    put(
      bucketName: string,
      objectName: string,
      content: string | Buffer,
      more: Partial<requests.PutObjectRequest> = {},
    ) {
      const bytes = Buffer.from(content);
      const putObjectBody = Readable.from(bytes.length > 0 ? [bytes] : [], { objectMode: false });
      return sdk.putObject({
        namespaceName,
        bucketName,
        objectName,
        contentLength: bytes.length,
        putObjectBody,
        ...more,
      });
    },

    async read(bucketName: string, objectName: string): Promise<string> {
      const { value } = await sdk.getObject({ namespaceName, bucketName, objectName });
      return text(value as Readable);
    },
  };
}
