import { expect, it, vi } from 'vitest';
import { checkDestinations } from '../../../shared/drive/check-destinations.ts';
import {
  anImageRun,
  copiedTo,
  copiedToOthers,
  directTo,
  FRANKFURT,
  HUB,
  PHOENIX,
} from '../../support/facts.ts';
import { A_LEDGER, fakeClients, fakeDeployment, serviceError } from '../../support/fake-oci.ts';

const TENANCY = 'ocid1.tenancy.oc1..t';

/** What an export's check finds with these destinations, and how often the subscriptions were asked for. */
async function check(plan: ReturnType<typeof copiedTo>[], subscriptions: () => unknown) {
  const listRegionSubscriptions = vi.fn(subscriptions);
  const clients = fakeClients({
    objectStorage: { headBucket: () => ({}) },
    limits: { getResourceAvailability: () => ({ resourceAvailability: { available: 9 } }) },
    identity: { listRegionSubscriptions },
  });
  const deployment = fakeDeployment({ clients, ledger: A_LEDGER, config: { tenancyId: TENANCY } });
  const run = anImageRun(plan);
  if (!run.exporting) throw new Error('A run that exports nothing.');
  const fact = await checkDestinations(deployment, run, run.exporting);
  const failures =
    'failures' in fact ? fact.failures.map(({ branch, failure }) => [branch, failure.code]) : [];
  return { failures, asked: listRegionSubscriptions.mock.calls.length };
}

const subscribedTo =
  (...names: string[]) =>
  () => ({ items: names.map((regionName) => ({ regionName })) });
const TO_BOTH = [copiedTo(PHOENIX), copiedTo(FRANKFURT)];

it('the subscriptions are asked for once for all destinations, and each is judged by itself', async () => {
  expect(await check(TO_BOTH, subscribedTo(HUB, PHOENIX))).toEqual({
    failures: [[FRANKFURT, 'REGION_NOT_SUBSCRIBED']],
    asked: 1,
  });
});

it('subscriptions that may not be seen end all of them, and such as cannot be asked for now end none', async () => {
  const failing = (status: number, code: string) => () => {
    throw serviceError(status, code);
  };
  const ended = [PHOENIX, FRANKFURT].map((region) => [region, 'OCI_NOT_FOUND_OR_NOT_ALLOWED']);
  expect((await check(TO_BOTH, failing(404, 'NotAuthorizedOrNotFound'))).failures).toEqual(ended);
  expect((await check(TO_BOTH, failing(500, 'InternalServerError'))).failures).toEqual([]);
});

it('the hub and another tenancy need none: then nobody is asked', async () => {
  const others = {
    ...copiedToOthers(PHOENIX),
    copy: { region: PHOENIX, namespace: 'theirs', bucket: 'b', object: 'o' },
  };
  expect(await check([directTo(HUB), others], subscribedTo())).toEqual({ failures: [], asked: 0 });
});
