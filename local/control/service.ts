import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import type { Operation } from '../api.ts';
import { parseBody } from '../body.ts';
import type { Cloud } from '../cloud.ts';
import { conflict, invalidParameter, notFound } from '../errors.ts';
import type { Region } from '../region.ts';
import { faultOperations } from './faults.ts';

/** Long enough for the answer to a stop to reach its caller before the connections are closed. */
const STOP_DELAY_MS = 100;

const ClockDetails = z.strictObject({
  scale: z.number().positive().optional(),
  advanceSeconds: z.number().min(0).optional(),
});
/** The name is also the tenancy's Object Storage namespace and a folder's name. */
const TenancyDetails = z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/) });

const SubscriptionDetails = z.strictObject({ namespace: z.string(), regions: z.array(z.string()) });
const NoDetails = z.strictObject({});

/** What steers the emulation as a whole: every region answers for all. */
export function control({ cloud }: Region): Operation[] {
  return [
    local('GET', '/_local/health', 'LocalHealth', () => health(cloud)),
    local('POST', '/_local/clock', 'LocalSetClock', (call) => {
      const { scale, advanceSeconds = 0 } = parseBody(call, ClockDetails);
      cloud.clock.scale = scale ?? cloud.clock.scale;
      cloud.clock.advance(advanceSeconds * 1000);
      return { scale: cloud.clock.scale, now: cloud.clock.now().toISOString() };
    }),
    local('POST', '/_local/reset', 'LocalReset', () => {
      for (const region of cloud.regions.values()) region.reset();
      cloud.faults.clear();
      return {};
    }),
    local('POST', '/_local/stop', 'LocalStop', () => {
      void sleep(STOP_DELAY_MS).then(() => cloud.stop());
      return {};
    }),
    local('POST', '/_local/tenancies', 'LocalAddTenancy', (call) => {
      const { name } = parseBody(call, TenancyDetails);
      if (cloud.identity.tenancyOfNamespace(name))
        throw conflict('TenancyAlreadyExists', `There is a tenancy named ${name} already.`);
      const { tenancy, configFile } = cloud.addTenancy(name);
      return { ...tenancy, configFile };
    }),
    local('POST', '/_local/subscriptions', 'LocalSetSubscriptions', (call) =>
      subscribe(cloud, parseBody(call, SubscriptionDetails)),
    ),
    local('POST', '/_local/work-requests/forget', 'LocalForgetWorkRequests', (call) => {
      parseBody(call, NoDetails);
      for (const region of cloud.regions.values()) region.work.forgetEnded();
      return {};
    }),
    ...faultOperations(cloud.faults),
  ];
}

function local(
  method: 'GET' | 'POST',
  path: string,
  name: string,
  answer: (call: Parameters<Operation['handle']>[0]) => object,
): Operation {
  return { name, method, path, unsigned: true, handle: (call) => ({ body: answer(call) }) };
}

function subscribe(
  { identity, regions: known }: Cloud,
  { namespace, regions }: z.infer<typeof SubscriptionDetails>,
): object {
  const tenancy = identity.tenancyOfNamespace(namespace);
  if (!tenancy) throw notFound(`the tenancy with the namespace ${namespace}`);
  const unknown = regions.find((name) => !known.has(name));
  if (unknown !== undefined) throw invalidParameter(`There is no region ${unknown} in this cloud.`);
  if (!regions.includes(tenancy.homeRegion))
    throw invalidParameter(`A tenancy is always subscribed to its home region ${tenancy.homeRegion}.`);
  identity.tenancies.set(tenancy.id, { ...tenancy, subscriptions: regions });
  return { namespace, regions };
}

function health(cloud: Cloud): object {
  return {
    version: packageJson.version,
    configFile: cloud.configFile,
    tenancyId: cloud.tenancy.id,
    namespace: cloud.tenancy.namespace,
    regions: Array.from(cloud.regions.values(), ({ name, key, endpoint }) => ({ name, key, endpoint })),
    clock: { scale: cloud.clock.scale, now: cloud.clock.now().toISOString() },
  };
}
