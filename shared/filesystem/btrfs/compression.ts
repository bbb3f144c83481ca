import { decompress } from '../../compression/decompress.ts';
import { FilesystemUnsupportedError } from '../errors.ts';
import { damaged } from './damaged.ts';

/** By the number that a file extent has. */
const COMPRESSIONS = ['none', 'zlib', 'lzo', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** @throws {FilesystemUnsupportedError} for one that is not known */
export function compressionOf(value: number): Compression {
  const compression = COMPRESSIONS[value];
  if (compression) return compression;
  throw new FilesystemUnsupportedError('btrfs', `a file has compression ${value}, which is not known`);
}

/**
 * A compressed extent's content. It may be shorter than `maxOutput`: the file ends there, or zeros follow.
 *
 * @param maxOutput bytes that the extent may have
 * @throws {OutputTooLargeError} when it opens to more
 */
export function decompressExtent(
  compression: Compression,
  input: Buffer,
  maxOutput: number,
  sectorSize: number,
): Buffer {
  if (compression === 'none') return input;
  if (compression === 'lzo') return decompressLzo(input, maxOutput, sectorSize);
  return decompress(compression, input, maxOutput);
}

const LENGTH_FIELD = 4;

/**
 * btrfs' own frame for LZO (fs/btrfs/lzo.c): the total length, then segments, each with its length before it, that
 * open to at most a sector. All lengths are 4 bytes, little-endian; the segments' never cross the end of a sector,
 * but go to the next one.
 */
function decompressLzo(input: Buffer, maxOutput: number, sectorSize: number): Buffer {
  const total = input.length < LENGTH_FIELD ? 0 : input.readUInt32LE(0);
  if (total < LENGTH_FIELD || total > input.length) {
    throw damaged(`an LZO extent says that it has ${total} bytes where there are ${input.length}`);
  }
  const segments: Buffer[] = [];
  let produced = 0;
  for (let at = LENGTH_FIELD; at < total; ) {
    const left = sectorSize - (at % sectorSize);
    if (left < LENGTH_FIELD) at += left;
    if (at >= total) break;
    const length = at + LENGTH_FIELD <= total ? input.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    at += LENGTH_FIELD;
    if (at + length > total) throw damaged('a segment of an LZO extent goes on after its end');
    const most = Math.min(sectorSize, maxOutput - produced);
    const segment = decompress('lzo1x', input.subarray(at, at + length), most);
    segments.push(segment);
    produced += segment.length;
    at += length;
  }
  return Buffer.concat(segments, produced);
}
