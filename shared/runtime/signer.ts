import type { RequestSigner } from 'oci-common';
import { createSigner } from '../oci/signer.ts';

let signer: Promise<RequestSigner> | undefined;

/** Signs as the function's resource principal; made once a process, since reading the key is what costs. */
export function functionSigner(): Promise<RequestSigner> {
  signer ??= resourcePrincipal().catch((error) => {
    signer = undefined;
    throw error;
  });
  return signer;
}

async function resourcePrincipal(): Promise<RequestSigner> {
  const { ResourcePrincipalAuthenticationDetailsProvider } = await import('oci-common');
  return createSigner(ResourcePrincipalAuthenticationDetailsProvider.builder());
}
