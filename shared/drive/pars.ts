import type { models } from 'oci-objectstorage';
import { call, callUnlessMissing, pages } from '../oci/errors.ts';
import type { Branch, Par, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer } from './perform.ts';

/** Longer than any import may take by default, short enough to be no standing door. */
const LIFETIME_HOURS = 24;
/** A PAR of ours that no record names, and that is older than this, was left by a driver that died. */
const STALE_AFTER_MS = 10 * 60_000;

/** What our PARs of one branch are called, without the attempt. */
const namePrefix = (run: Run, branch: Branch) => `byoi/${run.id}/${branch.region}/`;

/**
 * Makes the PAR that the import reads through: for this one object, read only. Its URL is shown once, in this
 * answer, so earlier attempts' PARs and those of a driver that died before it wrote one down are deleted.
 */
export const createPar: BranchPerformer = async (deployment, run, branch) => {
  const name = `${namePrefix(run, branch)}${branch.attempt}`;
  const [par] = await Promise.all([
    makePar(deployment, run, name),
    deleteStalePars(deployment, run, branch, name),
  ]);
  return { kind: 'par-created', region: branch.region, attempt: branch.attempt, par };
};

async function makePar(deployment: Deployment, run: Run, name: string): Promise<Par> {
  const { source } = run;
  const client = await deployment.clients.objectStorage(source.region);
  const expires = new Date(Date.now() + LIFETIME_HOURS * 3_600_000);
  const { preauthenticatedRequest } = await call('CreatePreauthenticatedRequest', () =>
    client.createPreauthenticatedRequest({
      ...bucketOf(run),
      createPreauthenticatedRequestDetails: {
        name,
        objectName: source.object,
        // The SDK's enums are types of their own; on the wire they are their text.
        accessType: 'ObjectRead' as never,
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
  run: Run,
  branch: Branch,
  name: string,
): Promise<void> {
  const staleBefore = Date.now() - STALE_AFTER_MS;
  for await (const par of listPars(deployment, run, branch)) {
    const stale = par.name !== name || new Date(par.timeCreated).getTime() < staleBefore;
    if (stale) await deletePar(deployment, run, par.id);
  }
}

/** Deletes every PAR of the branch, those that no record names too. */
export const deletePars: BranchPerformer = async (deployment, run, branch) => {
  for await (const par of listPars(deployment, run, branch)) await deletePar(deployment, run, par.id);
  return { kind: 'cleaned-up', region: branch.region };
};

export async function deletePar({ clients }: Deployment, run: Run, parId: string): Promise<void> {
  const client = await clients.objectStorage(run.source.region);
  await callUnlessMissing('DeletePreauthenticatedRequest', () =>
    client.deletePreauthenticatedRequest({ ...bucketOf(run), parId }),
  );
}

async function* listPars(
  { clients }: Deployment,
  run: Run,
  branch: Branch,
): AsyncGenerator<models.PreauthenticatedRequestSummary> {
  const client = await clients.objectStorage(run.source.region);
  const prefix = namePrefix(run, branch);
  const listed = pages('ListPreauthenticatedRequests', (page) =>
    client.listPreauthenticatedRequests({
      ...bucketOf(run),
      // The SDK leaves query values as they are: & + # in a name would cut them short.
      objectNamePrefix: encodeURIComponent(run.source.object),
      page,
    }),
  );
  for await (const par of listed) if (par.name.startsWith(prefix)) yield par;
}

const bucketOf = ({ source }: Run) => ({ namespaceName: source.namespace, bucketName: source.bucket });
