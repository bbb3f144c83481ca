import { z } from 'zod';
import type { Resource } from '../resources.ts';

export interface Application extends Resource {
  readonly config: Readonly<Record<string, string>>;
  readonly subnetIds: readonly string[];
  readonly shape: string;
  readonly networkSecurityGroupIds: readonly string[];
  readonly timeUpdated: string;
}

/** A function as kept; `invokeEndpoint` is added where it is answered, since ports change. */
export interface FunctionRecord extends Resource {
  readonly applicationId: string;
  readonly image: string;
  readonly imageDigest: string;
  readonly shape: string;
  readonly memoryInMBs: number;
  readonly timeoutInSeconds: number;
  readonly detachedModeTimeoutInSeconds: number;
  readonly config: Readonly<Record<string, string>>;
  readonly successDestination: Destination;
  readonly failureDestination: Destination;
  readonly timeUpdated: string;
}

/** OCI's limit on all keys and values together, in bytes of UTF-8. */
const MAX_CONFIG_BYTES = 4096;

/** Names become part of log lines and, for functions, of a file's name. */
export const displayName = z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, 'letters, digits, - and _ only');

export const config = z.record(z.string(), z.string()).superRefine((value, context) => {
  const bad = Object.keys(value).find((key) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key));
  if (bad !== undefined) context.addIssue(`${JSON.stringify(bad)} is no name of an environment variable`);
  const bytes = Object.entries(value).reduce((sum, entry) => sum + Buffer.byteLength(entry.join('')), 0);
  if (bytes > MAX_CONFIG_BYTES)
    context.addIssue(`keys and values take ${bytes} bytes, and ${MAX_CONFIG_BYTES} is the limit`);
});

/** Where the record of a detached invocation goes. */
export const destination = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('NONE') }),
  z.object({ kind: z.literal('NOTIFICATION'), topicId: z.string() }),
  z.object({ kind: z.literal('STREAM'), streamId: z.string() }),
  z.object({ kind: z.literal('QUEUE'), queueId: z.string(), channelId: z.string().optional() }),
]);
export type Destination = z.infer<typeof destination>;
