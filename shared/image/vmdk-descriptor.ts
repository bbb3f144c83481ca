import { UnsafeImageError, UnsupportedImageError } from './errors.ts';
import { convertCommand } from './remedy.ts';

// Virtual Disk Format 5.0, "The Descriptor File": https://www.vmware.com/app/vmdk/?src=vmdk
//
//   # comment
//   createType="streamOptimized"              key = value
//   RW 20480 SPARSE "disk.vmdk"               access, sectors, type, file [, offset …]
//   ddb.adapterType = "lsilogic"

/** CVE-2022-47951: an unbounded descriptor; real ones have a few hundred bytes. */
export const MAX_DESCRIPTOR_LENGTH = 1024 * 1024;
const NO_PARENT = 'ffffffff';

const KEY_VALUE = /^([A-Za-z][\w.:-]*)\s*=\s*(.*)$/;
const EXTENT = /^(RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+([A-Z]+)(?:\s+"([^"]*)"(?:\s.*)?)?$/i;
/** The create types whose extent is a device of a host, by its path: only the path is in the file. */
const DEVICE_TYPES = [
  'fullDevice',
  'partitionedDevice',
  'vmfsRaw',
  'vmfsRawDeviceMap',
  'vmfsPassthroughRawDeviceMap',
];

export interface Extent {
  readonly access: string;
  readonly sectors: number;
  readonly type: string;
  readonly file: string;
}

export interface Descriptor {
  readonly createType: string;
  readonly extents: readonly Extent[];
}

/**
 * Parses a descriptor and checks what holds for all create types.
 *
 * @throws {UnsafeImageError} when a line is not understood, a parent or another file's path is named
 */
export function parseDescriptor(text: string, name: string): Descriptor {
  const values = new Map<string, string>();
  const extents: Extent[] = [];
  for (const line of lines(text)) {
    const extent = EXTENT.exec(line);
    const pair = KEY_VALUE.exec(line);
    if (extent) extents.push(toExtent(extent));
    else if (pair) addValue(values, pair[1] ?? '', pair[2] ?? '');
    else throw lineError(`has a line that is not understood: ${JSON.stringify(line.slice(0, 80))}`);
  }
  checkNotEncrypted(values);
  checkNoParent(values, name);
  const createType = values.get('createtype') ?? '';
  if (!DEVICE_TYPES.includes(createType)) checkNoPath(extents);
  return { createType, extents };
}

/** Without comments; what follows the first NUL is a sector's padding. */
function lines(text: string): string[] {
  const [content = ''] = text.split('\0', 1);
  const trimmed = content.split('\n').map((line) => line.trim());
  return trimmed.filter((line) => line !== '' && !line.startsWith('#'));
}

/** Is the data on a device of some host, of which this file has only the path? */
export function isDeviceType(createType: string): boolean {
  return DEVICE_TYPES.includes(createType);
}

function toExtent([, access = '', sectors, type = '', file = '']: RegExpExecArray): Extent {
  return { access: access.toUpperCase(), sectors: Number(sectors), type: type.toUpperCase(), file };
}

/** A key given twice could mean one thing to us and another to the importer. */
function addValue(values: Map<string, string>, key: string, value: string): void {
  const lower = key.toLowerCase();
  if (values.has(lower)) throw lineError(`has ${JSON.stringify(key)} twice`);
  values.set(lower, value.replace(/^"(.*)"$/, '$1'));
}

function lineError(what: string): UnsafeImageError {
  return new UnsafeImageError(
    'VMDK_DESCRIPTOR',
    `The descriptor of the VMDK ${what}.`,
    'Export the disk again with the tool that made it.',
  );
}

function checkNotEncrypted(values: Map<string, string>): void {
  if (![...values.keys()].some((key) => key.startsWith('encryption.'))) return;
  throw new UnsupportedImageError(
    'VMDK_ENCRYPTED',
    'The VMDK is encrypted; OCI cannot import it.',
    'Remove the encryption in VMware, then export the disk again.',
  );
}

function checkNoParent(values: Map<string, string>, name: string): void {
  const parent = values.get('parentcid');
  if (parent?.toLowerCase() === NO_PARENT && !values.has('parentfilenamehint')) return;
  throw new UnsafeImageError(
    'VMDK_PARENT',
    'The VMDK is only the difference to another file, its parent.',
    `Merge both where the parent is, if you trust them: ${convertCommand('vmdk', name)}`,
  );
}

/** CVE-2022-47951: an extent with a path makes a reader open any file of its host. */
function checkNoPath(extents: readonly Extent[]): void {
  const extent = extents.find(({ file }) => /[/\\]|^\.\.?$/.test(file));
  if (!extent) return;
  throw new UnsafeImageError(
    'VMDK_EXTENT_PATH',
    `The VMDK refers to a file elsewhere: ${JSON.stringify(extent.file.slice(0, 80))}.`,
    'No honest export has this: do not use the image before you know where it came from.',
  );
}
