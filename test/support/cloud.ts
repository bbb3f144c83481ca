import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AuthenticationDetailsProvider,
  CircuitBreaker,
  type ClientConfiguration,
  ConfigFileAuthenticationDetailsProvider,
  MaxAttemptsTerminationStrategy,
} from 'oci-common';
import { Cloud, type CloudOptions } from '../../local/cloud.ts';
import { privateKeyPem } from '../../local/identity/administrators.ts';
import type { Principal } from '../../local/identity/principals.ts';

export const ASHBURN = 'us-ashburn-1';
export const PHOENIX = 'us-phoenix-1';

/** A cloud of two regions in a temporary folder, its work a thousand times faster than OCI's. */
export async function startCloud(
  options: Partial<CloudOptions> = {},
): Promise<Cloud & { remove(): Promise<void> }> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'byoi-cloud-'));
  reuseKeys(join(dataDir, 'global'));
  const cloud = await Cloud.start({
    regions: [{ name: ASHBURN }, { name: PHOENIX }],
    timeScale: 1000,
    ...options,
    dataDir,
  });
  const remove = async () => {
    await cloud.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return Object.assign(cloud, { remove });
}

const KEY_FILES = ['cloud.pem', 'administrator.pem'];
const keys = new Map<string, string>();

/** Making RSA keys is most of what starting a cloud costs: a test file's clouds share the first one's. */
export function reuseKeys(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of KEY_FILES) {
    const path = join(folder, name);
    const key = keys.get(name) ?? privateKeyPem(path);
    keys.set(name, key);
    if (!existsSync(path)) writeFileSync(path, key, { mode: 0o600 });
  }
}

type ClientClass<T> = new (
  params: { authenticationDetailsProvider: AuthenticationDetailsProvider },
  configuration?: ClientConfiguration,
) => T;

/** One attempt a call and no circuit breaker: a test wants to see the first answer. */
const ONE_ATTEMPT: ClientConfiguration = {
  retryConfiguration: { terminationStrategy: new MaxAttemptsTerminationStrategy(1) },
  circuitBreaker: new CircuitBreaker({ disableClientCircuitBreaker: true }),
};

/** An SDK client on a region (the home region unless told) of the cloud, signing as its administrator unless told. */
export function client<T extends { endpoint: string }>(
  Client: ClientClass<T>,
  cloud: Cloud,
  regionName: string = cloud.homeRegion.name,
  authenticationDetailsProvider: AuthenticationDetailsProvider = administrator(cloud.configFile),
): T {
  const made = new Client({ authenticationDetailsProvider }, ONE_ATTEMPT);
  made.endpoint = cloud.region(regionName)?.endpoint ?? '';
  return made;
}

/** Signs with the key of an OCI configuration file. */
export const administrator = (configFile: string): AuthenticationDetailsProvider =>
  new ConfigFileAuthenticationDetailsProvider(configFile, 'DEFAULT');

/** Signs as a function of the cloud's first tenancy would, with a resource principal's token. */
export function resourcePrincipal(cloud: Cloud): AuthenticationDetailsProvider {
  const { id } = cloud.tenancy;
  const principal: Principal = {
    kind: 'resource',
    id: 'ocid1.fnfunc.oc1.iad.test',
    tenancyId: id,
    compartmentId: id,
  };
  const { token, privateKeyPem } = cloud.principals.issueSession(principal, 60_000);
  return {
    getKeyId: async () => `ST$${token}`,
    getPrivateKey: () => privateKeyPem,
    getPassphrase: () => null,
  };
}

/** Stops the cloud and starts it anew on its data and ports, so that clients made before go on. */
export async function restartCloud(cloud: Cloud): ReturnType<typeof startCloud> {
  const regions = Array.from(cloud.regions.values(), ({ name, endpoint }) => ({
    name,
    port: Number(new URL(endpoint).port),
  }));
  await cloud.stop();
  // The clients have to notice that their idle connections were closed before they use one again: in one of several turns of
  // the event loop, where a machine that is busy may give one long sleep no turn at all.
  for (let turn = 0; turn < 10; turn += 1) await sleep(10);
  return startCloud({ dataDir: cloud.dataDir, regions });
}
