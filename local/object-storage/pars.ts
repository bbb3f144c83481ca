import { randomBytes } from 'node:crypto';
import { type Answer, type Call, jsonBody, type Operation, pageOf } from '../api.ts';
import { notCovered, OciError } from '../errors.ts';
import type { ObjectAccess, Region } from '../region.ts';
import { Router } from '../router.ts';
import { callerBucket } from './access.ts';
import { bucketNotFound } from './errors.ts';
import { contentOperations, requireObjectName } from './objects.ts';
import { type Bucket, type Par, storeOf } from './store.ts';

const PARS = '/n/{namespace}/b/{bucket}/p';
/** Ids hold base64, so slashes: clients escape them, and some do not. */
const PAR = '/n/{namespace}/b/{bucket}/p/{parId+}';
const USE = '/p/{token}/n/{namespace}/b/{bucket}/o/{object+}';

const ACCESS_TYPES: Readonly<Record<string, Par['accessType'] | undefined>> = {
  ObjectRead: 'ObjectRead',
  ObjectWrite: 'ObjectWrite',
  ObjectReadWrite: 'ObjectReadWrite',
};

const useOperations = contentOperations(USE, bucketOfPar, true);
const USE_ROUTER = new Router(useOperations);

export const parOperations: Operation[] = [
  { name: 'CreatePreauthenticatedRequest', method: 'POST', path: PARS, handle: createPar },
  { name: 'ListPreauthenticatedRequests', method: 'GET', path: PARS, handle: listPars },
  { name: 'GetPreauthenticatedRequest', method: 'GET', path: PAR, handle: getPar },
  { name: 'DeletePreauthenticatedRequest', method: 'DELETE', path: PAR, handle: deletePar },
  ...useOperations,
];

interface CreateParDetails {
  name: string;
  accessType: string;
  objectName?: string;
  timeExpires: string;
}

function createPar(call: Call): Answer {
  const bucket = callerBucket(call, 'write');
  const { name, accessType: asked, objectName, timeExpires } = jsonBody<CreateParDetails>(call);
  if (/^AnyObject/.test(asked)) throw notCovered(`a pre-authenticated request with ${asked}`);
  const accessType = ACCESS_TYPES[asked];
  const now = call.region.cloud.clock.now();
  if (!name || !accessType || !objectName || !(Date.parse(timeExpires) > now.getTime()))
    throw new OciError(
      400,
      'InvalidParCreateRequest',
      'A pre-authenticated request needs a name, an access type, an object and an expiry in the future.',
    );
  const object = requireObjectName(objectName);
  const par: Par = {
    id: `${randomBytes(48).toString('base64')}:${object}`,
    token: randomBytes(48).toString('base64url'),
    namespace: bucket.namespace,
    bucket: bucket.name,
    object,
    name,
    accessType,
    timeCreated: now.toISOString(),
    timeExpires: new Date(timeExpires).toISOString(),
  };
  storeOf(call.region).pars.set(par.token, par);
  const accessUri = accessUriOf(par);
  return { body: { ...summaryOf(par), accessUri, fullPath: `${call.region.endpoint}${accessUri}` } };
}

function listPars(call: Call): Answer {
  const prefix = call.query.get('objectNamePrefix') ?? '';
  const pars = parsOf(call, callerBucket(call, 'write')).filter((par) => par.object.startsWith(prefix));
  const { items, headers } = pageOf(call, pars);
  return { headers, body: items.map(summaryOf) };
}

function getPar(call: Call): Answer {
  return { body: summaryOf(callerPar(call)) };
}

function deletePar(call: Call): Answer {
  storeOf(call.region).pars.delete(callerPar(call).token);
  return { status: 204 };
}

function callerPar(call: Call): Par {
  const par = parsOf(call, callerBucket(call, 'write')).find(({ id }) => id === call.params.parId);
  if (!par)
    throw new OciError(
      404,
      'PreauthenticatedRequestNotFound',
      'The pre-authenticated request does not exist.',
    );
  return par;
}

function parsOf(call: Call, bucket: Bucket): Par[] {
  return Array.from(storeOf(call.region).pars.values()).filter(
    (par) => par.namespace === bucket.namespace && par.bucket === bucket.name,
  );
}

/** The bucket behind a PAR's URL. @throws {OciError} 404 for a PAR unknown, expired, or of another kind or object */
function bucketOfPar(call: Call, access: 'read' | 'write'): Bucket {
  const { namespace = '', bucket = '' } = call.params;
  const found = usablePar(call.region, call.params, access) && storeOf(call.region).bucket(namespace, bucket);
  if (!found) throw bucketNotFound(namespace, bucket);
  return found;
}

/** The door's `resolvePar`. */
export function resolvePar(
  region: Region,
  url: URL,
  access: 'read' | 'write',
): ReturnType<ObjectAccess['resolvePar']> {
  if (url.origin !== region.endpoint) return undefined;
  const params = USE_ROUTER.find('GET', url.pathname)?.params;
  const par = params && usablePar(region, params, access);
  return par && { namespace: par.namespace, bucket: par.bucket, object: par.object };
}

/** The PAR that lets its bearer do this to that object now. */
function usablePar(
  region: Region,
  { token = '', namespace, bucket, object }: Call['params'],
  access: 'read' | 'write',
): Par | undefined {
  const par = storeOf(region).pars.get(token);
  if (!par || par.namespace !== namespace || par.bucket !== bucket || par.object !== object) return undefined;
  if (Date.parse(par.timeExpires) <= region.cloud.clock.now().getTime()) return undefined;
  return par.accessType === (access === 'read' ? 'ObjectWrite' : 'ObjectRead') ? undefined : par;
}

function accessUriOf({ token, namespace, bucket, object }: Par): string {
  const path = object.split('/').map(encodeURIComponent).join('/');
  return `/p/${token}/n/${namespace}/b/${bucket}/o/${path}`;
}

/** What may be shown at any time: all but the URL, which is told once. */
function summaryOf({ id, name, object: objectName, accessType, timeCreated, timeExpires }: Par): object {
  return { id, name, objectName, accessType, timeCreated, timeExpires };
}
