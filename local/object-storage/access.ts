import type { Call } from '../api.ts';
import type { Tenancy } from '../identity/store.ts';
import { bucketNotFound, namespaceNotFound } from './errors.ts';
import { type Bucket, storeOf } from './store.ts';

/** The tenancy of the namespace that the call names, which must be the caller's own. @throws {OciError} 404 */
export function callerNamespace(call: Call): { namespace: string; tenancy: Tenancy } {
  const namespace = call.params.namespace ?? '';
  const tenancy = call.region.cloud.identity.tenancyOfNamespace(namespace);
  if (!tenancy || tenancy.id !== call.principal.tenancyId) throw namespaceNotFound();
  return { namespace, tenancy };
}

/** The bucket that the call names, where its tenancy is the caller's. @throws {OciError} 404 */
export function callerBucket(call: Call): Bucket {
  const { namespace = '', bucket: name = '' } = call.params;
  const owner = call.region.cloud.identity.tenancyOfNamespace(namespace);
  const bucket = storeOf(call.region).bucket(namespace, name);
  if (!bucket || owner?.id !== call.principal.tenancyId) throw bucketNotFound(namespace, name);
  return bucket;
}
