import type { IncomingMessage } from 'node:http';
import { OciError } from '../errors.ts';
import type { Region } from '../region.ts';

/**
 * Lets only this machine's own programs at `/_local/`, which asks for no signature. A web page open in a browser
 * reaches 127.0.0.1 too: it sends an Origin, or, by a name it rebinds to this address, another Host.
 *
 * @throws {OciError} 403
 */
export function requireLocalCaller(request: IncomingMessage, region: Region): void {
  const { port } = new URL(region.endpoint);
  const { host, origin } = request.headers;
  if (origin === undefined && (host === `127.0.0.1:${port}` || host === `localhost:${port}`)) return;
  throw new OciError(403, 'NotAllowed', 'The control of the embedded OCI answers local programs only.');
}
