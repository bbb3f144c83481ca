import type { models } from 'oci-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  askToReplicate,
  branchOf,
  imageOf,
  imagesIn,
  personsImage,
  replicate,
  worksOf,
} from '../support/replication.ts';

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
});

afterAll(() => byoi.remove());

/** Replicates an image to Phoenix. @returns the run, once it has succeeded */
async function copied(imageId: string, more: object = {}): Promise<Run> {
  const run = await replicate(byoi, { imageId, to: [PHOENIX], ...more });
  expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
  return run;
}

/** What OCI was told of the image with the call that made it. */
async function askedOf(run: Run): Promise<Record<string, unknown>> {
  const { imageId } = branchOf(run, PHOENIX);
  const work = worksOf(byoi, 'CreateImage', PHOENIX).find(({ input }) => input.imageId === imageId);
  const { launchMode } = await imageOf(byoi, run, PHOENIX);
  return { ...work?.input, launchMode };
}

describe('the launch mode of a copy', () => {
  it.each(['EMULATED', 'NATIVE', 'PARAVIRTUALIZED'])(
    'is sent for a QCOW2 export, and is the source image’s own: %s',
    async (launchMode) => {
      const imageId = await personsImage(byoi, { launchMode: launchMode as never });
      const run = await copied(imageId, { format: 'QCOW2' });
      expect(await askedOf(run)).toMatchObject({ sourceImageType: 'QCOW2', launchMode });
    },
  );

  it('is not sent for an .oci archive, which says it itself', async () => {
    const imageId = await personsImage(byoi, { launchMode: 'EMULATED' as never });
    const run = await copied(imageId);
    // It heeds the archive where neither launch mode nor source type was sent.
    expect(await askedOf(run)).toMatchObject({ heedsArchive: true, launchMode: 'EMULATED' });
  });

  it('CUSTOM is kept by the format OCI', async () => {
    const imageId = await personsImage(byoi, { launchMode: 'CUSTOM' as never });
    const run = await copied(imageId);
    expect(await askedOf(run)).toMatchObject({ heedsArchive: true, launchMode: 'CUSTOM' });
  });

  it('CUSTOM is refused with another format, before a run begins', async () => {
    const imageId = await personsImage(byoi, { launchMode: 'CUSTOM' as never });
    const answer = await byoi.command('replicate', imageId, '--to', PHOENIX, '--format', 'QCOW2');
    expect(answer.code).toBe(1);
    expect(answer.err).toMatch(/IMAGE_NOT_EXPORTABLE: .* CUSTOM/);
    expect(answer.err).toContain('Leave out --format');
    for await (const id of byoi.runs.ids())
      expect((await byoi.runs.get(id))?.value.image?.imageId).not.toBe(imageId);
  });
});

