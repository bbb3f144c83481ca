import type { WorkResource } from '../work.ts';
import type { Image } from './image.ts';

/** The smallest boot volume, which smaller disks are counted as; the figure of the API reference's example. */
const MIN_BOOT_VOLUME_MB = 47_694;

/** `Image` of the Compute API. */
export function imageWire({ content, etag: _, ...image }: Image): object {
  return {
    ...image,
    baseImageId: null,
    createImageAllowed: true,
    agentFeatures: null,
    listingType: 'NONE',
    sizeInMBs: content ? Math.max(MIN_BOOT_VOLUME_MB, Math.ceil(content.virtualBytes / 2 ** 20)) : null,
    billableSizeInGBs: content ? Math.ceil(content.storedBytes / 2 ** 30) : null,
  };
}

export function workResource({ id }: Image, actionType: 'CREATED' | 'RELATED'): WorkResource {
  return { entityType: 'image', actionType, identifier: id, entityUri: `/20160918/images/${id}` };
}
