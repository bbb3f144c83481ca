import { type Cells, hexadecimal } from './hive-cells.ts';
import { HiveDamagedError } from './hive-error.ts';
import { type UpperCaseName, upperCase } from './hive-names.ts';

// https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md#index-leaf
// A list of subkeys. It is sorted by their upper-case names, which is not relied upon.
//
//   0x00  2  "lh": an entry has a hash of the whole name; "lf": the name's first four bytes; "li": it has neither;
//            "ri": the entries are where lists of the other kinds are
//   0x02  2  number of entries
//   0x04  …  entries: 4 bytes where the key is, in "lh" and "lf" 4 bytes more
const HEADER_LENGTH = 4;
/** SOFTWARE\Classes has some ten thousand. */
const MAX_SUBKEYS = 128 * 1024;
/** Windows begins another list after about a thousand entries. */
const MAX_LISTS = 1024;
/** Each may have half a MiB. */
const LISTS_AT_ONCE = 16;
const HINT_LENGTH = 4;

/** A subkey as a list has it. */
export interface Listed {
  readonly offset: number;
  /** By what the list has of its name; the key itself decides. */
  mayBe(wanted: UpperCaseName): boolean;
}

/**
 * @param count what the key says; its lists must not have more
 * @throws {HiveDamagedError} when a list is none, or they do not fit the count
 */
export async function listSubkeys(cells: Cells, count: number, offset: number): Promise<readonly Listed[]> {
  if (count === 0) return [];
  if (count > MAX_SUBKEYS) throw new HiveDamagedError(`a key has ${count} subkeys`);
  const list = await readList(cells, offset);
  const lists = list.kind === 'ri' ? await readLists(cells, list, count) : [list];
  const listed = lists.reduce((sum, { length }) => sum + length, 0);
  if (listed !== count) throw new HiveDamagedError(`a key has ${count} subkeys, its lists have ${listed}`);
  return lists.flatMap(({ kind, length, entries }) =>
    Array.from({ length }, (_, index): Listed => {
      const at = index * ENTRY_LENGTHS[kind];
      return { offset: entries.readUInt32LE(at), mayBe: (wanted) => mayBe(kind, entries, at + 4, wanted) };
    }),
  );
}

interface List {
  readonly kind: keyof typeof ENTRY_LENGTHS;
  /** In entries. */
  readonly length: number;
  readonly entries: Buffer;
}

const ENTRY_LENGTHS = { lh: 8, lf: 8, li: 4, ri: 4 } as const;

const isKind = (kind: string): kind is List['kind'] => Object.hasOwn(ENTRY_LENGTHS, kind);

async function readList(cells: Cells, offset: number): Promise<List> {
  const cell = await cells.read(offset, HEADER_LENGTH);
  const kind = cell.toString('latin1', 0, 2);
  if (!isKind(kind)) throw new HiveDamagedError(`there is no list of subkeys at ${hexadecimal(offset)}`);
  const length = cell.readUInt16LE(2);
  const end = HEADER_LENGTH + length * ENTRY_LENGTHS[kind];
  if (end > cell.length) throw new HiveDamagedError(`the list at ${hexadecimal(offset)} is cut off`);
  // A copy: a list is kept as long as its key, and the page that it was read from need not be.
  return { kind, length, entries: Buffer.from(cell.subarray(HEADER_LENGTH, end)) };
}

async function readLists(cells: Cells, root: List, count: number): Promise<List[]> {
  if (root.length > MAX_LISTS) throw new HiveDamagedError(`a key has ${root.length} lists of subkeys`);
  const offsets = Array.from({ length: root.length }, (_, index) => root.entries.readUInt32LE(index * 4));
  const lists: List[] = [];
  let listed = 0;
  for (let first = 0; first < offsets.length && listed <= count; first += LISTS_AT_ONCE) {
    const some = offsets.slice(first, first + LISTS_AT_ONCE);
    for (const list of await Promise.all(some.map((each) => readList(cells, each)))) {
      if (list.kind === 'ri') throw new HiveDamagedError('a list of lists is in another');
      lists.push(list);
      listed += list.length;
    }
  }
  return lists;
}

function mayBe(kind: List['kind'], entries: Buffer, at: number, { name, hash }: UpperCaseName): boolean {
  if (kind === 'lh') return entries.readUInt32LE(at) === hash;
  if (kind !== 'lf') return true;
  const hint = entries.toString('latin1', at, at + HINT_LENGTH);
  // Empty for a name that Latin-1 has not.
  if (hint.startsWith('\0')) return true;
  return upperCase(hint.replace(/\0.*$/s, '')) === name.slice(0, HINT_LENGTH);
}
