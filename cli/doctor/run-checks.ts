import { concurrently } from '../../shared/concurrently.ts';
import { ByoiError } from '../../shared/errors.ts';
import { OciServiceError } from '../../shared/oci/errors.ts';
import type { Log } from '../../shared/runtime/log.ts';
import { type Check, type Checked, type Finding, worst } from './finding.ts';

/** Checks at work at once, each with a call or two. */
const AT_ONCE = 8;

/** Runs all checks, whatever becomes of one. @returns in the order of the checks */
export async function runChecks(checks: readonly Check[], log: Log): Promise<Checked[]> {
  const outcomes: Checked[] = [];
  await concurrently(checks.entries(), AT_ONCE, async ([index, check]) => {
    const findings = await check.run().catch((error: unknown) => {
      log.warn('a check failed', { check: check.name, error: error instanceof Error ? error.stack : error });
      return [notKnown(check, error)];
    });
    outcomes[index] = { check: check.name, level: worst(findings), findings };
  });
  return outcomes;
}

/** What the caller may not see: it is there, and a right is missing. */
export class HiddenError extends ByoiError {
  override readonly name = 'HiddenError';

  constructor(sentence: string) {
    super('CHECK_NOT_ALLOWED', sentence, '');
  }
}

/** OCI answers alike where a right is missing and where a thing is: a check that can tell does so itself. */
const REFUSALS = [401, 403, 404];

export const isRefusal = (error: unknown): boolean =>
  error instanceof OciServiceError && REFUSALS.includes(error.status);

function notKnown({ right }: Check, error: unknown): Finding {
  const refused = error instanceof HiddenError || isRefusal(error);
  const sentence = error instanceof Error ? error.message : String(error);
  if (refused)
    return {
      level: 'unknown',
      code: 'CHECK_NOT_ALLOWED',
      sentence: `You may not look: ${sentence}`,
      remedy: `As an administrator: \`Allow group <yours> to ${right}\`.`,
    };
  const remedy = error instanceof ByoiError ? error.remedy : 'Run it again with --debug, and report it.';
  return { level: 'unknown', code: 'CHECK_FAILED', sentence, remedy };
}
