import type { ClientConfiguration, HttpClient, RequestSigner } from 'oci-common';
import type { ComputeClient } from 'oci-core';
import type { FunctionsInvokeClient, FunctionsManagementClient } from 'oci-functions';
import type { IdentityClient } from 'oci-identity';
import type { LimitsClient } from 'oci-limits';
import type { ObjectStorageClient } from 'oci-objectstorage';
import type { NotificationDataPlaneClient } from 'oci-ons';
import type { WorkRequestClient } from 'oci-workrequests';
import type { Deadline } from '../deadline.ts';
import { createTransport } from './transport.ts';

/** The services, by region; a package is loaded when its first client is asked for. */
export interface Clients {
  objectStorage(region: string): Promise<ObjectStorageClient>;
  compute(region: string): Promise<ComputeClient>;
  workRequests(region: string): Promise<WorkRequestClient>;
  notifications(region: string): Promise<NotificationDataPlaneClient>;
  functions(region: string): Promise<FunctionsManagementClient>;
  identity(region: string): Promise<IdentityClient>;
  limits(region: string): Promise<LimitsClient>;
  /** @param endpoint a function's own invoke endpoint, from GetFunction */
  functionsInvoke(endpoint: string): Promise<FunctionsInvokeClient>;
  /** Of a service that only the command calls: who asks loads the package, and no function's bundle has it. */
  regional<T extends RegionalClient>(
    service: string,
    region: string,
    load: () => Promise<ClientClass<T>>,
  ): Promise<T>;
}

/** Endpoints that stand in for a region's own: all services of an embedded OCI listen on one. */
export type Endpoints = Readonly<Record<string, string>>;

/**
 * Clients that share one signer and one deadline; cheap to make, so make them anew for each invocation.
 *
 * @param signer made once a process: reading the private key is the expensive part
 */
export function connect(signer: RequestSigner, deadline: Deadline, endpoints: Endpoints = {}): Clients {
  const httpClient = createTransport(signer, deadline);
  const cache = new Map<string, unknown>();

  /** Makes a service's client for a region the first time it is asked for. */
  async function regional<T extends RegionalClient>(
    service: string,
    region: string,
    load: () => Promise<ClientClass<T>>,
  ): Promise<T> {
    const key = `${service} ${region}`;
    const known = cache.get(key) as T | undefined;
    if (known) return known;
    const client = regionalClient(await load(), httpClient, region, endpoints);
    cache.set(key, client);
    return client;
  }

  return {
    regional,
    objectStorage: (region) =>
      regional('objectstorage', region, async () => (await import('oci-objectstorage')).ObjectStorageClient),
    compute: (region) => regional('compute', region, async () => (await import('oci-core')).ComputeClient),
    workRequests: (region) =>
      regional('workrequests', region, async () => (await import('oci-workrequests')).WorkRequestClient),
    notifications: (region) =>
      regional('ons', region, async () => (await import('oci-ons')).NotificationDataPlaneClient),
    functions: (region) =>
      regional('functions', region, async () => (await import('oci-functions')).FunctionsManagementClient),
    identity: (region) =>
      regional('identity', region, async () => (await import('oci-identity')).IdentityClient),
    limits: (region) => regional('limits', region, async () => (await import('oci-limits')).LimitsClient),
    async functionsInvoke(endpoint) {
      const client = new (await import('oci-functions')).FunctionsInvokeClient({ httpClient }, NO_RETRIES);
      client.endpoint = endpoint;
      return client;
    },
  };
}

interface RegionalClient {
  endpoint: string;
  regionId: string;
}

/** Any client of the SDK for a region, on a transport of `createTransport`. */
export function regionalClient<T extends RegionalClient>(
  Client: ClientClass<T>,
  httpClient: HttpClient,
  region: string,
  endpoints: Endpoints,
): T {
  const client = new Client({ httpClient }, NO_RETRIES);
  const endpoint = endpoints[region];
  if (endpoint) client.endpoint = endpoint;
  else client.regionId = region;
  return client;
}

type ClientClass<T> = new (parameters: { httpClient: HttpClient }, configuration: ClientConfiguration) => T;

/** No retries and no circuit breaker: the transport retries, and it knows the deadline. */
const NO_RETRIES = {
  retryConfiguration: { terminationStrategy: { shouldTerminate: () => true } },
  circuitBreaker: { circuit: null, noCircuit: true },
} as ClientConfiguration;
