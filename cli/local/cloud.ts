import { ConfigFileAuthenticationDetailsProvider } from 'oci-common';
import { Cloud, type CloudOptions } from '../../local/cloud.ts';
import { NO_DEADLINE } from '../../shared/deadline.ts';
import { type Clients, connect, type Endpoints } from '../../shared/oci/clients.ts';
import { createSigner } from '../../shared/oci/signer.ts';
import { createTransport } from '../../shared/oci/transport.ts';
import { type DeployOptions, deployLocally, type LocalDeployment, moveEndpoints } from './deploy.ts';

/** An embedded OCI with byoi deployed on it. */
export interface LocalCloud {
  readonly cloud: Cloud;
  readonly endpoints: Endpoints;
  /** Signing as the tenancy's administrator. */
  readonly clients: Clients;
  readonly deployment: LocalDeployment;
}

/**
 * Starts an embedded OCI and deploys byoi on it; its first region is the hub.
 *
 * @param deployed what is there from an earlier start on the same data
 */
export async function startLocalCloud(
  options: CloudOptions,
  config: DeployOptions['config'] = {},
  deployed: LocalDeployment | null = null,
): Promise<LocalCloud> {
  const cloud = await Cloud.start(options);
  const endpoints = Object.fromEntries(
    Array.from(cloud.regions.values(), ({ name, endpoint }) => [name, endpoint]),
  );
  const signer = createSigner(new ConfigFileAuthenticationDetailsProvider(cloud.configFile, 'DEFAULT'));
  const httpClient = createTransport(signer, NO_DEADLINE);
  try {
    const target = { httpClient, endpoints, hubRegion: cloud.homeRegion.name, tenancyId: cloud.tenancy.id };
    if (deployed) await moveEndpoints(target, deployed);
    const deployment = deployed ?? (await deployLocally({ ...target, config }));
    return { cloud, endpoints, clients: connect(signer, NO_DEADLINE, endpoints), deployment };
  } catch (error) {
    await cloud.stop();
    throw error;
  }
}
