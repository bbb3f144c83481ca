import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  branchOf,
  configure,
  imageOf,
  personsImage,
  QCOW2,
  replicate,
  retried,
} from '../support/replication.ts';

const CONFIGURED = { Operations: { CostCenter: '42', Stage: 'production' }, Finance: { Account: 'A-1' } };
/** What OCI's console is reported to say; see docs/FIDELITY.md. */
const REQUIRED =
  'Resource creation failed because the resource requires tag value(s). Add a value to each of the following tag definition(s): Finance.Account.';

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy({}, { definedTags: CONFIGURED });
});

afterAll(() => byoi.remove());

async function schemaOf(run: Run, branch: string) {
  const { region, imageId } = branchOf(run, branch);
  const compute = await byoi.clients.compute(region);
  const { items } = await compute.listComputeImageCapabilitySchemas({ imageId: imageId ?? '' });
  return items[0];
}

describe('the defined tags of config.json', () => {
  it('are set on the image of a dropped disk, on its copy, and on their capability schemas', async () => {
    const metadata = { 'byoi-replicate-to': PHOENIX, 'byoi-firmware': 'UEFI_64' };
    const run = await byoi.ended(await byoi.drop('tagged.qcow2', QCOW2, metadata));
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    for (const branch of [ASHBURN, PHOENIX]) {
      expect((await imageOf(byoi, run, branch)).definedTags).toEqual(CONFIGURED);
      expect((await schemaOf(run, branch))?.definedTags).toEqual(CONFIGURED);
    }
  });

  it('are set on the copy of an image, whose own value wins, however it is spelt', async () => {
    const imageId = await personsImage(byoi, {
      definedTags: {
        operations: { costcenter: '7', Owner: 'web' },
        'Oracle-Tags': { CreatedBy: 'somebody' },
      },
    });
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect((await imageOf(byoi, run, PHOENIX)).definedTags).toEqual({
      operations: { costcenter: '7', Stage: 'production', Owner: 'web' },
      Finance: { Account: 'A-1' },
    });
  });

  it('that change between two tries of CreateImage count for the next run: it is the same call, and makes one image', async () => {
    const fault = { operation: 'CreateImage', status: 503, when: 'after', ofFunctions: true };
    await byoi.control('POST', 'faults', { calls: [fault] });
    const id = await byoi.drop('same-call.qcow2', QCOW2);
    await byoi.until(id, ({ branches }) => (branches[0]?.tries ?? 0) > 0);
    await configure(byoi, { definedTags: { Finance: { Account: 'A-2' } } });
    await byoi.control('DELETE', 'faults');
    const run = await byoi.ended(id);
    await configure(byoi, { definedTags: CONFIGURED });
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect((await imageOf(byoi, run, ASHBURN)).definedTags).toEqual(CONFIGURED);
    const own = (await byoi.images()).filter(({ freeformTags }) => freeformTags['byoi-run'] === id);
    expect(own).toHaveLength(1);
  });

  it('that a compartment requires and that are missing are asked for, and a retry takes them', async () => {
    await configure(byoi, { definedTags: {} });
    const fault = { operation: 'CreateImage', status: 400, code: 'InvalidParameter', message: REQUIRED };
    await byoi.control('POST', 'faults', { calls: [{ ...fault, times: 1 }] });
    const failed = await byoi.ended(await byoi.drop('required.qcow2', QCOW2));
    expect([failed.state, failed.failure?.code]).toEqual(['FAILED', 'OCI_TAG_REQUIRED']);
    expect(failed.failure?.sentence).toContain('Finance.Account');
    expect(failed.failure?.remedy).toMatch(/`definedTags` of config\.json.*`byoi runs retry`/);
    await configure(byoi, { definedTags: CONFIGURED });
    const run = await retried(byoi, failed);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect((await imageOf(byoi, run, ASHBURN)).definedTags).toEqual(CONFIGURED);
    expect(await byoi.leftovers()).toEqual([]);
  });
});
