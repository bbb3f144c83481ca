import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Answer, type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, invalidParameter, notCovered, notFound, OciError } from '../errors.ts';
import { mayAccess } from '../identity/access.ts';
import { newOcid, randomName } from '../ids.ts';
import { requireMatch, selectListed, tagFields } from '../resources.ts';
import type { Table } from '../table.ts';
import { type Application, config, destination, displayName, type FunctionRecord } from './records.ts';

/** The memory sizes OCI offers. */
const MEMORY_SIZES_MB = [128, 256, 512, 1024, 2048, 3072];
/** OCI's bounds on how long a function may run, called and waited for, or detached. */
const TIMEOUT_SECONDS = { min: 5, max: 300, default: 30 };
const DETACHED_TIMEOUT_SECONDS = { min: 5, max: 3600, default: 300 };

const CONTAINER_IMAGE = 'CONTAINER_IMAGE';
const NO_DESTINATION = { kind: 'NONE' } as const;

const imageFields = { image: z.string(), imageDigest: z.string() };
const UpdateDetails = z
  .object({
    memoryInMBs: z
      .number()
      .refine((size) => MEMORY_SIZES_MB.includes(size), `one of ${MEMORY_SIZES_MB.join(', ')}`),
    config,
    timeoutInSeconds: z.int().min(TIMEOUT_SECONDS.min).max(TIMEOUT_SECONDS.max),
    detachedModeTimeoutInSeconds: z.int().min(DETACHED_TIMEOUT_SECONDS.min).max(DETACHED_TIMEOUT_SECONDS.max),
    successDestination: destination,
    failureDestination: destination,
    provisionedConcurrencyConfig: z.object({ strategy: z.string() }),
    traceConfig: z.object({ isEnabled: z.boolean().optional() }),
    ...imageFields,
    // In the API of 2026 a container image is one of several sources.
    sourceDetails: z.object({ sourceType: z.string(), ...z.object(imageFields).partial().shape }),
    ...tagFields,
  })
  .partial();
const CreateDetails = UpdateDetails.extend({ displayName, applicationId: z.string() }).required({
  memoryInMBs: true,
});

export function functionOperations(
  applications: Table<Application>,
  functions: Table<FunctionRecord>,
  apiVersion: string,
): Operation[] {
  const find = (call: Call): FunctionRecord => {
    const record = functions.get(call.params.functionId ?? '');
    if (!record || !mayAccess(call, record.compartmentId))
      throw notFound(`function ${call.params.functionId}`);
    return record;
  };
  return [
    {
      name: 'CreateFunction',
      method: 'POST',
      path: `/${apiVersion}/functions`,
      handle(call) {
        const details = settled(call, parseBody(call, CreateDetails));
        const { image } = details;
        if (image === undefined) throw new OciError(400, 'MissingParameter', 'The field image is required.');
        const application = applications.get(details.applicationId);
        if (!application || !mayAccess(call, application.compartmentId))
          throw notFound(`application ${details.applicationId}`);
        for (const other of functions.values()) {
          if (other.applicationId === application.id && other.displayName === details.displayName)
            throw conflict('Conflict', `A function ${details.displayName} exists in this application.`);
        }
        const id = newOcid('fnfunc', call.region.key);
        const now = call.region.cloud.clock.now().toISOString();
        const record: FunctionRecord = {
          config: {},
          timeoutInSeconds: TIMEOUT_SECONDS.default,
          detachedModeTimeoutInSeconds: DETACHED_TIMEOUT_SECONDS.default,
          successDestination: NO_DESTINATION,
          failureDestination: NO_DESTINATION,
          freeformTags: {},
          definedTags: {},
          imageDigest: imageDigest(call, image),
          ...details,
          image,
          id,
          etag: randomName(40),
          compartmentId: application.compartmentId,
          shape: application.shape,
          lifecycleState: 'ACTIVE',
          timeCreated: now,
          timeUpdated: now,
        };
        return answer(call, functions.set(id, record));
      },
    },
    {
      name: 'ListFunctions',
      method: 'GET',
      path: `/${apiVersion}/functions`,
      handle(call) {
        const application = applications.get(requiredQuery(call, 'applicationId'));
        if (!application || !mayAccess(call, application.compartmentId)) throw notFound('application');
        const selected = selectListed(call, functions.values());
        const { items, headers } = pageOf(
          call,
          selected.filter(({ applicationId }) => applicationId === application.id),
        );
        // A summary has no configuration.
        return { headers, body: items.map((record) => ({ ...wire(call, record), config: undefined })) };
      },
    },
    {
      name: 'GetFunction',
      method: 'GET',
      path: `/${apiVersion}/functions/{functionId}`,
      handle: (call) => answer(call, find(call)),
    },
    {
      name: 'UpdateFunction',
      method: 'PUT',
      path: `/${apiVersion}/functions/{functionId}`,
      handle(call) {
        const record = find(call);
        requireMatch(call, record.etag);
        const details = settled(call, parseBody(call, UpdateDetails));
        // An update is when OCI looks again at what the image's tag stands for.
        const digest = details.imageDigest ?? imageDigest(call, details.image ?? record.image);
        const timeUpdated = call.region.cloud.clock.now().toISOString();
        const etag = randomName(40);
        return answer(
          call,
          functions.set(record.id, { ...record, ...details, imageDigest: digest, etag, timeUpdated }),
        );
      },
    },
    {
      name: 'DeleteFunction',
      method: 'DELETE',
      path: `/${apiVersion}/functions/{functionId}`,
      handle(call) {
        const { id, etag } = find(call);
        requireMatch(call, etag);
        functions.delete(id);
        return { status: 204 };
      },
    },
  ];
}

