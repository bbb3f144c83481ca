import { Readable } from 'node:stream';
import type { HttpClient } from 'oci-common';
import { EventsClient } from 'oci-events';
import { FunctionsManagementClient } from 'oci-functions';
import { IdentityClient } from 'oci-identity';
import { ObjectStorageClient } from 'oci-objectstorage';
import { NotificationControlPlaneClient, NotificationDataPlaneClient } from 'oci-ons';
import { ScheduleClient } from 'oci-resourcescheduler';
import { deploymentTag } from '../../events/ownership.ts';
import { copyStatement } from '../../shared/drive/policy-statements.ts';
import { type Endpoints, regionalClient } from '../../shared/oci/clients.ts';
import type { LedgerAddress } from '../../shared/oci/documents.ts';
import { wantedRules } from '../deployed-rules.ts';
import { functionsRule } from '../doctor/matching-rule.ts';
import { FUNCTION_SETTINGS } from '../function-settings.ts';
import { makeRules } from '../rules.ts';
import { createInvocationLog } from './invocation-log.ts';

/** A deployment of byoi on an embedded OCI. */
export interface LocalDeployment {
  readonly ledger: LedgerAddress;
  readonly compartmentId: string;
  readonly dropBucket: string;
  /** Likewise in every region. */
  readonly exportBucket: string;
  readonly copyBucket: string;
  readonly functionIds: Readonly<Record<string, string>>;
  readonly topicId: string;
  readonly scheduleId: string;
}

/** Where to deploy, and how. */
export interface DeployOptions {
  readonly httpClient: HttpClient;
  readonly endpoints: Endpoints;
  readonly hubRegion: string;
  /** The tenancy's, where identity is changed; without it the hub region. */
  readonly homeRegion?: string;
  readonly tenancyId: string;
  /** What its compartment is called, and its buckets begin with: several deployments may share a tenancy. */
  readonly name?: string;
  /** Keys of config.json that differ from their defaults. */
  readonly config?: Readonly<Record<string, unknown>>;
}

interface Buckets {
  readonly drop: string;
  readonly ledger: string;
  /** Of the same name in each region: exports of its images, and copies that arrive there. */
  readonly exports: string;
  readonly copies: string;
}

const APPLICATION = 'byoi';
/** Every hour on the hour: as often as OCI's Resource Scheduler runs. */
const TICK_CRON = '0 * * * *';

/**
 * Makes what the Resource Manager stack makes in a tenancy, through the same API: compartment, buckets, topic,
 * functions with their dynamic group and log, config.json, event rules, schedule. Of policies only those of copies: no
 * other has an effect here.
 */
export async function deployLocally(options: DeployOptions): Promise<LocalDeployment> {
  const { httpClient, endpoints, hubRegion, homeRegion = hubRegion, tenancyId, name = 'byoi' } = options;
  const buckets: Buckets = {
    drop: `${name}-drop`,
    ledger: `${name}-ledger`,
    exports: `${name}-export`,
    copies: `${name}-copies`,
  };
  const identity = regionalClient(IdentityClient, httpClient, homeRegion, endpoints);
  const storage = regionalClient(ObjectStorageClient, httpClient, hubRegion, endpoints);
  const topics = regionalClient(NotificationControlPlaneClient, httpClient, hubRegion, endpoints);

  const { compartment } = await identity.createCompartment({
    createCompartmentDetails: { compartmentId: tenancyId, name, description: 'byoi and its images' },
  });
  const compartmentId = compartment.id;
  const namespace = (await storage.getNamespace({})).value;
  const ledger = { region: hubRegion, namespace, bucket: buckets.ledger };
  await createBuckets(options, buckets, namespace, compartmentId);
  await identity.createPolicy({
    createPolicyDetails: {
      compartmentId: tenancyId,
      name: `${name}-copies`,
      description: 'Object Storage copies images from region to region',
      statements: Object.keys(endpoints).map((region) => copyStatement(region, compartmentId)),
    },
  });
  const { notificationTopic } = await topics.createTopic({
    createTopicDetails: { name, compartmentId },
  });
  const { topicId } = notificationTopic;
  await subscribe(options, topicId, compartmentId);
  const { applicationId, functionIds } = await createFunctions(options, compartmentId, ledger);
  await createInvocationLog(options, compartmentId, name, applicationId);
  await identity.createDynamicGroup({
    createDynamicGroupDetails: {
      compartmentId: tenancyId,
      name: `${name}-functions`,
      description: 'The functions of byoi',
      matchingRule: functionsRule(Object.values(functionIds)),
    },
  });
  const config = {
    compartmentId,
    dropBuckets: [buckets.drop],
    advanceRunsFunctionId: functionIds['advance-runs'],
    notificationTopicId: topicId,
    tenancyId,
    exportBuckets: Object.keys(endpoints).map((region) => ({ region, bucket: buckets.exports })),
    destinations: Object.keys(endpoints).map((region) => ({ region, bucket: buckets.copies })),
    ...options.config,
  };
  await putJson(storage, ledger, 'config.json', config);
  await createRules(options, ledger, buckets, compartmentId, functionIds);
  const scheduleId = await createSchedule(options, compartmentId, functionIds['advance-runs'] ?? '');
  return {
    ledger,
    compartmentId,
    dropBucket: buckets.drop,
    exportBucket: buckets.exports,
    copyBucket: buckets.copies,
    functionIds,
    topicId,
    scheduleId,
  };
}

