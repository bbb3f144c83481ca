import type { WantedRule } from '../events/changes.ts';
import { limitProblems } from '../events/limits.ts';
import { deploymentTag, ownTags } from '../events/ownership.ts';
import { declaredRules } from '../events/rules.ts';
import type { TriggerScope } from '../shared/events/trigger.ts';
import type { Clients } from '../shared/oci/clients.ts';
import type { LedgerAddress } from '../shared/oci/documents.ts';
import { callUnlessMissing, OciServiceError, pages } from '../shared/oci/errors.ts';
import { availableOf } from '../shared/oci/limits.ts';
import { type Config, ownDestinations } from '../shared/runtime/config.ts';
import type { Deployment } from '../shared/runtime/deployment.ts';
import { FunctionsMissingError, RuleLimitError, RulesInvalidError } from './errors.ts';
import type { RuleCompartments, RulesPlace } from './rules.ts';

/** The deployment's buckets in the hub region: events come from nowhere else. */
export function scopeOf(config: Config, ledger: LedgerAddress): TriggerScope {
  const inHub = ({ region }: { region: string }) => region === ledger.region;
  return {
    drop: config.dropBuckets,
    export: config.exportBuckets.filter(inHub).map(({ bucket }) => bucket),
    destination: ownDestinations(config, ledger)
      .filter(inHub)
      .map(({ bucket }) => bucket),
  };
}

/**
 * Where the deployment's rules are: in the hub region.
 *
 * @param chosen the compartment of all of them; without it each is where what it is about is
 */
export async function rulesPlaceOf(deployment: Deployment, chosen?: string): Promise<RulesPlace> {
  const { clients, config, ledger } = deployment;
  const load = async () => (await import('oci-events')).EventsClient;
  const events = await clients.regional('events', ledger.region, load);
  const compartments = await ruleCompartments(deployment, chosen);
  return { events, compartments, deployment: deploymentTag(ledger), definedTags: config.definedTags };
}

/**
 * Where the buckets are is asked of OCI: drop buckets that were there before may be anywhere. What is not found is taken to
 * be where the ledger is.
 */
export async function ruleCompartments(
  { clients, config, ledger }: Deployment,
  chosen?: string,
): Promise<RuleCompartments> {
  if (chosen) return { drop: [chosen], export: [chosen], destination: [chosen], images: [chosen] };
  const storage = await clients.objectStorage(ledger.region);
  const compartmentOf = async (bucketName: string) => {
    const get = () => storage.getBucket({ namespaceName: ledger.namespace, bucketName });
    return (await callUnlessMissing('GetBucket', get))?.bucket.compartmentId;
  };
  const images = config.compartmentId;
  const most = (await compartmentOf(ledger.bucket)) ?? images;
  const compartmentsOf = async (buckets: readonly string[]) => {
    const found = await Promise.all(buckets.map(compartmentOf));
    return Array.from(new Set(found.map((id) => id ?? most)));
  };
  const scope = scopeOf(config, ledger);
  const [drop, exports, destination] = await Promise.all([
    compartmentsOf(scope.drop),
    compartmentsOf(scope.export),
    compartmentsOf(scope.destination),
  ]);
  return { drop, export: exports, destination, images: [images] };
}

/** The functions that a deployment shares an application with: OCIDs by display name. */
export interface DeployedFunctions {
  /** For a sentence: "application ocid1.fnapp…". */
  readonly where: string;
  readonly ids: Readonly<Record<string, string>>;
}

export async function deployedFunctions({ clients, config, ledger }: Deployment): Promise<DeployedFunctions> {
  const client = await clients.functions(ledger.region);
  const functionId = config.advanceRunsFunctionId;
  const found = await callUnlessMissing('GetFunction', () => client.getFunction({ functionId }));
  // Without it nobody knows which application is the deployment's.
  if (!found) return { where: `${ledger.region}: not even ${functionId}, which config.json names`, ids: {} };
  const { applicationId = '' } = found.function;
  const ids: Record<string, string> = {};
  const functions = pages('ListFunctions', (page) =>
    client.listFunctions({ applicationId, ...(page && { page }) }),
  );
  for await (const { displayName = '', id } of functions) ids[displayName] = id;
  return { where: `application ${applicationId}`, ids };
}

/**
 * The rules that a deployment wants.
 *
 * @throws {RulesInvalidError} where OCI would not take them
 * @throws {FunctionsMissingError} where there is nothing to start
 */
export function wantedRules(
  scope: TriggerScope,
  functions: DeployedFunctions,
  { compartments, deployment }: Pick<RulesPlace, 'compartments' | 'deployment'>,
): WantedRule[] {
  const declared = declaredRules(scope);
  const problems = limitProblems(declared, ownTags(deployment));
  if (problems.length > 0) throw new RulesInvalidError(problems);
  const missing = new Set(
    declared.map(({ functionName }) => functionName).filter((name) => !Object.hasOwn(functions.ids, name)),
  );
  if (missing.size > 0) throw new FunctionsMissingError(Array.from(missing), functions.where);
  return declared.flatMap((rule) => {
    const functionId = functions.ids[rule.functionName] ?? '';
    return compartments[rule.about].map((compartmentId) => ({ ...rule, functionId, compartmentId }));
  });
}

/** What the limit on rules leaves in a region; undefined where OCI does not say. */
export const availableRules = (clients: Clients, region: string, tenancyId: string) =>
  availableOf(clients, region, tenancyId, { serviceName: 'events', limitName: 'rule-count' });

/** @throws {RuleLimitError} where the region has no room for so many rules more */
export async function checkRoom(
  clients: Clients,
  region: string,
  tenancyId: string | undefined,
  count: number,
): Promise<void> {
  if (!tenancyId || count === 0) return;
  try {
    const available = (await availableRules(clients, region, tenancyId)) ?? count;
    if (available < count) throw new RuleLimitError(region, count, available);
  } catch (error) {
    // Where limits may not be looked at, or their service does not answer, CreateRule says it.
    if (!(error instanceof OciServiceError)) throw error;
  }
}
