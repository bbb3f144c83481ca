import { z } from 'zod';
import { type Call, type Operation, pageOf } from '../api.ts';
import { parseBody } from '../body.ts';
import { invalidParameter, notFound } from '../errors.ts';
import type { Region } from '../region.ts';
import type { Table } from '../table.ts';
import type { Images } from './image.ts';
import { SHAPES } from './shapes.ts';

const AddDetails = z.object({
  memoryConstraints: z
    .object({ minInGBs: z.number().optional(), maxInGBs: z.number().optional() })
    .optional(),
  ocpuConstraints: z.object({ min: z.number().optional(), max: z.number().optional() }).optional(),
});

type Entry = z.infer<typeof AddDetails> & { readonly imageId: string; readonly shape: string };

/** Which shapes an image may be launched on. Empty after an import, as often in OCI. */
export class ShapeEntries {
  readonly #table: Table<Entry>;
  readonly #of: (imageId: string) => Entry[];

  constructor(region: Region) {
    this.#table = region.table<Entry>('shape-entries');
    this.#of = this.#table.indexBy(({ imageId }) => imageId);
  }

  has(imageId: string, shape: string): boolean {
    return this.#table.has(`${imageId}/${shape}`);
  }

  deleteOf(imageId: string): void {
    for (const { shape } of this.#of(imageId)) this.#table.delete(`${imageId}/${shape}`);
  }

  operations(images: Images): Operation[] {
    const collection = '/20160918/images/{imageId}/shapes';
    const path = `${collection}/{shapeName}`;
    return [
      {
        name: 'ListImageShapeCompatibilityEntries',
        method: 'GET',
        path: collection,
        handle: (call) => {
          const { items, headers } = pageOf(call, this.#of(images.find(call).id));
          return { body: items, headers };
        },
      },
      {
        name: 'GetImageShapeCompatibilityEntry',
        method: 'GET',
        path,
        handle: (call) => ({ body: this.#find(call, images) }),
      },
      {
        name: 'AddImageShapeCompatibilityEntry',
        method: 'PUT',
        path,
        handle: (call) => {
          const image = images.findToChange(call);
          const shape = call.params.shapeName ?? '';
          if (!SHAPES.some((known) => known.shape === shape))
            throw invalidParameter(`Invalid shapeName: there is no shape ${shape}.`);
          // A call without constraints may have no body at all.
          const details = call.body.length > 0 ? parseBody(call, AddDetails) : {};
          const entry = this.#table.set(`${image.id}/${shape}`, { ...details, imageId: image.id, shape });
          images.emit('computeimagingapi.addimageshapecompatibility', image);
          return { body: entry };
        },
      },
      {
        name: 'RemoveImageShapeCompatibilityEntry',
        method: 'DELETE',
        path,
        handle: (call) => {
          const image = images.findToChange(call);
          const { imageId, shape } = this.#find(call, images);
          this.#table.delete(`${imageId}/${shape}`);
          images.emit('computeimagingapi.removeimageshapecompatibility', image);
          return { status: 204 };
        },
      },
    ];
  }

  #find(call: Call, images: Images): Entry {
    const shape = call.params.shapeName ?? '';
    const entry = this.#table.get(`${images.find(call).id}/${shape}`);
    if (!entry) throw notFound(shape);
    return entry;
  }
}
