import type { Evidence } from '../finding.ts';
import type { GuestSystem } from './guest.ts';

/** gpt(8): the partition types of FreeBSD, all of one family of GUIDs. */
const GPT_TYPE = /^(?:83BD6B9D-7F41-11DC-BE0B-001560B84F0F|516E7CB[4-8A]-6ECF-11D6-8FF8-00022D09712B)$/;
/** A slice of an MBR, which carries a table of its own. */
const MBR_TYPE = 'a5';

/** A partition, or the whole disk, as far as FreeBSD can be told by it. */
export interface MarkedVolume {
  /** For a person: "partition 2". */
  readonly name: string;
  /** MBR: two lower-case hexadecimal digits; GPT: the type GUID in upper case; null for what is no partition. */
  readonly type: string | null;
  /** The name of a filesystem that is recognised without being read: `UFS`; null where there is none. */
  readonly mark: string | null;
}

/**
 * FreeBSD by its partitions: its UFS is recognised, not read. Only for a disk on which no other system was found,
 * since other systems leave such partitions alone.
 */
export function recogniseFreebsd(
  volumes: readonly MarkedVolume[],
): { readonly system: GuestSystem; readonly evidence: Evidence } | null {
  const typed = volumes.find(({ type }) => type !== null && (type === MBR_TYPE || GPT_TYPE.test(type)));
  const marked = volumes.find(({ mark }) => mark !== null && /^UFS/i.test(mark));
  const volume = typed ?? marked;
  if (!volume) return null;
  return {
    system: { family: 'freebsd', id: 'freebsd', like: [], name: 'FreeBSD', version: null },
    evidence: {
      fact: typed ? 'a partition of one of the types of FreeBSD' : 'a UFS filesystem, as FreeBSD has',
      source: volume.name,
    },
  };
}
