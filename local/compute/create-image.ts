import { z } from 'zod';
import type { Call, Operation } from '../api.ts';
import { parseBody } from '../body.ts';
import { invalidParameter, notCovered } from '../errors.ts';
import { requireCompartment } from '../identity/access.ts';
import { newOcid } from '../ids.ts';
import type { Region } from '../region.ts';
import type { RetryTokens } from '../retry-tokens.ts';
import type { Images } from './image.ts';
import type { ImportInput } from './import.ts';
import { LAUNCH_MODES, optionsOfMode } from './launch-options.ts';
import { type Location, requireSource } from './location.ts';
import type { Quota } from './quota.ts';
import { DisplayName, Tags } from './tags.ts';
import { imageWire, workResource } from './wire.ts';

const sourceFields = {
  operatingSystem: z.string().max(255).optional(),
  operatingSystemVersion: z.string().max(255).optional(),
  sourceImageType: z.enum(['QCOW2', 'VMDK']).optional(),
};
const CreateImageDetails = z.object({
  ...Tags,
  compartmentId: z.string(),
  displayName: DisplayName.optional(),
  instanceId: z.string().optional(),
  launchMode: z.enum(LAUNCH_MODES).optional(),
  imageSourceDetails: z
    .discriminatedUnion('sourceType', [
      z.object({
        ...sourceFields,
        sourceType: z.literal('objectStorageTuple'),
        namespaceName: z.string(),
        bucketName: z.string(),
        objectName: z.string(),
      }),
      z.object({ ...sourceFields, sourceType: z.literal('objectStorageUri'), sourceUri: z.string() }),
    ])
    .optional(),
});
type CreateImageDetails = z.infer<typeof CreateImageDetails>;

/** CreateImage: an import, done by `importExecutor`. */
export function createImage(region: Region, images: Images, tokens: RetryTokens, quota: Quota): Operation {
  return {
    name: 'CreateImage',
    method: 'POST',
    path: '/20160918/images',
    handle: (call) => tokens.once(call, () => create(call, region, images, quota)),
  };
}

function create(call: Call, region: Region, images: Images, quota: Quota) {
  const details = parseBody(call, CreateImageDetails);
  requireCompartment(call, details.compartmentId);
  if (details.instanceId !== undefined) throw notCovered('CreateImage from an instance');
  const { imageSourceDetails: source, launchMode } = details;
  if (!source) throw invalidParameter('Either instanceId or imageSourceDetails is required.');
  const location = locationOf(source);
  requireSource(call, location);
  quota.requireRoom(call.principal.tenancyId);
  const now = region.cloud.clock.now().toISOString();
  // NATIVE is the API reference's default for platform images; for an import without a mode no source names one.
  const mode = launchMode ?? 'NATIVE';
  const image = images.save({
    id: newOcid('image', region.key),
    compartmentId: details.compartmentId,
    displayName: details.displayName ?? `image-${now.slice(0, 16).replace(/\D/g, '')}`,
    operatingSystem: source.operatingSystem ?? 'Custom',
    operatingSystemVersion: source.operatingSystemVersion ?? 'Custom',
    launchMode: mode,
    launchOptions: optionsOfMode(mode),
    lifecycleState: 'PROVISIONING',
    freeformTags: details.freeformTags ?? {},
    definedTags: details.definedTags ?? {},
    timeCreated: now,
  });
  const input: ImportInput = {
    imageId: image.id,
    source: location,
    sourceImageType: source.sourceImageType,
    heedsArchive: source.sourceImageType === undefined && launchMode === undefined,
  };
  const work = region.work.start(region.key, {
    service: 'compute',
    operation: 'CreateImage',
    compartmentId: image.compartmentId,
    resources: [workResource(image, 'CREATED')],
    input,
  });
  images.emit('computeapi.createimage.begin', image);
  return { body: imageWire(image), headers: { etag: image.etag, 'opc-work-request-id': work.id } };
}

function locationOf(source: NonNullable<CreateImageDetails['imageSourceDetails']>): Location {
  return source.sourceType === 'objectStorageUri'
    ? { kind: 'uri', uri: source.sourceUri }
    : {
        kind: 'tuple',
        namespace: source.namespaceName,
        bucket: source.bucketName,
        object: source.objectName,
      };
}
