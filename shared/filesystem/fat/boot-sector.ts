import type { ByteSource } from '../../bytes/source.ts';
import { codePage437 } from './code-page.ts';
import { damaged } from './errors.ts';

/*
 * Microsoft Extensible Firmware Initiative FAT32 File System Specification, 1.03, "Boot Sector and BPB"; all fields
 * little-endian.
 *
 *   0x00  3  jump: eb xx 90, or e9 xx xx       FAT12 and FAT16:               FAT32:
 *   0x03  8  name of the system that made it    0x25  1  bit 0: dirty          0x24  4  sectors of a FAT
 *   0x0b  2  bytes of a sector                  0x26  1  0x28 or 0x29          0x28  2  bit 7: only one FAT is used,
 *   0x0d  1  sectors of a cluster               0x27  4  serial number                  which bits 0 to 3 say
 *   0x0e  2  sectors before the first FAT       0x2b 11  label                 0x2c  4  root directory's cluster
 *   0x10  1  FATs                                                              0x41  1  bit 0: dirty
 *   0x11  2  entries of the root directory                                     0x42  1  0x28 or 0x29
 *   0x13  2  sectors, or 0                                                     0x43  4  serial number
 *   0x15  1  media: f0, f8 to ff                                               0x47 11  label
 *   0x16  2  sectors of a FAT; 0: FAT32
 *   0x20  4  sectors, where 0x13 is 0          0x1fe  2  55 aa
 */
const SECTOR = 512;
const SECTOR_SIZES = [512, 1024, 2048, 4096];
const MAX_SECTORS_PER_CLUSTER = 128;
const MAX_FATS = 2;
const JUMPS = [0xeb, 0xe9];
const FIXED_MEDIA = 0xf8;
const REMOVABLE_MEDIA = 0xf0;

/** What else starts with a jump and a block of parameters. */
const OTHER_SYSTEMS = ['NTFS    ', 'EXFAT   ', '-FVE-FS-', 'ReFS\0\0\0\0'];

const ONE_FAT = 0x80;
const DIRTY = 1;
const LABEL_LENGTH = 11;
const NO_LABEL = 'NO NAME';
/** 0x28: only the serial number follows; 0x29: the label, too. */
const SERIAL_SIGNATURES = [0x28, 0x29];
const LABEL_SIGNATURE = 0x29;

const DIRECTORY_ENTRY = 32;
/** The specification's limits, which look odd and are exact. */
const MAX_CLUSTERS_12 = 4084;
const MAX_CLUSTERS_16 = 65_524;
/** 28 bits, without the eleven values at the end that mean something else. */
const MAX_CLUSTERS_32 = 0x0fff_fff5;
/** Clusters 0 and 1 are none: their entries in the FAT hold the media and the dirty flag. */
export const FIRST_CLUSTER = 2;

/** A boot sector that passed every check. Offsets and lengths in bytes. */
export interface BootSector {
  readonly bits: 12 | 16 | 32;
  readonly clusterSize: number;
  /** Clusters from FIRST_CLUSTER on that have both data and an entry in the FAT. */
  readonly clusters: number;
  readonly fat: { readonly offset: number; readonly length: number };
  readonly data: number;
  /** The root directory: a region of its own, or (FAT32) a chain of clusters. */
  readonly root: { readonly offset: number; readonly length: number } | { readonly cluster: number };
  readonly serial: string | null;
  readonly label: string | null;
  readonly dirty: boolean;
}

/** Does a volume begin as FAT does? Boot records of disks and of other filesystems begin with a jump, too. */
export function isBootSector(head: Buffer): boolean {
  if (head.length < SECTOR || head.readUInt16BE(0x1fe) !== 0x55aa) return false;
  const sectorsPerCluster = head.readUInt8(0x0d);
  const media = head.readUInt8(0x15);
  return (
    JUMPS.includes(head.readUInt8(0)) &&
    !OTHER_SYSTEMS.includes(head.toString('latin1', 3, 11)) &&
    SECTOR_SIZES.includes(head.readUInt16LE(0x0b)) &&
    sectorsPerCluster <= MAX_SECTORS_PER_CLUSTER &&
    Number.isInteger(Math.log2(sectorsPerCluster)) &&
    head.readUInt16LE(0x0e) > 0 &&
    head.readUInt8(0x10) > 0 &&
    head.readUInt8(0x10) <= MAX_FATS &&
    (media >= FIXED_MEDIA || media === REMOVABLE_MEDIA)
  );
}

