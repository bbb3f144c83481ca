import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { ByoiError } from '../errors.ts';
import type { BucketAddress } from '../run/run.ts';
import type { Clients } from './clients.ts';
import { call, callUnlessMissing, hasStatus } from './errors.ts';
import { listObjects, type ObjectSummary } from './objects.ts';

/** Where the ledger is: the bucket that holds config.json, the runs and the poller's lease. */
export type LedgerAddress = BucketAddress;

/** A JSON document of the ledger and the eTag that a change of it must still find. */
export interface Stored<T> {
  readonly value: T;
  readonly eTag: string;
}

/** Somebody else changed the document first: read it again and decide anew. */
export class DocumentConflictError extends ByoiError {
  override readonly name = 'DocumentConflictError';

  constructor(name: string) {
    super('LEDGER_CONFLICT', `${name} was changed by somebody else at the same time.`, 'Try again.');
  }
}

/** JSON documents in a bucket, changed only by compare-and-swap. */
export interface Documents {
  read<T>(name: string): Promise<Stored<T> | undefined>;
  /**
   * Writes a document if it is still as it was read; null: if there is none yet. The value gets a new nonce, by
   * which our own write is known again when its answer was lost and the try after it is refused.
   *
   * @throws {DocumentConflictError} when it is not
   */
  write<T extends { readonly nonce: string }>(
    name: string,
    value: T,
    expected: string | null,
  ): Promise<Stored<T>>;
  /** Writes an empty marker. */
  mark(name: string): Promise<void>;
  /** Likewise, but leaves one that is there as it is, with its time. */
  markOnce(name: string): Promise<void>;
  /** Deletes a document; no error where there is none. */
  remove(name: string): Promise<void>;
  /** Names under a prefix, in the order of their bytes. */
  list(prefix: string): AsyncGenerator<ObjectSummary>;
}

export function openDocuments(clients: Clients, ledger: LedgerAddress): Documents {
  const address = (name: string) => ({
    namespaceName: ledger.namespace,
    bucketName: ledger.bucket,
    objectName: name,
  });

  async function read<T>(name: string): Promise<Stored<T> | undefined> {
    const client = await clients.objectStorage(ledger.region);
    return callUnlessMissing('GetObject', async () => {
      const { value, eTag } = await client.getObject(address(name));
      return { value: JSON.parse(await text(value as ReadableStream)) as T, eTag };
    });
  }

  async function put(
    name: string,
    content: string,
    condition: { ifMatch?: string; ifNoneMatch?: string },
  ): Promise<string> {
    const client = await clients.objectStorage(ledger.region);
    const body = Buffer.from(content);
    const response = await call('PutObject', () =>
      // A Node stream with its length: the SDK uploads nothing for a web stream, and is slow with a Buffer.
      client.putObject({
        ...address(name),
        ...condition,
        putObjectBody: Readable.from([body]),
        contentLength: body.length,
        contentType: 'application/json',
      }),
    );
    return response.eTag;
  }

  return {
    read,
    async write(name, value, expected) {
      const written = { ...value, nonce: randomUUID() };
      try {
        const condition = expected === null ? { ifNoneMatch: '*' } : { ifMatch: expected };
        return { value: written, eTag: await put(name, JSON.stringify(written), condition) };
      } catch (error) {
        if (!isConflict(error)) throw error;
        const current = await read<typeof value>(name);
        if (current?.value.nonce === written.nonce) return { value: written, eTag: current.eTag };
        throw new DocumentConflictError(name);
      }
    },
    async mark(name) {
      await put(name, '', {});
    },
    async markOnce(name) {
      try {
        await put(name, '', { ifNoneMatch: '*' });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    },
    async remove(name) {
      const client = await clients.objectStorage(ledger.region);
      await callUnlessMissing('DeleteObject', () => client.deleteObject(address(name)));
    },
    list: (prefix) => listObjects(clients, ledger, prefix),
  };
}

/** Is the document another than was expected? */
const isConflict = (error: unknown): boolean => hasStatus(error, 412) || hasStatus(error, 409);
