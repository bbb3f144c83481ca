import type { ByteSource } from '../bytes/source.ts';
import type { Problem } from '../finding.ts';
import { UnsafeImageError } from './errors.ts';
import type { ImageFormat, OpenImage } from './format.ts';
import { mappedDisk } from './mapped-disk.ts';
import { hasMark } from './recognised.ts';
import { convertCommand } from './remedy.ts';
import { type Descriptor, isDeviceType, MAX_DESCRIPTOR_LENGTH, parseDescriptor } from './vmdk-descriptor.ts';
import { grainLocator } from './vmdk-grains.ts';
import { MAGIC, readHeader, SECTOR, type VmdkHeader } from './vmdk-header.ts';

/** The two create types that OCI imports: the whole disk in one file. */
const IMPORTABLE = ['monolithicSparse', 'streamOptimized'];

// Marks of VMDK files that are not hosted sparse extents.
const COWD = Buffer.from('COWD', 'latin1');
const SE_SPARSE = Buffer.from([0xbe, 0xba, 0xfe, 0xca, 0, 0, 0, 0]);
/** A descriptor that is a file of its own; QEMU too takes one by either line. */
const BARE_DESCRIPTOR = /^(\s*#[^\n]*\n)*\s*(# *Disk *DescriptorFile|version *= *[1-3]\b)/i;
const BARE_DESCRIPTOR_WITHIN = 4096;

/** Split disks: the extents are `disk-s001.vmdk` …, and `disk.vmdk` is the descriptor that names them. */
const SPLIT_EXTENT = /-s\d+\.vmdk$/i;

/** VMware's disks; the sparse extent's header is described in vmdk-header.ts. */
export const vmdk: ImageFormat = {
  name: 'vmdk',
  extensions: ['vmdk'],
  matches: (head) =>
    [MAGIC, COWD, SE_SPARSE].some((mark) => hasMark(head, 0, mark)) || isBareDescriptor(head),
  async open(source, name) {
    const head = await source.read(0, Math.min(source.size, BARE_DESCRIPTOR_WITHIN));
    if (hasMark(head, 0, COWD)) return unsupported('vmfsSparse', name);
    if (hasMark(head, 0, SE_SPARSE)) return unsupported('seSparse', name);
    if (!isBareDescriptor(head)) return openSparse(source, name);
    const length = Math.min(source.size, MAX_DESCRIPTOR_LENGTH);
    const { createType } = parseDescriptor((await source.read(0, length)).toString('utf8'), name);
    return unsupported(createType, name);
  },
};

function isBareDescriptor(head: Buffer): boolean {
  return BARE_DESCRIPTOR.test(head.toString('latin1', 0, BARE_DESCRIPTOR_WITHIN));
}

async function openSparse(source: ByteSource, name: string): Promise<OpenImage> {
  const header = await readHeader(source);
  const { offset, length } = header.descriptor;
  const text = (await source.read(offset, length)).toString('utf8');
  // Only the extents of a split disk have no descriptor, or an empty place for one.
  if (/^\0*$/.test(text)) return unsupported('twoGbMaxExtentSparse', name);
  const descriptor = parseDescriptor(text, name);
  const { createType } = descriptor;
  if (!IMPORTABLE.includes(createType)) return unsupported(createType, name);
  checkSingleExtent(descriptor, header);
  return {
    format: 'vmdk',
    variant: createType,
    virtualSize: header.capacity,
    disk: mappedDisk(source, header.capacity, header.grainSize, grainLocator(source, header)),
    archive: null,
    problems: [],
    evidence: [{ fact: `VMDK of type ${createType}`, source: 'image descriptor' }],
  };
}

/** CVE-2022-47951: the only extent is this file itself, and as large as the header says. */
function checkSingleExtent({ extents }: Descriptor, { capacity, grainSize }: VmdkHeader): void {
  const [extent] = extents;
  const size = (extent?.sectors ?? 0) * SECTOR;
  // Writers differ in whether the capacity is rounded up to whole grains.
  const sizesAgree = size <= capacity && capacity - size < grainSize;
  const readable = extent?.type === 'SPARSE' && extent.access !== 'NOACCESS';
  if (extents.length === 1 && readable && sizesAgree) return;
  throw new UnsafeImageError(
    'VMDK_EXTENTS',
    'The descriptor of the VMDK does not name exactly one sparse extent of the size in its header.',
    'Export the disk again with the tool that made it.',
  );
}

function unsupported(createType: string, name: string): OpenImage {
  const shown =
    createType === '' ? 'without a createType' : `of type ${JSON.stringify(createType.slice(0, 40))}`;
  const problem: Problem = {
    code: 'VMDK_SUBTYPE_UNSUPPORTED',
    severity: 'reject',
    sentence: `The VMDK is ${shown}; OCI imports only ${IMPORTABLE.join(' and ')}. Convert it where the disk's other files are.`,
    remedy: isDeviceType(createType)
      ? 'This file only names a device of the machine it was made on: make an image of that device there.'
      : convertCommand('vmdk', name.replace(SPLIT_EXTENT, '.vmdk')),
  };
  return {
    format: 'vmdk',
    variant: createType === '' ? null : createType.slice(0, 40),
    virtualSize: null,
    disk: null,
    archive: null,
    problems: [problem],
    evidence: [{ fact: `VMDK ${shown}`, source: 'image descriptor' }],
  };
}
