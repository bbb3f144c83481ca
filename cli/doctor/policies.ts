import { copyStatement } from '../../shared/drive/policy-statements.ts';
import { pages } from '../../shared/oci/errors.ts';
import { ownDestinations } from '../../shared/runtime/config.ts';
import { allowsCopy, type Judgement } from './copy-policy.ts';
import { type Facts, ownFunctions } from './facts.ts';
import { type Check, type Finding, oci, ok } from './finding.ts';
import { functionsRule } from './matching-rule.ts';

export const dynamicGroupCheck = (facts: Facts): Check => ({
  name: 'dynamic group',
  right: 'inspect dynamic-groups in tenancy',
  async run() {
    const groups = await facts.dynamicGroups();
    const sure = groups.filter(({ matches }) => matches).map(({ group }) => group.name);
    if (sure.length > 0) return [ok(sure.join(', '))];
    const unsure = groups.map(({ group }) => group.name);
    const application = await facts.application();
    const ids = (application ? ownFunctions(application) : []).map(({ id }) => id);
    const sentence =
      unsure.length > 0
        ? `Whether ${unsure.join(', ')} has the functions in it only OCI knows, by their tags.`
        : 'No dynamic group of the default domain has all functions in it.';
    return [
      {
        // Groups of other identity domains are not listed: the self-check of the functions decides.
        level: 'warning',
        code: 'DYNAMIC_GROUP_MISSING',
        sentence,
        remedy: `If their self-check fails: ${oci('iam', 'dynamic-group', 'create', '--name', 'byoi-functions', '--description', 'The functions of byoi', '--matching-rule', functionsRule(ids))}`,
      },
    ];
  },
});

interface Copying {
  readonly source: string;
  readonly compartmentId: string;
}

/** Object Storage copies in its own name, and is refused without a policy. */
export const copyPolicyCheck = (facts: Facts): Check => ({
  name: 'copy service policy',
  right: 'inspect policies in tenancy',
  async run() {
    const copies = await copiesOf(facts);
    const findings = (await Promise.all(copies.map((copying) => judge(facts, copying)))).flat();
    if (findings.length > 0) return findings;
    return [
      ok(copies.length > 0 ? `for ${copies.map(({ source }) => source).join(', ')}` : 'nothing is copied'),
    ];
  },
});

/** From the hub what is dropped, from each region with an export bucket what is exported. */
async function copiesOf(facts: Facts): Promise<Copying[]> {
  const { config, ledger } = facts.deployment;
  if (config.strategy === 'direct') return [];
  const sources = new Set([ledger, ...config.exportBuckets].map(({ region }) => region));
  const found = new Map<string, Copying>();
  // In another tenancy it is that one's policy.
  for (const destination of ownDestinations(config, ledger)) {
    const bucket = await facts.bucket(destination);
    const compartmentId = bucket?.compartmentId ?? (await facts.compartmentId());
    for (const source of sources)
      if (source !== destination.region) found.set(`${source} ${compartmentId}`, { source, compartmentId });
  }
  return Array.from(found.values());
}

async function judge(facts: Facts, { source, compartmentId }: Copying): Promise<Finding[]> {
  const ancestry = await facts.ancestry(compartmentId);
  const statements = (await Promise.all(ancestry.map((id) => statementsIn(facts, id)))).flat();
  const judged = statements.map((text): [string, Judgement] => [text, allowsCopy(text, source, ancestry)]);
  if (judged.some(([, allowed]) => allowed === true)) return [];
  const statement = copyStatement(source, compartmentId);
  const unsure = judged.filter(([, allowed]) => allowed === undefined).map(([text]) => `"${text}"`);
  const remedy = oci(
    ...['iam', 'policy', 'create', '-c', ancestry.at(-1) ?? compartmentId, '--name', `byoi-copies-${source}`],
    ...['--description', 'Object Storage copies images', '--statements', JSON.stringify([statement])],
  );
  if (unsure.length > 0)
    return [
      {
        level: 'unknown',
        code: 'COPY_POLICY_UNCLEAR',
        sentence: `Whether Object Storage of ${source} may copy into ${compartmentId} only OCI knows, by ${unsure.join(', ')}.`,
        remedy: `If a copy is refused: ${remedy}`,
      },
    ];
  return [
    {
      level: 'problem',
      code: 'OCI_SERVICE_POLICY_MISSING',
      sentence: `No policy lets Object Storage of ${source} copy into ${compartmentId}.`,
      remedy: `In the home region: ${remedy}`,
    },
  ];
}

async function statementsIn({ deployment }: Facts, compartmentId: string): Promise<string[]> {
  const client = await deployment.clients.identity(deployment.ledger.region);
  const listed = pages('ListPolicies', (page) =>
    client.listPolicies({ compartmentId, ...(page && { page }) }),
  );
  const found: string[] = [];
  for await (const { statements, lifecycleState } of listed)
    if (lifecycleState === 'ACTIVE') found.push(...statements);
  return found;
}
