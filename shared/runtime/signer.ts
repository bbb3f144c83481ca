import type { RequestSigner } from 'oci-common';

let signer: Promise<RequestSigner> | undefined;

/** Signs as the function's resource principal; made once a process, since reading the key is what costs. */
export function functionSigner(): Promise<RequestSigner> {
  signer ??= createSigner().catch((error) => {
    signer = undefined;
    throw error;
  });
  return signer;
}

async function createSigner(): Promise<RequestSigner> {
  const { DefaultRequestSigner, ResourcePrincipalAuthenticationDetailsProvider } = await import('oci-common');
  return new DefaultRequestSigner(ResourcePrincipalAuthenticationDetailsProvider.builder());
}
