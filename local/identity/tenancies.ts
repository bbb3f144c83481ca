import { type Call, type Operation, requiredQuery } from '../api.ts';
import { notFound } from '../errors.ts';
import type { Region } from '../region.ts';
import { requireCompartment } from './access.ts';
import type { Tenancy } from './store.ts';

/** How many availability domains OCI's larger regions have. */
const AVAILABILITY_DOMAINS = 3;

/** The tenancy, its regions, and its one user. */
export function tenancies(): Operation[] {
  return [
    {
      name: 'GetTenancy',
      method: 'GET',
      path: '/20160918/tenancies/{tenancyId}',
      handle: (call) => {
        const { id, name } = ownTenancy(call);
        const homeRegionKey = call.region.cloud.homeRegion.key.toUpperCase();
        return { body: { id, name, description: name, homeRegionKey, freeformTags: {}, definedTags: {} } };
      },
    },
    {
      name: 'ListRegionSubscriptions',
      method: 'GET',
      path: '/20160918/tenancies/{tenancyId}/regionSubscriptions',
      handle: (call) => {
        const tenancy = ownTenancy(call);
        const { regions, identity } = call.region.cloud;
        const subscribed = Array.from(regions.values()).filter(({ name }) =>
          identity.isSubscribed(tenancy, name),
        );
        return {
          body: subscribed.map(({ key, name }) => ({
            regionKey: key.toUpperCase(),
            regionName: name,
            status: 'READY',
            isHomeRegion: name === tenancy.homeRegion,
          })),
        };
      },
    },
    {
      name: 'ListRegions',
      method: 'GET',
      path: '/20160918/regions',
      handle: (call) => ({
        body: Array.from(call.region.cloud.regions.values(), ({ key, name }) => ({
          key: key.toUpperCase(),
          name,
        })),
      }),
    },
    {
      name: 'ListAvailabilityDomains',
      method: 'GET',
      path: '/20160918/availabilityDomains',
      handle: (call) => {
        const compartmentId = requiredQuery(call, 'compartmentId');
        requireCompartment(call, compartmentId);
        const numbers = Array.from({ length: AVAILABILITY_DOMAINS }, (_, index) => index + 1);
        return { body: numbers.map((number) => availabilityDomain(call.region, compartmentId, number)) };
      },
    },
    {
      name: 'GetUser',
      method: 'GET',
      path: '/20160918/users/{userId}',
      handle: (call) => {
        const id = call.params.userId ?? '';
        const key = call.region.cloud.principals.apiKeyOf(id);
        if (!key || key.tenancyId !== call.principal.tenancyId) throw notFound(id);
        return {
          body: {
            id,
            compartmentId: key.tenancyId,
            name: 'administrator',
            description: 'The administrator of the tenancy',
            timeCreated: new Date(0).toISOString(),
            lifecycleState: 'ACTIVE',
            isMfaActivated: false,
            freeformTags: {},
            definedTags: {},
          },
        };
      },
    },
  ];
}

function ownTenancy(call: Call): Tenancy {
  const id = call.params.tenancyId ?? '';
  const tenancy = call.region.cloud.identity.tenancies.get(id);
  if (!tenancy || id !== call.principal.tenancyId) throw notFound(id);
  return tenancy;
}

/** Named as in OCI: a prefix of the tenancy, the region, the number. */
function availabilityDomain(region: Region, compartmentId: string, number: number): object {
  const name = `Locl:${region.name.toUpperCase()}-AD-${number}`.replace(/-\d+-AD-/, '-AD-');
  const id = `ocid1.availabilitydomain.oc1..${region.key}${number}`;
  return { name, id, compartmentId };
}