describe('a copy takes over from its source', () => {
  it.each(['OCI', 'QCOW2'])('the capability schema, by the format %s', async (format) => {
    const imageId = await personsImage(byoi);
    const compute = await byoi.clients.compute(ASHBURN);
    const { items } = await compute.listComputeGlobalImageCapabilitySchemas({});
    const firmware = { defaultValue: 'UEFI_64', values: ['UEFI_64', 'BIOS'] };
    const consistent = { defaultValue: true };
    await compute.createComputeImageCapabilitySchema({
      createComputeImageCapabilitySchemaDetails: {
        compartmentId: byoi.deployment.compartmentId,
        imageId,
        computeGlobalImageCapabilitySchemaVersionName: items[0]?.currentVersionName ?? '',
        schemaData: {
          'Compute.Firmware': { descriptorType: 'enumstring', source: 'IMAGE', ...firmware },
          'Storage.ConsistentVolumeNaming': { descriptorType: 'boolean', source: 'IMAGE', ...consistent },
        } as never,
      },
    });
    const run = await copied(imageId, { format });
    expect((await imageOf(byoi, run, PHOENIX)).launchOptions?.firmware).toBe('UEFI_64');
    const there = await byoi.clients.compute(PHOENIX);
    const listed = await there.listComputeImageCapabilitySchemas({
      imageId: branchOf(run, PHOENIX).imageId ?? '',
    });
    expect(listed.items).toHaveLength(1);
    const { computeImageCapabilitySchema: schema } = await there.getComputeImageCapabilitySchema({
      computeImageCapabilitySchemaId: listed.items[0]?.id ?? '',
    });
    expect(schema.schemaData).toMatchObject({
      'Compute.Firmware': firmware,
      'Storage.ConsistentVolumeNaming': consistent,
    });
  });

  it('its shapes, with their bounds, and no others', async () => {
    const imageId = await personsImage(byoi);
    const compute = await byoi.clients.compute(ASHBURN);
    const bounds: models.AddImageShapeCompatibilityEntryDetails = {
      ocpuConstraints: { min: 2, max: 8 },
      memoryConstraints: { minInGBs: 16, maxInGBs: 64 },
    };
    const add = (shapeName: string, addImageShapeCompatibilityEntryDetails: typeof bounds) =>
      compute.addImageShapeCompatibilityEntry({
        imageId,
        shapeName,
        addImageShapeCompatibilityEntryDetails,
      });
    await add('VM.Standard.E4.Flex', bounds);
    await add('VM.Standard3.Flex', {});
    const run = await copied(imageId);
    const there = await byoi.clients.compute(PHOENIX);
    const { items } = await there.listImageShapeCompatibilityEntries({
      imageId: branchOf(run, PHOENIX).imageId ?? '',
    });
    expect(items.map(({ shape }) => shape).sort()).toEqual(['VM.Standard.E4.Flex', 'VM.Standard3.Flex']);
    expect(items.find(({ shape }) => shape === 'VM.Standard.E4.Flex')).toMatchObject(bounds);
    expect(branchOf(run, PHOENIX).warnings).toEqual([]);
  });

  it('its free-form and defined tags, but none of byoi’s', async () => {
    const imageId = await personsImage(byoi, {
      freeformTags: { team: 'web', 'Byoi-Confidence': 'high', 'byoi-launch-mode': 'NATIVE' },
      definedTags: { Operations: { CostCenter: '42' } },
    });
    const run = await copied(imageId);
    const copy = await imageOf(byoi, run, PHOENIX);
    expect(copy.freeformTags).toEqual({
      'byoi-run': run.id,
      'byoi-source': `${ASHBURN}/${imageId}`,
      team: 'web',
    });
    expect(copy.definedTags).toEqual({ Operations: { CostCenter: '42' } });
  });

  it('as many tags as find room, and tells which did not', async () => {
    const tags = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`tag-${index}`, 'set']));
    const imageId = await personsImage(byoi, { freeformTags: tags });
    const run = await copied(imageId);
    expect(Object.keys((await imageOf(byoi, run, PHOENIX)).freeformTags ?? {})).toHaveLength(10);
    const [warning] = branchOf(run, PHOENIX).warnings;
    expect(warning).toMatchObject({
      code: 'TAGS_NOT_CARRIED',
      sentence: expect.stringContaining('tag-8, tag-9'),
    });
    const told = (await byoi.notifications()).find((message) => message.run === run.id);
    expect(told).toMatchObject({ warnings: [{ code: 'TAGS_NOT_CARRIED' }] });
  });
});

describe('an image of a licensed system', () => {
  const windows = { operatingSystem: 'Windows', operatingSystemVersion: 'Server 2022 Standard' };

  it('is held before its export, until somebody attests the licence', async () => {
    const imageId = await personsImage(byoi, {}, windows);
    const exports = worksOf(byoi, 'ExportImage').length;
    const held = await byoi.until(
      await askToReplicate(byoi, { imageId, to: [PHOENIX] }),
      ({ state, untold }) => state === 'NEEDS_LICENSE' && untold === null,
    );
    const told = (await byoi.notifications()).filter((message) => message.run === held.id);
    expect(told).toMatchObject([{ state: 'NEEDS_LICENSE', licensedSystem: 'windows' }]);
    expect(worksOf(byoi, 'ExportImage')).toHaveLength(exports);
    const license = 'ACME, Software Assurance';
    expect((await byoi.command('runs', 'attest', held.id, '--license', license)).code).toBe(0);
    const run = await byoi.ended(held.id);
    expect(run.state).toBe('SUCCEEDED');
    const copy = await imageOf(byoi, run, PHOENIX);
    expect(copy.freeformTags?.['byoi-license']).toContain(license);
    expect(copy).toMatchObject(windows);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('is exported at once where the licence came with the request', async () => {
    const imageId = await personsImage(byoi, {}, windows);
    const run = await copied(imageId, { license: 'ours, 4711' });
    expect(run.attestation).toMatchObject({ text: 'ours, 4711', how: 'command' });
    expect(
      (await imagesIn(byoi, PHOENIX)).filter(({ id }) => id === branchOf(run, PHOENIX).imageId),
    ).toHaveLength(1);
  });

  it('is exported at once where its own tag says the licence', async () => {
    const imageId = await personsImage(byoi, { freeformTags: { 'byoi-license': 'ours, 4712' } }, windows);
    const run = await copied(imageId);
    expect(run.attestation).toMatchObject({ text: 'ours, 4712', how: 'metadata' });
  });
});
