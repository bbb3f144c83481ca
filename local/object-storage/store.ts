import { randomUUID } from 'node:crypto';
import type { Region } from '../region.ts';
import type { Table } from '../table.ts';
import { checkWrite, type WriteConditions } from './conditions.ts';
import { ContentFiles, type Segment } from './content-files.ts';
import { bucketNotFound, objectNotFound } from './errors.ts';
import { emitObjectEvent } from './object-events.ts';
import { SortedNames } from './sorted-names.ts';

export interface Bucket {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly compartmentId: string;
  readonly createdBy: string;
  readonly timeCreated: string;
  readonly eTag: string;
  readonly objectEventsEnabled: boolean;
  readonly metadata: Record<string, string>;
  readonly freeformTags: Record<string, string>;
  readonly definedTags: Record<string, Record<string, unknown>>;
}

/** What a writer brings: the bytes, what is known of them, and the headers to answer with them. */
export interface ObjectContent {
  readonly segments: readonly Segment[];
  readonly size: number;
  /** Base64; of the whole object, or `<base64>-<parts>` over the parts' MD5s where it came in parts. */
  readonly md5: string;
  /** `content-type` and its like, and the user's `opc-meta-*`. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ObjectRecord extends ObjectContent {
  readonly name: string;
  readonly eTag: string;
  readonly timeCreated: string;
}

/** A multipart upload that is neither committed nor aborted. */
export interface Upload {
  readonly id: string;
  readonly namespace: string;
  readonly bucket: string;
  readonly object: string;
  readonly timeCreated: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadedPart {
  readonly uploadId: string;
  readonly partNumber: number;
  readonly eTag: string;
  readonly md5: string;
  readonly segment: Segment;
}

/** A pre-authenticated request. */
export interface Par {
  readonly id: string;
  /** The secret in its URL. */
  readonly token: string;
  readonly namespace: string;
  readonly bucket: string;
  readonly object: string;
  readonly name: string;
  readonly accessType: 'ObjectRead' | 'ObjectWrite' | 'ObjectReadWrite';
  readonly timeCreated: string;
  readonly timeExpires: string;
}

/** What a region's Object Storage keeps. Every change is one step that nothing comes between. */
export class ObjectStore {
  readonly region: Region;
  readonly files: ContentFiles;
  readonly uploads: Table<Upload>;
  readonly parts: Table<UploadedPart>;
  readonly partsOf: (uploadId: string) => UploadedPart[];
  /** By token: the one thing a PAR's URL proves itself with. */
  readonly pars: Table<Par>;
  readonly #buckets: Table<Bucket>;
  readonly #objects: Table<ObjectRecord>;
  readonly #names = new Map<string, SortedNames>();

  constructor(region: Region) {
    this.region = region;
    this.#buckets = region.table<Bucket>('buckets');
    this.#objects = region.table<ObjectRecord>('objects');
    this.uploads = region.table<Upload>('multipart-uploads');
    this.parts = region.table<UploadedPart>('multipart-parts');
    this.partsOf = this.parts.indexBy(({ uploadId }) => uploadId);
    this.pars = region.table<Par>('preauthenticated-requests');
    this.files = new ContentFiles(region.folder('objects'));
    this.#indexNames();
    this.files.sweep(this.#filesNamed());
    region.onReset(() => {
      this.#names.clear();
      this.files.create();
    });
  }

  bucket(namespace: string, name: string): Bucket | undefined {
    return this.#buckets.get(`${namespace}/${name}`);
  }

  buckets(): Bucket[] {
    return Array.from(this.#buckets.values());
  }

  saveBucket(bucket: Omit<Bucket, 'eTag'>): Bucket {
    return this.#buckets.set(pathOf(bucket), { ...bucket, eTag: randomUUID() });
  }

  deleteBucket(bucket: Bucket): void {
    this.#buckets.delete(pathOf(bucket));
    this.#names.delete(pathOf(bucket));
  }

  /** The names of a bucket's objects, in listing order. */
  names(bucket: Bucket): SortedNames {
    const path = pathOf(bucket);
    const names = this.#names.get(path) ?? new SortedNames();
    this.#names.set(path, names);
    return names;
  }

  object(bucket: Bucket, name: string): ObjectRecord | undefined {
    return this.#objects.get(`${pathOf(bucket)}/${name}`);
  }

  /** @throws {OciError} 404 where there is none */
  requireObject(bucket: Bucket, name: string): ObjectRecord {
    const record = this.object(bucket, name);
    if (!record) throw objectNotFound(bucket.namespace, bucket.name, name);
    return record;
  }

  /**
   * Makes `content` the object `name`, with a new ETag, and emits its event. Where that fails the content is discarded.
   *
   * @throws {OciError} 412 by the conditions; 404 where the bucket went away while the content came
   */
  put(bucket: Bucket, name: string, content: ObjectContent, conditions: WriteConditions): ObjectRecord {
    const current = this.object(bucket, name);
    try {
      checkWrite(current, conditions);
      if (this.bucket(bucket.namespace, bucket.name)?.id !== bucket.id)
        throw bucketNotFound(bucket.namespace, bucket.name);
    } catch (error) {
      this.files.discard(content.segments);
      throw error;
    }
    const { segments, size, md5, headers } = content;
    const timeCreated = this.region.cloud.clock.now().toISOString();
    const record = { name, segments, size, md5, headers, eTag: randomUUID(), timeCreated };
    this.#objects.set(`${pathOf(bucket)}/${name}`, record);
    if (current) this.files.discard(current.segments);
    else this.names(bucket).add(name);
    emitObjectEvent(this.region, current ? 'updateobject' : 'createobject', bucket, record);
    return record;
  }

  /** Takes the object away and emits its event. */
  remove(bucket: Bucket, { name, segments, eTag }: ObjectRecord): void {
    this.#objects.delete(`${pathOf(bucket)}/${name}`);
    this.names(bucket).remove(name);
    this.files.discard(segments);
    emitObjectEvent(this.region, 'deleteobject', bucket, { name, eTag });
  }

  #indexNames(): void {
    const namesByBucket = new Map<string, string[]>();
    for (const key of this.#objects.keys()) {
      const start = key.indexOf('/', key.indexOf('/') + 1);
      const names = namesByBucket.get(key.slice(0, start)) ?? [];
      names.push(key.slice(start + 1));
      namesByBucket.set(key.slice(0, start), names);
    }
    for (const [path, names] of namesByBucket) this.#names.set(path, new SortedNames(names));
  }

  #filesNamed(): Set<string> {
    const files = new Set<string>();
    for (const { segments } of this.#objects.values()) for (const { file } of segments) files.add(file);
    for (const { segment } of this.parts.values()) files.add(segment.file);
    return files;
  }
}

/** Neither a namespace nor a bucket's name has a slash, so a path has one reading. */
const pathOf = (bucket: { namespace: string; name: string }) => `${bucket.namespace}/${bucket.name}`;

const stores = new WeakMap<Region, ObjectStore>();

/** The store of a region; a copy also needs that of the region it goes to. */
export function storeOf(region: Region): ObjectStore {
  const store = stores.get(region) ?? new ObjectStore(region);
  stores.set(region, store);
  return store;
}
