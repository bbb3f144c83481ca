import { createPrivateKey } from 'node:crypto';
import type { AuthenticationDetailsProvider } from 'oci-common';
import { PrincipalUnavailableError, ProfileInvalidError } from './errors.ts';
import type { GlobalOptions } from './options.ts';
import { type Profile, readConfigFile, readProfile } from './profile.ts';

/** Who calls, and the region that comes with it. */
export interface Identity {
  readonly provider: AuthenticationDetailsProvider;
  /** Region of the profile or of the principal; undefined where it has none. */
  readonly region: string | undefined;
}

/**
 * The caller's identity by `--auth`. The SDK is loaded only where it has to ask somebody for a token.
 *
 * @throws {ByoiError} naming the file, the profile or the entry that is at fault
 */
export async function authenticate(options: GlobalOptions): Promise<Identity> {
  switch (options.auth) {
    case 'api_key':
      return apiKey(readProfile(options.configFile, options.profile));
    case 'security_token':
      return securityToken(readProfile(options.configFile, options.profile));
    case 'instance_principal':
      return principal(options.auth, async () =>
        new (await import('oci-common')).InstancePrincipalsAuthenticationDetailsProviderBuilder().build(),
      );
    case 'resource_principal':
      return principal(options.auth, async () =>
        (await import('oci-common')).ResourcePrincipalAuthenticationDetailsProvider.builder(),
      );
  }
}

function apiKey(profile: Profile): Identity {
  const keyId = ['tenancy', 'user', 'fingerprint'].map((key) => profile.require(key)).join('/');
  return { provider: withKey(profile, keyId), region: profile.get('region') };
}

/** As `oci session authenticate` leaves it: a token in a file, and the session's own key. */
function securityToken(profile: Profile): Identity {
  const token = readConfigFile('session token', profile.require('security_token_file')).trim();
  return { provider: withKey(profile, `ST$${token}`), region: profile.get('region') };
}

function withKey(profile: Profile, keyId: string): AuthenticationDetailsProvider {
  const path = profile.require('key_file');
  const key = readConfigFile('API key', path);
  const passphrase = profile.get('pass_phrase') ?? null;
  try {
    createPrivateKey({ key, passphrase: passphrase ?? undefined });
  } catch (cause) {
    const problem = `names ${path}, which is no private key in PEM form, or "pass_phrase" does not open it`;
    throw new ProfileInvalidError(profile.name, profile.path, problem, { cause });
  }
  return { getKeyId: async () => keyId, getPrivateKey: () => key, getPassphrase: () => passphrase };
}

async function principal(
  auth: string,
  build: () => Promise<AuthenticationDetailsProvider & { getRegion(): { regionId: string } | undefined }>,
): Promise<Identity> {
  try {
    const provider = await build();
    return { provider, region: provider.getRegion()?.regionId };
  } catch (error) {
    throw new PrincipalUnavailableError(auth, error);
  }
}

/**
 * OCID of the caller: the user in an API key's id (`tenancy/user/fingerprint`), the subject of a token
 * (`ST$` and a JSON Web Token); null where neither says one.
 */
export async function callerOf(provider: AuthenticationDetailsProvider): Promise<string | null> {
  const keyId = await provider.getKeyId();
  const caller = keyId.startsWith('ST$') ? subjectOf(keyId.slice(3)) : keyId.split('/')[1];
  return typeof caller === 'string' && caller.startsWith('ocid1.') ? caller : null;
}

function subjectOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub;
  } catch {
    return null;
  }
}
