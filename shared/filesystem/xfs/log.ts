import { sliceSource } from '../../bytes/slice.ts';
import type { ByteSource } from '../../bytes/source.ts';
import type { Superblock } from './superblock.ts';
import { blockOffset } from './volume.ts';

/*
 * XFS Algorithms & Data Structures, "Journaling Log"; xfs_log_format.h. A ring of records, in sectors of 512 bytes,
 * each record with a header of a sector (or more: one for each 32 KiB that records may have):
 *
 *   0x00   4  0xFEEDBABE           0x28   4  operations in it
 *   0x04   4  cycle: round of the  0x144  4  how long records may be (version 2)
 *             ring                 0x200     operations; the first with, at 0x09, its flags
 *   0x08   4  version
 *   0x0C   4  length without header
 *   0x10   8  its place: cycle, sector
 *
 * What unmounts writes a record with a single operation, marked, after all others. Where the ring's last record is
 * can be found by halving it, in a dozen reads one after the other. But unmounting also writes the superblock, right
 * before that record and with its place in the log: so in version 5 one read there tells. A log that has more
 * than that behind the superblock's last write was not unmounted.
 */
const SECTOR = 512;
const RECORD_MAGIC = 0xfeedbabe;
const VERSION_2 = 2;
const CYCLE_DATA_LENGTH = 32 * 1024;
const UNMOUNT = 0x20;
/** The record that has the superblock, its end if that is another, the unmount's: three. A longer way costs requests. */
const MAX_RECORDS = 8;

/**
 * Was it in use when its disk was copied? Null where the log lies elsewhere, or one read of it does not tell (as in
 * version 4).
 */
export async function isDirty(volume: ByteSource, superblock: Superblock): Promise<boolean | null> {
  const { log, lastWrite, blockSize, needsRepair } = superblock;
  if (needsRepair) return true;
  if (!log || !lastWrite || log.blocks === 0) return null;
  const ring = sliceSource(volume, blockOffset(superblock, log.block, log.blocks), log.blocks * blockSize);
  const sectors = ring.size / SECTOR;
  // What mkfs.xfs leaves: a superblock that no log knows, and an unmount in the first sector.
  let { cycle, sector } = lastWrite.cycle === 0 ? { cycle: 1, sector: 0 } : lastWrite;
  let unmounted: boolean | null = null;
  for (let records = 0; records < MAX_RECORDS; records++) {
    const record = await readRecord(ring, sector);
    if (record?.cycle !== cycle) break;
    unmounted = record.unmount;
    sector += record.sectors;
    if (sector >= sectors) {
      sector -= sectors;
      cycle += 1;
    }
  }
  return unmounted === null ? null : !unmounted;
}

/** Null where no record begins. */
async function readRecord(
  ring: ByteSource,
  sector: number,
): Promise<{ cycle: number; sectors: number; unmount: boolean } | null> {
  if ((sector + 1) * SECTOR > ring.size) return null;
  const header = await ring.read(sector * SECTOR, SECTOR);
  const length = header.readUInt32BE(0x0c);
  const isRecord = header.readUInt32BE(0x00) === RECORD_MAGIC && header.readUInt32BE(0x14) === sector;
  if (!isRecord || length > ring.size) return null;
  const longest = header.readUInt32BE(0x08) & VERSION_2 ? header.readUInt32BE(0x144) : 0;
  const headers = Math.max(1, Math.ceil(longest / CYCLE_DATA_LENGTH));
  const first = ((sector + headers) * SECTOR) % ring.size;
  const single = header.readUInt32BE(0x28) === 1;
  return {
    cycle: header.readUInt32BE(0x04),
    sectors: headers + Math.ceil(length / SECTOR),
    unmount: single && ((await ring.read(first, SECTOR)).readUInt8(0x09) & UNMOUNT) !== 0,
  };
}
