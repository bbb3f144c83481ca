import type { PartitionTable } from './partitions.ts';

/** UAPI Group, Discoverable Partitions Specification: the root and /usr partitions of an architecture. */
const ARCHITECTURE_TYPES: Readonly<Record<string, 'x86_64' | 'aarch64'>> = {
  '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709': 'x86_64',
  '8484680C-9521-48C6-9C11-B0720656F69E': 'x86_64',
  'B921B045-1DF0-41C3-AF44-4C6F280D3FAE': 'aarch64',
  'B0E01050-EE5F-4390-949A-9101B17104E9': 'aarch64',
};

/** Null also where a disk carries partitions of both architectures: it can be started on either. */
export function partitionArchitecture({ partitions }: PartitionTable): 'x86_64' | 'aarch64' | null {
  const found = new Set(partitions.flatMap(({ type }) => ARCHITECTURE_TYPES[type] ?? []));
  const [only] = found;
  return found.size === 1 ? (only ?? null) : null;
}
