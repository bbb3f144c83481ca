import { memoize } from '../../bytes/memoize.ts';
import { type ByteSource, checkRange } from '../../bytes/source.ts';
import { LZX_CHUNK, lzx } from '../../compression/lzx.ts';
import { xpressHuffman } from '../../compression/xpress-huffman.ts';
import { damaged, unsupported } from './errors.ts';
import { DATA, type FileRecord } from './file-record.ts';
import { type NtfsVolume, openAttribute } from './volume.ts';

// Files that Windows keeps compressed by its overlay filter, wof.sys (CompactOS, `compact /exe`): the data has the
// right size and no clusters, and a named stream has what it stands for:
//
//   for each chunk but the first, 4 bytes (8 in a file of 4 GiB or more): where it begins, from the table's end
//   chunks, compressed each by itself; one that would not become smaller is stored as it is
const STREAM = 'WofCompressedData';

interface Algorithm {
  readonly chunkSize: number;
  readonly open: (input: Buffer, length: number) => Buffer;
}

/** [MS-FSCC] 2.3.18 (FILE_PROVIDER_EXTERNAL_INFO): FILE_PROVIDER_COMPRESSION_… */
const ALGORITHMS: Readonly<Record<number, Algorithm>> = {
  0: { chunkSize: 4 * 1024, open: xpressHuffman },
  1: { chunkSize: LZX_CHUNK, open: lzx },
  2: { chunkSize: 8 * 1024, open: xpressHuffman },
  3: { chunkSize: 16 * 1024, open: xpressHuffman },
};
const LARGE_FILE = 2 ** 32;
/** Chunks that are read and held at a time, half a MiB at most. */
const CHUNKS_AT_ONCE = 16;
/** Enough for reading on in pieces smaller than a chunk. */
const CACHED_CHUNKS = 1;

/**
 * The content of a file that wof.sys keeps compressed.
 *
 * @throws {FilesystemUnsupportedError} for an algorithm that Windows does not have today
 */
export async function wofSource(
  volume: NtfsVolume,
  record: FileRecord,
  algorithm: number,
): Promise<ByteSource> {
  const how = ALGORITHMS[algorithm];
  if (!how) throw unsupported(`a file is compressed by CompactOS' algorithm ${algorithm}`);
  const data = await openAttribute(volume, record, DATA);
  const stored = await openAttribute(volume, record, DATA, STREAM);
  if (!data || !stored) throw damaged(`FILE record ${record.number} lacks the data of CompactOS`);
  return chunkedSource(stored, data.size, how, `FILE record ${record.number}`);
}

function chunkedSource(
  stored: ByteSource,
  size: number,
  { chunkSize, open }: Algorithm,
  where: string,
): ByteSource {
  const chunks = Math.ceil(size / chunkSize);
  const entrySize = size < LARGE_FILE ? 4 : 8;
  const tableLength = Math.max(0, chunks - 1) * entrySize;

  /** Where the chunks `[first, end)` begin in the stream, and where the last of them ends. */
  async function boundaries(first: number, end: number): Promise<number[]> {
    const from = Math.max(first, 1);
    const to = Math.min(end, chunks - 1);
    const table = await stored.read((from - 1) * entrySize, Math.max(0, to - from + 1) * entrySize);
    const places = Array.from({ length: table.length / entrySize }, (_, index) => {
      const at = index * entrySize;
      // Beyond 2^53 it is inexact, and outside of the stream.
      return tableLength + (entrySize === 4 ? table.readUInt32LE(at) : Number(table.readBigUInt64LE(at)));
    });
    if (first === 0) places.unshift(tableLength);
    if (end === chunks) places.push(stored.size);
    return places;
  }

  async function readChunks(first: number, end: number): Promise<Buffer> {
    const places = await boundaries(first, end);
    const start = places[0] ?? 0;
    const stop = places.at(-1) ?? 0;
    const broken = places.some((place, index) => index > 0 && place < (places[index - 1] ?? 0));
    // Stored as it is, a chunk takes its own size: none takes more.
    if (broken || stop - start > (end - first) * chunkSize) {
      throw damaged(`${where} has an impossible table of chunks`);
    }
    const bytes = await stored.read(start, stop - start);
    const opened = places.slice(0, -1).map((place, index) => {
      const length = Math.min(chunkSize, size - (first + index) * chunkSize);
      const input = bytes.subarray(place - start, (places[index + 1] ?? 0) - start);
      return input.length === length ? input : open(input, length);
    });
    return Buffer.concat(opened);
  }
  const chunk = memoize(CACHED_CHUNKS, (index) => readChunks(index, index + 1));

  return {
    size,
    async read(offset, length) {
      checkRange({ size }, offset, length);
      const result = Buffer.alloc(length);
      const last = Math.ceil((offset + length) / chunkSize);
      let first = Math.floor(offset / chunkSize);
      while (first < last) {
        const end = Math.min(first + CHUNKS_AT_ONCE, last);
        const bytes = end === first + 1 ? await chunk(first) : await readChunks(first, end);
        const position = first * chunkSize - offset;
        bytes.copy(result, Math.max(position, 0), Math.max(-position, 0));
        first = end;
      }
      return result;
    },
  };
}
