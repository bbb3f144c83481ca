import { buffer } from 'node:stream/consumers';
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
      return buffer(value as ReadableStream);
    });

  return {
    size: source.size,
    async read(offset, length) {
      checkRange(source, offset, length);
      if (length === 0) return Buffer.alloc(0);
      try {
        const bytes = await get(offset, length);
        // The object is as long as HEAD said, so an answer that is not was broken off on its way.
        if (bytes.length !== length)
          throw new OciServiceError('GetObject', 0, 'ShortAnswer', 'the answer broke off', null);
        return bytes;
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
