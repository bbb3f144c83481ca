import type { DirectoryNode, Entry, Node } from '../filesystem.ts';
import { DATA, type FileRecord, REPARSE_POINT, type Reference } from './file-record.ts';
import { type DirectoryIndex, type IndexEntry, openIndex } from './index.ts';
import { readReparsePoint } from './reparse-point.ts';
import { type NtfsVolume, openAttribute, readFileRecord } from './volume.ts';
import { wofSource } from './wof.ts';

// FILE_ATTRIBUTE_… as an index has them; the last two are NTFS' own.
const REPARSE = 0x400;
const DIRECTORY = 0x10000000;
/** A file of NTFS' own that has an index of something else than names, and often no data. */
const VIEW = 0x20000000;

/** What is in the file that a directory refers to. */
export async function readNode(volume: NtfsVolume, reference: Reference): Promise<Node> {
  const record = await readFileRecord(volume, reference);
  const reparsePoint = await openAttribute(volume, record, REPARSE_POINT);
  if (reparsePoint) {
    const point = await readReparsePoint(reparsePoint);
    if (point.kind === 'link') return { kind: 'symlink', target: async () => point.target };
    if (point.kind === 'wof')
      return { kind: 'file', content: await wofSource(volume, record, point.algorithm) };
    if (point.nameSurrogate || !record.directory) return { kind: 'other' };
  }
  if (record.directory) return directoryNode(volume, record);
  const content = await openAttribute(volume, record, DATA);
  return content ? { kind: 'file', content } : { kind: 'other' };
}

function directoryNode(volume: NtfsVolume, record: FileRecord): DirectoryNode {
  let opened: Promise<DirectoryIndex> | null = null;
  const index = () => {
    opened ??= openIndex(volume, record);
    opened.catch(() => {
      opened = null;
    });
    return opened;
  };
  return {
    kind: 'directory',
    async lookup(name) {
      const found = await (await index()).find(name);
      return found && !isItself(found, record) ? readNode(volume, found.file) : null;
    },
    async *entries(): AsyncGenerator<Entry> {
      for await (const found of (await index()).all()) {
        if (found.shortName || isItself(found, record)) continue;
        const { name, file } = found;
        yield { name, kind: kindOf(found), node: () => readNode(volume, file) };
      }
    },
  };
}

/** The root directory has itself as `.`. */
const isItself = ({ name, file }: IndexEntry, record: FileRecord): boolean =>
  name === '.' && file.number === record.number;

/** A link or a compressed file only its reparse point tells apart. */
function kindOf({ attributes }: IndexEntry): Entry['kind'] {
  if ((attributes & (REPARSE | VIEW)) !== 0) return null;
  return (attributes & DIRECTORY) !== 0 ? 'directory' : 'file';
}
