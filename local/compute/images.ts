import { z } from 'zod';
import { type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict } from '../errors.ts';
import { requireCompartment } from '../identity/access.ts';
import type { CapabilitySchemas } from './capability-schemas.ts';
import type { Image, Images } from './image.ts';
import type { ShapeEntries } from './shape-entries.ts';
import { DisplayName, Tags } from './tags.ts';
import { imageWire } from './wire.ts';

const UpdateImageDetails = z.object({
  ...Tags,
  displayName: DisplayName.optional(),
  operatingSystem: z.string().max(255).optional(),
  operatingSystemVersion: z.string().max(255).optional(),
});
const ChangeCompartmentDetails = z.object({ compartmentId: z.string() });

/** Custom images, but for the two operations that take time: CreateImage and ExportImage. */
export function imageOperations(
  images: Images,
  schemas: CapabilitySchemas,
  shapes: ShapeEntries,
): Operation[] {
  const path = '/20160918/images/{imageId}';
  const wire = (image: Image) => imageWire(schemas.applyTo(image));
  return [
    {
      name: 'ListImages',
      method: 'GET',
      path: '/20160918/images',
      handle: (call) => {
        const { items, headers } = pageOf(call, listed(call, images, shapes));
        return { body: items.map(wire), headers };
      },
    },
    {
      name: 'GetImage',
      method: 'GET',
      path,
      handle: (call) => {
        const image = images.find(call);
        return { body: wire(image), headers: { etag: image.etag } };
      },
    },
    {
      name: 'UpdateImage',
      method: 'PUT',
      path,
      handle: (call) => {
        const image = images.findToChange(call);
        const updated = images.save({ ...image, ...parseBody(call, UpdateImageDetails) });
        images.emit('computeimagingapi.updateimage', updated);
        return { body: wire(updated), headers: { etag: updated.etag } };
      },
    },
    {
      name: 'DeleteImage',
      method: 'DELETE',
      path,
      handle: (call) => {
        const image = images.findToChange(call);
        if (image.lifecycleState === 'EXPORTING')
          throw conflict('IncorrectState', 'The image is being exported.');
        schemas.deleteOf(image.id);
        shapes.deleteOf(image.id);
        images.emit('computeimagingapi.deleteimage', images.delete(image));
        return { status: 204 };
      },
    },
    {
      name: 'ChangeImageCompartment',
      method: 'POST',
      path: `${path}/actions/changeCompartment`,
      handle: (call) => {
        const image = images.findToChange(call);
        const { compartmentId } = parseBody(call, ChangeCompartmentDetails);
        requireCompartment(call, compartmentId);
        const moved = images.save({ ...image, compartmentId });
        images.emit('computeimagingapi.moveimage', moved);
        return { headers: { etag: moved.etag } };
      },
    },
  ];
}

/** Newest first unless sorted otherwise. Deleted images are listed only where the state is asked for. */
function listed(call: Call, images: Images, shapes: ShapeEntries): Image[] {
  const compartmentId = requiredQuery(call, 'compartmentId');
  requireCompartment(call, compartmentId);
  const filters = ['displayName', 'operatingSystem', 'operatingSystemVersion', 'lifecycleState'] as const;
  const shape = call.query.get('shape');
  const stateAsked = call.query.has('lifecycleState');
  const found = images
    .all()
    .filter(
      (image) =>
        image.compartmentId === compartmentId &&
        (stateAsked || image.lifecycleState !== 'DELETED') &&
        (shape === null || shapes.has(image.id, shape)) &&
        filters.every((name) => (call.query.get(name) ?? image[name]) === image[name]),
    );
  const byName = call.query.get('sortBy') === 'DISPLAYNAME';
  const order = call.query.get('sortOrder') ?? (byName ? 'ASC' : 'DESC');
  const key = (image: Image) => (byName ? image.displayName : image.timeCreated);
  found.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return order === 'ASC' ? found : found.reverse();
}
