import { ByoiError } from '../errors.ts';
import { importParameters } from '../launch/import-parameters.ts';
import { parseOverrides } from '../launch/overrides.ts';
import type { Firmware } from '../launch/verdict.ts';
import { call } from '../oci/errors.ts';
import type { Run } from '../run/run.ts';
import { ensureSchema, type SchemaData } from './capability-schema.ts';
import { definedTagsOf, lostTags } from './image-tags.ts';
import type { BranchPerformer } from './perform.ts';
import { carryShapes, completeShapes } from './shapes.ts';

/** What CreateImage cannot be told: firmware and more by a capability schema, and the shapes that may launch the image. */
export const configureImage: BranchPerformer = async (
  { clients },
  run,
  { id, region, compartmentId, imageId },
) => {
  if (!imageId || !run.verdict)
    throw new Error('An image to configure, but none was asked for: the run is damaged.');
  const client = await clients.compute(region);
  const { image } = await call('GetImage', () => client.getImage({ imageId }));
  if ((image.lifecycleState as string) === 'DELETED') throw new ImageDeletedError(imageId);
  const wanted = wantedSchema(run);
  if (Object.keys(wanted).length > 0) {
    const place = { compartmentId, imageId, definedTags: definedTagsOf(run) };
    await ensureSchema(client, place, wanted);
  }
  const warnings = run.image
    ? await carryShapes(client, imageId, run.image.shapes)
    : await completeShapes(client, imageId, run.verdict.architecture === 'aarch64');
  return { kind: 'image-configured', branch: id, warnings: [...lostTags(run, run.verdict), ...warnings] };
};

/** Of an image's copy its source's whole schema; of any other image the firmware that was read or set. */
function wantedSchema({ verdict, image, source }: Run): SchemaData {
  if (!verdict) return {};
  const { schemaFirmware } = importParameters(verdict, parseOverrides(source?.metadata ?? {}).overrides);
  return {
    ...(schemaFirmware && { 'Compute.Firmware': firmwareDescriptor(schemaFirmware) }),
    ...image?.schemaData,
  };
}

const firmwareDescriptor = (firmware: Firmware) => ({
  descriptorType: 'enumstring',
  source: 'IMAGE',
  defaultValue: firmware,
  values: [firmware],
});

class ImageDeletedError extends ByoiError {
  override readonly name = 'ImageDeletedError';

  constructor(imageId: string) {
    super('IMAGE_DELETED', `The image ${imageId} was deleted.`, '`byoi runs retry` imports it again.');
  }
}
