import type { Clients } from './clients.ts';
import { call } from './errors.ts';

/** A limit of a service in a region, in OCI's names. */
export interface Limit {
  readonly serviceName: string;
  readonly limitName: string;
}

/** How many more of a thing a region may have; undefined where OCI does not say. @throws {OciServiceError} */
export async function availableOf(
  clients: Clients,
  region: string,
  tenancyId: string,
  limit: Limit,
): Promise<number | undefined> {
  const client = await clients.limits(region);
  const { resourceAvailability } = await call('GetResourceAvailability', () =>
    client.getResourceAvailability({ ...limit, compartmentId: tenancyId }),
  );
  return resourceAvailability.available;
}
