import type { Filesystem, FilesystemFormat } from '../filesystem.ts';
import { isNtfs } from './boot-sector.ts';
import { damaged, unsupported } from './errors.ts';
import { VOLUME_INFORMATION, VOLUME_NAME } from './file-record.ts';
import { isLogClean } from './log-file.ts';
import { readNode } from './node.ts';
import { type NtfsVolume, openAttribute, openVolume, readFileRecord } from './volume.ts';

/** Files of NTFS' own by their FILE records: https://flatcap.github.io/linux-ntfs/ntfs/files/index.html */
const VOLUME = { number: 3, sequence: 0 };
const ROOT = { number: 5, sequence: 0 };

/** $VOLUME_INFORMATION: 08 1 major version, 09 1 minor version, 0A 2 flags. */
const INFORMATION_LENGTH = 0x0c;
/** 1.2 of Windows NT 4, 3.0 of 2000, 3.1 ever since. */
const MAX_MAJOR_VERSION = 3;
const DIRTY = 1;
/** Explorer takes 32 characters; the format leaves room for more. */
const MAX_NAME_LENGTH = 256;

export const ntfs: FilesystemFormat = {
  name: 'NTFS',
  matches: isNtfs,
  async open(source): Promise<Filesystem> {
    const volume = await openVolume(source);
    const [{ label, marked }, clean, root] = await Promise.all([
      readAbout(volume),
      isLogClean(volume),
      readNode(volume, ROOT),
    ]);
    if (root.kind !== 'directory') throw damaged('its root is no directory');
    const dirty = marked || (clean === null ? null : !clean);
    return { type: 'ntfs', label, uuid: volume.geometry.serial, dirty, root };
  },
};

/** What the file $Volume tells; `marked`: chkdsk is to look at it. */
async function readAbout(volume: NtfsVolume): Promise<{ label: string | null; marked: boolean }> {
  const record = await readFileRecord(volume, VOLUME);
  const information = await openAttribute(volume, record, VOLUME_INFORMATION);
  if (!information || information.size < INFORMATION_LENGTH) throw damaged('$Volume lacks its information');
  const bytes = await information.read(0, INFORMATION_LENGTH);
  const major = bytes.readUInt8(8);
  if (major > MAX_MAJOR_VERSION) throw unsupported(`it has version ${major}.${bytes.readUInt8(9)}`);
  const name = await openAttribute(volume, record, VOLUME_NAME);
  const label = name && (await name.read(0, Math.min(name.size, MAX_NAME_LENGTH))).toString('utf16le');
  return { label: label || null, marked: (bytes.readUInt16LE(0x0a) & DIRTY) !== 0 };
}
