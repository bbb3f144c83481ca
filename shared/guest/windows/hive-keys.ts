import { type Cells, hexadecimal } from './hive-cells.ts';
import { HiveDamagedError } from './hive-error.ts';
import { decodeName, upperCase, upperCaseName } from './hive-names.ts';
import { type Listed, listSubkeys } from './hive-subkeys.ts';
import { type HiveValue, readValues } from './hive-values.ts';

// https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md#key-node
//
//   0x00  2  "nk"
//   0x02  2  flags: 0x0020 the name is Latin-1, else UTF-16
//   0x14  4  number of subkeys
//   0x1C  4  where their list is
//   0x24  4  number of values
//   0x28  4  where their list is
//   0x48  2  length of the name in bytes
//   0x4C  …  name
const NODE_LENGTH = 0x4c;
const LATIN1_NAME = 0x0020;
/** Microsoft, "Registry element size limits": 255 characters. */
const MAX_NAME_LENGTH = 255 * 2;
/** Keys of one list lie near each other: what some of them take to read is there for the others. */
const KEYS_AT_ONCE = 128;

/** A registry key. All that it gives is read when it is asked for, and may throw HiveDamagedError. */
export interface HiveKey {
  readonly name: string;
  /** The key at this path below it, without regard to case, parts divided by `\`; null where there is none. */
  key(path: string): Promise<HiveKey | null>;
  /** In the order of the hive, by name. */
  subkeys(): AsyncIterable<HiveKey>;
  /** The value of this name, without regard to case; `''` is the key's own. Null where there is none. */
  value(name: string): Promise<HiveValue | null>;
  values(): AsyncIterable<HiveValue>;
}

export async function readKey(cells: Cells, offset: number): Promise<HiveKey> {
  const cell = await cells.read(offset, NODE_LENGTH);
  const nameLength = cell.readUInt16LE(0x48);
  const isKey = cell.toString('latin1', 0, 2) === 'nk' && nameLength <= MAX_NAME_LENGTH;
  if (!isKey || NODE_LENGTH + nameLength > cell.length) {
    throw new HiveDamagedError(`there is no key at ${hexadecimal(offset)}`);
  }
  const latin1 = (cell.readUInt16LE(0x02) & LATIN1_NAME) !== 0;
  const subkeyCount = cell.readUInt32LE(0x14);
  const subkeyList = cell.readUInt32LE(0x1c);
  const valueCount = cell.readUInt32LE(0x24);
  const valueList = cell.readUInt32LE(0x28);

  let known: Promise<readonly Listed[]> | null = null;
  /** Kept for the next one that is looked for here: a list of services has some KiB. */
  function subkeys(): Promise<readonly Listed[]> {
    known ??= listSubkeys(cells, subkeyCount, subkeyList);
    known.catch(() => {
      known = null;
    });
    return known;
  }
  const values = () => readValues(cells, valueCount, valueList);

  async function child(name: string): Promise<HiveKey | null> {
    const wanted = upperCaseName(name);
    const candidates = (await subkeys()).filter((listed) => listed.mayBe(wanted));
    for await (const key of readKeys(cells, candidates)) if (upperCase(key.name) === wanted.name) return key;
    return null;
  }

  const key: HiveKey = {
    name: decodeName(cell.subarray(NODE_LENGTH, NODE_LENGTH + nameLength), latin1),
    async key(path) {
      const [first = '', ...rest] = path.split('\\');
      const next = await child(first);
      return next && rest.length > 0 ? next.key(rest.join('\\')) : next;
    },
    async *subkeys() {
      yield* readKeys(cells, await subkeys());
    },
    async value(name) {
      const wanted = upperCase(name);
      for await (const value of values()) if (upperCase(value.name) === wanted) return value;
      return null;
    },
    values,
  };
  return key;
}

async function* readKeys(cells: Cells, listed: readonly Listed[]): AsyncGenerator<HiveKey> {
  for (let first = 0; first < listed.length; first += KEYS_AT_ONCE) {
    const some = listed.slice(first, first + KEYS_AT_ONCE);
    yield* await Promise.all(some.map(({ offset }) => readKey(cells, offset)));
  }
}
