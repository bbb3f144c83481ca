import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Answer, type Call, type Operation, pageOf, requiredQuery } from '../api.ts';
import { parseBody } from '../body.ts';
import { conflict, invalidParameter, notCovered, notFound } from '../errors.ts';
import { mayAccess } from '../identity/access.ts';
import { newOcid, randomName } from '../ids.ts';
import { requireMatch, selectListed, tagFields } from '../resources.ts';
import type { Table } from '../table.ts';
import { readLog } from './logs.ts';
import { type Application, config, destination, displayName, type FunctionRecord } from './records.ts';

/** The memory sizes OCI offers. */
const MEMORY_SIZES_MB = [128, 256, 512, 1024, 2048, 3072];
/** OCI's bounds on how long a function may run, called and waited for, or detached. */
const TIMEOUT_SECONDS = { min: 5, max: 300, default: 30 };
const DETACHED_TIMEOUT_SECONDS = { min: 5, max: 3600, default: 300 };

const NO_DESTINATION = { kind: 'NONE' } as const;

const updatable = {
  image: z.string(),
  imageDigest: z.string(),
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
  ...tagFields,
};
const UpdateFunctionDetails = z.object(updatable).partial();
const CreateFunctionDetails = UpdateFunctionDetails.extend({
  displayName,
  applicationId: z.string(),
  image: updatable.image,
  memoryInMBs: updatable.memoryInMBs,
});

export function functionOperations(
  applications: Table<Application>,
  functions: Table<FunctionRecord>,
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
      path: '/20181201/functions',
      handle(call) {
        const details = settled(call, parseBody(call, CreateFunctionDetails));
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
          imageDigest: imageDigest(call, details.image),
          ...details,
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
      path: '/20181201/functions',
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
      path: '/20181201/functions/{functionId}',
      handle: (call) => answer(call, find(call)),
    },
    {
      name: 'UpdateFunction',
      method: 'PUT',
      path: '/20181201/functions/{functionId}',
      handle(call) {
        const record = find(call);
        requireMatch(call, record.etag);
        const details = settled(call, parseBody(call, UpdateFunctionDetails));
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
      path: '/20181201/functions/{functionId}',
      handle(call) {
        const { id, etag } = find(call);
        requireMatch(call, etag);
        functions.delete(id);
        return { status: 204 };
      },
    },
    {
      name: 'LocalGetFunctionLogs',
      method: 'GET',
      path: '/_local/functions/{functionId}/logs',
      unsigned: true,
      handle(call) {
        const record = functions.get(call.params.functionId ?? '');
        if (!record) throw notFound(`function ${call.params.functionId}`);
        return { body: { items: readLog(call.region, record.id, record.displayName) } };
      },
    },
  ];
}

/** The details without what is accepted only where it asks for nothing. */
function settled<T extends z.infer<typeof UpdateFunctionDetails>>(call: Call, details: T) {
  const { provisionedConcurrencyConfig, traceConfig, ...rest } = details;
  if (provisionedConcurrencyConfig && provisionedConcurrencyConfig.strategy !== 'NONE')
    throw notCovered('functions with provisioned concurrency');
  if (traceConfig?.isEnabled) throw notCovered('tracing of functions');
  if (details.image !== undefined) requireRegistry(call, details.image);
  if ([details.successDestination?.kind, details.failureDestination?.kind].includes('QUEUE'))
    throw notCovered('queues as destinations of functions');
  return rest;
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
  invokeEndpoint: call.region.endpoint,
});

const answer = (call: Call, record: FunctionRecord): Answer => ({
  headers: { etag: record.etag },
  body: wire(call, record),
});
