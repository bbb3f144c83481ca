import type { Region } from '../region.ts';
import type { Destination, FunctionRecord } from './records.ts';

/** What a destination is told about a detached invocation; OCI documents no shape of it. */
export interface InvocationRecord {
  readonly functionId: string;
  readonly functionName: string;
  readonly invocationId: string;
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly time: string;
  /** The function's answer, or the error's code and message. */
  readonly response: string;
}

/** Notifications take 64 KB: what does not fit of a function's answer is cut. */
const MAX_RESPONSE_LENGTH = 32_768;

/** Hands the record of a detached invocation to the function's destination for that outcome. */
export function notifyDestination(
  region: Region,
  record: FunctionRecord,
  invocation: InvocationRecord,
): void {
  const destination: Destination =
    invocation.status === 'SUCCEEDED' ? record.successDestination : record.failureDestination;
  const body = JSON.stringify({ ...invocation, response: invocation.response.slice(0, MAX_RESPONSE_LENGTH) });
  if (destination.kind === 'STREAM') region.streams.append(destination.streamId, body);
  if (destination.kind !== 'NOTIFICATION') return;
  const title = `${record.displayName}: detached invocation ${invocation.status}`;
  if (!region.topics.publish(destination.topicId, title, body))
    region.cloud.log(`${record.displayName}: no topic ${destination.topicId} to notify`);
}
