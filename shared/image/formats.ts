import { noteFailures } from '../bytes/failures.ts';
import { HEAD_LENGTH } from '../bytes/paged.ts';
import type { ByteSource } from '../bytes/source.ts';
import { ByoiError } from '../errors.ts';
import type { Problem } from '../finding.ts';
import { compressed } from './compressed.ts';
import { FormatError, UnsafeImageError } from './errors.ts';
import type { ImageFormat, OpenImage } from './format.ts';
import { iso } from './iso.ts';
import { ociArchive } from './oci-archive.ts';
import { ova } from './ova.ts';
import { qcow2 } from './qcow2.ts';
import { raw } from './raw.ts';
import { extensionOf } from './remedy.ts';
import { vdi } from './vdi.ts';
import { vhdDynamic, vhdFixed } from './vhd.ts';
import { vhdx } from './vhdx.ts';
import { vmdk } from './vmdk.ts';

/** Formats with a mark at the start. All are asked: an image that two of them know is refused. */
const FORMATS: readonly ImageFormat[] = [
  qcow2,
  vmdk,
  ociArchive,
  ova,
  vhdx,
  vhdDynamic,
  vdi,
  iso,
  ...compressed,
];
/** What is in another format is refused with the command that converts it, whatever it is called. */
const IMPORTED: readonly ImageFormat[] = [qcow2, vmdk, ociArchive];
/** Asked in this order, and only about what none of FORMATS knows. */
const FALLBACKS: readonly ImageFormat[] = [vhdFixed, raw];

/** A disk sector: nothing shorter is an image of any format. */
const SHORTEST_IMAGE = 512;

/** Oracle's own check before an import: the virtual size in GiB, compared with 400. */
const MAX_VIRTUAL_GIB = 400;

/**
 * Finds an image's format, runs that format's safety checks, and opens its virtual disk.
 *
 * @param source the object; slow ones belong under `paged`, which makes this cost one or two requests
 * @param name the object's name: its extension must agree with the content, and remedies name it
 * @throws {ImageError} when the image is refused; errors of `source` itself are passed on as they are
 */
export async function openImage(source: ByteSource, name: string): Promise<OpenImage> {
  const { guarded, failures } = noteFailures(source);
  try {
    const format = await findFormat(guarded, name);
    const image = await format.open(guarded, name);
    return { ...image, problems: [...image.problems, ...sizeProblems(image)] };
  } catch (error) {
    // A check that fails in a way nobody thought of has not passed.
    if (error instanceof ByoiError || failures.has(error)) throw error;
    throw new UnsafeImageError(
      'SAFETY_CHECK_FAILED',
      'A safety check broke off on this image.',
      'Rewrite it with `qemu-img convert -O qcow2`, and report the image as a bug of byoi.',
      { cause: error },
    );
  }
}

async function findFormat(source: ByteSource, name: string): Promise<ImageFormat> {
  if (source.size === 0) {
    throw new FormatError('IMAGE_EMPTY', 'The object is empty.', 'Upload the image again.');
  }
  const head = await source.read(0, Math.min(HEAD_LENGTH, source.size));
  const found: ImageFormat[] = [];
  for (const format of FORMATS) if (await format.matches(head, source)) found.push(format);
  for (const format of FALLBACKS) {
    if (found.length === 0 && (await format.matches(head, source))) found.push(format);
  }
  const [format, second] = found;
  if (!format) throw unknownFormat(source.size);
  if (second) throw ambiguousFormat(format, second);
  checkExtension(format, name);
  return format;
}

function unknownFormat(size: number): FormatError {
  const why = size < SHORTEST_IMAGE ? `it has only ${size} bytes` : 'it has the mark of no image format';
  return new FormatError(
    'FORMAT_UNKNOWN',
    `The object is no disk image: ${why}.`,
    'Upload a qcow2, a VMDK (monolithicSparse or streamOptimized) or an .oci archive.',
  );
}

/** A polyglot shows one disk to a check and another one to the importer. */
function ambiguousFormat(first: ImageFormat, second: ImageFormat): FormatError {
  return new FormatError(
    'FORMAT_AMBIGUOUS',
    `The object could be ${first.name} and ${second.name} at once.`,
    'No honest tool writes this: do not use the image before you know where it came from.',
  );
}

function checkExtension(format: ImageFormat, name: string): void {
  if (!IMPORTED.includes(format)) return;
  const extension = extensionOf(name);
  const promised = [...FORMATS, ...FALLBACKS].filter(({ extensions }) => extensions.includes(extension));
  if (promised.length === 0 || promised.includes(format)) return;
  throw new FormatError(
    'FORMAT_MISMATCH',
    `The object's name ends in .${extension}, but its content is ${format.name}.`,
    `If the content is what you meant to upload, give it the extension .${format.extensions[0]}.`,
  );
}

function sizeProblems({ virtualSize }: OpenImage): Problem[] {
  if (virtualSize === null || virtualSize / 2 ** 30 <= MAX_VIRTUAL_GIB) return [];
  const gibibytes = (virtualSize / 2 ** 30).toFixed(1);
  return [
    {
      code: 'IMAGE_TOO_LARGE',
      severity: 'reject',
      sentence: `The virtual disk has ${gibibytes} GiB; OCI imports at most ${MAX_VIRTUAL_GIB}.`,
      remedy:
        'Shrink the filesystems and partitions in the guest, then the disk with `qemu-img resize --shrink`.',
    },
  ];
}
