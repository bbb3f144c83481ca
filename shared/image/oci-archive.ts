import { sliceSource } from '../bytes/slice.ts';
import { type ByteSource, checkRange } from '../bytes/source.ts';
import { gunzipStart } from '../compression/decompress.ts';
import { StreamLimitError } from '../compression/errors.ts';
import { gunzip } from '../compression/gunzip.ts';
import type { Problem } from '../finding.ts';
import { MAX_METADATA_LENGTH, parseArchiveMetadata } from './archive-metadata.ts';
import { DamagedImageError, FormatError, UnsafeImageError, UnsupportedImageError } from './errors.ts';
import type { ArchiveMetadata, ImageFormat, OpenImage } from './format.ts';
import { isOvfName } from './ova.ts';
import { readQcow2 } from './qcow2.ts';
import { MAGIC as QCOW2_MAGIC } from './qcow2-header.ts';
import { hasMark } from './recognised.ts';
import { baseName, quoteFile } from './remedy.ts';
import { firstName, isTar, type Peek, type TarMember, tarMembers, tarPeek } from './tar.ts';
import { vmdk } from './vmdk.ts';
import { MAGIC as VMDK_MAGIC } from './vmdk-header.ts';

const METADATA_NAME = 'image_metadata.json';
const GZIP = Buffer.from([0x1f, 0x8b, 8]);
/** Opens to the first tar header and more, whatever the compression; and to a few MiB at most. */
const GZIP_START = 4096;
const MAX_GZIP_START_OUTPUT = 8 * 1024 * 1024;

/**
 * How far a gzipped archive is followed to metadata that comes after the disk: some seconds of a
 * function's time. OCI reads it itself in any case.
 */
const GZIP_LIMITS = { input: 64 * 1024 * 1024, output: 512 * 1024 * 1024 };
/** Holds the mark of any disk. */
const DISK_MARK = 4096;
/** Holds the header of the disk, its extensions, a VMDK's descriptor; all that is checked in a stream. */
const STREAMED_HEAD = 128 * 1024;

/**
 * Oracle's export format: a tar, maybe gzipped, with `image_metadata.json` and a qcow2 or VMDK of any
 * name, in any order.
 */
export const ociArchive: ImageFormat = {
  name: 'oci',
  extensions: ['oci', 'tar', 'tgz', 'gz'],
  matches: isOciArchive,
  async open(source, name) {
    const head = await source.read(0, Math.min(GZIP.length, source.size));
    return head.equals(GZIP) ? openGzipped(source, name) : openTar(source);
  },
};

/** Is this the start of a tar, maybe gzipped, that is no OVA? */
export function isOciArchive(head: Buffer): boolean {
  const gzipped = hasMark(head, 0, GZIP);
  const start = gzipped ? gunzipStart(head.subarray(0, GZIP_START), MAX_GZIP_START_OUTPUT) : head;
  return isTar(start) && !isOvfName(firstName(start));
}

/** Where the disk is, what it starts with, and what the archive says of itself. */
interface Found {
  disk?: { readonly member: TarMember; readonly head: Buffer; readonly format: 'qcow2' | 'vmdk' };
  metadata?: ArchiveMetadata;
}

async function openTar(source: ByteSource): Promise<OpenImage> {
  const found: Found = {};
  for await (const member of scan(tarPeek(source), DISK_MARK, found)) {
    if (member.offset + member.size > source.size) throw truncated();
  }
  const { member, format } = checkDisk(found);
  const { metadata } = found;
  if (!metadata) throw withoutMetadata();
  const image = await openDisk(format, sliceSource(source, member.offset, member.size), member.name);
  return archiveImage('tar', image, metadata, []);
}

/**
 * The disk in a gzipped archive cannot be read at random. Its header is checked as far as the stream
 * has gone by, and the stream is followed to the metadata within GZIP_LIMITS.
 */
async function openGzipped(source: ByteSource, name: string): Promise<OpenImage> {
  const found: Found = {};
  const stream = gunzip(source, GZIP_LIMITS);
  let whole = true;
  try {
    for await (const _ of scan(streamPeek(stream), STREAMED_HEAD, found)) {
      if (found.disk && found.metadata) break;
    }
  } catch (error) {
    if (!(error instanceof StreamLimitError)) throw error;
    whole = false;
  } finally {
    await stream.return(undefined);
  }
  const { member, head, format } = checkDisk(found);
  if (whole && !found.metadata) throw withoutMetadata();
  const image = await openDisk(format, prefixSource(head, member.size, name), member.name);
  const problems: Problem[] = [
    {
      code: 'ARCHIVE_GZIPPED',
      severity: 'warn',
      sentence: 'The archive is gzipped: the disk in it was not read, beyond its header.',
      remedy: gunzipCommand(name),
    },
  ];
  if (!found.metadata) {
    problems.push({
      code: 'ARCHIVE_METADATA_NOT_REACHED',
      severity: 'warn',
      sentence: `The archive's metadata comes after its disk, and was not reached within the first ${GZIP_LIMITS.input} bytes; OCI reads it itself.`,
      remedy: gunzipCommand(name),
    });
  }
  return archiveImage('gzip', { ...image, disk: null }, found.metadata ?? null, problems);
}

