import type { PieceReader } from '../../compression/piece-reader.ts';
import { InitramfsUnreadableError } from './initramfs-error.ts';

/*
 * A member of a cpio archive as Linux reads it,
 * https://docs.kernel.org/driver-api/early-userspace/buffer-format.html ; numbers are 8 hexadecimal digits.
 *
 *   0x00  6  "070701", or "070702" with a checksum
 *   0x0E  8  mode
 *   0x36  8  length of the content
 *   0x5E  8  length of the name, with its NUL
 *   0x66  8  checksum
 *   0x6E     name, zeros up to the next multiple of 4 from the header's start
 *            content, zeros up to the next multiple of 4
 */
const HEADER_LENGTH = 0x6e;
/** PATH_MAX of Linux, which skips what has a longer name; nothing honest has one. */
const MAX_NAME = 4096;
/** Linux takes it for the end of hard links only: what follows is read on. */
const TRAILER = 'TRAILER!!!';

export interface CpioMember {
  /** As it stands in the archive. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Bytes of content: a symlink's is its target. */
  readonly size: number;
  /** Zeros behind the content. */
  readonly padding: number;
}

/**
 * Reads the header of the member at which `input` is, up to its content.
 *
 * @returns null for the trailer
 * @throws {InitramfsUnreadableError} when it is none
 */
export async function readCpioHeader(input: PieceReader): Promise<CpioMember | null> {
  const header = await input.take(HEADER_LENGTH);
  const magic = header.toString('latin1', 0, 6);
  if (magic !== '070701' && magic !== '070702') {
    throw new InitramfsUnreadableError(
      magic === '070707' ? 'its cpio archive has the old format (odc)' : 'its cpio archive is damaged',
    );
  }
  const nameLength = field(header, 0x5e);
  if (nameLength === 0 || nameLength > MAX_NAME) {
    throw new InitramfsUnreadableError(`its cpio archive has a name of ${nameLength} bytes`);
  }
  const size = field(header, 0x36);
  const mode = field(header, 0x0e);
  const text = await input.take(nameLength);
  const end = text.indexOf(0);
  const name = text.toString('utf8', 0, end < 0 ? nameLength : end);
  await skipPadding(input, padding(HEADER_LENGTH + nameLength));
  if (name === TRAILER) return null;
  return { name, kind: kindOf(mode), size, padding: padding(size) };
}

/** The last member's may be missing. */
export async function skipPadding(input: PieceReader, length: number): Promise<void> {
  await input.skip((await input.peek(length)).length);
}

function field(header: Buffer, offset: number): number {
  const digits = header.toString('latin1', offset, offset + 8);
  if (!/^[0-9a-f]{8}$/i.test(digits)) throw new InitramfsUnreadableError('its cpio archive is damaged');
  return Number.parseInt(digits, 16);
}

const padding = (length: number): number => (4 - (length % 4)) % 4;

/** inode(7). */
function kindOf(mode: number): CpioMember['kind'] {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'symlink';
    default:
      return 'other';
  }
}
