import { call } from '../oci/errors.ts';
import { type OwnDestination, ownDestinations } from '../runtime/config.ts';
import type { Deployment } from '../runtime/deployment.ts';
import { bucketTrials, foreignTrial, ledgerTrials, writeTrial } from './bucket-trials.ts';
import { availableImages } from './destinations.ts';
import { compartmentIdOf, copyStatement, functionStatement } from './policy-statements.ts';
import { invokeAdvanceRuns } from './wake.ts';

/** A call that the work of a function needs. */
export interface Trial {
  /** As Oracle's API reference names it. */
  readonly operation: string;
  /** "the bucket byoi-drop in us-ashburn-1" */
  readonly where: string;
  /** The policy statement that allows it. */
  readonly statement: string;
  /** Makes it, changing nothing that matters; absent where that cannot be. */
  readonly attempt?: () => Promise<unknown>;
}

/** Every function may come to do each step of a run, so that all need the same rights. */
export function trialsOf(deployment: Deployment, functionName: string): Trial[] {
  const { config, ledger } = deployment;
  const { region, namespace } = ledger;
  const drops = config.dropBuckets.map((bucket) => ({ region, namespace, bucket }));
  const exports = config.exportBuckets.map((bucket) => ({ ...bucket, namespace }));
  const own = ownDestinations(config, ledger);
  const foreign = config.destinations.filter((one) => (one.namespace ?? namespace) !== namespace);
  return [
    ...ledgerTrials(deployment, functionName),
    ...[...drops, ...exports, ...own].flatMap((bucket) => bucketTrials(deployment, bucket, functionName)),
    ...[...exports, ...own].map(writeTrial),
    ...foreign.map((one) => foreignTrial(deployment, { namespace, ...one })),
    ...copyTrials(deployment, own),
    ...imageTrials(deployment),
    ...functionTrials(deployment),
    ...tenancyTrials(deployment),
  ];
}

/** Object Storage copies in its own name, and says what it lacks only when it is asked to. */
function copyTrials({ config, ledger }: Deployment, destinations: readonly OwnDestination[]): Trial[] {
  if (config.strategy === 'direct') return [];
  const sources = new Set([ledger.region, ...config.exportBuckets.map(({ region }) => region)]);
  return destinations.flatMap(({ region, bucket }) =>
    Array.from(sources)
      .filter((source) => source !== region)
      .map((source) => ({
        operation: 'CopyObject',
        where: `from ${source} to the bucket ${bucket} in ${region}`,
        statement: copyStatement(source, compartmentIdOf(`the bucket ${bucket}`)),
      })),
  );
}

function imageTrials(deployment: Deployment): Trial[] {
  const { config, ledger } = deployment;
  const { compartmentId } = config;
  const sources = [ledger, ...config.exportBuckets].map(({ region }) => ({ region, compartmentId }));
  const places = [...sources, ...ownDestinations(config, ledger)];
  const distinct = new Map(places.map((place) => [`${place.region} ${place.compartmentId}`, place]));
  const trials = Array.from(distinct.values()).flatMap((place) => imageTrialsAt(deployment, place));
  if (Object.keys(config.definedTags).length === 0) return trials;
  const statement = functionStatement('use tag-namespaces');
  return [...trials, { operation: 'CreateImage', where: 'with the tags of config.json', statement }];
}

function imageTrialsAt(
  { clients }: Deployment,
  { region, compartmentId }: { readonly region: string; readonly compartmentId: string },
): Trial[] {
  const where = `the compartment ${compartmentId} in ${region}`;
  const manage = (what: string) => functionStatement(`manage ${what}`, compartmentId);
  return [
    {
      operation: 'ListImages',
      where,
      statement: manage('instance-images'),
      async attempt() {
        const client = await clients.compute(region);
        await call('ListImages', () => client.listImages({ compartmentId, limit: 1 }));
      },
    },
    { operation: 'CreateImage and ExportImage', where, statement: manage('instance-images') },
    {
      operation: 'CreateComputeImageCapabilitySchema',
      where,
      statement: manage('compute-image-capability-schema'),
    },
    {
      operation: 'ListComputeGlobalImageCapabilitySchemas',
      where: region,
      statement: functionStatement('inspect compute-global-image-capability-schema'),
      async attempt() {
        const client = await clients.compute(region);
        await call('ListComputeGlobalImageCapabilitySchemas', () =>
          client.listComputeGlobalImageCapabilitySchemas({}),
        );
      },
    },
  ];
}

function functionTrials(deployment: Deployment): Trial[] {
  const { clients, config, ledger } = deployment;
  const { advanceRunsFunctionId: functionId, notificationTopicId: topicId } = config;
  const where = `the function ${functionId}`;
  const may = (right: string) =>
    functionStatement(right, compartmentIdOf('the functions'), `target.function.id = '${functionId}'`);
  const publish: Trial = {
    operation: 'PublishMessage',
    where: `the topic ${topicId}`,
    statement: functionStatement('use ons-topics', compartmentIdOf('the topic')),
  };
  return [
    {
      operation: 'GetFunction',
      where,
      statement: may('read fn-function'),
      async attempt() {
        const client = await clients.functions(ledger.region);
        await call('GetFunction', () => client.getFunction({ functionId }));
      },
    },
    {
      operation: 'InvokeFunction',
      where,
      statement: may('use fn-invocation'),
      // A payload that means nothing is ignored.
      attempt: () => invokeAdvanceRuns(deployment, { byoi: 'nothing' }),
    },
    ...(topicId ? [publish] : []),
  ];
}

function tenancyTrials(deployment: Deployment): Trial[] {
  const { clients, config, ledger } = deployment;
  const { tenancyId } = config;
  if (!tenancyId) return [];
  const regions = new Set([ledger, ...ownDestinations(config, ledger)].map(({ region }) => region));
  return [
    {
      operation: 'ListRegionSubscriptions',
      where: 'the tenancy',
      statement: functionStatement('inspect tenancies'),
      async attempt() {
        const client = await clients.identity(ledger.region);
        await call('ListRegionSubscriptions', () => client.listRegionSubscriptions({ tenancyId }));
      },
    },
    ...Array.from(regions, (region) => ({
      operation: 'GetResourceAvailability',
      where: `the limit on custom images in ${region}`,
      statement: functionStatement('read resource-availability'),
      attempt: () => availableImages(clients, region, tenancyId),
    })),
  ];
}
