import type { ByteSource } from '../../bytes/source.ts';
import { findListed, readAttributeList } from './attribute-list.ts';
import type { Geometry } from './boot-sector.ts';
import { clusterSource, type Part } from './cluster-source.ts';
import { damaged } from './errors.ts';
import { DATA, type FileRecord, parseFileRecord } from './file-record.ts';

// https://flatcap.github.io/linux-ntfs/ntfs/files/mft.html: $MFT is a file that holds all FILE records, its own
// as the first. Where its runlist goes on in other records, each of these lies in a part that came before it.
const MFT = 0;
/** One record of 1 KiB has some hundred runs, and the $MFT of the worst aged volume some thousand. */
const MAX_PARTS = 256;

/** Reads the FILE record of a number. */
export type ReadRecord = (number: number) => Promise<FileRecord>;

/** @throws {FilesystemDamagedError} when $MFT's own record, or one that its runlist goes on in, cannot be */
export async function openMft(volume: ByteSource, geometry: Geometry): Promise<ReadRecord> {
  const { clusterSize, mftCluster, recordSize } = geometry;
  const own = parseFileRecord(await volume.read(mftCluster * clusterSize, recordSize), MFT);
  const head = own.attributes.find(({ type, name }) => type === DATA && name === '');
  if (head?.resident !== false || head.firstCluster !== 0) throw damaged('$MFT has no clusters');

  const parts: Part[] = [{ firstCluster: 0, load: async () => head }];
  const list = (await readAttributeList(volume, geometry, own)) ?? [];
  const further = list
    .filter(({ type, name, firstCluster }) => type === DATA && name === '' && firstCluster > 0)
    .sort((a, b) => a.firstCluster - b.firstCluster);
  if (further.length > MAX_PARTS) throw damaged(`$MFT has ${further.length} parts`);
  for (const listed of further) {
    // Only by the parts before it: a record that lies in what its own runlist is for would be waited for forever.
    const known = recordReader(clusterSource(volume, geometry, head, [...parts]), recordSize);
    const attribute = findListed(await known(listed.record.number), MFT, listed);
    if (attribute.resident) throw damaged('$MFT has a part without clusters');
    parts.push({ firstCluster: listed.firstCluster, load: async () => attribute });
  }
  return recordReader(clusterSource(volume, geometry, head, parts), recordSize);
}

function recordReader(mft: ByteSource, recordSize: number): ReadRecord {
  return async (number) => {
    if ((number + 1) * recordSize > mft.size) throw damaged(`there is no FILE record ${number}`);
    return parseFileRecord(await mft.read(number * recordSize, recordSize), number);
  };
}
