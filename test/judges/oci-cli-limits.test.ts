import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCloud } from '../support/cloud.ts';
import { ociCli } from '../support/oci-cli.ts';

let cloud: Awaited<ReturnType<typeof startCloud>>;
let oci: ReturnType<typeof ociCli>;
beforeAll(async () => {
  cloud = await startCloud();
  oci = ociCli(cloud);
});
afterAll(() => cloud.remove());

test('the CLI asks how many custom images there may still be', async () => {
  const { data } = await oci([
    ...['limits', 'resource-availability', 'get', '--service-name', 'compute'],
    ...['--limit-name', 'custom-image-count', '--compartment-id', cloud.tenancy.id],
  ]);
  expect(data).toMatchObject({ used: 0, available: 100, 'effective-quota-value': null });
});
