import { generateKeyPair, type KeyPairKeyObjectResult } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Principal, Principals } from '../identity/principals.ts';

/** OCI's resource principal tokens live this long. */
const TOKEN_LIFETIME_MS = 15 * 60_000;
/** The SDK reads the file again when its token has expired; it must find one that is still good for a while. */
const RENEWAL_MS = 5 * 60_000;

/** The credentials of the functions' processes: a key pair for each function, a token for each process. */
export class Sessions {
  readonly #principals: Principals;
  readonly #keys = new Map<string, Promise<KeyPairKeyObjectResult>>();

  constructor(principals: Principals) {
    this.#principals = principals;
  }

  /**
   * Writes a process's token and key into `folder` and keeps the token fresh.
   *
   * @returns ends the renewal
   */
  async open(principal: Principal, folder: string): Promise<() => void> {
    const keys = await this.#keysOf(principal.id);
    const write = () => {
      const { token, privateKeyPem } = this.#principals.issueSession(principal, TOKEN_LIFETIME_MS, keys);
      replaceFile(join(folder, 'private.pem'), privateKeyPem);
      replaceFile(join(folder, 'rpst'), token);
    };
    write();
    const timer = setInterval(write, RENEWAL_MS).unref();
    return () => clearInterval(timer);
  }

  #keysOf(functionId: string): Promise<KeyPairKeyObjectResult> {
    const keys = this.#keys.get(functionId) ?? promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
    this.#keys.set(functionId, keys);
    return keys;
  }
}

/** The variables that make the SDK's resource principal provider (version 2.2) find what `open` wrote. */
export function sessionEnvironment(folder: string, regionName: string): Record<string, string> {
  return {
    OCI_RESOURCE_PRINCIPAL_VERSION: '2.2',
    OCI_RESOURCE_PRINCIPAL_RPST: join(folder, 'rpst'),
    OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM: join(folder, 'private.pem'),
    OCI_RESOURCE_PRINCIPAL_REGION: regionName,
  };
}

/** The process reads it at any time, so it must never be there by halves. */
function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
