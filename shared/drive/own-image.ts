import { ByoiError } from '../errors.ts';
import { callUnlessMissing, pages } from '../oci/errors.ts';
import type { Branch, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { BranchPerformer } from './perform.ts';

/** The tag by which an image is known to be a run's own. */
export const RUN_TAG = 'byoi-run';

/** The image that a try made without our learning of it, by its tag. */
export async function findOwnImage(
  { clients }: Deployment,
  run: Run,
  { region, compartmentId }: Branch,
): Promise<string | undefined> {
  const client = await clients.compute(region);
  const listed = pages('ListImages', (page) => client.listImages({ compartmentId, page }));
  for await (const { id, freeformTags } of listed) if (freeformTags?.[RUN_TAG] === run.id) return id;
  return undefined;
}

/** Deletes the image that must not stay: of a source that changed meanwhile, of an import that took too long. */
export const discardImage: BranchPerformer = async (deployment, run, branch) => {
  const imageId = branch.imageId ?? (await findOwnImage(deployment, run, branch));
  if (imageId) {
    const client = await deployment.clients.compute(branch.region);
    const deleted = await callUnlessMissing('DeleteImage', () => client.deleteImage({ imageId }));
    // 404 says as well that it may not be deleted: an image that can still be had is not gone.
    const kept = deleted
      ? undefined
      : await callUnlessMissing('GetImage', () => client.getImage({ imageId }));
    if (kept && (kept.image.lifecycleState as string) !== 'DELETED') throw new ImageKeptError(imageId);
  }
  return { kind: 'image-discarded', branch: branch.id };
};

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
