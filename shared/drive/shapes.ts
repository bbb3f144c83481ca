import { isArmShape, shapesFor } from '../launch/shapes.ts';
import { call, callUnlessMissing, OciServiceError, pages } from '../oci/errors.ts';
import type { CompatibleShape, Failure } from '../run/run.ts';
import type { Compute } from './capability-schema.ts';

/**
 * OCI leaves the shape list of an import empty at times, and on an Arm image it lists x86 shapes. An empty list is
 * filled; for Arm the x86 shapes are taken out. A shape that this region does not offer is told, not fatal.
 */
export async function completeShapes(client: Compute, imageId: string, arm: boolean): Promise<Failure[]> {
  const listed = (await listShapes(client, imageId)).map(({ shape }) => shape);
  const wanted = arm || listed.length === 0 ? shapesFor(arm) : [];
  const foreign = arm ? listed.filter((shape) => !isArmShape(shape)) : [];
  return changeShapes(
    client,
    imageId,
    wanted.filter((shape) => !listed.includes(shape)).map((shape) => ({ shape })),
    foreign,
  );
}

/** Makes the list what it is at the image's source, within the bounds there. */
export async function carryShapes(
  client: Compute,
  imageId: string,
  shapes: readonly CompatibleShape[],
): Promise<Failure[]> {
  // A list that OCI left empty at the source says nothing; then the import's own is as good.
  if (shapes.length === 0) return [];
  const listed = await listShapes(client, imageId);
  const missing = shapes.filter((wanted) => !listed.some((present) => isSameEntry(present, wanted)));
  const wantedNames = new Set(shapes.map(({ shape }) => shape));
  const foreign = listed.map(({ shape }) => shape).filter((shape) => !wantedNames.has(shape));
  return changeShapes(client, imageId, missing, foreign);
}

export async function listShapes(client: Compute, imageId: string): Promise<CompatibleShape[]> {
  const shapes: CompatibleShape[] = [];
  const listed = pages('ListImageShapeCompatibilityEntries', (page) =>
    client.listImageShapeCompatibilityEntries({ imageId, page }),
  );
  for await (const { shape, memoryConstraints, ocpuConstraints } of listed)
    shapes.push({
      shape,
      ...(memoryConstraints && { memoryConstraints: { ...memoryConstraints } }),
      ...(ocpuConstraints && { ocpuConstraints: { ...ocpuConstraints } }),
    });
  return shapes;
}

const isSameEntry = (one: CompatibleShape, other: CompatibleShape): boolean =>
  one.shape === other.shape &&
  JSON.stringify([one.memoryConstraints, one.ocpuConstraints]) ===
    JSON.stringify([other.memoryConstraints, other.ocpuConstraints]);

async function changeShapes(
  client: Compute,
  imageId: string,
  added: readonly CompatibleShape[],
  removed: readonly string[],
): Promise<Failure[]> {
  const warnings = await Promise.all(added.map((shape) => addShape(client, imageId, shape)));
  for (const shapeName of removed) {
    await callUnlessMissing('RemoveImageShapeCompatibilityEntry', () =>
      client.removeImageShapeCompatibilityEntry({ imageId, shapeName }),
    );
  }
  return warnings.filter((warning) => warning !== undefined);
}

async function addShape(
  client: Compute,
  imageId: string,
  { shape: shapeName, ...constraints }: CompatibleShape,
): Promise<Failure | undefined> {
  try {
    await call('AddImageShapeCompatibilityEntry', () =>
      client.addImageShapeCompatibilityEntry({
        imageId,
        shapeName,
        // The SDK fails without a body, though nothing need be said in it.
        addImageShapeCompatibilityEntryDetails: constraints,
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