/** Notes the metadata and the disk as they pass; yields every member. */
async function* scan(peek: Peek, headLength: number, found: Found): AsyncGenerator<TarMember> {
  for await (const member of tarMembers(peek)) {
    if (isOvfName(member.name)) throw ambiguous();
    if (member.kind === 'file' && baseName(member.name) === METADATA_NAME) {
      if (found.metadata) throw twice(METADATA_NAME);
      found.metadata = parseArchiveMetadata(await metadataText(peek, member));
    } else if (member.kind === 'file') {
      const head = await peek(member.offset, Math.min(member.size, headLength));
      const format = diskFormat(head);
      if (format && found.disk) throw twice('a disk');
      if (format) found.disk = { member, head, format };
    }
    yield member;
  }
}

/** The disk may have any name. */
function diskFormat(head: Buffer): 'qcow2' | 'vmdk' | null {
  if (hasMark(head, 0, QCOW2_MAGIC)) return 'qcow2';
  return hasMark(head, 0, VMDK_MAGIC) ? 'vmdk' : null;
}

async function metadataText(peek: Peek, { offset, size }: TarMember): Promise<string> {
  const content = size <= MAX_METADATA_LENGTH ? await peek(offset, size) : null;
  if (content?.length === size) return content.toString('utf8');
  throw new DamagedImageError(
    'ARCHIVE_METADATA_INVALID',
    `The archive's ${METADATA_NAME} is cut off or too long.`,
  );
}

async function openDisk(format: 'qcow2' | 'vmdk', source: ByteSource, name: string): Promise<OpenImage> {
  return format === 'qcow2' ? (await readQcow2(source, name)).image : vmdk.open(source, name);
}

function archiveImage(
  variant: 'tar' | 'gzip',
  disk: OpenImage,
  archive: ArchiveMetadata | null,
  problems: readonly Problem[],
): OpenImage {
  const fact = archive ? `the archive has ${METADATA_NAME}` : 'an archive with a disk';
  return {
    ...disk,
    format: 'oci',
    variant,
    archive,
    problems: [...disk.problems, ...problems],
    evidence: [{ fact, source: 'archive' }, ...disk.evidence],
  };
}

/** Serves a tar reader from a stream; what lies before the last offset asked for is let go. */
function streamPeek(stream: AsyncGenerator<Buffer>): Peek {
  let held: Buffer = Buffer.alloc(0);
  let start = 0;
  return async (offset, maximum) => {
    for (;;) {
      const passed = Math.min(offset - start, held.length);
      held = held.subarray(passed);
      start += passed;
      if (start === offset && held.length >= maximum) return held.subarray(0, maximum);
      const next = await stream.next();
      if (next.done) return start === offset ? held : Buffer.alloc(0);
      held = held.length > 0 ? Buffer.concat([held, next.value]) : next.value;
    }
  };
}

/** A disk of which only the start is there; what needs more of it cannot be checked, and is refused. */
function prefixSource(head: Buffer, size: number, name: string): ByteSource {
  const source: ByteSource = {
    size,
    async read(offset, length) {
      checkRange(source, offset, length);
      if (offset + length <= head.length) return head.subarray(offset, offset + length);
      throw new UnsupportedImageError(
        'ARCHIVE_GZIPPED_UNCHECKED',
        'The archive is gzipped, and its disk cannot be checked without unpacking it.',
        gunzipCommand(name),
      );
    },
  };
  return source;
}

function gunzipCommand(name: string): string {
  const file = baseName(name);
  return `gzip -dc ${quoteFile(file)} > ${quoteFile(`unpacked-${file}`)}`;
}

function checkDisk(found: Found): NonNullable<Found['disk']> {
  if (found.disk) return found.disk;
  throw new UnsupportedImageError(
    'ARCHIVE_WITHOUT_DISK',
    'The archive has no qcow2 or VMDK disk in it.',
    `Pack a qcow2 with its ${METADATA_NAME}: tar -cf image.oci ${METADATA_NAME} disk.qcow2`,
  );
}

function withoutMetadata(): UnsupportedImageError {
  return new UnsupportedImageError(
    'ARCHIVE_WITHOUT_METADATA',
    `The archive has no ${METADATA_NAME} in it.`,
    'Unpack it with `tar -xf` and upload the disk itself.',
  );
}

function ambiguous(): FormatError {
  return new FormatError(
    'FORMAT_AMBIGUOUS',
    'The archive could be an OCI archive and an OVA.',
    'Unpack it with `tar -xf` and upload the disk itself.',
  );
}

function twice(what: string): UnsafeImageError {
  return new UnsafeImageError(
    'ARCHIVE_AMBIGUOUS',
    `The archive has ${what} twice.`,
    `Pack one disk with one ${METADATA_NAME}: OCI imports one disk an image.`,
  );
}

function truncated(): DamagedImageError {
  return new DamagedImageError(
    'ARCHIVE_TRUNCATED',
    'The archive ends before its last member does: the upload is not whole.',
  );
}