/** The details without what is accepted only where it asks for nothing, and with the image at one place. */
function settled<T extends z.infer<typeof UpdateDetails>>(call: Call, details: T) {
  const { provisionedConcurrencyConfig, traceConfig, sourceDetails, ...rest } = details;
  if (provisionedConcurrencyConfig && provisionedConcurrencyConfig.strategy !== 'NONE')
    throw notCovered('functions with provisioned concurrency');
  if (traceConfig?.isEnabled) throw notCovered('tracing of functions');
  if (sourceDetails && sourceDetails.sourceType !== CONTAINER_IMAGE)
    throw notCovered(`functions from the source ${sourceDetails.sourceType}`);
  if ([details.successDestination?.kind, details.failureDestination?.kind].includes('QUEUE'))
    throw notCovered('queues as destinations of functions');
  const { image, imageDigest } = sourceDetails ?? details;
  if (image !== undefined) requireRegistry(call, image);
  return {
    ...rest,
    ...(image === undefined ? {} : { image }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
  };
}

/** A function's image must be in the registry of the function's own region. */
function requireRegistry(call: Call, image: string): void {
  const registries = [`${call.region.key}.ocir.io`, `ocir.${call.region.name}.oci.oraclecloud.com`];
  if (!registries.some((registry) => image.startsWith(`${registry}/`)))
    throw invalidParameter(`Invalid Image ${image}: it is not in this region's registry ${registries[0]}.`);
}

function imageDigest(call: Call, image: string): string {
  const folder = call.region.cloud.runtime.folderOf(image);
  if (!folder)
    throw invalidParameter(`Invalid Image ${image} does not exist or you do not have access to use it`);
  return `sha256:${createHash('sha256')
    .update(readFileSync(join(folder, 'func.cjs')))
    .digest('hex')}`;
}

const wire = (call: Call, { etag, ...record }: FunctionRecord) => ({
  ...record,
  sourceDetails: { sourceType: CONTAINER_IMAGE, image: record.image, imageDigest: record.imageDigest },
  invokeEndpoint: call.region.endpoint,
});

const answer = (call: Call, record: FunctionRecord): Answer => ({
  headers: { etag: record.etag },
  body: wire(call, record),
});
