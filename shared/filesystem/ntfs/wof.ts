import type { ByteSource } from '../../bytes/source.ts';
import { unsupported } from './errors.ts';
import type { FileRecord } from './file-record.ts';
import type { NtfsVolume } from './volume.ts';

/** A file that Windows keeps compressed by its overlay filter (CompactOS). */
export async function wofSource(
  _volume: NtfsVolume,
  _record: FileRecord,
  _algorithm: number,
): Promise<ByteSource> {
  throw unsupported('a file is compressed by CompactOS');
}
