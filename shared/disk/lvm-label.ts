import { crc32 } from 'node:zlib';
import { safeInteger } from '../bytes/integers.ts';
import type { ByteSource } from '../bytes/source.ts';
import { LvmMetadataError } from './lvm-metadata.ts';
import { SECTOR_SIZE } from './mbr.ts';

/*
 * An LVM2 physical volume. LVM2's own lib/format_text/layout.h and lib/label/label.h; all numbers little-endian.
 *
 * Label, in one of the first four sectors:
 *
 *   0x00   8  "LABELONE"
 *   0x14   4  offset of the header, from the start of the label
 *   0x18   8  "LVM2 001"
 *
 * Header of the physical volume:
 *
 *   0x00  32  its UUID, as ASCII without dashes
 *   0x20   8  size of the device in bytes
 *   0x28      data areas: (8 offset, 8 length) each, ended by a pair of zeros; then metadata areas, likewise
 *
 * Metadata area:
 *
 *   0x00   4  CRC-32 of what follows, up to 512 bytes
 *   0x04  16  " LVM2 x[5A%r0N*>"
 *   0x18   8  offset of this area on the device
 *   0x20   8  its length
 *   0x28      texts: (8 offset in the area, 8 length, 4 CRC-32, 4 flags) each, ended by an offset of zero; the text
 *             goes on behind this sector where it reaches the area's end
 */

const LABEL_SECTORS = 4;
const LABEL_MARK = 'LABELONELVM2 001';
const AREA_MARK = ' LVM2 x[5A%r0N*>';
const UUID_LENGTH = 32;
const LOCATION_LENGTH = 16;
const TEXTS_OFFSET = 0x28;
/** Its text is not in use: another copy is. */
const IGNORED_FLAG = 1;
/** `pvcreate` makes areas of one MiB; a volume group with thousands of logical volumes has some. */
const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
/** LVM's CRC-32 starts with this instead of all ones, and is not inverted at its end. */
const CRC_SEED = 0xf597a6cf;

/** One physical volume. */
export interface PhysicalVolume {
  /** 32 characters, without dashes. */
  readonly uuid: string;
  readonly source: ByteSource;
  /** The volume group's description; null where this volume holds no copy. */
  readonly text: string | null;
}

/**
 * Null where the volume has no LVM label.
 *
 * @throws {LvmMetadataError} when it has one, and what it leads to is damaged
 */
export async function readPhysicalVolume(source: ByteSource): Promise<PhysicalVolume | null> {
  const sectors = await source.read(0, Math.min(LABEL_SECTORS * SECTOR_SIZE, source.size));
  for (let at = 0; at + SECTOR_SIZE <= sectors.length; at += SECTOR_SIZE) {
    const label = sectors.subarray(at, at + SECTOR_SIZE);
    if (label.toString('latin1', 0, 8) + label.toString('latin1', 0x18, 0x20) === LABEL_MARK) {
      return readHeader(source, label);
    }
  }
  return null;
}

async function readHeader(source: ByteSource, label: Buffer): Promise<PhysicalVolume> {
  const header = label.subarray(Math.min(label.readUInt32LE(0x14), SECTOR_SIZE));
  const uuid = header.toString('latin1', 0, UUID_LENGTH);
  const locations: { offset: number; zero: boolean }[] = [];
  for (let at = UUID_LENGTH + 8; at + LOCATION_LENGTH <= header.length; at += LOCATION_LENGTH) {
    const offset = safeInteger(header.readBigUInt64LE(at));
    locations.push({ offset, zero: offset === 0 && header.readBigUInt64LE(at + 8) === 0n });
  }
  const dataEnd = locations.findIndex(({ zero }) => zero);
  const areas = locations.slice(
    dataEnd + 1,
    locations.findIndex(({ zero }, index) => zero && index > dataEnd),
  );
  if (dataEnd < 0) throw new LvmMetadataError('the list of its areas does not end');
  let failure: unknown;
  for (const { offset } of areas) {
    try {
      const text = await readText(source, offset);
      if (text !== null) return { uuid, source, text };
    } catch (error) {
      if (!(error instanceof LvmMetadataError)) throw error;
      // There may be a second copy at the end of the device.
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return { uuid, source, text: null };
}

/** Null where the area is empty, or not in use. */
async function readText(source: ByteSource, area: number): Promise<string | null> {
  if (area + SECTOR_SIZE > source.size) throw new LvmMetadataError('it lies outside its volume');
  const header = await source.read(area, SECTOR_SIZE);
  if (header.toString('latin1', 4, 4 + AREA_MARK.length) !== AREA_MARK) {
    throw new LvmMetadataError('its header has no mark');
  }
  if (lvmCrc(header.subarray(4)) !== header.readUInt32LE(0)) {
    throw new LvmMetadataError("its header's checksum is wrong");
  }
  const areaLength = safeInteger(header.readBigUInt64LE(0x20));
  const offset = safeInteger(header.readBigUInt64LE(TEXTS_OFFSET));
  const length = safeInteger(header.readBigUInt64LE(TEXTS_OFFSET + 8));
  if (offset === 0 || length === 0 || (header.readUInt32LE(TEXTS_OFFSET + 20) & IGNORED_FLAG) !== 0)
    return null;
  const room = areaLength - SECTOR_SIZE;
  if (length > Math.min(room, MAX_TEXT_LENGTH) || offset >= areaLength || area + areaLength > source.size) {
    throw new LvmMetadataError('its text lies outside its area');
  }
  const first = Math.min(length, areaLength - offset);
  const parts = [source.read(area + offset, first), source.read(area + SECTOR_SIZE, length - first)];
  const text = Buffer.concat(await Promise.all(parts));
  if (lvmCrc(text) !== header.readUInt32LE(TEXTS_OFFSET + 16)) {
    throw new LvmMetadataError("its text's checksum is wrong");
  }
  return text.toString('utf8');
}

/** zlib inverts before and after: undone here, since LVM does neither. */
const lvmCrc = (bytes: Buffer): number => (crc32(bytes, ~CRC_SEED >>> 0) ^ 0xffffffff) >>> 0;
