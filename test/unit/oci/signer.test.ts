import { generateKeyPairSync } from 'node:crypto';
import { type AuthenticationDetailsProvider, DefaultRequestSigner } from 'oci-common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSigner } from '../../../shared/oci/signer.ts';

const newPem = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();

const first = newPem();

function provider(pem: () => string): AuthenticationDetailsProvider {
  return { getKeyId: async () => 'ST$token', getPrivateKey: pem, getPassphrase: () => null };
}

type Signer = Pick<ReturnType<typeof createSigner>, 'signHttpRequest'>;

async function authorization(signer: Signer, request: object, excludeBody: boolean): Promise<string | null> {
  const headers = new Headers();
  await signer.signHttpRequest({ ...request, headers } as never, excludeBody);
  return headers.get('authorization');
}

describe('the signer', () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date('2025-01-02T03:04:05Z') }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    [
      'a GET',
      { method: 'GET', uri: 'https://iaas.us-ashburn-1.oraclecloud.com/20160918/images/ocid1' },
      false,
    ],
    ['a query', { method: 'GET', uri: 'http://127.0.0.1:4000/n/ns/b/x/o?prefix=a%2Fb&limit=10' }, false],
    ['a name with an escape', { method: 'HEAD', uri: 'http://127.0.0.1:4000/n/ns/b/x/o/a%27b%C3%A9' }, false],
    ['a body', { method: 'POST', uri: 'http://h/p', body: '{"name":"Bücher"}' }, false],
    ['an empty body', { method: 'POST', uri: 'http://h/p' }, false],
    ["an object's content", { method: 'PUT', uri: 'http://h/n/ns/b/x/o/y', body: 'content' }, true],
    ['a DELETE', { method: 'DELETE', uri: 'http://h/p' }, false],
  ])('signs %s byte for byte as the SDK does', async (_, request, excludeBody) => {
    const theirs = await authorization(new DefaultRequestSigner(provider(() => first)), request, excludeBody);
    const ours = await authorization(createSigner(provider(() => first)), request, excludeBody);
    expect(ours).toBe(theirs);
  });

  it('takes the new key of a renewed session', async () => {
    const second = newPem();
    let pem = first;
    const signer = createSigner(provider(() => pem));
    const request = { method: 'GET', uri: 'http://h/p' };
    const before = await authorization(signer, request, false);
    pem = second;
    const after = await authorization(signer, request, false);
    expect(after).not.toBe(before);
    expect(after).toBe(await authorization(new DefaultRequestSigner(provider(() => second)), request, false));
  });
});
