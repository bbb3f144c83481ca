import type { Call } from '../api.ts';
import { notCovered, OciError } from '../errors.ts';

/*
 * Object Storage's own error codes: clients branch on them, and they differ from those of the other services.
 * It answers 404 alike for what is not there and what the caller may not see.
 */

export const namespaceNotFound = () =>
  new OciError(
    404,
    'NamespaceNotFound',
    'You do not have authorization to perform this request, or the requested resource could not be found.',
  );

export const bucketNotFound = (namespace: string, bucket: string) =>
  new OciError(
    404,
    'BucketNotFound',
    `Either the bucket named '${bucket}' does not exist in the namespace '${namespace}' or you are not authorized to access it`,
  );

export const objectNotFound = (namespace: string, bucket: string, object: string) =>
  new OciError(
    404,
    'ObjectNotFound',
    `The object '${object}' was not found in the bucket '${bucket}' of the namespace '${namespace}'`,
  );

export const uploadNotFound = () =>
  new OciError(404, 'UploadNotFound', 'The multipart upload does not exist.');

export const ifMatchFailed = () =>
  new OciError(412, 'IfMatchFailed', 'The If-Match header was specified but did not match the ETag.');

export const ifNoneMatchFailed = () =>
  new OciError(412, 'IfNoneMatchFailed', 'The If-None-Match header was specified but the object exists.');

/** Headers that change what is stored or how: passing over them in silence would be a lie. */
const UNCOVERED_HEADERS = [
  'opc-sse-customer-algorithm',
  'opc-source-sse-customer-algorithm',
  'opc-sse-kms-key-id',
  'opc-checksum-algorithm',
  'opc-content-crc32c',
  'opc-content-sha256',
  'opc-content-sha384',
  'opc-multipart',
];

/** @throws {OciError} 501 where the call asks for what the emulation does not do */
export function refuseUncovered(call: Call): void {
  const header = UNCOVERED_HEADERS.find((name) => call.headers[name] !== undefined);
  if (header) throw notCovered(`the header ${header}`);
  refuseStorageTier(String(call.headers['storage-tier'] ?? 'Standard'));
  for (const name of call.query.keys())
    if (name === 'versionId' || name.startsWith('httpResponse')) throw notCovered(`the parameter ${name}`);
}

export function refuseStorageTier(tier: string | undefined): void {
  if (tier !== undefined && tier !== 'Standard') throw notCovered(`the storage tier ${tier}`);
}
