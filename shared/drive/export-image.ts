import { call, callUnlessMissing } from '../oci/errors.ts';
import { markExporting } from '../oci/exporting.ts';
import { exportToken } from '../run/id.ts';
import { hoursBetween } from '../run/policy.ts';
import type { Run, SourceImage } from '../run/run.ts';
import type { ExportPerformer } from './perform.ts';

/** OCI remembers a retry token for 24 hours; after that it would export a second time. */
const TOKEN_TRUSTED_HOURS = 23;

/**
 * Asks OCI for the export, to the PAR's URL: a function's principal may not name the bucket itself. The retry token
 * makes a second call answer with the first one's work request. An image that is being exported already, by whoever, is
 * a conflict that passes.
 */
export const exportImage: ExportPerformer = async ({ clients, documents }, run, exporting) => {
  const image = imageOf(run);
  const { par, attempt, format } = exporting;
  if (!par) throw new Error('ExportImage before its PAR: the run record is damaged.');
  const now = new Date().toISOString();
  if (hoursBetween(exporting.since, now) > TOKEN_TRUSTED_HOURS || par.expiresAt <= now)
    return { kind: 'export-par-lost', attempt };
  const client = await clients.compute(image.region);
  const { imageId } = image;
  const found = await callUnlessMissing('GetImage', () => client.getImage({ imageId }));
  if (!found || (found.image.lifecycleState as string) === 'DELETED')
    return { kind: 'export-failed', failure: imageDeleted(imageId) };
  // By this the end of the export, of which an event tells, is known for this run's.
  await markExporting(documents, imageId, run.id);
  const { opcWorkRequestId } = await call('ExportImage', () =>
    client.exportImage({
      imageId,
      opcRetryToken: exportToken(run.id, attempt, par.id),
      exportImageDetails: {
        destinationType: 'objectStorageUri',
        destinationUri: par.url,
        exportFormat: format,
      } as never,
    }),
  );
  return { kind: 'export-requested', workRequestId: opcWorkRequestId || null };
};

export function imageOf({ image }: Run): SourceImage {
  if (!image) throw new Error('An export without an image: the run record is damaged.');
  return image;
}

const imageDeleted = (imageId: string) => ({
  code: 'IMAGE_DELETED',
  sentence: `The image ${imageId} was deleted before it was exported, or may not be seen any more.`,
  remedy: `Look with \`oci compute image get --image-id ${imageId}\`.`,
});
