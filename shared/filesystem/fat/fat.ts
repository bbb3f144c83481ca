import type { ByteSource } from '../../bytes/source.ts';
import { type Extent, extentContent } from '../extents.ts';
import type { DirectoryNode, Filesystem, FilesystemFormat, Node } from '../filesystem.ts';
import { type AllocationTable, allocationTable } from './allocation-table.ts';
import { type BootSector, isBootSector, readBootSector } from './boot-sector.ts';
import { ENTRY_LENGTH, entriesOf, type FatEntry } from './directory-entries.ts';
import { damaged, NAME } from './errors.ts';

/** Specification: a directory has at most 65,536 entries. */
const MAX_DIRECTORY = 65_536 * ENTRY_LENGTH;
/** Directories begin with what is needed most; a large one is then read in few requests. */
const FIRST_READ = 4 * 1024;
const READ_LENGTH = 128 * 1024;

/** FAT12, FAT16 and FAT32 with long names; Microsoft's FAT32 File System Specification, 1.03. */
export const fat: FilesystemFormat = {
  name: NAME,
  matches: isBootSector,
  async open(bytes): Promise<Filesystem> {
    const boot = await readBootSector(bytes);
    const volume: FatVolume = { bytes, boot, table: allocationTable(bytes, boot) };
    const root = rootReader(volume);
    const [label, dirty] = await Promise.all([labelIn(volume, root), volume.table.readDirty()]);
    return {
      type: 'vfat',
      label: label ?? boot.label,
      uuid: boot.serial,
      dirty: boot.dirty || dirty,
      root: directoryNode(volume, root),
    };
  },
};

interface FatVolume {
  readonly bytes: ByteSource;
  readonly boot: BootSector;
  readonly table: AllocationTable;
}

/** A directory's bytes from its start, in pieces. */
type DirectoryReader = () => AsyncIterable<Buffer>;

function rootReader(volume: FatVolume): DirectoryReader {
  const { root } = volume.boot;
  if ('cluster' in root) return chainReader(volume, root.cluster);
  return async function* () {
    for (let at = 0; at < root.length; at += READ_LENGTH) {
      yield volume.bytes.read(root.offset + at, Math.min(READ_LENGTH, root.length - at));
    }
  };
}

function chainReader({ bytes, table, boot }: FatVolume, cluster: number): DirectoryReader {
  const walk = table.chain(cluster);
  return async function* () {
    let at = 0;
    for (let wanted = FIRST_READ; ; wanted = READ_LENGTH) {
      const extents = await walk(at + wanted);
      const known = lengthOf(extents);
      if (known === 0) throw damaged('a directory has no clusters');
      if (at === known) return;
      if (known > MAX_DIRECTORY + boot.clusterSize) throw damaged('a directory has more than 65,536 entries');
      const end = Math.min(known, at + wanted);
      const content = extentContent(NAME, bytes, known, async () => extents);
      yield content.read(at, end - at);
      at = end;
    }
  };
}

function lengthOf(extents: readonly Extent[]): number {
  const last = extents.at(-1);
  return last ? last.start + last.length : 0;
}

/** The label that systems show is an entry of the root directory; the boot sector's is often an old one. */
async function labelIn({ boot }: FatVolume, root: DirectoryReader): Promise<string | null> {
  for await (const entry of entriesOf(root(), boot.bits === 32)) {
    if (entry.kind === 'label') return entry.shortName;
  }
  return null;
}

function directoryNode(volume: FatVolume, reader: DirectoryReader): DirectoryNode {
  async function* entries(): AsyncGenerator<FatEntry> {
    for await (const entry of entriesOf(reader(), volume.boot.bits === 32)) {
      if (entry.kind !== 'label') yield entry;
    }
  }
  return {
    kind: 'directory',
    async lookup(name) {
      const wanted = folded(name);
      for await (const entry of entries()) {
        if (folded(entry.name) === wanted || folded(entry.shortName) === wanted) return nodeOf(volume, entry);
      }
      return null;
    },
    async *entries() {
      for await (const entry of entries()) {
        const kind = entry.kind === 'directory' ? 'directory' : 'file';
        yield { name: entry.name, kind, node: async () => nodeOf(volume, entry) };
      }
    },
  };
}

function nodeOf(volume: FatVolume, entry: FatEntry): Node {
  if (entry.kind === 'directory') return directoryNode(volume, chainReader(volume, entry.cluster));
  return { kind: 'file', content: fileContent(volume, entry) };
}

function fileContent({ bytes, table }: FatVolume, { cluster, size, name }: FatEntry): ByteSource {
  const walk = table.chain(cluster);
  return extentContent(NAME, bytes, size, async (_, to) => {
    const extents = await walk(to);
    if (lengthOf(extents) < to) throw damaged(`file ${name} ends before its ${size} bytes`);
    return extents;
  });
}

/** FAT keeps the case of names and finds them in any. */
const folded = (name: string): string => name.toLowerCase();
