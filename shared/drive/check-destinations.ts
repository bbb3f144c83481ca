import { ByoiError, failureOf } from '../errors.ts';
import { OciServiceError } from '../oci/errors.ts';
import { mayLackItsWay } from '../run/export.ts';
import type { Branch, Failure, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { checkBucket, checkExportBucket, checkRegion, subscribedRegions } from './destinations.ts';
import type { ExportPerformer } from './perform.ts';

/**
 * Is everything there that an export and its copies need? An export takes an hour, and is of no use where nothing can
 * take it. A branch's own check follows when it begins: what a service cannot say now stops nothing.
 */
export const checkDestinations: ExportPerformer = async (deployment, run, { object }) => {
  await checkExportBucket(deployment, object);
  const waiting = run.branches.filter(mayLackItsWay);
  const subscribed = subscribedRegions(deployment);
  const failures = await Promise.all(
    waiting.map(async (branch) => {
      const failure = await whatIsMissing(deployment, run, branch, subscribed);
      return failure ? [{ branch: branch.id, failure }] : [];
    }),
  );
  return { kind: 'export-checked', failures: failures.flat() };
};

async function whatIsMissing(
  deployment: Deployment,
  { image }: Run,
  branch: Branch,
  subscribed: ReturnType<typeof subscribedRegions>,
): Promise<Failure | undefined> {
  try {
    await checkRegion(deployment, branch, subscribed);
    if (branch.copy) await checkBucket(deployment, branch.copy, image?.region);
    return undefined;
  } catch (error) {
    const definite = error instanceof ByoiError && !(error instanceof OciServiceError && error.transient);
    if (definite) return failureOf(error);
    deployment.log.warn('a destination could not be looked at', { branch: branch.id, error: String(error) });
    return undefined;
  }
}
