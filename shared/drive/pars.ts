import { call, callUnlessMissing, hasStatus } from '../oci/errors.ts';
import { named } from '../oci/objects.ts';
import { listPars } from '../oci/par-listing.ts';
import { folderOfRun } from '../run/object-names.ts';
import {
  type Branch,
  type BucketAddress,
  type Export,
  type ObjectAddress,
  originOf,
  type Par,
  type Run,
} from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { checkSubscription, ImageLimitError, roomForImages } from './destinations.ts';
import { findOwnImage } from './own-image.ts';
import type { BranchPerformer, ExportPerformer } from './perform.ts';
import { takeTurn } from './turns.ts';

/** Longer than any import or export may take by default, short enough to be no standing door. */
const LIFETIME_HOURS = 24;
/** A PAR of ours that no record names, and that is older than this, was left by a driver that died. */
const STALE_AFTER_MS = 10 * 60_000;

/** What our PARs of one part of a run are called, without the attempt. @param part a branch's id, or `export` */
const namePrefix = (run: Run, part: string) => `byoi/${run.id}/${part}/`;
const EXPORT_PART = 'export';

/** Makes the PAR that the import reads through, when it is this import's turn. */
export const createPar: BranchPerformer = async (deployment, run, branch) => {
  const { ahead, waiting } = await takeTurn(deployment, 'import', branch.region, run, branch);
  if (waiting) return waiting;
  const origin = originOf(run, branch);
  if (origin.region !== branch.region) await checkSubscription(deployment, branch);
  if (!(await hasRoom(deployment, run, branch, ahead))) return { kind: 'crowded', branch: branch.id };
  const name = { prefix: namePrefix(run, branch.id), attempt: branch.attempt };
  const par = await settlePar(deployment, origin, origin.object, name, 'ObjectRead');
  return { kind: 'par-created', branch: branch.id, attempt: branch.attempt, par };
};

/**
 * Is there room for one more image, though each import before this one may need some? Should one of them fail, or its image
 * be deleted, there will be.
 *
 * @throws {ImageLimitError} where there is nothing to wait for
 */
async function hasRoom(deployment: Deployment, run: Run, branch: Branch, ahead: number): Promise<boolean> {
  const { region, attempt } = branch;
  if ((await roomForImages(deployment, region)) > ahead) return true;
  // The image of an attempt before this one has its room already.
  if (attempt > 1 && (await findOwnImage(deployment, run, branch))) return true;
  if (ahead === 0) throw new ImageLimitError(region);
  return false;
}

/** Makes the PAR that the export is written by. */
export const createExportPar: ExportPerformer = async (deployment, run, { object, attempt }) => {
  const name = { prefix: namePrefix(run, EXPORT_PART), attempt };
  const par = await settlePar(deployment, object, folderOfRun(run.id), name, 'ObjectWrite');
  return { kind: 'export-par-created', attempt, par };
};

/**
 * A new PAR for this one object. Its URL is shown once, in this answer, so earlier attempts' PARs and those of a driver
 * that died before it wrote one down are deleted.
 *
 * @param objects what the names of the objects begin with that attempts before this one had theirs for
 */
async function settlePar(
  deployment: Deployment,
  object: ObjectAddress,
  objects: string,
  { prefix, attempt }: { readonly prefix: string; readonly attempt: number },
  access: 'ObjectRead' | 'ObjectWrite',
): Promise<Par> {
  const name = `${prefix}${attempt}`;
  const [par] = await Promise.all([
    makePar(deployment, object, name, access),
    deleteStalePars(deployment, object, objects, prefix, name),
  ]);
  return par;
}

async function makePar(
  deployment: Deployment,
  object: ObjectAddress,
  name: string,
  accessType: string,
): Promise<Par> {
  const client = await deployment.clients.objectStorage(object.region);
  const expires = new Date(Date.now() + LIFETIME_HOURS * 3_600_000);
  const { namespaceName, bucketName, objectName } = named(object);
  const { preauthenticatedRequest } = await call('CreatePreauthenticatedRequest', () =>
    client.createPreauthenticatedRequest({
      namespaceName,
      bucketName,
      createPreauthenticatedRequestDetails: {
        name,
        objectName,
        // The SDK's enums are types of their own; on the wire they are their text.
        accessType: accessType as never,
        timeExpires: expires,
      },
    }),
  );
  const { id, fullPath, accessUri } = preauthenticatedRequest;
  const url = fullPath || `${client.endpoint}${accessUri}`;
  return { id, url, expiresAt: expires.toISOString() };
}

/** A PAR of this attempt's name may be another driver's, at work at this moment: it is left until it is old. */
async function deleteStalePars(
  deployment: Deployment,
  bucket: BucketAddress,
  objects: string,
  prefix: string,
  name: string,
): Promise<void> {
  const staleBefore = Date.now() - STALE_AFTER_MS;
  for await (const par of listPars(deployment.clients, bucket, objects)) {
    if (!par.name.startsWith(prefix)) continue;
    const stale = par.name !== name || new Date(par.timeCreated).getTime() < staleBefore;
    if (stale) await deletePar(deployment, bucket, par.id);
  }
}

/** Deletes every PAR of a branch, those that no record names too. */
export const deleteBranchPars = (deployment: Deployment, run: Run, object: ObjectAddress, branch: Branch) =>
  deletePars(deployment, object, object.object, namePrefix(run, branch.id), branch.par);

/** Likewise of the export. */
export const deleteExportPars = (deployment: Deployment, run: Run, { object, par }: Export) =>
  deletePars(deployment, object, folderOfRun(run.id), namePrefix(run, EXPORT_PART), par);

async function deletePars(
  deployment: Deployment,
  bucket: BucketAddress,
  objects: string,
  prefix: string,
  recorded: Par | null,
): Promise<void> {
  try {
    for await (const { id, name } of listPars(deployment.clients, bucket, objects))
      if (name.startsWith(prefix)) await deletePar(deployment, bucket, id);
  } catch (error) {
    // A bucket that is not there, or not for us, has none of ours: that it is not has been told already.
    if (recorded !== null || !hasStatus(error, 404)) throw error;
  }
}

export async function deletePar(
  { clients }: Pick<Deployment, 'clients'>,
  { region, namespace: namespaceName, bucket: bucketName }: BucketAddress,
  parId: string,
): Promise<void> {
  const client = await clients.objectStorage(region);
  await callUnlessMissing('DeletePreauthenticatedRequest', () =>
    client.deletePreauthenticatedRequest({ namespaceName, bucketName, parId }),
  );
}

/** The run that a PAR was made for; undefined for one of anybody else's. */
export const runIdOfPar = (name: string): string | undefined => /^byoi\/([a-z2-7]{26})\//.exec(name)?.[1];

const SHARE_PREFIX = 'byoi-share/';

/** The PAR by which a person shares what a run exported. Not a name of the run's own PARs: it outlives the run. */
export const shareParName = (runId: string): string => SHARE_PREFIX + runId;

/** The run whose export a PAR shares; undefined for any other. */
export const runIdOfSharePar = (name: string): string | undefined =>
  name.startsWith(SHARE_PREFIX) ? name.slice(SHARE_PREFIX.length) : undefined;