/** @throws {FilesystemDamagedError} for a boot sector that is not FAT's, or says what cannot be */
export async function readBootSector(volume: ByteSource): Promise<BootSector> {
  const sector = await volume.read(0, Math.min(SECTOR, volume.size));
  if (!isBootSector(sector)) throw damaged('its boot sector is not one of FAT');
  const sectorSize = sector.readUInt16LE(0x0b);
  const clusterSize = sector.readUInt8(0x0d) * sectorSize;
  // By the cluster count, the specification says; but drivers go by this field, since small FAT32 volumes are made.
  const isFat32 = sector.readUInt16LE(0x16) === 0;
  const fatSectors = isFat32 ? sector.readUInt32LE(0x24) : sector.readUInt16LE(0x16);
  const sectors = sector.readUInt16LE(0x13) || sector.readUInt32LE(0x20);
  const reserved = sector.readUInt16LE(0x0e);
  const rootLength = isFat32 ? 0 : sector.readUInt16LE(0x11) * DIRECTORY_ENTRY;
  const rootSector = reserved + sector.readUInt8(0x10) * fatSectors;
  const dataSector = rootSector + Math.ceil(rootLength / sectorSize);
  const data = dataSector * sectorSize;
  if (fatSectors === 0 || dataSector >= sectors || data >= volume.size) {
    throw damaged('its FATs leave no room for files');
  }

  const dataClusters = Math.floor(((sectors - dataSector) * sectorSize) / clusterSize);
  const bits = isFat32 ? 32 : dataClusters <= MAX_CLUSTERS_12 ? 12 : 16;
  const fatLength = fatSectors * sectorSize;
  const inFat = Math.floor((fatLength * 8) / bits) - FIRST_CLUSTER;
  const most = isFat32 ? MAX_CLUSTERS_32 : MAX_CLUSTERS_16;
  // Partitions a sector too short are made, and firmware and Linux read what is there.
  const present = Math.floor((volume.size - data) / clusterSize);
  return {
    bits,
    clusterSize,
    clusters: Math.min(dataClusters, present, inFat, most),
    fat: { offset: reserved * sectorSize + activeFat(sector, isFat32) * fatLength, length: fatLength },
    data,
    root: isFat32
      ? { cluster: sector.readUInt32LE(0x2c) }
      : { offset: rootSector * sectorSize, length: rootLength },
    ...readExtension(sector, isFat32 ? 0x41 : 0x25),
  };
}

function activeFat(sector: Buffer, isFat32: boolean): number {
  const flags = isFat32 ? sector.readUInt16LE(0x28) : 0;
  const active = flags & ONE_FAT ? flags & 0xf : 0;
  if (active < sector.readUInt8(0x10)) return active;
  throw damaged(`it uses FAT ${active}, which it does not have`);
}

/** The dirty flag that Linux sets, serial number and label, which follow each other in either width. */
function readExtension(sector: Buffer, at: number): Pick<BootSector, 'dirty' | 'serial' | 'label'> {
  const signature = sector.readUInt8(at + 1);
  const serial = sector
    .readUInt32LE(at + 2)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0');
  const label = codePage437(sector.subarray(at + 6, at + 6 + LABEL_LENGTH)).trimEnd();
  return {
    dirty: (sector.readUInt8(at) & DIRTY) !== 0,
    serial: SERIAL_SIGNATURES.includes(signature) ? `${serial.slice(0, 4)}-${serial.slice(4)}` : null,
    label: signature === LABEL_SIGNATURE && label !== NO_LABEL && label !== '' ? label : null,
  };
}
