import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Cloud } from './cloud.ts';
import { Table } from './table.ts';
import { type WorkRequest, WorkRequests } from './work.ts';

/** An event as a service emits it; the events service adds what the envelope needs. */
export interface EmittedEvent {
  /** `com.oraclecloud.objectstorage.createobject` */
  readonly eventType: string;
  /** `objectstorage`, `ComputeApi`, … */
  readonly source: string;
  readonly compartmentId: string;
  readonly data: {
    readonly compartmentId: string;
    readonly resourceName: string;
    readonly resourceId: string;
    readonly additionalDetails?: Record<string, unknown>;
    readonly freeformTags?: Record<string, string>;
  };
}

/** An object as the other services of the cloud reach it, past signatures and rights. */
export interface StoredObject {
  readonly size: number;
  readonly eTag: string;
  /** A file with exactly these bytes that is never written again, so that a reader may link to it. */
  readonly file?: string;
  /** Byte range, end exclusive; the whole object without it. */
  read(start?: number, end?: number): Readable;
}

/** What object storage is to the other services. */
export interface ObjectAccess {
  /** @returns undefined where namespace, bucket or object do not exist */
  open(namespace: string, bucket: string, object: string): StoredObject | undefined;
  bucketExists(namespace: string, bucket: string): boolean;
  /** Begins a multipart upload, in which a service's object is written: it stays where that fails. The same id again changes nothing. */
  beginUpload(id: string, namespace: string, bucket: string, object: string): void;
  /** @returns false where there is none, as when somebody has aborted it */
  hasUpload(id: string): boolean;
  /** Makes the content the upload's object, whole, emitting its event. */
  commitUpload(id: string, content: Readable): Promise<{ eTag: string }>;
  /** The object behind a PAR's URL, for reading or writing. @returns undefined where the PAR is unknown, expired or of another kind */
  resolvePar(
    url: URL,
    access: 'read' | 'write',
  ): { namespace: string; bucket: string; object: string } | undefined;
}

/** How many resources of a kind a tenancy has in a region, and how many it may have. */
export interface ResourceQuota {
  readonly used: number;
  readonly limit: number;
  /** Somebody set the limit: it is not the default. */
  readonly isSet: boolean;
}

/** What functions are to the other services. */
export interface FunctionAccess {
  /**
   * Invokes a function and waits for its answer.
   *
   * @returns 200 and the answer; 429 pool used up; 502 failed; 504 timed out; 404 unknown
   */
  invoke(functionId: string, payload: Buffer, detached: boolean): Promise<{ status: number; body: Buffer }>;
}

/** What notifications are to the other services. */
export interface TopicAccess {
  /** @returns false where the topic does not exist */
  publish(topicId: string, title: string, body: string): boolean;
}

/** What streaming is to the other services: a place where rules put events. */
export interface StreamAccess {
  /** Any stream OCID is taken: streams are not created in the embedded OCI. */
  append(streamId: string, message: string): void;
}

/**
 * One region: its name, where it listens, its data, and the doors between its services. Each service fills its
 * door when it is made (`region.objects = …`), and uses the others' only while answering calls.
 */
export class Region {
  readonly cloud: Cloud;
  /** `us-ashburn-1` */
  readonly name: string;
  /** `iad` */
  readonly key: string;
  readonly work: WorkRequests;
  /** `http://127.0.0.1:PORT`, known once the server listens. */
  endpoint = '';
  objects: ObjectAccess = unavailable('object storage');
  functions: FunctionAccess = unavailable('functions');
  topics: TopicAccess = unavailable('notifications');
  streams: StreamAccess = unavailable('streaming');
  /** What compute is to the limits service. */
  customImages: (tenancyId: string) => ResourceQuota = () => {
    throw new Error('The embedded OCI was started without compute.');
  };
  /** What events are to the limits service. */
  eventRules: (tenancyId: string) => ResourceQuota = () => {
    throw new Error('The embedded OCI was started without events.');
  };
  /** Hands an event to the rules of this region; returns at once. */
  emit: (event: EmittedEvent) => void = () => {};
  readonly #tables: Table<never>[] = [];
  readonly #starts: (() => void)[] = [];
  readonly #resets: (() => void)[] = [];

  constructor(cloud: Cloud, name: string, key: string) {
    this.cloud = cloud;
    this.name = name;
    this.key = key;
    this.work = new WorkRequests(this.table<WorkRequest>('work-requests'), cloud.clock, cloud.faults);
  }

  /** This region's folder for a service's bulk data. */
  folder(name: string): string {
    return join(this.cloud.dataDir, this.name, name);
  }

  /** A table of this region, which survives a restart. */
  table<T>(name: string): Table<T> {
    const table = new Table<T>(join(this.cloud.dataDir, this.name, `${name}.jsonl`));
    this.#tables.push(table as unknown as Table<never>);
    return table;
  }

  /** What a service takes up again once all regions of the cloud listen. */
  onStart(task: () => void): void {
    this.#starts.push(task);
  }

  start(): void {
    this.work.resume();
    for (const task of this.#starts) task();
  }

  /** What a service has to do when all data of the region goes, beyond its tables and folders. */
  onReset(task: () => void): void {
    this.#resets.push(task);
  }

  /** Forgets everything the services keep: tables, folders, and what they told `onReset`. */
  reset(): void {
    for (const table of this.#tables) table.clear();
    const root = join(this.cloud.dataDir, this.name);
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      if (entry.isDirectory()) rmSync(join(root, entry.name), { recursive: true, force: true });
    }
    for (const task of this.#resets) task();
  }

  close(): void {
    for (const table of this.#tables) table.close();
  }
}

/** A door that no service has filled: using it is a bug in the emulation, said by name. */
function unavailable<T extends object>(service: string): T {
  return new Proxy({} as T, {
    get() {
      throw new Error(`The embedded OCI was started without ${service}.`);
    },
  });
}
