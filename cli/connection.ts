import { NO_DEADLINE } from '../shared/deadline.ts';
import { type Clients, connect } from '../shared/oci/clients.ts';
import type { LedgerAddress } from '../shared/oci/documents.ts';
import { call } from '../shared/oci/errors.ts';
import { createSigner } from '../shared/oci/signer.ts';
import { parseEndpoints } from '../shared/runtime/environment.ts';
import { authenticate, callerOf } from './auth.ts';
import { LedgerUnknownError, RegionUnknownError, UsageError } from './errors.ts';
import type { GlobalOptions, LedgerOptions } from './options.ts';

/** What a command that talks to OCI, or to an embedded one, works with. */
export interface Connection {
  readonly clients: Clients;
  readonly region: string;
  /** OCID of the caller; null where it is not known. */
  readonly caller: string | null;
}

/** @throws {ByoiError} where identity, region or endpoints are missing or wrong; nothing is sent yet */
export async function openConnection(options: GlobalOptions, deadline = NO_DEADLINE): Promise<Connection> {
  const { provider, region: ownRegion } = await authenticate(options);
  const region = options.region ?? ownRegion;
  if (!region) throw new RegionUnknownError();
  const endpoints: Record<string, string> = { ...parseEndpoints(process.env.BYOI_ENDPOINTS) };
  if (options.endpoint) endpoints[region] = httpUrl(options.endpoint);
  const clients = connect(createSigner(provider), deadline, endpoints);
  return { clients, region, caller: await callerOf(provider) };
}

/** @throws {LedgerUnknownError} where no bucket was given */
export async function ledgerOf(connection: Connection, options: LedgerOptions): Promise<LedgerAddress> {
  const { ledgerBucket: bucket, ledgerRegion: region = connection.region } = options;
  if (!bucket) throw new LedgerUnknownError();
  const namespace = options.ledgerNamespace ?? (await namespaceOf(connection.clients, region));
  return { region, namespace, bucket };
}

/** The tenancy's Object Storage namespace. */
export async function namespaceOf(clients: Clients, region: string): Promise<string> {
  const client = await clients.objectStorage(region);
  return (await call('GetNamespace', () => client.getNamespace({}))).value;
}

/** The SDK appends its paths, so that a slash at the end would be doubled. */
function httpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError(`--endpoint is "${text}", which is no URL.`, 'Write it like http://127.0.0.1:8080.');
  }
  return text.replace(/\/+$/, '');
}
