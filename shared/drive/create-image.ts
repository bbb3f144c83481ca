import { importParameters } from '../launch/import-parameters.ts';
import { parseOverrides } from '../launch/overrides.ts';
import type { Verdict } from '../launch/verdict.ts';
import { call, pages } from '../oci/errors.ts';
import { headObject, isArchived } from '../oci/objects.ts';
import { cut, printable } from '../printable.ts';
import { importToken } from '../run/id.ts';
import { hoursBetween } from '../run/policy.ts';
import type { Branch, Par, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer, NewFact } from './perform.ts';

/** OCI remembers a retry token for 24 hours; from here on only the image's own tag settles whether it was made. */
const TOKEN_TRUSTED_HOURS = 23;
/** What a free-form tag's value holds. */
const MAX_TAG_LENGTH = 256;
/** The tag by which an image is known to be a run's own. */
export const RUN_TAG = 'byoi-run';

/**
 * Asks OCI for the image, from the PAR's URL: a function's principal may not name the object itself. The retry
 * token makes a second call answer with the first one's image.
 */
export const createImage: BranchPerformer = async (deployment, run, branch) => {
  const { region } = branch;
  const { par, verdict } = run.verdict && branch.par ? { par: branch.par, verdict: run.verdict } : absent();
  const head = await headObject(deployment.clients, run.source);
  if (head?.eTag !== run.source.eTag) return { kind: 'source-lost', how: head ? 'overwritten' : 'deleted' };
  if (isArchived(head)) return { kind: 'source-lost', how: 'archived' };
  const now = new Date().toISOString();
  if (hoursBetween(branch.since, now) > TOKEN_TRUSTED_HOURS || par.expiresAt <= now) {
    return (
      (await findImage(deployment, run, branch)) ?? { kind: 'par-lost', region, attempt: branch.attempt }
    );
  }
  return request(deployment, run, branch, par, verdict);
};

async function request(
  { clients }: Deployment,
  run: Run,
  branch: Branch,
  par: Par,
  verdict: Verdict,
): Promise<NewFact> {
  const { overrides } = parseOverrides(run.source.metadata);
  const { launchMode, sourceImageType, operatingSystem, operatingSystemVersion } = importParameters(
    verdict,
    overrides,
  );
  const client = await clients.compute(branch.region);
  const response = await call('CreateImage', () =>
    client.createImage({
      opcRetryToken: importToken(run.id, branch.region, branch.attempt, par.id),
      createImageDetails: {
        compartmentId: branch.compartmentId,
        displayName: branch.displayName,
        launchMode: launchMode as never,
        freeformTags: tagsOf(run, verdict),
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
  return { kind: 'image-requested', region: branch.region, imageId: response.image.id, workRequestId };
}

/** The image that an earlier try made without our learning of it. */
async function findImage({ clients }: Deployment, run: Run, branch: Branch): Promise<NewFact | undefined> {
  const client = await clients.compute(branch.region);
  const { compartmentId, region } = branch;
  for await (const { id, freeformTags } of pages('ListImages', (page) =>
    client.listImages({ compartmentId, page }),
  ))
    if (freeformTags?.[RUN_TAG] === run.id)
      return { kind: 'image-requested', region, imageId: id, workRequestId: null };
  return undefined;
}

/** OCI takes ten free-form tags; the rest of what is known is in the run. */
function tagsOf(run: Run, verdict: Verdict): Record<string, string> {
  const tags = {
    [RUN_TAG]: run.id,
    'byoi-launch-mode': verdict.launchMode,
    'byoi-firmware': verdict.firmware,
    'byoi-confidence': verdict.confidence,
    'byoi-source': `${run.source.bucket}/${run.source.object}`,
    'byoi-license': run.attestation && licenceTag(run.attestation),
  };
  const known = Object.entries(tags).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(known.map(([key, value]) => [key, cut(printable(value), MAX_TAG_LENGTH)]));
}

const licenceTag = ({ text, how, by, at }: NonNullable<Run['attestation']>) =>
  `${how}${by ? ` by ${by}` : ''} at ${at.slice(0, 10)}: ${text}`;

function absent(): never {
  throw new Error('CreateImage before the inspection and the PAR: the run record is damaged.');
}
