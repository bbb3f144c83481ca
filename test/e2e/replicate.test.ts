import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
});

afterAll(() => byoi.remove());

async function imageOf(run: Run, branch: string) {
  const found = run.branches.find(({ id }) => id === branch);
  const compute = await byoi.clients.compute(found?.region ?? '');
  return (await compute.getImage({ imageId: found?.imageId ?? '' })).image;
}

/** Drops a disk, and waits for its image. @returns the image's OCID */
async function droppedImage(object: string): Promise<string> {
  const run = await byoi.ended(await byoi.drop(object, QCOW2));
  return run.branches[0]?.imageId ?? '';
}

async function replicate(payload: object): Promise<Run> {
  const { status, body } = await byoi.invoke(
    'export-image',
    JSON.stringify({ byoi: 'replicate', ...payload }),
  );
  expect([status, body]).toEqual([200, expect.stringContaining('run')]);
  return byoi.ended((JSON.parse(body) as { run: string }).run);
}

describe('an image that is replicated', () => {
  it('is exported, copied and imported, launched as its source is, and leaves nothing on the way', async () => {
    const imageId = await droppedImage('web-server.qcow2');
    const run = await replicate({ imageId, to: [PHOENIX] });
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    const [source, copy] = [
      (await (await byoi.clients.compute(ASHBURN)).getImage({ imageId })).image,
      await imageOf(run, PHOENIX),
    ];
    expect(copy).toMatchObject({
      displayName: source.displayName,
      lifecycleState: 'AVAILABLE',
      launchMode: source.launchMode,
      operatingSystem: source.operatingSystem,
    });
    expect(copy.freeformTags).toMatchObject({ 'byoi-run': run.id });
    expect(await byoi.leftovers()).toEqual([]);
  });
});
