import { concurrently } from '../concurrently.ts';
import { ByoiError } from '../errors.ts';
import { OciServiceError } from '../oci/errors.ts';
import type { Handler } from '../runtime/define-function.ts';
import { type Deployment, openDeployment } from '../runtime/deployment.ts';
import { ofBucket } from './bucket-trials.ts';
import { type Trial, trialsOf } from './trials.ts';

/** One call that the work of a function needs, and whether its principal may make it. */
export interface Tried extends Omit<Trial, 'attempt'> {
  /** null where it cannot be tried without doing it. */
  readonly ok: boolean | null;
  /** Where it failed: the error's code and sentence. */
  readonly code?: string;
  readonly sentence?: string;
}

/** A function has little memory, and OCI throttles a tenancy as a whole: no storm for the sake of a look. */
const AT_ONCE = 6;
/** A deployment of 16 destinations has some 200. */
const MAX_TRIED = 500;

/**
 * Tries, as the function's own principal, the calls that its work needs, and changes nothing that matters. Whoever may
 * invoke the function may ask for it: the answer, `{selfCheck: Tried[]}`, has no secret.
 */
export const selfCheck: Handler = async ({ environment, deadline, log }) => {
  const { ledger, functionName } = environment;
  const config = {
    operation: 'GetObject',
    where: `config.json in the bucket ${ledger.bucket} in ${ledger.region}`,
    statement: ofBucket('read objects', ledger.bucket),
  };
  let deployment: Deployment;
  try {
    deployment = await openDeployment(environment, deadline, log);
  } catch (error) {
    return { selfCheck: [failed(config, error)] };
  }
  const trials = trialsOf(deployment, functionName).slice(0, MAX_TRIED);
  return { selfCheck: [{ ...config, ok: true }, ...(await tryAll(trials))] };
};

/** @returns the outcomes, in the order of the trials */
export async function tryAll(trials: readonly Trial[]): Promise<Tried[]> {
  const tried: Tried[] = [];
  await concurrently(trials.entries(), AT_ONCE, async ([index, trial]) => {
    tried[index] = await outcomeOf(trial);
  });
  return tried;
}

async function outcomeOf({ attempt, ...told }: Trial): Promise<Tried> {
  if (!attempt) return { ...told, ok: null };
  try {
    await attempt();
    return { ...told, ok: true };
  } catch (error) {
    return failed(told, error);
  }
}

/** OCI answers alike where a right is missing and where a thing is. */
const REFUSALS = [401, 403, 404];

function failed(told: Omit<Trial, 'attempt'>, error: unknown): Tried {
  if (!(error instanceof ByoiError)) throw error;
  const sentence = error.message;
  const refused = error instanceof OciServiceError && REFUSALS.includes(error.status);
  if (refused) return { ...told, ok: false, code: 'FUNCTION_NOT_ALLOWED', sentence };
  return { ...told, ok: false, code: error.code, sentence };
}
