import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AuthenticationDetailsProvider } from 'oci-common';
import { IdentityClient } from 'oci-identity';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ASHBURN, client, resourcePrincipal, startCloud } from '../../support/cloud.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let keyId: string;
let privateKey: string;
beforeAll(async () => {
  cloud = await startCloud();
  const config = readFileSync(cloud.configFile, 'utf8');
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(config)?.[1] ?? '';
  keyId = `${value('tenancy')}/${value('user')}/${value('fingerprint')}`;
  privateKey = readFileSync(value('key_file'), 'utf8');
});
afterAll(() => cloud.remove());

const MINUTE_MS = 60_000;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS).toUTCString();
const digest = (body: string) => createHash('sha256').update(body).digest('base64');

interface Forgery {
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  /** What is signed beside the request target: names in their order, with their values. */
  readonly signed?: Readonly<Record<string, string>>;
  /** Signed names, where they are not those of `signed`. */
  readonly names?: readonly string[];
  readonly keyId?: string;
  readonly key?: string;
  readonly algorithm?: string;
  /** What is sent in place of what was signed; undefined leaves a header out. */
  readonly sent?: Readonly<Record<string, string | undefined>>;
  readonly sentPath?: string;
  readonly sentBody?: string;
}

/** Signs as draft-cavage-http-signatures-08 says, and sends it as told. */
async function answerTo(forgery: Forgery): Promise<[status: number | undefined, message: string]> {
  const { method = 'GET', body = '' } = forgery;
  const url = new URL(cloud.homeRegion.endpoint);
  const path = '/20160918/images?compartmentId=ocid1.none';
  const withBody = {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-content-sha256': digest(body),
  };
  const headers: Record<string, string> = {
    host: url.host,
    ...(forgery.signed ?? { 'x-date': minutesAgo(0) }),
    ...(method === 'POST' && withBody),
  };
  const names = forgery.names ?? ['(request-target)', ...Object.keys(headers)];
  const values: Record<string, string> = {
    ...headers,
    '(request-target)': `${method.toLowerCase()} ${path}`,
  };
  const lines = names.map((name) => `${name}: ${values[name]}`).join('\n');
  const signature = createSign('RSA-SHA256')
    .update(lines)
    .sign(forgery.key ?? privateKey, 'base64');
  const { keyId: id = keyId, algorithm = 'rsa-sha256' } = forgery;
  const authorization = `Signature version="1",keyId="${id}",algorithm="${algorithm}",headers="${names.join(' ')}",signature="${signature}"`;
  const sent = Object.entries({ ...headers, authorization, ...forgery.sent });
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: url.hostname, port: url.port, method, path: forgery.sentPath ?? path },
      async (incoming) => resolve([incoming.statusCode, await text(incoming)]),
    );
    for (const [name, value] of sent) if (value !== undefined) outgoing.setHeader(name, value);
    outgoing.on('error', reject).end(forgery.sentBody ?? body);
  });
}

/** Behind the signature waits a 404 or a 400: no such compartment, no such body. */
const LET_IN = expect.toBeOneOf([400, 404]);

describe('a request is let in', () => {
  test.each<[string, Forgery]>([
    ['with x-date', {}],
    ['with date', { signed: { date: minutesAgo(0) } }],
    ['of four minutes ago', { signed: { 'x-date': minutesAgo(4) } }],
    ['with its body’s digest', { method: 'POST', body: '{}' }],
  ])('%s', async (_, signed) => {
    expect((await answerTo(signed))[0]).toEqual(LET_IN);
  });
});

test('the SDK’s own signer is let in, with a body, as a user and as a function', async () => {
  const create = (name: string, signer?: AuthenticationDetailsProvider) => {
    const createCompartmentDetails = { compartmentId: cloud.tenancy.id, name, description: name };
    return client(IdentityClient, cloud, ASHBURN, signer).createCompartment({ createCompartmentDetails });
  };
  expect((await create('by-a-user')).compartment.name).toBe('by-a-user');
  expect((await create('by-a-function', resourcePrincipal(cloud))).compartment.name).toBe('by-a-function');
});

