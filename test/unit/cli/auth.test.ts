import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { authenticate, callerOf } from '../../../cli/auth.ts';
import type { GlobalOptions } from '../../../cli/options.ts';

const folder = mkdtempSync(join(tmpdir(), 'byoi-auth-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const plainPem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const lockedPem = privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'pass',
});
const keyFile = file('key.pem', `${plainPem}OCI_API_KEY\n`);
const lockedKeyFile = file('locked.pem', lockedPem);
const token = ['{}', '{"sub":"ocid1.user.oc1..session","exp":1}', 'signature']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');

const config = file(
  'config',
  `# comment
[DEFAULT]
user = ocid1.user.oc1..one
tenancy=ocid1.tenancy.oc1..one
fingerprint=11:22
key_file=${keyFile}
region=us-ashburn-1

[ADMIN]
user=ocid1.user.oc1..two
region = eu-zurich-1
[SESSION]
security_token_file=${file('token', `${token}\n`)}
[LOCKED]
key_file=${lockedKeyFile}
pass_phrase=pass
[WRONG_PHRASE]
key_file=${lockedKeyFile}
pass_phrase=guess
[NO_KEY]
key_file=${join(folder, 'nowhere.pem')}
`,
);

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function options(changes: Partial<GlobalOptions>): GlobalOptions {
  return {
    profile: 'DEFAULT',
    configFile: config,
    auth: 'api_key',
    output: 'table',
    debug: false,
    ...changes,
  };
}

describe('an API key', () => {
  test('signs as the user of the profile, in its region', async () => {
    const { provider, region } = await authenticate(options({}));
    expect(await provider.getKeyId()).toBe('ocid1.tenancy.oc1..one/ocid1.user.oc1..one/11:22');
    expect(provider.getPrivateKey()).toContain('BEGIN PRIVATE KEY');
    expect(region).toBe('us-ashburn-1');
    expect(await callerOf(provider)).toBe('ocid1.user.oc1..one');
  });

  test('takes over from DEFAULT what its profile lacks, as in the OCI CLI', async () => {
    const { provider, region } = await authenticate(options({ profile: 'ADMIN' }));
    expect(await provider.getKeyId()).toBe('ocid1.tenancy.oc1..one/ocid1.user.oc1..two/11:22');
    expect(region).toBe('eu-zurich-1');
  });

  test('may be locked by a pass phrase', async () => {
    const { provider } = await authenticate(options({ profile: 'LOCKED' }));
    expect(provider.getPassphrase()).toBe('pass');
  });
});

test('a session token signs with the token, and its subject is the caller', async () => {
  const { provider } = await authenticate(options({ auth: 'security_token', profile: 'SESSION' }));
  expect(await provider.getKeyId()).toBe(`ST$${token}`);
  expect(await callerOf(provider)).toBe('ocid1.user.oc1..session');
});

test('a resource principal signs with the token of its environment', async () => {
  vi.stubEnv('OCI_RESOURCE_PRINCIPAL_VERSION', '2.2');
  vi.stubEnv('OCI_RESOURCE_PRINCIPAL_RPST', token);
  vi.stubEnv('OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM', String(plainPem));
  vi.stubEnv('OCI_RESOURCE_PRINCIPAL_REGION', 'us-phoenix-1');
  const { provider, region } = await authenticate(options({ auth: 'resource_principal' }));
  expect(region).toBe('us-phoenix-1');
  expect(provider.getPrivateKey()).toContain('PRIVATE KEY');
});

test('a caller that no token names is unknown, and is not guessed', async () => {
  const provider = {
    getKeyId: async () => 'ST$not.a.token',
    getPrivateKey: () => '',
    getPassphrase: () => null,
  };
  expect(await callerOf(provider)).toBeNull();
  expect(await callerOf({ ...provider, getKeyId: async () => 'tenancy/user/11:22' })).toBeNull();
});

describe('what is wrong with the configuration is named', () => {
  const wrong: [string, Partial<GlobalOptions>, string, RegExp][] = [
    ['no file', { configFile: join(folder, 'none') }, 'CONFIG_UNREADABLE', /none cannot be read \(ENOENT\)/],
    ['no such profile', { profile: 'admin' }, 'PROFILE_NOT_FOUND', /"admin"/],
    ['an entry missing', { auth: 'security_token' }, 'PROFILE_INVALID', /no entry "security_token_file"/],
    ['no key file', { profile: 'NO_KEY' }, 'CONFIG_UNREADABLE', /API key .*nowhere\.pem/],
    ['a wrong pass phrase', { profile: 'WRONG_PHRASE' }, 'PROFILE_INVALID', /"pass_phrase"/],
    ['no principal', { auth: 'resource_principal' }, 'PRINCIPAL_UNAVAILABLE', /resource_principal/],
  ];
  test.each(wrong)('%s', async (_, changes, code, sentence) => {
    const error: unknown = await authenticate(options(changes)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) });
  });

  test('a wrong profile is answered with those there are', async () => {
    const error: unknown = await authenticate(options({ profile: 'x' })).catch((reason: unknown) => reason);
    expect(error).toHaveProperty('remedy', expect.stringContaining('DEFAULT, ADMIN, SESSION'));
  });
});
