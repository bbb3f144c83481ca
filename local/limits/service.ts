import { type Call, type Operation, requiredQuery } from '../api.ts';
import { invalidParameter, notCovered } from '../errors.ts';
import { requireCompartment } from '../identity/access.ts';
import type { Region } from '../region.ts';

/** Limits (base path `/20190729`), as far as byoi asks: whether one more custom image, or event rule, has room. */
export function limits(region: Region): Operation[] {
  return [
    {
      name: 'GetResourceAvailability',
      method: 'GET',
      path: '/20190729/services/{serviceName}/limits/{limitName}/resourceAvailability',
      handle: (call) => ({ body: resourceAvailability(call, region) }),
    },
  ];
}

function resourceAvailability(call: Call, region: Region): object {
  const { serviceName, limitName } = call.params;
  const quotaOf = quotas(region)[`${serviceName} ${limitName}`];
  if (!quotaOf) throw notCovered(`the limit ${limitName} of the service ${serviceName}`);
  const compartmentId = requiredQuery(call, 'compartmentId');
  requireCompartment(call, compartmentId);
  if (compartmentId !== call.principal.tenancyId) throw notCovered('the usage of one compartment');
  // The API reference: to be omitted where a limit is one of the whole region.
  if (call.query.has('availabilityDomain'))
    throw invalidParameter(`${limitName} is a limit of the region: omit availabilityDomain.`);
  const { used, limit, isSet } = quotaOf(compartmentId);
  const available = Math.max(0, limit - used);
  return {
    used,
    available,
    fractionalUsage: used,
    fractionalAvailability: available,
    // Absent unless a quota is in force: a client must not count on it.
    ...(isSet && { effectiveQuotaValue: limit }),
  };
}

const quotas = (region: Region): Readonly<Record<string, Region['customImages']>> => ({
  'compute custom-image-count': region.customImages,
  'events rule-count': region.eventRules,
});
