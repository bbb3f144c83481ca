import { distinctDestinations, parseDestinations, planBranches } from '../shared/drive/plan.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { RefusedError, UsageError } from './errors.ts';

/**
 * What `--to` names, each once, as the run will know it: told before anything is uploaded or opened, by the rules of the
 * functions, which check for themselves what a tag or a payload names.
 *
 * @param given values of the option; one may name several
 * @param anyway the region in which an image is made whatever else is asked
 * @throws {UsageError} for none
 * @throws {RefusedError} for a destination that the run could not go to
 */
export function destinationsOf(
  deployment: Deployment,
  given: readonly string[],
  strategy: 'copy' | 'direct',
  anyway?: string,
): string[] {
  const ids = distinctDestinations(deployment, given.flatMap(parseDestinations));
  if (ids.length === 0)
    throw new UsageError(
      '--to names no destination.',
      'Give regions, or region@namespace for another tenancy.',
    );
  const task = { runId: '', displayName: '', objectName: '', strategy };
  const others = ids.filter((id) => id !== anyway);
  for (const { failure } of planBranches(deployment, others, task)) {
    if (!failure) continue;
    const { code, sentence, remedy } = failure;
    throw new RefusedError(code, sentence, remedy);
  }
  return ids;
}
