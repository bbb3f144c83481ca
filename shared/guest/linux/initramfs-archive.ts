import type { ByteSource } from '../../bytes/source.ts';
import {
  DecompressionError,
  OutputTooLargeError,
  StreamEndError,
  StreamLimitError,
  StreamUnsupportedError,
} from '../../compression/errors.ts';
import { type PieceReader, pieceReader, sourcePieces } from '../../compression/piece-reader.ts';
import { decompressStream, streamKind } from '../../compression/stream.ts';
import { type CpioMember, readCpioHeader, skipPadding } from './cpio.ts';
import { InitramfsUnreadableError } from './initramfs-error.ts';

export { InitramfsUnreadableError };

/**
 * Debian's with every module has 34 MB, one with all firmware some 200. Less than an inspection may read in all: a larger
 * one is told as unreadable, and the rest of the guest still counts.
 */
export const MAX_INPUT = 208 * 1024 * 1024;
/** Debian's opens to 142 MB; the guest itself must hold it in memory when it starts. */
const MAX_OUTPUT = 2 * 1024 * 1024 * 1024;
/** Its modules come after its programs, or after firmware for processors: nobody is done before that. */
const FIRST_PIECE = 4 * 1024 * 1024;
/** Early archives (microcode, tables, firmware) and the main one: a handful. */
const MAX_STREAMS = 64;
/** Debian's has 1,300 members; a whole system in an initramfs some ten thousand. */
const MAX_MEMBERS = 200_000;

/** A file of an initramfs. */
export interface InitramfsEntry {
  /** As it stands in the archive: `usr/lib/modules/…`, `./usr/…`, `/usr/…`. */
  readonly name: string;
  readonly kind: CpioMember['kind'];
  /** Bytes of content: a symlink's is its target; of hard links only one has it. */
  readonly size: number;
  /** The first `maximum` bytes of the content, once, before the next entry is asked for. */
  read(maximum: number): Promise<Buffer>;
}

/**
 * The files of an initramfs in their order, read as Linux does it: cpio archives one after the other, plain or
 * compressed, zeros between them. Whoever stops early reads no more of the source.
 *
 * @throws {InitramfsUnreadableError} when it is damaged, compressed in an unknown way, or beyond all bounds
 * @throws whatever the source throws, as it is
 */
export async function* readInitramfs(source: ByteSource): AsyncGenerator<InitramfsEntry> {
  const input = pieceReader(sourcePieces(source, MAX_INPUT, FIRST_PIECE));
  const budget = { output: MAX_OUTPUT, streams: MAX_STREAMS, members: MAX_MEMBERS };
  try {
    for (;;) {
      yield* members(input, budget);
      const head = await input.peek(8);
      if (head.length === 0) return;
      yield* compressedMembers(input, head, budget);
    }
  } catch (error) {
    const failure = input.failure?.error ?? error;
    if (input.failure && !(failure instanceof StreamLimitError)) throw failure;
    throw unreadable(failure);
  } finally {
    await input.close();
  }
}

interface Budget {
  output: number;
  streams: number;
  members: number;
}

/** Plain members up to what is neither a member nor zeros. */
async function* members(input: PieceReader, budget: Budget): AsyncGenerator<InitramfsEntry> {
  for (;;) {
    await skipZeros(input);
    if ((await input.peek(1))[0] !== 0x30) return;
    budget.members -= 1;
    if (budget.members < 0) throw new InitramfsUnreadableError(`it has more than ${MAX_MEMBERS} files`);
    const member = await readCpioHeader(input);
    if (!member) continue;
    let left = member.size;
    yield {
      name: member.name,
      kind: member.kind,
      size: member.size,
      async read(maximum) {
        const length = Math.min(left, maximum);
        left -= length;
        return input.take(length);
      },
    };
    await input.skip(left);
    await skipPadding(input, member.padding);
  }
}

async function* compressedMembers(
  input: PieceReader,
  head: Buffer,
  budget: Budget,
): AsyncGenerator<InitramfsEntry> {
  const kind = streamKind(head);
  if (!kind) throw new InitramfsUnreadableError(unknownStream(head));
  budget.streams -= 1;
  if (budget.streams < 0) throw new InitramfsUnreadableError(`it has more than ${MAX_STREAMS} archives`);
  const opened = counted(decompressStream(kind, input, budget.output), budget);
  const content = pieceReader(opened);
  try {
    yield* members(content, budget);
    if ((await content.peek(1)).length > 0) {
      throw new InitramfsUnreadableError(`what is compressed in it (${kind}) is no cpio archive`);
    }
  } finally {
    await content.close();
  }
}

async function* counted(pieces: AsyncIterable<Buffer>, budget: Budget): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    budget.output -= piece.length;
    yield piece;
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

async function skipZeros(input: PieceReader): Promise<void> {
  for (let some = await input.takeSome(ZEROS.length); some; some = await input.takeSome(ZEROS.length)) {
    if (some.equals(ZEROS.subarray(0, some.length))) continue;
    input.putBack(some.subarray(some.findIndex((byte) => byte !== 0)));
    return;
  }
}

/** How Linux' lib/decompress.c knows lzma. */
function unknownStream(head: Buffer): string {
  if (head[0] === 0x5d && head[1] === 0) return 'it is compressed with lzma, which is not read here';
  return `it is neither a cpio archive nor compressed in a known way: it begins with ${head.toString('hex')}`;
}

function unreadable(error: unknown): unknown {
  if (error instanceof StreamEndError) return new InitramfsUnreadableError('it is cut off', { cause: error });
  if (error instanceof StreamLimitError && error.what !== 'have') {
    const mebibytes = (error.what === 'read' ? MAX_INPUT : MAX_OUTPUT) / 2 ** 20;
    const what = error.what === 'read' ? 'is larger than' : 'opens to more than';
    return new InitramfsUnreadableError(`it ${what} ${mebibytes} MiB`, { cause: error });
  }
  const refused = [DecompressionError, OutputTooLargeError, StreamLimitError, StreamUnsupportedError].some(
    (kind) => error instanceof kind,
  );
  return refused && error instanceof Error
    ? new InitramfsUnreadableError(lowerFirst(error.message), { cause: error })
    : error;
}

const lowerFirst = (sentence: string): string =>
  `${sentence.charAt(0).toLowerCase()}${sentence.slice(1).replace(/\.$/, '')}`;
