import { safeInteger } from '../bytes/integers.ts';
import type { ByteSource } from '../bytes/source.ts';
import { DamagedImageError, UnsafeImageError } from './errors.ts';

// POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
//
//   000 100  name                       101   6  magic "ustar"
//   07c  12  size, octal or base-256    159 155  prefix of the name (POSIX only)
//   094   8  checksum, octal
//   09c   1  type: 0 file, 5 directory, L GNU long name, x pax header, g global pax header, …
export const BLOCK = 512;
const MAGIC = Buffer.from('ustar', 'latin1');
const POSIX_MAGIC = Buffer.from('ustar\0', 'latin1');

/** Enough for Oracle's two members and what tools add (`._` files of macOS), few enough for a hostile one. */
const MAX_MEMBERS = 64;
/** Names in Object Storage have at most 1024 bytes; paths in archives seldom more. */
const MAX_LONG_NAME = 64 * 1024;

/** Metadata seldom has more; and it lies in two pages at most, so that a detection stays within its cost. */
const READ_AHEAD = 32 * 1024;

/**
 * Reads at most `maximum` bytes at `offset`, fewer only at the end. Offsets never go back, so that a
 * stream can serve as well as a file.
 */
export type Peek = (offset: number, maximum: number) => Promise<Buffer>;

/** What lies in a tar at `offset`, `size` bytes long. */
export interface TarMember {
  readonly name: string;
  readonly kind: 'file' | 'directory';
  readonly offset: number;
  readonly size: number;
}

/** A header is read together with what follows it: the metadata behind a large disk costs one request. */
export function tarPeek(source: ByteSource): Peek {
  return async (offset, maximum) => {
    const left = Math.max(0, source.size - offset);
    const bytes = await source.read(source.size - left, Math.min(Math.max(maximum, READ_AHEAD), left));
    return bytes.subarray(0, maximum);
  };
}

/** Is this the start of a tar? Some writers leave out the magic; the checksum is always there. */
export function isTar(head: Buffer): boolean {
  if (head.length < BLOCK) return false;
  return head.subarray(0x101, 0x106).equals(MAGIC) || checksumHolds(head);
}

/** The name of the first member, as far as the first header has it. */
export function firstName(head: Buffer): string {
  return headerName(head.subarray(0, BLOCK));
}

/**
 * Goes from header to header; of the members' content only long names are read.
 *
 * @throws {DamagedImageError} on a header that is none, or too many of them
 * @throws {UnsafeImageError} on links, devices, sparse members and names that lead out of the archive
 */
