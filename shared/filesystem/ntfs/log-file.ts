import { DATA } from './file-record.ts';
import { type NtfsVolume, openAttribute, readFileRecord } from './volume.ts';

// https://flatcap.github.io/linux-ntfs/ntfs/files/logfile.html ; of the journal only its two restart pages:
//
//   00  4  "RSTR"; "CHKD" once chkdsk was there; FF where the journal was emptied
//   10  4  size of such a page                       restart area:
//   18  2  offset of the restart area                  00  8  number (LSN) of the page's last change
//                                                      0C  2  first client of the journal; FFFF: none
//                                                      0E  2  flags: 2 the volume was unmounted
const LOG_FILE = { number: 2, sequence: 0 };
const PAGE = 4096;
const RESTART_AREA = 0x10;
const NO_CLIENT = 0xffff;
const UNMOUNTED = 2;
/** The update sequence, which is left in place here, replaces the words from here on. */
const FIRST_SECTOR = 510;

interface RestartArea {
  readonly lsn: bigint;
  readonly clean: boolean;
}

/** Was the volume unmounted, so that the journal has nothing to do? Null where its start tells neither. */
export async function isLogClean(volume: NtfsVolume): Promise<boolean | null> {
  const log = await openAttribute(volume, await readFileRecord(volume, LOG_FILE), DATA);
  if (!log || log.size < 2 * PAGE) return null;
  const bytes = await log.read(0, 2 * PAGE);
  const mark = bytes.toString('latin1', 0, 4);
  if (mark === 'CHKD' || bytes.every((byte) => byte === 0xff)) return true;
  // The pages are written in turns: the later one counts.
  const areas = [0, PAGE].flatMap((at) => restartArea(bytes.subarray(at, at + PAGE)) ?? []);
  const [latest] = areas.sort((a, b) => (a.lsn < b.lsn ? 1 : -1));
  return latest?.clean ?? null;
}

function restartArea(page: Buffer): RestartArea | null {
  const at = page.readUInt16LE(0x18);
  if (page.toString('latin1', 0, 4) !== 'RSTR' || at + RESTART_AREA > FIRST_SECTOR) return null;
  return {
    lsn: page.readBigUInt64LE(at),
    clean: page.readUInt16LE(at + 0x0c) === NO_CLIENT || (page.readUInt16LE(at + 0x0e) & UNMOUNTED) !== 0,
  };
}
