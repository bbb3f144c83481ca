import { ConfigFileAuthenticationDetailsProvider } from 'oci-common';
import { NO_DEADLINE } from '../../shared/deadline.ts';
import { type Clients, connect } from '../../shared/oci/clients.ts';
import { createSigner } from '../../shared/oci/signer.ts';
import type { Deployed } from './deployment.ts';

/** Another tenancy of the same cloud, and what its administrator reaches. */
export interface Partner {
  readonly id: string;
  readonly namespace: string;
  readonly clients: Clients;
}

export async function addPartner({ control, endpoints }: Deployed, name = 'partner'): Promise<Partner> {
  const added = await control('POST', 'tenancies', { name });
  const { id, namespace, configFile } = added as { id: string; namespace: string; configFile: string };
  const signer = createSigner(new ConfigFileAuthenticationDetailsProvider(configFile, 'DEFAULT'));
  return { id, namespace, clients: connect(signer, NO_DEADLINE, endpoints) };
}

/** The partner imports an image by itself. @returns its launch mode and state, once the import has ended */
export async function importAs(
  { id, clients }: Partner,
  region: string,
  source: object,
): Promise<{ launchMode: string; lifecycleState: string; displayName: string }> {
  const compute = await clients.compute(region);
  const { image } = await compute.createImage({
    createImageDetails: {
      compartmentId: id,
      displayName: 'theirs',
      imageSourceDetails: source as never,
    },
  });
  for (;;) {
    const { lifecycleState, launchMode, displayName } = (await compute.getImage({ imageId: image.id })).image;
    const state: string = lifecycleState;
    if (state !== 'PROVISIONING' && state !== 'IMPORTING')
      return { launchMode: String(launchMode), lifecycleState: state, displayName: displayName ?? '' };
  }
}
