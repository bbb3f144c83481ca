import { ByoiError } from '../errors.ts';
import { importParameters } from '../launch/import-parameters.ts';
import { parseOverrides } from '../launch/overrides.ts';
import { isArmShape, shapesFor } from '../launch/shapes.ts';
import type { Firmware } from '../launch/verdict.ts';
import { call, callUnlessMissing, OciServiceError, pages } from '../oci/errors.ts';
import type { Failure } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer } from './perform.ts';

type Compute = Awaited<ReturnType<Deployment['clients']['compute']>>;

/** What CreateImage cannot be told: UEFI firmware by a capability schema, and the shapes that may launch the image. */
export const configureImage: BranchPerformer = async (
  { clients },
  run,
  { region, compartmentId, imageId },
) => {
  if (!imageId || !run.verdict)
    throw new Error('An image to configure, but none was asked for: the run is damaged.');
  const client = await clients.compute(region);
  const { image } = await call('GetImage', () => client.getImage({ imageId }));
  if ((image.lifecycleState as string) === 'DELETED') throw new ImageDeletedError(imageId);
  const { schemaFirmware } = importParameters(run.verdict, parseOverrides(run.source.metadata).overrides);
  if (schemaFirmware) await ensureFirmware(client, compartmentId, imageId, schemaFirmware);
  const warnings = await completeShapes(client, imageId, run.verdict.architecture === 'aarch64');
  return { kind: 'image-configured', region, warnings };
};

class ImageDeletedError extends ByoiError {
  override readonly name = 'ImageDeletedError';

  constructor(imageId: string) {
    super('IMAGE_DELETED', `The image ${imageId} was deleted.`, 'Drop the object again to import it again.');
  }
}

/** An image has one schema at most: that which an `.oci` archive brought is changed, and the rest of it kept. */
async function ensureFirmware(
  client: Compute,
  compartmentId: string,
  imageId: string,
  firmware: Firmware,
): Promise<void> {
  const descriptor = {
    descriptorType: 'enumstring',
    source: 'IMAGE',
    defaultValue: firmware,
    values: [firmware],
  };
  const known = await call('ListComputeImageCapabilitySchemas', () =>
    client.listComputeImageCapabilitySchemas({ imageId }),
  );
  const [schema] = known.items;
  if (schema) return setFirmware(client, schema.id, descriptor);
  const globals = await call('ListComputeGlobalImageCapabilitySchemas', () =>
    client.listComputeGlobalImageCapabilitySchemas({}),
  );
  const version = globals.items[0]?.currentVersionName;
  if (!version) throw new Error('OCI offers no global image capability schema.');
  // Where somebody else made one meanwhile OCI answers 409, and the next try changes that.
  await call('CreateComputeImageCapabilitySchema', () =>
    client.createComputeImageCapabilitySchema({
      createComputeImageCapabilitySchemaDetails: {
        compartmentId,
        imageId,
        computeGlobalImageCapabilitySchemaVersionName: version,
        schemaData: { 'Compute.Firmware': descriptor as never },
      },
    }),
  );
}

async function setFirmware(
  client: Compute,
  computeImageCapabilitySchemaId: string,
  descriptor: { readonly defaultValue: Firmware },
): Promise<void> {
  const { computeImageCapabilitySchema } = await call('GetComputeImageCapabilitySchema', () =>
    client.getComputeImageCapabilitySchema({ computeImageCapabilitySchemaId }),
  );
  const { schemaData } = computeImageCapabilitySchema;
  const present = schemaData['Compute.Firmware'] as { defaultValue?: unknown } | undefined;
  if (present?.defaultValue === descriptor.defaultValue) return;
  await call('UpdateComputeImageCapabilitySchema', () =>
    client.updateComputeImageCapabilitySchema({
      computeImageCapabilitySchemaId,
      updateComputeImageCapabilitySchemaDetails: {
        schemaData: { ...schemaData, 'Compute.Firmware': descriptor as never },
      },
    }),
  );
}

/**
 * OCI leaves the shape list of an import empty at times, and on an Arm image it lists x86 shapes. An empty list is
 * filled; for Arm the x86 shapes are taken out. A shape that this region does not offer is told, not fatal.
 */
async function completeShapes(client: Compute, imageId: string, arm: boolean): Promise<Failure[]> {
  const listed = await listShapes(client, imageId);
  const wanted = arm || listed.length === 0 ? shapesFor(arm) : [];
  const missing = wanted.filter((shape) => !listed.includes(shape));
  const foreign = arm ? listed.filter((shape) => !isArmShape(shape)) : [];
  const warnings = await Promise.all(missing.map((shapeName) => addShape(client, imageId, shapeName)));
  for (const shapeName of foreign) {
    await callUnlessMissing('RemoveImageShapeCompatibilityEntry', () =>
      client.removeImageShapeCompatibilityEntry({ imageId, shapeName }),
    );
  }
  return warnings.filter((warning) => warning !== undefined);
}

async function listShapes(client: Compute, imageId: string): Promise<string[]> {
  const shapes: string[] = [];
  const listed = pages('ListImageShapeCompatibilityEntries', (page) =>
    client.listImageShapeCompatibilityEntries({ imageId, page }),
  );
  for await (const { shape } of listed) shapes.push(shape);
  return shapes;
}

async function addShape(client: Compute, imageId: string, shapeName: string): Promise<Failure | undefined> {
  try {
    await call('AddImageShapeCompatibilityEntry', () =>
      client.addImageShapeCompatibilityEntry({
        imageId,
        shapeName,
        // The SDK fails without a body, though nothing need be said in it.
        addImageShapeCompatibilityEntryDetails: {},
      }),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof OciServiceError) || error.transient) throw error;
    return {
      code: 'SHAPE_NOT_ADDED',
      sentence: `The image could not be made compatible with ${shapeName}: ${error.message}`,
      remedy: `oci compute image-shape-compatibility-entry add --image-id ${imageId} --shape-name ${shapeName}`,
    };
  }
}
