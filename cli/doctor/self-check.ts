import { text } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { compartmentIdOf, FUNCTIONS } from '../../shared/drive/policy-statements.ts';
import type { Tried } from '../../shared/drive/self-check.ts';
import { call, OciServiceError } from '../../shared/oci/errors.ts';
import { FUNCTION_SETTINGS } from '../function-settings.ts';
import type { Facts } from './facts.ts';
import { type Check, type Finding, ok } from './finding.ts';

/** Every function is asked what it may do: whoever looks at policies only guesses. */
export const selfChecks = (facts: Facts): Check[] =>
  Object.keys(FUNCTION_SETTINGS).map((name) => ({
    name: `self-check of ${name}`,
    right: `use fn-invocation in compartment id ${facts.deployment.config.compartmentId}`,
    run: () => ask(facts, name),
  }));

async function ask(facts: Facts, name: string): Promise<Finding[]> {
  const found = (await facts.application())?.functions.find(({ displayName }) => displayName === name);
  if (!found) return [{ level: 'unknown', code: 'CHECK_FAILED', ...NOT_THERE }];
  const client = await facts.deployment.clients.functionsInvoke(found.invokeEndpoint ?? '');
  let answer: string;
  try {
    const { value } = await call('InvokeFunction', () =>
      client.invokeFunction({
        functionId: found.id,
        invokeFunctionBody: JSON.stringify({ byoi: 'self-check' }),
      }),
    );
    answer = await text(value as ReadableStream);
  } catch (error) {
    // 502: it does not start, or fails; 504: it takes too long.
    if (!(error instanceof OciServiceError) || ![502, 504].includes(error.status)) throw error;
    return [broken(name, error.message)];
  }
  const tried = triedIn(answer);
  if (!tried) return [broken(name, 'it knows no self-check')];
  return findingsOf(tried, await namesOf(facts));
}

const NOT_THERE = { sentence: 'The function is not there.', remedy: 'See the check of the functions.' };

/** Undefined where it is no answer to a self-check: a function of another version may say anything. */
function triedIn(answer: string): Tried[] | undefined {
  try {
    const { selfCheck } = JSON.parse(answer) as { selfCheck?: Tried[] };
    return selfCheck?.every(({ operation, where, statement }) => operation && where && statement)
      ? selfCheck
      : undefined;
  } catch {
    return undefined;
  }
}

const broken = (name: string, reason: string): Finding => ({
  level: 'problem',
  code: 'SELF_CHECK_FAILED',
  sentence: `The function ${name} gives no answer: ${reason}.`,
  remedy: 'Its log says why (Console, the application, Logs); deploy the version that this command is of.',
});

/** Puts names where a function's statement has none. */
type Names = (statement: string) => string;

function findingsOf(tried: readonly Tried[], named: Names): Finding[] {
  const failed = tried.filter((one) => one.ok === false);
  const untried = tried.filter((one) => one.ok === null);
  const findings = failed.map(({ code, sentence, operation, where, statement }): Finding => {
    // What passes by itself is no verdict on the deployment.
    if (code === 'OCI_UNAVAILABLE')
      return { level: 'unknown', code, sentence: `${sentence}: ${where}`, remedy: 'Try it again.' };
    return {
      level: 'problem',
      code: code ?? 'SELF_CHECK_FAILED',
      sentence: `It fails at ${operation}, ${where}: ${sentence}`,
      remedy: `If that is there: \`${named(statement)}\` (it takes OCI up to 15 minutes to heed a policy)`,
    };
  });
  if (findings.length > 0) return findings;
  const statements = Array.from(new Set(untried.map(({ statement }) => named(statement))));
  const rest = `${untried.length} cannot be tried without doing them (--output json has their statements)`;
  const sentence = `${tried.length - untried.length} calls allowed${untried.length > 0 ? `; ${rest}` : ''}`;
  return [{ ...ok(sentence), statements }];
}

async function namesOf(facts: Facts): Promise<Names> {
  const { config, ledger } = facts.deployment;
  const { namespace } = ledger;
  const names = new Map<string, string>();
  const group = await facts.dynamicGroups().then(
    (groups) => (groups.find(({ matches }) => matches) ?? groups[0])?.group.name,
    () => undefined,
  );
  if (group) names.set(FUNCTIONS, `dynamic-group ${group}`);
  const compartmentId = await facts.compartmentId();
  names.set(compartmentIdOf('the functions'), compartmentId);
  names.set(compartmentIdOf('the topic'), compartmentId);
  const buckets = [
    ledger,
    ...config.dropBuckets.map((bucket) => ({ ...ledger, bucket })),
    ...config.exportBuckets,
    ...config.destinations,
  ];
  for (const { region, bucket } of buckets) {
    const found = await facts.bucket({ region, namespace, bucket }).catch(() => undefined);
    names.set(compartmentIdOf(`the bucket ${bucket}`), found?.compartmentId ?? compartmentId);
  }
  return (statement) =>
    Array.from(names).reduce(
      (written, [placeholder, name]) => written.replaceAll(placeholder, name),
      statement,
    );
}
