import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { AuthenticationDetailsProvider, HttpRequest, RequestSigner } from 'oci-common';

const REQUEST_TARGET = '(request-target)';
const SIGNED_HEADERS = ['x-date', REQUEST_TARGET, 'host'];
const SIGNED_WITH_BODY = [...SIGNED_HEADERS, 'Content-Type', 'Content-Length', 'x-content-sha256'];
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Signs as the SDK's own signer does, to the letter (draft-cavage-http-signatures-08 with OCI's headers:
 * https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm). The SDK's parses the key anew for every
 * request, which costs more than the signature; this one does so when the key has changed.
 */
export function createSigner(provider: AuthenticationDetailsProvider): RequestSigner {
  let known: { readonly pem: string; readonly key: KeyObject } | undefined;

  function currentKey(): KeyObject {
    const pem = provider.getPrivateKey();
    if (known?.pem === pem) return known.key;
    const passphrase = provider.getPassphrase() ?? undefined;
    known = { pem, key: createPrivateKey({ key: pem, passphrase }) };
    return known.key;
  }

  return {
    async signHttpRequest(request: HttpRequest, forceExcludeBody = false): Promise<void> {
      const { method, headers } = request;
      const { host, pathname, search } = new URL(request.uri);
      headers.set('host', host);
      headers.set('x-date', new Date().toUTCString());
      const withBody = METHODS_WITH_BODY.has(method) && !forceExcludeBody;
      if (withBody) describeBody(headers, typeof request.body === 'string' ? request.body : '');
      const names = withBody ? SIGNED_WITH_BODY : SIGNED_HEADERS;
      const target = `${method.toLowerCase()} ${pathname}${search}`;
      const text = names
        .map((name) => `${name.toLowerCase()}: ${name === REQUEST_TARGET ? target : headers.get(name)}`)
        .join('\n');
      // The key's id first: asking for it may renew the session, and the key with it.
      const keyId = await provider.getKeyId();
      const signature = sign('RSA-SHA256', Buffer.from(text), currentKey()).toString('base64');
      headers.set(
        'authorization',
        `Signature version="1",keyId="${keyId}",algorithm="rsa-sha256",headers="${names.join(' ')}",signature="${signature}"`,
      );
    },
  };
}

function describeBody(headers: Headers, body: string): void {
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  if (!headers.has('content-length')) headers.set('content-length', String(Buffer.byteLength(body)));
  headers.set('x-content-sha256', createHash('sha256').update(body).digest('base64'));
}
