import type { Call } from '../api.ts';
import type { Tenancy } from '../identity/store.ts';
import { bucketNotFound, namespaceNotFound } from './errors.ts';
import { type Bucket, storeOf } from './store.ts';

type Access = 'read' | 'write';

/** The tenancy of the namespace that the call names, which must be the caller's own. @throws {OciError} 404 */
export function callerNamespace(call: Call): { namespace: string; tenancy: Tenancy } {
  const namespace = call.params.namespace ?? '';
  const tenancy = call.region.cloud.identity.tenancyOfNamespace(namespace);
  if (!tenancy || tenancy.id !== call.principal.tenancyId) throw namespaceNotFound();
  return { namespace, tenancy };
}

/** Do policies of the caller's tenancy and of another one let the caller use the objects in a compartment there? */
export function isAdmitted({ region, principal }: Call, compartmentId: string, access: Access): boolean {
  return region.cloud.identity.admitsToObjects(principal.tenancyId, compartmentId, access);
}

/** The bucket that the call names, where its tenancy is the caller's or admits the caller. @throws {OciError} 404 */
export function callerBucket(call: Call, access: Access): Bucket {
  const { namespace = '', bucket: name = '' } = call.params;
  const bucket = storeOf(call.region).bucket(namespace, name);
  if (!bucket || !reaches(call, bucket, access)) throw bucketNotFound(namespace, name);
  return bucket;
}

/** Is the bucket of the caller's tenancy, or do policies of both tenancies let the caller use what is in it? */
export function reaches(call: Call, { namespace, compartmentId }: Bucket, access: Access): boolean {
  return isOwn(call, namespace) || isAdmitted(call, compartmentId, access);
}

/** The bucket that the call names, to be changed itself: by callers of its tenancy only. @throws {OciError} 404 */
export function ownBucket(call: Call): Bucket {
  const { namespace = '', bucket: name = '' } = call.params;
  const bucket = storeOf(call.region).bucket(namespace, name);
  if (!bucket || !isOwn(call, namespace)) throw bucketNotFound(namespace, name);
  return bucket;
}

function isOwn({ region, principal }: Call, namespace: string): boolean {
  return region.cloud.identity.tenancyOfNamespace(namespace)?.id === principal.tenancyId;
}
