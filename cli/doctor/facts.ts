import type { models as functions } from 'oci-functions';
import type { models as identity } from 'oci-identity';
import type { models as storage } from 'oci-objectstorage';
import type { Clients } from '../../shared/oci/clients.ts';
import { call, callUnlessMissing, pages } from '../../shared/oci/errors.ts';
import type { BucketAddress } from '../../shared/run/run.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { FUNCTION_SETTINGS } from '../function-settings.ts';
import { matchesRule } from './matching-rule.ts';
import { HiddenError } from './run-checks.ts';

/** The application of the deployment, with its functions. */
export interface DeployedApplication {
  readonly application: functions.Application;
  readonly functions: readonly functions.Function[];
}

/** Without those that somebody else has put into the application. */
export const ownFunctions = ({ functions }: DeployedApplication): functions.Function[] =>
  functions.filter(({ displayName }) => Object.hasOwn(FUNCTION_SETTINGS, displayName ?? ''));

/** What several checks ask for, each asked once. */
export interface Facts {
  readonly deployment: Deployment;
  /** The compartment of functions, buckets, topic and schedule. */
  compartmentId(): Promise<string>;
  /** @returns undefined where advance-runs, which config.json names, is not there */
  application(): Promise<DeployedApplication | undefined>;
  /** @returns undefined where it is not there; @throws where the caller may not see whether it is */
  bucket(address: BucketAddress): Promise<storage.Bucket | undefined>;
  /** A compartment and those that it lies in, the tenancy last. */
  ancestry(compartmentId: string): Promise<string[]>;
  tenancyId(): Promise<string>;
  /** The dynamic groups that match all functions, or may. */
  dynamicGroups(): Promise<{ readonly group: identity.DynamicGroup; readonly matches: true | undefined }[]>;
}

/** Compartments nest six deep: https://docs.oracle.com/iaas/Content/Identity/compartments/managingcompartments.htm */
const MAX_DEPTH = 8;

/** @param chosen the compartment that the caller named, if any */
export function factsOf(deployment: Deployment, chosen: string | undefined): Facts {
  const { clients, config, ledger } = deployment;
  const remember = memory();

  const facts: Facts = {
    deployment,
    compartmentId: async () => {
      if (chosen) return chosen;
      // Images may go to another compartment than the rest.
      const found = await facts.application().catch(() => undefined);
      return found?.application.compartmentId ?? config.compartmentId;
    },
    application: () => remember('application', () => readApplication(deployment, chosen)),
    bucket: (address) =>
      remember(`bucket ${address.region} ${address.namespace} ${address.bucket}`, async () =>
        findBucket(clients, address, await facts.compartmentId()),
      ),
    ancestry: (compartmentId) =>
      remember(`ancestry ${compartmentId}`, () => readAncestry(clients, ledger.region, compartmentId)),
    tenancyId: async () =>
      config.tenancyId ?? (await facts.ancestry(await facts.compartmentId())).at(-1) ?? '',
    dynamicGroups: () => remember('dynamic groups', () => matchingGroups(facts)),
  };
  return facts;
}

function memory(): <T>(key: string, ask: () => Promise<T>) => Promise<T> {
  const known = new Map<string, Promise<unknown>>();
  return <T>(key: string, ask: () => Promise<T>) => {
    const answer = (known.get(key) as Promise<T> | undefined) ?? ask();
    known.set(key, answer);
    return answer;
  };
}

/** @param compartmentId where it is looked for, where OCI says that it is not there or not to be seen */
export async function findBucket(
  clients: Clients,
  { region, namespace: namespaceName, bucket: bucketName }: BucketAddress,
  compartmentId: string | undefined,
): Promise<storage.Bucket | undefined> {
  const client = await clients.objectStorage(region);
  const ask = () => client.getBucket({ namespaceName, bucketName });
  const found = await callUnlessMissing('GetBucket', ask);
  if (found) return found.bucket;
  if (compartmentId === undefined) await call('GetBucket', ask);
  const listed = pages('ListBuckets', (page) =>
    client.listBuckets({ namespaceName, compartmentId: compartmentId ?? '', page }),
  );
  for await (const { name } of listed)
    if (name === bucketName) throw new HiddenError(`The bucket ${bucketName} is listed, and cannot be read.`);
  return undefined;
}

async function readApplication(
  { clients, config, ledger }: Deployment,
  chosen: string | undefined,
): Promise<DeployedApplication | undefined> {
  const client = await clients.functions(ledger.region);
  const functionId = config.advanceRunsFunctionId;
  const found = await callUnlessMissing('GetFunction', () => client.getFunction({ functionId }));
  if (!found) {
    // Who may list applications would see the function, too.
    const compartmentId = chosen ?? config.compartmentId;
    await call('ListApplications', () => client.listApplications({ compartmentId, limit: 1 }));
    return undefined;
  }
  const { applicationId = '' } = found.function;
  const { application } = await call('GetApplication', () => client.getApplication({ applicationId }));
  const listed = pages('ListFunctions', (page) =>
    client.listFunctions({ applicationId, ...(page && { page }) }),
  );
  const all: functions.Function[] = [];
  // A summary has no configuration.
  for await (const { id } of listed)
    all.push((await call('GetFunction', () => client.getFunction({ functionId: id }))).function);
  return { application, functions: all };
}

async function readAncestry(clients: Clients, region: string, compartmentId: string): Promise<string[]> {
  const client = await clients.identity(region);
  const chain = [compartmentId];
  for (let id = compartmentId; !id.startsWith('ocid1.tenancy.') && chain.length < MAX_DEPTH; ) {
    const asked = id;
    const { compartment } = await call('GetCompartment', () =>
      client.getCompartment({ compartmentId: asked }),
    );
    id = compartment.compartmentId;
    chain.push(id);
  }
  return chain;
}

async function matchingGroups(facts: Facts): ReturnType<Facts['dynamicGroups']> {
  const { clients, ledger } = facts.deployment;
  const application = await facts.application();
  const principals = (application ? ownFunctions(application) : []).map(({ id, compartmentId = '' }) => ({
    ...{ id, compartmentId },
  }));
  const compartmentId = await facts.tenancyId();
  const client = await clients.identity(ledger.region);
  const listed = pages('ListDynamicGroups', (page) =>
    client.listDynamicGroups({ compartmentId, ...(page && { page }) }),
  );
  const found: { group: identity.DynamicGroup; matches: true | undefined }[] = [];
  for await (const group of listed) {
    if (group.lifecycleState !== 'ACTIVE') continue;
    const judged = principals.map((principal) => matchesRule(group.matchingRule, principal));
    if (!judged.includes(false) && judged.length > 0)
      found.push({ group, matches: judged.includes(undefined) ? undefined : true });
  }
  return found;
}
