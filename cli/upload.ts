import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { concurrently } from '../shared/concurrently.ts';
import type { Clients } from '../shared/oci/clients.ts';
import { call } from '../shared/oci/errors.ts';
import type { ObjectAddress } from '../shared/run/run.ts';

/** A part, where so many suffice; beyond 80 GB parts grow, since OCI takes 10,000 of them. */
const PART_BYTES = 8 * 1024 * 1024;
const MAX_PARTS = 10_000;
/** Parts under way at once: what they take of memory, and what a line of a gigabit needs. */
const PARALLEL_PARTS = 4;

/**
 * Uploads a file as an object, in parts where it is large; a part that fails for a passing reason is sent again.
 *
 * @returns the eTag of the object
 */
export async function uploadFile(clients: Clients, address: ObjectAddress, path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await (size <= PART_BYTES
      ? putWhole(clients, address, file, size)
      : putInParts(clients, address, file, size));
  } finally {
    await file.close();
  }
}

async function putWhole(
  clients: Clients,
  address: ObjectAddress,
  file: FileHandle,
  size: number,
): Promise<string> {
  const client = await clients.objectStorage(address.region);
  const content = await readPart(file, 0, size);
  const { eTag } = await call('PutObject', () =>
    client.putObject({ ...named(address), contentLength: content.length, putObjectBody: streamOf(content) }),
  );
  return eTag;
}

async function putInParts(
  clients: Clients,
  address: ObjectAddress,
  file: FileHandle,
  size: number,
): Promise<string> {
  const client = await clients.objectStorage(address.region);
  const { namespaceName, bucketName, objectName } = named(address);
  const { multipartUpload } = await call('CreateMultipartUpload', () =>
    client.createMultipartUpload({
      namespaceName,
      bucketName,
      createMultipartUploadDetails: { object: objectName },
    }),
  );
  const upload = { ...named(address), uploadId: multipartUpload.uploadId };
  try {
    const partsToCommit: { partNum: number; etag: string }[] = [];
    const partBytes = Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS));
    const numbers = Array.from({ length: Math.ceil(size / partBytes) }, (_, index) => index + 1);
    await concurrently(numbers, PARALLEL_PARTS, async (uploadPartNum) => {
      const content = await readPart(file, (uploadPartNum - 1) * partBytes, partBytes);
      const contentLength = content.length;
      const { eTag: etag } = await call('UploadPart', () =>
        client.uploadPart({ ...upload, uploadPartNum, contentLength, uploadPartBody: streamOf(content) }),
      );
      partsToCommit.push({ partNum: uploadPartNum, etag });
    });
    partsToCommit.sort((one, other) => one.partNum - other.partNum);
    const committed = await call('CommitMultipartUpload', () =>
      client.commitMultipartUpload({ ...upload, commitMultipartUploadDetails: { partsToCommit } }),
    );
    return committed.eTag;
  } catch (error) {
    // Parts of an upload that nobody commits are stored, and paid for, until they are deleted.
    await client.abortMultipartUpload(upload).catch(() => undefined);
    throw error;
  }
}

async function readPart(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** A Node stream with its length: the SDK uploads nothing for a web stream, and is slow with a Buffer. */
const streamOf = (content: Buffer) => Readable.from([content], { objectMode: false });

const named = ({ namespace, bucket, object }: ObjectAddress) => ({
  namespaceName: namespace,
  bucketName: bucket,
  objectName: object,
});
