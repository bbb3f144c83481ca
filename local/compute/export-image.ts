import { z } from 'zod';
import type { Call, Operation } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, OciError } from '../errors.ts';
import type { Region } from '../region.ts';
import type { RetryTokens } from '../retry-tokens.ts';
import type { CapabilitySchemas } from './capability-schemas.ts';
import type { ExportInput } from './export.ts';
import type { Image, Images } from './image.ts';
import { type Location, requireDestination } from './location.ts';
import { imageWire, workResource } from './wire.ts';

const exportFormat = z.enum(['OCI', 'QCOW2', 'VMDK', 'VHD', 'VDI']).default('OCI');
const ExportImageDetails = z.discriminatedUnion('destinationType', [
  z.object({
    exportFormat,
    destinationType: z.literal('objectStorageTuple'),
    namespaceName: z.string(),
    bucketName: z.string(),
    objectName: z.string(),
  }),
  z.object({ exportFormat, destinationType: z.literal('objectStorageUri'), destinationUri: z.string() }),
]);
type ExportImageDetails = z.infer<typeof ExportImageDetails>;

/** ExportImage, done by `exportExecutor`. */
export function exportImage(
  region: Region,
  images: Images,
  schemas: CapabilitySchemas,
  tokens: RetryTokens,
): Operation {
  return {
    name: 'ExportImage',
    method: 'POST',
    path: '/20160918/images/{imageId}/actions/export',
    handle: (call) => tokens.once(call, () => start(call, region, images, schemas)),
  };
}

function start(call: Call, region: Region, images: Images, schemas: CapabilitySchemas) {
  const image = images.findToChange(call);
  const details = parseBody(call, ExportImageDetails);
  const destination = locationOf(details);
  requireDestination(call, destination);
  if (image.lifecycleState !== 'AVAILABLE')
    throw conflict('IncorrectState', `The image is ${image.lifecycleState}, not AVAILABLE.`);
  const input: ExportInput = {
    imageId: image.id,
    destination,
    exportFormat: requireStored(image, details.exportFormat),
  };
  const exporting = images.save({ ...image, lifecycleState: 'EXPORTING' });
  const work = region.work.start(region.key, {
    service: 'compute',
    operation: 'ExportImage',
    compartmentId: image.compartmentId,
    resources: [workResource(image, 'RELATED')],
    input,
  });
  images.emit('computeapi.exportimage.begin', exporting);
  const headers = { etag: exporting.etag, 'opc-work-request-id': work.id };
  return { body: imageWire(schemas.applyTo(exporting)), headers };
}

/** The embedded OCI converts no disks: what came in can go out. @throws {OciError} 501 for any other format */
function requireStored(
  image: Image,
  wanted: ExportImageDetails['exportFormat'],
): ExportInput['exportFormat'] {
  const stored = image.content?.format;
  if (wanted === 'OCI' && stored === 'QCOW2') return wanted;
  if (wanted === stored) return wanted;
  throw new OciError(
    501,
    'NotImplemented',
    `The embedded OCI converts no disks: this image was imported as ${stored} and cannot be exported as ${wanted}.`,
  );
}

function locationOf(details: ExportImageDetails): Location {
  return details.destinationType === 'objectStorageUri'
    ? { kind: 'uri', uri: details.destinationUri }
    : {
        kind: 'tuple',
        namespace: details.namespaceName,
        bucket: details.bucketName,
        object: details.objectName,
      };
}
