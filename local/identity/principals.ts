import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  sign as signBytes,
  verify,
} from 'node:crypto';
import { notAuthenticated } from '../errors.ts';
import type { Table } from '../table.ts';

/** Who makes a call. */
export interface Principal {
  readonly kind: 'user' | 'resource' | 'anonymous';
  /** OCID of the user or of the function; empty for the anonymous one. */
  readonly id: string;
  readonly tenancyId: string;
  /** The compartment of a resource principal; the tenancy for a user. */
  readonly compartmentId: string;
  /** Which process of a function holds the token; kills are aimed by it. */
  readonly processId?: string;
}

export const ANONYMOUS: Principal = { kind: 'anonymous', id: '', tenancyId: '', compartmentId: '' };

/** An API signing key of a user, under `tenancy/user/fingerprint`. */
export interface ApiKey {
  readonly tenancyId: string;
  readonly userId: string;
  readonly fingerprint: string;
  readonly publicKeyPem: string;
}

/** What a resource principal session token (RPST) of this cloud says. */
interface SessionClaims {
  readonly sub: string;
  readonly res_tenant: string;
  readonly res_compartment: string;
  readonly res_type: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  /** The session's public key, as JWK in JSON text: OCI's own form. */
  readonly jwk: string;
}

/** Issues and checks what identifies a caller: API keys by their public half, tokens by the cloud's own key. */
export class Principals {
  readonly #apiKeys: Table<ApiKey>;
  /** Parsed once: every call of a function is checked with it. */
  readonly #signingKey: KeyObject;
  readonly #verifyingKey: KeyObject;

  /** @param signingKeyPem private key of the cloud, which signs session tokens; kept across restarts */
  constructor(apiKeys: Table<ApiKey>, signingKeyPem: string) {
    this.#apiKeys = apiKeys;
    this.#signingKey = createPrivateKey(signingKeyPem);
    this.#verifyingKey = createPublicKey(this.#signingKey);
  }

  addApiKey(key: ApiKey): void {
    this.#apiKeys.set(`${key.tenancyId}/${key.userId}/${key.fingerprint}`, key);
  }

  apiKeyOf(userId: string): ApiKey | undefined {
    return Array.from(this.#apiKeys.values()).find((key) => key.userId === userId);
  }

  /**
   * A new session of a function: the token and the private key that goes with it.
   *
   * @param keys where several processes of a function share a pair, since making one takes long
   */
  issueSession(
    principal: Principal,
    lifetimeMs: number,
    keys: KeyPairKeyObjectResult = generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ): { token: string; privateKeyPem: string } {
    const issued = Math.floor(Date.now() / 1000);
    const claims: SessionClaims = {
      sub: principal.id,
      res_tenant: principal.tenancyId,
      res_compartment: principal.compartmentId,
      res_type: 'fnfunc',
      jti: principal.processId ?? '',
      iat: issued,
      exp: issued + Math.floor(lifetimeMs / 1000),
      jwk: JSON.stringify({ kid: 'session', ...keys.publicKey.export({ format: 'jwk' }) }),
    };
    const signed = `${base64Json({ alg: 'RS256', typ: 'JWT', kid: 'local' })}.${base64Json(claims)}`;
    const signature = signBytes('RSA-SHA256', Buffer.from(signed), this.#signingKey).toString('base64url');
    return {
      token: `${signed}.${signature}`,
      privateKeyPem: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    };
  }

  /**
   * The principal behind a signature's keyId, and the public key to check that signature with.
   *
   * @throws {OciError} 401 for an unknown key, a foreign or an expired token
   */
  resolve(keyId: string): { principal: Principal; publicKey: KeyObject } {
    if (keyId.startsWith('ST$')) return this.#resolveSession(keyId.slice(3));
    const key = this.#apiKeys.get(keyId);
    if (!key) throw notAuthenticated('unknown API key');
    const principal: Principal = {
      kind: 'user',
      id: key.userId,
      tenancyId: key.tenancyId,
      compartmentId: key.tenancyId,
    };
    return { principal, publicKey: createPublicKey(key.publicKeyPem) };
  }

  #resolveSession(token: string): { principal: Principal; publicKey: KeyObject } {
    const [header, payload, signature] = token.split('.');
    if (!header || !payload || !signature) throw notAuthenticated('malformed session token');
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('RSA-SHA256', signed, this.#verifyingKey, Buffer.from(signature, 'base64url'))) {
      throw notAuthenticated('session token of another cloud');
    }
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as SessionClaims;
    if (claims.exp * 1000 < Date.now()) throw notAuthenticated('session token expired');
    const principal: Principal = {
      kind: 'resource',
      id: claims.sub,
      tenancyId: claims.res_tenant,
      compartmentId: claims.res_compartment,
      processId: claims.jti,
    };
    return { principal, publicKey: createPublicKey({ key: JSON.parse(claims.jwk), format: 'jwk' }) };
  }
}

const base64Json = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
