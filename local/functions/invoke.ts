import type { Call, Operation } from '../api.ts';
import { invalidParameter, notCovered, notFound, OciError } from '../errors.ts';
import { mayAccess } from '../identity/access.ts';
import type { FunctionAccess, Region } from '../region.ts';
import type { Table } from '../table.ts';
import type { DetachedQueue } from './detached.ts';
import { appendLog } from './logs.ts';
import type { FunctionAnswer } from './process.ts';
import type { Application, FunctionRecord } from './records.ts';

/** OCI's limit on a payload: 6 MB. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Headers that end at the service: they are about the connection, or prove who calls. */
const SERVICE_HEADERS = new Set([
  'authorization',
  'connection',
  'content-length',
  'date',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'x-content-sha256',
  'x-date',
]);

export type InvokeType = 'sync' | 'detached';

/** Runs a region's functions by their OCID. */
export interface Invoker {
  find(functionId: string): FunctionRecord | undefined;
  /**
   * @param payload asked for when a process is free
   * @throws {OciError} 404, 429 (synchronous calls only), 502, 504
   */
  invoke(
    functionId: string,
    payload: () => Buffer,
    headers: Readonly<Record<string, string>>,
    type: InvokeType,
  ): Promise<FunctionAnswer>;
}

export function createInvoker(
  region: Region,
  applications: Table<Application>,
  functions: Table<FunctionRecord>,
): Invoker {
  const invoke: Invoker['invoke'] = async (functionId, payload, headers, type) => {
    const record = functions.get(functionId);
    const application = applications.get(record?.applicationId ?? '');
    const tenancy = region.cloud.identity.tenancyOf(record?.compartmentId ?? '');
    if (!record || !application || !tenancy) throw notFound(`function ${functionId}`);
    const target = {
      functionId,
      functionName: record.displayName,
      applicationId: application.id,
      applicationName: application.displayName,
      regionName: region.name,
      memoryInMBs: record.memoryInMBs,
      config: { ...application.config, ...record.config },
      image: record.image,
      version: `${record.etag} ${application.etag}`,
      tenancyId: tenancy.id,
      compartmentId: record.compartmentId,
      log: (line: string) => appendLog(region, functionId, record.displayName, line),
    };
    const seconds = type === 'sync' ? record.timeoutInSeconds : record.detachedModeTimeoutInSeconds;
    const call = { payload, headers: { ...headers, 'fn-invoke-type': type }, timeoutMs: seconds * 1000 };
    return region.cloud.runtime.invoke(target, call, type === 'detached');
  };
  return { find: (functionId) => functions.get(functionId), invoke };
}

/** The door of the other services: an error is an answer too. */
export function functionAccess(invoker: Invoker, queue: DetachedQueue): FunctionAccess {
  const headers = { 'content-type': 'application/json' };
  return {
    async invoke(functionId, payload, detached) {
      try {
        if (!invoker.find(functionId)) throw notFound(`function ${functionId}`);
        if (detached) queue.add(functionId, payload, headers);
        else
          return {
            status: 200,
            body: (await invoker.invoke(functionId, () => payload, headers, 'sync')).body,
          };
        return { status: 202, body: Buffer.alloc(0) };
      } catch (error) {
        if (!(error instanceof OciError)) throw error;
        const { status, code, message } = error;
        return { status, body: Buffer.from(JSON.stringify({ code, message })) };
      }
    },
  };
}

export function invokeOperation(invoker: Invoker, queue: DetachedQueue, apiVersion: string): Operation {
  return {
    name: 'InvokeFunction',
    method: 'POST',
    path: `/${apiVersion}/functions/{functionId}/actions/invoke`,
    async handle(call) {
      const functionId = call.params.functionId ?? '';
      const record = invoker.find(functionId);
      if (!record || !mayAccess(call, record.compartmentId)) throw notFound(`function ${functionId}`);
      if (call.body.length > MAX_PAYLOAD_BYTES)
        throw new OciError(413, 'RequestEntityTooLarge', `A payload has at most ${MAX_PAYLOAD_BYTES} bytes.`);
      if (call.headers['is-dry-run'] === 'true') throw notCovered('dry runs of functions');
      if (invokeType(call) === 'detached') {
        queue.add(functionId, call.body, callerHeaders(call));
        return { status: 202 };
      }
      const { contentType, body } = await invoker.invoke(
        functionId,
        () => call.body,
        callerHeaders(call),
        'sync',
      );
      return { headers: { 'content-type': contentType }, body };
    },
  };
}

function invokeType(call: Call): InvokeType {
  const type = call.headers['fn-invoke-type'] ?? 'sync';
  if (type !== 'sync' && type !== 'detached')
    throw invalidParameter('fn-invoke-type must be sync or detached.');
  return type;
}

function callerHeaders(call: Call): Record<string, string> {
  return Object.fromEntries(
    Object.entries(call.headers).flatMap(([name, value]) =>
      typeof value === 'string' && !SERVICE_HEADERS.has(name) ? [[name, value]] : [],
    ),
  );
}