/** Tells the functions where the regions listen now. */
export async function moveEndpoints(
  { httpClient, endpoints, hubRegion }: Pick<DeployOptions, 'httpClient' | 'endpoints' | 'hubRegion'>,
  { compartmentId, ledger }: LocalDeployment,
): Promise<void> {
  const functions = regionalClient(FunctionsManagementClient, httpClient, hubRegion, endpoints);
  const { items } = await functions.listApplications({ compartmentId, displayName: APPLICATION });
  for (const { id: applicationId } of items) {
    await functions.updateApplication({
      applicationId,
      updateApplicationDetails: { config: applicationConfig(ledger, endpoints) },
    });
  }
}

const applicationConfig = (ledger: LedgerAddress, endpoints: Endpoints) => ({
  BYOI_LEDGER_REGION: ledger.region,
  BYOI_LEDGER_NAMESPACE: ledger.namespace,
  BYOI_LEDGER_BUCKET: ledger.bucket,
  BYOI_ENDPOINTS: JSON.stringify(endpoints),
});

async function createBuckets(
  { httpClient, endpoints, hubRegion }: DeployOptions,
  buckets: Buckets,
  namespaceName: string,
  compartmentId: string,
): Promise<void> {
  for (const region of Object.keys(endpoints)) {
    const storage = regionalClient(ObjectStorageClient, httpClient, region, endpoints);
    const create = (name: string, objectEventsEnabled: boolean) =>
      storage.createBucket({
        namespaceName,
        createBucketDetails: { compartmentId, name, objectEventsEnabled },
      });
    await create(buckets.exports, true);
    await create(buckets.copies, true);
    if (region !== hubRegion) continue;
    await create(buckets.drop, true);
    await create(buckets.ledger, false);
  }
}

/** Somebody is told; an embedded OCI sends no mail, so that its link is followed here. */
async function subscribe(
  { httpClient, endpoints, hubRegion }: DeployOptions,
  topicId: string,
  compartmentId: string,
): Promise<void> {
  const subscriptions = regionalClient(NotificationDataPlaneClient, httpClient, hubRegion, endpoints);
  const { subscription } = await subscriptions.createSubscription({
    createSubscriptionDetails: { topicId, compartmentId, protocol: 'EMAIL', endpoint: 'you@example.com' },
  });
  await fetch(`${endpoints[hubRegion]}/_local/subscriptions/${subscription.id}/confirm`, { method: 'POST' });
}

export async function putJson(
  storage: ObjectStorageClient,
  at: LedgerAddress,
  name: string,
  value: object,
): Promise<void> {
  const body = Buffer.from(JSON.stringify(value, undefined, 2));
  await storage.putObject({
    namespaceName: at.namespace,
    bucketName: at.bucket,
    objectName: name,
    // A Node stream with its length: the SDK uploads nothing for a web stream.
    putObjectBody: Readable.from([body]),
    contentLength: body.length,
  });
}

async function createFunctions(
  { httpClient, endpoints, hubRegion }: DeployOptions,
  compartmentId: string,
  ledger: LedgerAddress,
): Promise<{ applicationId: string; functionIds: Record<string, string> }> {
  const functions = regionalClient(FunctionsManagementClient, httpClient, hubRegion, endpoints);
  const { application } = await functions.createApplication({
    createApplicationDetails: {
      compartmentId,
      displayName: APPLICATION,
      // A function on an embedded OCI needs no network of its own, but the API asks for one.
      subnetIds: ['ocid1.subnet.oc1..local'],
      config: applicationConfig(ledger, endpoints),
    },
  });
  const applicationId = application.id;
  const functionIds: Record<string, string> = {};
  for (const [displayName, settings] of Object.entries(FUNCTION_SETTINGS)) {
    const created = await functions.createFunction({
      createFunctionDetails: {
        applicationId,
        displayName,
        image: `ocir.${hubRegion}.oci.oraclecloud.com/local/byoi/${displayName}:latest`,
        ...settings,
      },
    });
    functionIds[displayName] = created.function.id;
  }
  return { applicationId, functionIds };
}

async function createRules(
  { httpClient, endpoints, hubRegion }: DeployOptions,
  ledger: LedgerAddress,
  buckets: Buckets,
  compartmentId: string,
  functionIds: Readonly<Record<string, string>>,
): Promise<void> {
  const events = regionalClient(EventsClient, httpClient, hubRegion, endpoints);
  const deployment = deploymentTag(ledger);
  const scope = { drop: [buckets.drop], export: [buckets.exports], destination: [buckets.copies] };
  const functions = { where: 'the application', ids: functionIds };
  const all = [compartmentId];
  const compartments = { drop: all, export: all, destination: all, images: all };
  const place = { events, compartments, deployment, definedTags: {} };
  await makeRules(place, wantedRules(scope, functions, place));
}

async function createSchedule(
  { httpClient, endpoints, hubRegion }: DeployOptions,
  compartmentId: string,
  functionId: string,
): Promise<string> {
  const schedules = regionalClient(ScheduleClient, httpClient, hubRegion, endpoints);
  const { schedule } = await schedules.createSchedule({
    createScheduleDetails: {
      compartmentId,
      displayName: 'byoi-tick',
      action: 'START_RESOURCE' as never,
      recurrenceDetails: TICK_CRON,
      recurrenceType: 'CRON' as never,
      resources: [
        { id: functionId, parameters: [{ parameterType: 'BODY', value: { byoi: 'tick' } } as never] },
      ],
    },
  });
  return schedule.id;
}