describe('a request is refused with 401', () => {
  const { privateKey: strangers } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const post = { method: 'POST', body: '{"a":1}' } as const;
  const withoutDigest = ['(request-target)', 'host', 'x-date', 'content-type', 'content-length'];
  test.each<[string, Forgery, string]>([
    ['without a signature', { sent: { authorization: undefined } }, 'no signature'],
    ['with half a signature', { sent: { authorization: 'Signature keyId="a"' } }, 'incomplete'],
    ['with another scheme', { sent: { authorization: 'Bearer token' } }, 'no signature'],
    ['with another algorithm', { algorithm: 'hmac-sha256' }, 'rsa-sha256'],
    ['signed by another’s key', { key: strangers }, 'does not match'],
    ['of an unknown key', { keyId: 'ocid1.tenancy/ocid1.user/00:11' }, 'unknown API key'],
    ['of six minutes ago', { signed: { 'x-date': minutesAgo(6) } }, 'too far off'],
    ['of six minutes from now', { signed: { 'x-date': minutesAgo(-6) } }, 'too far off'],
    ['without a date', { signed: {} }, 'not signed: date'],
    ['with a date that is none', { signed: { date: 'today' } }, 'too far off'],
    [
      'with an old date, a new one beside it unsigned',
      { signed: { date: minutesAgo(6) }, sent: { 'x-date': minutesAgo(0) } },
      'too far off',
    ],
    ['with a date changed afterwards', { sent: { 'x-date': minutesAgo(1) } }, 'does not match'],
    [
      'with a signed header left out',
      { signed: { 'x-date': minutesAgo(0), 'opc-retry-token': 'a' }, sent: { 'opc-retry-token': undefined } },
      'opc-retry-token is missing',
    ],
    ['without its host signed', { names: ['(request-target)', 'x-date'] }, 'not signed: host'],
    ['without its target signed', { names: ['host', 'x-date'] }, 'not signed: (request-target)'],
    ['for another target', { sentPath: '/20160918/images?compartmentId=another' }, 'does not match'],
    ['with another body', { ...post, sentBody: '{"a":2}' }, 'does not match the body'],
    [
      'with another body and its digest',
      { ...post, sentBody: '{"a":2}', sent: { 'x-content-sha256': digest('{"a":2}') } },
      'the signature does not match',
    ],
    ['with its body not signed', { ...post, names: withoutDigest }, 'not signed: x-content-sha256'],
    [
      'with its body’s digest left out',
      { ...post, sent: { 'x-content-sha256': undefined } },
      'x-content-sha256',
    ],
  ])('%s', async (_, forgery, reason) => {
    const [status, answer] = await answerTo(forgery);
    expect([status, answer]).toEqual([401, expect.stringContaining('"NotAuthenticated"')]);
    expect(answer).toContain(reason);
  });
});

describe('a session token', () => {
  async function session(change: (token: string) => string = (token) => token) {
    const { getKeyId, getPrivateKey } = resourcePrincipal(cloud);
    const token = (await getKeyId()).slice('ST$'.length);
    return answerTo({ keyId: `ST$${change(token)}`, key: getPrivateKey() });
  }

  test('lets its holder in', async () => {
    expect((await session())[0]).toEqual(LET_IN);
  });

  test('is worth nothing to who has not its private key', async () => {
    const keyOfSession = await resourcePrincipal(cloud).getKeyId();
    expect(await answerTo({ keyId: keyOfSession })).toEqual([401, expect.stringContaining('does not match')]);
  });

  test.each<[string, (token: string) => string, string]>([
    ['is refused with other claims', (token) => withClaims(token, { sub: 'another' }), 'another cloud'],
    ['cannot be made to last', (token) => withClaims(token, { exp: 4e9 }), 'another cloud'],
    ['is refused in pieces', (token) => token.split('.').slice(0, 2).join('.'), 'malformed'],
    ['is refused where it is no token', () => 'garbage', 'malformed'],
  ])('%s', async (_, change, reason) => {
    const [status, answer] = await session(change);
    expect([status, answer]).toEqual([401, expect.stringContaining(reason)]);
  });

  test('is refused once it has expired', async () => {
    const { id } = cloud.tenancy;
    const principal = {
      kind: 'resource',
      id: 'ocid1.fnfunc.oc1.iad.test',
      tenancyId: id,
      compartmentId: id,
    } as const;
    const { token, privateKeyPem } = cloud.principals.issueSession(principal, -1000);
    const expired = await answerTo({ keyId: `ST$${token}`, key: privateKeyPem });
    expect(expired).toEqual([401, expect.stringContaining('expired')]);
  });
});

/** The token with some claims replaced, its signature left as it was. */
function withClaims(token: string, changed: object): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...changed };
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}
