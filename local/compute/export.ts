import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { Region } from '../region.ts';
import { type Executor, WorkFailed } from '../work.ts';
import { packArchive } from './archive.ts';
import type { CapabilitySchemas } from './capability-schemas.ts';
import type { Images } from './image.ts';
import { Location, resolveDestination } from './location.ts';
import { work as passTime } from './pace.ts';

export const ExportInput = z.object({
  imageId: z.string(),
  destination: Location,
  exportFormat: z.enum(['OCI', 'QCOW2', 'VMDK']),
});
export type ExportInput = z.infer<typeof ExportInput>;

/**
 * The work of ExportImage. The object appears whole at the end, out of a multipart upload that goes by the work
 * request's id: done again after a restart, the work goes on with the same one. Where it fails the upload stays, as in
 * OCI. Failed or not, the image is AVAILABLE afterwards and the end event comes: only the work request tells the two
 * apart.
 */
export function exportExecutor(region: Region, images: Images, schemas: CapabilitySchemas): Executor {
  return async (work, progress) => {
    const { imageId, destination, exportFormat } = ExportInput.parse(work.input);
    const requireOpen = () => {
      const place = resolveDestination(region, destination);
      if (!place)
        throw new WorkFailed('DestinationUnwritable', 'The destination can no longer be written to.');
      return place;
    };
    try {
      const image = images.get(imageId);
      if (!image?.content) throw new WorkFailed('ImageDeleted', 'The image has no content.');
      const { storedBytes } = image.content;
      const { namespace, bucket, object, region: destinationRegion } = requireOpen();
      const { objects } = destinationRegion;
      objects.beginUpload(work.id, namespace, bucket, object);
      const check = () => {
        requireOpen();
        if (!objects.hasUpload(work.id))
          throw new WorkFailed('UploadAborted', 'The multipart upload of the export was aborted.');
      };
      await passTime(region, storedBytes, progress, check);
      await progress.beforeEffect();
      check();
      const file = images.file(imageId);
      const archive = () => packArchive(schemas.applyTo(image), schemas.dataOf(imageId), file, storedBytes);
      await objects.commitUpload(work.id, exportFormat === 'OCI' ? archive() : createReadStream(file));
    } finally {
      const image = images.get(imageId);
      if (image) {
        const available = images.save({ ...image, lifecycleState: 'AVAILABLE' });
        images.emit('computeapi.exportimage.end', available);
      }
    }
  };
}
