import { importParameters } from '../launch/import-parameters.ts';
import { parseOverrides } from '../launch/overrides.ts';
import type { Verdict } from '../launch/verdict.ts';
import { call } from '../oci/errors.ts';
import { headObject, isArchived } from '../oci/objects.ts';
import { importToken } from '../run/id.ts';
import { hoursBetween } from '../run/policy.ts';
import { type Branch, originOf, type Par, type Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { copyLost } from './copy-failures.ts';
import { definedTagsOf, tagsOf } from './image-tags.ts';
import { findOwnImage } from './own-image.ts';
import type { BranchPerformer, NewFact } from './perform.ts';

/** OCI remembers a retry token for 24 hours; from here on only the image's own tag settles whether it was made. */
const TOKEN_TRUSTED_HOURS = 23;

/**
 * Asks OCI for the image, from the PAR's URL: a function's principal may not name the object itself. The retry
 * token makes a second call answer with the first one's image.
 */
export const createImage: BranchPerformer = async (deployment, run, branch) => {
  const { id } = branch;
  const { par, verdict } = run.verdict && branch.par ? { par: branch.par, verdict: run.verdict } : absent();
  const lost = await lossOfOrigin(deployment, run, branch);
  if (lost) return lost;
  const now = new Date().toISOString();
  const outdated = hoursBetween(branch.since, now) > TOKEN_TRUSTED_HOURS || par.expiresAt <= now;
  // An attempt before this one had another token: what it may have made is known by its tag only.
  if (outdated || branch.attempt > 1) {
    const imageId = await findOwnImage(deployment, run, branch);
    if (imageId) return { kind: 'image-requested', branch: id, imageId, workRequestId: null };
    if (outdated) return { kind: 'par-lost', branch: id, attempt: branch.attempt };
  }
  return request(deployment, run, branch, par, verdict);
};

/** What is to be imported may have been replaced since it was read or copied. */
async function lossOfOrigin({ clients }: Deployment, run: Run, branch: Branch): Promise<NewFact | undefined> {
  const origin = originOf(run, branch);
  const head = await headObject(clients, origin);
  if (head?.eTag === origin.eTag && !isArchived(head)) return undefined;
  const how = !head ? 'deleted' : head.eTag === origin.eTag ? 'archived' : 'overwritten';
  if (!branch.copy) return { kind: 'source-lost', how };
  return { kind: 'step-failed', branch: branch.id, failure: copyLost(branch.copy, how), transient: false };
}

async function request(
  { clients }: Deployment,
  run: Run,
  branch: Branch,
  par: Par,
  verdict: Verdict,
): Promise<NewFact> {
  const { overrides } = parseOverrides(run.source?.metadata ?? {});
  const { launchMode, sourceImageType, operatingSystem, operatingSystemVersion } = importParameters(
    verdict,
    overrides,
  );
  const client = await clients.compute(branch.region);
  const response = await call('CreateImage', () =>
    client.createImage({
      opcRetryToken: importToken(run.id, branch.id, branch.attempt, par.id),
      createImageDetails: {
        compartmentId: branch.compartmentId,
        displayName: branch.displayName,
        launchMode: launchMode as never,
        freeformTags: tagsOf(run, verdict),
        definedTags: definedTagsOf(run),
        imageSourceDetails: {
          sourceType: 'objectStorageUri',
          sourceUri: par.url,
          sourceImageType: sourceImageType as never,
          operatingSystem,
          operatingSystemVersion,
        } as never,
      },
    }),
  );
  const workRequestId = response.opcWorkRequestId || null;
  return { kind: 'image-requested', branch: branch.id, imageId: response.image.id, workRequestId };
}

function absent(): never {
  throw new Error('CreateImage before the verdict and the PAR: the run record is damaged.');
}
