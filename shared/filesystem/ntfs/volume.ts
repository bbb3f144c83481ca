import { bufferSource } from '../../bytes/buffer.ts';
import { memoize } from '../../bytes/memoize.ts';
import type { ByteSource } from '../../bytes/source.ts';
import { findListed, readAttributeList } from './attribute-list.ts';
import { type Geometry, readBootSector } from './boot-sector.ts';
import { clusterSource } from './cluster-source.ts';
import { damaged } from './errors.ts';
import { type Attribute, DATA, type FileRecord, type Reference } from './file-record.ts';
import { openMft, type ReadRecord } from './mft.ts';
import { readUpcaseTable, type UpcaseTable } from './upcase.ts';

/** https://flatcap.github.io/linux-ntfs/ntfs/files/upcase.html */
const UPCASE = 10;
/** Half a MiB of FILE records as Windows makes them. */
const CACHED_RECORDS = 512;

/** An NTFS volume: its FILE records, and the clusters below them. */
export interface NtfsVolume {
  readonly source: ByteSource;
  readonly geometry: Geometry;
  /** @throws {FilesystemDamagedError} when there is no such record, or it is not in use */
  readonly record: ReadRecord;
  /** Read when it is first asked for: it has 128 KiB, and names in ASCII do without it. */
  upcaseTable(): Promise<UpcaseTable>;
}

/** @throws {FilesystemDamagedError} when the boot sector or $MFT's own record cannot be */
export async function openVolume(source: ByteSource): Promise<NtfsVolume> {
  const geometry = await readBootSector(source);
  const record = memoize(CACHED_RECORDS, await openMft(source, geometry));
  const table = memoize(1, async (number) =>
    readUpcaseTable(await openAttribute(volume, await record(number), DATA)),
  );
  const volume: NtfsVolume = { source, geometry, record, upcaseTable: () => table(UPCASE) };
  return volume;
}

/**
 * The base record of a file that a directory refers to.
 *
 * @throws {FilesystemDamagedError} when it belongs to another file by now
 */
export async function readFileRecord(volume: NtfsVolume, reference: Reference): Promise<FileRecord> {
  const record = await checkedRecord(volume, reference);
  if (record.base !== null) throw damaged(`FILE record ${record.number} is only a part of another`);
  return record;
}

async function checkedRecord(volume: NtfsVolume, { number, sequence }: Reference): Promise<FileRecord> {
  const record = await volume.record(number);
  if (sequence === 0 || sequence === record.sequence) return record;
  throw damaged(`FILE record ${number} was used again since something referred to it`);
}

/** The value of a file's attribute, wherever it is; null where the file has no such attribute. */
export async function openAttribute(
  volume: NtfsVolume,
  record: FileRecord,
  type: number,
  name = '',
): Promise<ByteSource | null> {
  const list = await readAttributeList(volume.source, volume.geometry, record);
  const parts = list
    ? list
        .filter((listed) => listed.type === type && listed.name === name)
        .sort((a, b) => a.firstCluster - b.firstCluster)
        .map((listed) => ({
          firstCluster: listed.firstCluster,
          load: async () => findListed(await checkedRecord(volume, listed.record), record.number, listed),
        }))
    : record.attributes
        .filter((attribute) => attribute.type === type && attribute.name === name)
        .map((attribute) => ({ firstCluster: 0, load: async () => attribute }));

  const head = await parts[0]?.load();
  if (!head) return null;
  if (head.resident) return bufferSource(head.value);
  if (head.firstCluster !== 0) throw damaged(`FILE record ${record.number} lacks the start of an attribute`);
  return clusterSource(
    volume.source,
    volume.geometry,
    head,
    parts.map(({ firstCluster, load }) => ({ firstCluster, load: async () => nonResident(await load()) })),
  );
}

function nonResident(attribute: Attribute) {
  if (attribute.resident) throw damaged('an attribute is both in its record and outside of it');
  return attribute;
}
