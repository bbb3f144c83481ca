import { DefaultRequestSigner, type HttpRequest } from 'oci-common';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { administrator, resourcePrincipal, startCloud } from '../../support/cloud.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(() => cloud.remove());

type Provider = ConstructorParameters<typeof DefaultRequestSigner>[0];

const details = (name: string) =>
  JSON.stringify({ compartmentId: cloud.tenancy.id, name, description: 'for a test' });

/** A call as the SDK signs it, changed on its way to the embedded OCI. */
async function send(
  change: (request: HttpRequest) => void,
  provider: Provider = administrator(cloud.configFile),
): Promise<{ status: number; message: string }> {
  const request: HttpRequest = {
    method: 'POST',
    uri: `${cloud.homeRegion.endpoint}/20160918/compartments`,
    headers: new Headers({ 'content-type': 'application/json' }),
    body: details('signed'),
  };
  await new DefaultRequestSigner(provider).signHttpRequest(request);
  change(request);
  const { method, uri, headers } = request;
  const response = await fetch(uri, { method, headers, body: request.body as string });
  const { message = '' } = (await response.json()) as { message?: string };
  return { status: response.status, message };
}

/** Replaces a field of the Authorization header. */
function setField(request: HttpRequest, name: string, value: (before: string) => string): void {
  const pattern = new RegExp(`(?<=\\b${name}=")[^"]*`);
  const authorization = request.headers.get('authorization') ?? '';
  request.headers.set('authorization', authorization.replace(pattern, value));
}

test('a call signed by the SDK is let in, as a user and as a function', async () => {
  expect((await send(() => {})).status).toBe(200);
  expect((await send(() => {}, resourcePrincipal(cloud))).status).not.toBe(401);
});

const tampered: readonly [string, (request: HttpRequest) => void, RegExp][] = [
  ['no signature', ({ headers }) => headers.delete('authorization'), /no signature/],
  ['another body', (request) => Object.assign(request, { body: details('forged') }), /x-content-sha256/],
  [
    'another path',
    (request) => Object.assign(request, { uri: `${request.uri}?compartmentId=other` }),
    /does not match/,
  ],
  ['another date', ({ headers }) => headers.set('x-date', new Date(0).toUTCString()), /date|does not match/],
  [
    'a body that is not signed',
    (request) => setField(request, 'headers', (names) => names.replace(' x-content-sha256', '')),
    /not signed: x-content-sha256/,
  ],
  ['another key', (request) => setField(request, 'keyId', (id) => id.replace(/..$/, '00')), /./],
  ['another algorithm', (request) => setField(request, 'algorithm', () => 'none'), /rsa-sha256/],
];

test.each(tampered)('a call with %s is 401', async (_name, change, why) => {
  const { status, message } = await send(change);
  expect(status).toBe(401);
  expect(message).toMatch(why);
});

test('a signature older than five minutes is 401, one of four minutes is not', async () => {
  async function sendLate(minutes: number) {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - minutes * 60_000 });
    return send(() => vi.useRealTimers());
  }
  expect((await sendLate(6)).message).toMatch(/date is missing or too far off/);
  expect((await sendLate(4)).status).not.toBe(401);
});

test("a function's token that has expired, or that another cloud issued, is 401", async () => {
  const { id } = cloud.tenancy;
  const principal = {
    kind: 'resource',
    id: 'ocid1.fnfunc.oc1.iad.test',
    tenancyId: id,
    compartmentId: id,
  } as const;
  const provider = (lifetimeMs: number, change = (token: string) => token): Provider => {
    const { token, privateKeyPem } = cloud.principals.issueSession(principal, lifetimeMs);
    return {
      getKeyId: async () => `ST$${change(token)}`,
      getPrivateKey: () => privateKeyPem,
      getPassphrase: () => null,
    };
  };
  expect((await send(() => {}, provider(60_000))).status).not.toBe(401);
  expect((await send(() => {}, provider(-1000))).status).toBe(401);
  const forged = (token: string) => token.replace(/[^.]+$/, 'forged');
  expect((await send(() => {}, provider(60_000, forged))).status).toBe(401);
});
