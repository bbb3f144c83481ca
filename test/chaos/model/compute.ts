import { Refusal } from './call.ts';
import { opens } from './storage.ts';
import { beginWork, HOUR, putObject, type StoredImage, tick, type World } from './world.ts';

/** OCI remembers a retry token for so long. */
const TOKEN_REMEMBERED = 24 * HOUR;

/** Work that is done once for one token: the same again gets the first one's answer. */
function once(world: World, token: string, work: () => string): string {
  const known = world.tokens.get(token);
  if (known && world.now - known.at < TOKEN_REMEMBERED) return known.answer;
  const answer = work();
  world.tokens.set(token, { answer, at: world.now });
  return answer;
}

export interface ImageRequest {
  readonly region: string;
  readonly token: string;
  readonly parId: string;
  readonly key: string;
  readonly faulted: () => boolean;
}

/** CreateImage, from a PAR's URL. @returns the image, and its work request's id */
export function createImage(world: World, request: ImageRequest): { imageId: string; workId: string } {
  const { region, token, parId, key, faulted } = request;
  const answer = once(world, token, () => {
    const at = tick(world);
    const image: StoredImage = {
      id: `image-${at}`,
      createdAt: world.now,
      region,
      state: 'IMPORTING',
      key,
      begunWith: world.objects.get(key)?.eTag ?? null,
      content: null,
      deletedByOther: false,
      tooLate: false,
      faulted,
      at,
    };
    world.images.set(image.id, image);
    const work = beginWork(world, 'import', ({ succeeds }) => {
      if (image.state === 'DELETED') return false;
      image.content = opens(world, parId) ? (world.objects.get(key)?.eTag ?? null) : null;
      image.state = succeeds && image.content !== null ? 'AVAILABLE' : 'DELETED';
      return image.state === 'AVAILABLE';
    });
    return `${image.id} ${work.id}`;
  });
  const [imageId = '', workId = ''] = answer.split(' ');
  return { imageId, workId };
}

export const liveImages = ({ images }: World, region: string): StoredImage[] =>
  Array.from(images.values()).filter((image) => image.region === region && image.state !== 'DELETED');

export function deleteImage(world: World, imageId: string): void {
  const image = world.images.get(imageId);
  if (image) image.state = 'DELETED';
}

/**
 * ExportImage, to a PAR's URL; one at a time. What it writes is an upload until it is done, and stays one where it fails.
 *
 * @returns the work request's id
 */
export function exportImage(world: World, token: string, parId: string, key: string): string {
  return once(world, token, () => {
    if (world.image === 'DELETED') throw new Refusal('OCI_NOT_FOUND_OR_NOT_ALLOWED');
    if (world.exporting !== null || world.exportedByOtherUntil > world.now)
      throw new Refusal('OCI_REQUEST_REFUSED', { transient: true });
    const work = beginWork(world, 'export', ({ id, succeeds }) => {
      world.exporting = null;
      const written = succeeds && opens(world, parId) && world.uploads.delete(id);
      if (written) putObject(world, key, null);
      return written;
    });
    world.exporting = work.id;
    if (opens(world, parId)) world.uploads.set(work.id, key);
    return work.id;
  });
}
