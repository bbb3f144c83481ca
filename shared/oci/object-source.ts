import type { ReadableStream } from 'node:stream/web';
import { type ByteSource, checkRange } from '../bytes/source.ts';
import { ByoiError } from '../errors.ts';
import type { SourceLoss } from '../run/facts.ts';
import type { Source } from '../run/run.ts';
import type { Clients } from './clients.ts';
import { call, hasCode, hasStatus, OciServiceError } from './errors.ts';

/** The object is not the one the run is about any more. */
export class SourceLostError extends ByoiError {
  override readonly name = 'SourceLostError';
  readonly how: SourceLoss;

  constructor(how: SourceLoss) {
    super(`SOURCE_${how.toUpperCase()}`, `The object was ${how} while it was read.`, 'Upload it again.');
    this.how = how;
  }
}

/** An object as a ByteSource: ranged GETs that pin the eTag, so that no two reads see different contents. */
export async function objectSource(clients: Clients, source: Source): Promise<ByteSource> {
  const client = await clients.objectStorage(source.region);
  const { Range } = await import('oci-common');

  const get = (offset: number, length: number): Promise<Buffer> =>
    call('GetObject', async () => {
      const { value } = await client.getObject({
        namespaceName: source.namespace,
        bucketName: source.bucket,
        objectName: source.object,
        ifMatch: source.eTag,
        range: new Range(offset, offset + length - 1, null),
      });
      return readAnswer(value as ReadableStream<Uint8Array>, length);
    });

  return {
    size: source.size,
    async read(offset, length) {
      checkRange(source, offset, length);
      if (length === 0) return Buffer.alloc(0);
      try {
        return await get(offset, length);
      } catch (error) {
        if (hasStatus(error, 412)) throw new SourceLostError('overwritten');
        // Any other 404 may as well be a missing right, and that says nothing of the object.
        if (hasCode(error, 'ObjectNotFound')) throw new SourceLostError('deleted');
        if (hasCode(error, 'NotRestored')) throw new SourceLostError('archived');
        throw error;
      }
    },
  };
}

/**
 * Into the one place where it stays: pieces to be joined would take its memory twice. The object is as long as HEAD said,
 * so an answer that is not was broken off on its way.
 */
async function readAnswer(answer: ReadableStream<Uint8Array>, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const part of answer) {
    if (filled + part.length <= length) bytes.set(part, filled);
    filled += part.length;
    if (filled > length) break;
  }
  if (filled === length) return bytes;
  throw new OciServiceError('GetObject', 0, 'ShortAnswer', 'the answer broke off', null);
}