export async function* tarMembers(peek: Peek): AsyncGenerator<TarMember> {
  let next: { name?: string; size?: number } = {};
  let offset = 0;
  for (let count = 0; ; count++) {
    const header = await peek(offset, BLOCK);
    // The end is two blocks of zeros; archives that were cut off just there are whole too.
    if (header.length === 0 || header.every((byte) => byte === 0)) return;
    if (header.length < BLOCK || !checksumHolds(header) || count >= MAX_MEMBERS)
      throw damaged('a wrong header', offset);
    const type = String.fromCharCode(header.readUInt8(0x9c));
    const content = offset + BLOCK;
    const ownSize = headerSize(header, offset);
    const size = 'LKxg'.includes(type) ? ownSize : (next.size ?? ownSize);
    if (!Number.isSafeInteger(content + size)) throw damaged('an impossible size', offset);
    if (type === 'L') next.name = textUntilNul(await longName(peek, content, size));
    else if (type === 'x') next = { ...next, ...paxFields(await longName(peek, content, size), offset) };
    else if (type === 'g') checkGlobal(paxFields(await longName(peek, content, size), offset), offset);
    else if (type !== 'K') {
      // Readers differ in whether a folder with content is jumped over or not.
      if (type === '5' && size > 0) throw damaged('a folder with content', offset);
      const name = next.name ?? headerName(header);
      yield { name, kind: checkKind(type, name), offset: content, size };
      next = {};
    }
    offset = content + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function damaged(what: string, offset: number): DamagedImageError {
  return new DamagedImageError('ARCHIVE_DAMAGED', `The tar archive has ${what} at ${offset}.`);
}

/** The sum of all bytes of the header, the checksum's own taken as spaces. */
function checksumHolds(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) sum += i >= 0x94 && i < 0x9c ? 0 : (header[i] ?? 0);
  return octal(header.subarray(0x94, 0x9c)) === sum;
}

function octal(field: Buffer): number {
  const text = textUntilNul(field).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
}

function headerSize(header: Buffer, offset: number): number {
  const field = header.subarray(0x7c, 0x88);
  // GNU: the first bit set says base-256; the second one would make it negative.
  const size =
    (field.readUInt8(0) & 0x80) !== 0
      ? safeInteger(BigInt(`0x${field.toString('hex')}`) & ((1n << 95n) - 1n))
      : octal(field);
  if (Number.isNaN(size)) throw damaged('a size that is no number', offset);
  return size;
}

function headerName(header: Buffer): string {
  const name = textUntilNul(header.subarray(0, 0x64));
  const prefix = header.subarray(0x101, 0x107).equals(POSIX_MAGIC)
    ? textUntilNul(header.subarray(0x159, 0x1f4))
    : '';
  return prefix ? `${prefix}/${name}` : name;
}

function textUntilNul(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}

async function longName(peek: Peek, offset: number, size: number): Promise<Buffer> {
  const content = size <= MAX_LONG_NAME ? await peek(offset, size) : Buffer.alloc(0);
  if (content.length < size) throw damaged('a name that is too long', offset);
  return content;
}

/** POSIX.1-2017, "pax Extended Header": records of `LENGTH KEY=VALUE\n`, LENGTH in bytes and counting itself. */
function paxFields(content: Buffer, offset: number): { name?: string; size?: number } {
  const fields: { name?: string; size?: number } = {};
  for (let at = 0; at < content.length; ) {
    const [start = '', digits] = /^(\d{1,6}) /.exec(content.toString('latin1', at, at + 7)) ?? [];
    const end = at + Number(digits);
    const record = content.toString('utf8', at + start.length, end);
    const [, key = '', value = ''] = /^([^=]+)=(.*)\n$/s.exec(record) ?? [];
    if (!(end <= content.length) || key === '') throw damaged('a wrong pax record', offset);
    if (key.startsWith('GNU.sparse.')) throw sparse();
    if (key === 'path') fields.name = value;
    if (key === 'size') fields.size = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    at = end;
  }
  return fields;
}

/** Readers differ in what a name or a size for all members means. */
function checkGlobal(fields: { name?: string; size?: number }, offset: number): void {
  if ('name' in fields || 'size' in fields) throw damaged('one name or size for all its members', offset);
}

function checkKind(type: string, name: string): TarMember['kind'] {
  if (type === 'S') throw sparse();
  if (name.startsWith('/') || name.split('/').includes('..')) {
    throw unsafe(
      'ARCHIVE_MEMBER_PATH',
      `a member whose name leads out of it: ${JSON.stringify(name.slice(0, 80))}`,
    );
  }
  if (type === '5') return 'directory';
  if ('0\x007'.includes(type)) return 'file';
  throw unsafe('ARCHIVE_MEMBER_TYPE', `a member that is no file (type ${JSON.stringify(type)})`);
}

function sparse(): UnsafeImageError {
  return unsafe('ARCHIVE_SPARSE', 'a sparse member, which not every reader of tar files understands');
}

function unsafe(code: string, what: string): UnsafeImageError {
  return new UnsafeImageError(
    code,
    `The tar archive has ${what}.`,
    'Pack the disk and image_metadata.json again, with plain `tar -cf`.',
  );
}
