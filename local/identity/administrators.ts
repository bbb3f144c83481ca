import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newOcid } from '../ids.ts';
import type { Principals } from './principals.ts';
import type { Tenancy } from './store.ts';

/**
 * The one user of a tenancy, made in `folder` the first time: an API key, and an OCI configuration file
 * (`~/.oci/config` form) that signs with it.
 *
 * @returns path of the configuration file
 */
export function ensureAdministrator(folder: string, tenancy: Tenancy, principals: Principals): string {
  mkdirSync(folder, { recursive: true });
  const userFile = join(folder, 'administrator');
  if (!existsSync(userFile)) writeFileSync(userFile, newOcid('user'));
  const userId = readFileSync(userFile, 'utf8');
  const keyFile = join(folder, 'administrator.pem');
  const publicKey = createPublicKey(privateKeyPem(keyFile));
  const fingerprint = fingerprintOf(publicKey.export({ type: 'spki', format: 'der' }));
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  principals.addApiKey({ tenancyId: tenancy.id, userId, fingerprint, publicKeyPem });
  const lines = {
    user: userId,
    fingerprint,
    tenancy: tenancy.id,
    region: tenancy.homeRegion,
    key_file: keyFile,
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  const configFile = join(folder, 'oci-config');
  writeFileSync(configFile, `[DEFAULT]\n${text.join('')}`, { mode: 0o600 });
  return configFile;
}

/** The private key kept in a file, made the first time. */
export function privateKeyPem(path: string): string {
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return readFileSync(path, 'utf8');
}

/** MD5 of the public key's DER, as OCI shows it: pairs of hex digits between colons. */
function fingerprintOf(der: Buffer): string {
  const digest = createHash('md5').update(der).digest('hex');
  return digest.match(/../g)?.join(':') ?? '';
}
