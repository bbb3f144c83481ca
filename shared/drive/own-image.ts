import { ByoiError } from '../errors.ts';
import { callUnlessMissing, pages } from '../oci/errors.ts';
import { plusSeconds } from '../run/policy.ts';
import type { Branch, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer } from './perform.ts';
import { LONGEST_LIFE_MS } from './said.ts';

/** The tag by which an image is known to be a run's own. */
export const RUN_TAG = 'byoi-run';

/** The image that a try made without our learning of it, by its tag. */
export async function findOwnImage(
  { clients }: Deployment,
  run: Run,
  { region, compartmentId }: Branch,
): Promise<string | undefined> {
  for await (const { imageId, runId } of imagesOfRuns(clients, region, compartmentId))
    if (runId === run.id) return imageId;
  return undefined;
}

/** An image with the tag of a run. */
export interface TaggedImage {
  readonly imageId: string;
  readonly runId: string;
  readonly region: string;
  readonly compartmentId: string;
  readonly createdAt: string;
}

/**
 * Was the image made by a driver of the run that died of it, or that told of it when its branch had been given up? A person
 * may have copied the tag: only what a driver of this run can have made is one of its own. All tries of a first attempt
 * get the same image, by their retry token.
 */
export function isSurplusImage({ branches, openedAt, closedAt }: Run, image: Omit<TaggedImage, 'runId'>) {
  const { imageId, region, compartmentId, createdAt } = image;
  const inTime =
    createdAt >= openedAt && createdAt <= plusSeconds(closedAt ?? openedAt, LONGEST_LIFE_MS / 1000);
  const madeHere = branches.some(
    (branch) =>
      branch.imports &&
      branch.region === region &&
      branch.compartmentId === compartmentId &&
      (branch.imageId === null || branch.attempt > 1),
  );
  return inTime && madeHere && branches.every((branch) => branch.imageId !== imageId);
}

/** The images of a compartment that runs made, whoever deployed them. */
export async function* imagesOfRuns(
  clients: Deployment['clients'],
  region: string,
  compartmentId: string,
): AsyncGenerator<TaggedImage> {
  const client = await clients.compute(region);
  const listed = pages('ListImages', (page) => client.listImages({ compartmentId, page }));
  for await (const { id, freeformTags, timeCreated } of listed) {
    const runId = freeformTags?.[RUN_TAG];
    // A string on the wire, whatever the type says.
    if (runId)
      yield { imageId: id, runId, region, compartmentId, createdAt: new Date(timeCreated).toISOString() };
  }
}

/** Deletes the image that must not stay: of a source that changed meanwhile, of an import that took too long. */
export const discardImage: BranchPerformer = async (deployment, run, branch) => {
  const imageId = branch.imageId ?? (await findOwnImage(deployment, run, branch));
  if (imageId) await deleteImage(deployment.clients, branch.region, imageId);
  return { kind: 'image-discarded', branch: branch.id };
};

/** @throws {ImageKeptError} */
export async function deleteImage(
  clients: Deployment['clients'],
  region: string,
  imageId: string,
): Promise<void> {
  const client = await clients.compute(region);
  const deleted = await callUnlessMissing('DeleteImage', () => client.deleteImage({ imageId }));
  // 404 says as well that it may not be deleted: an image that can still be had is not gone.
  const kept = deleted ? undefined : await callUnlessMissing('GetImage', () => client.getImage({ imageId }));
  if (kept && (kept.image.lifecycleState as string) !== 'DELETED') throw new ImageKeptError(imageId);
}

class ImageKeptError extends ByoiError {
  override readonly name = 'ImageKeptError';

  constructor(imageId: string) {
    super(
      'IMAGE_NOT_DELETED',
      `The functions may not delete the image ${imageId}.`,
      'Allow them to manage instance-images in the compartment of the images.',
    );
  }
}
