import { type Cells, hexadecimal } from './hive-cells.ts';
import { HiveDamagedError } from './hive-error.ts';
import { decodeName } from './hive-names.ts';

// https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md#key-value
// A key's list of values is nothing but 4 bytes for each: where it is.
//
//   0x00  2  "vk"
//   0x02  2  length of the name in bytes; 0 for the key's own value
//   0x04  4  length of the data; with the highest bit, it is in the next field itself
//   0x08  4  where the data is
//   0x0C  4  type
//   0x10  2  flags: 0x0001 the name is Latin-1, else UTF-16
//   0x14  …  name
//
// Since version 1.4, data of more than 16344 bytes is in segments of that length:
//
//   0x00  2  "db"
//   0x02  2  number of segments
//   0x04  4  where the list of segments is: 4 bytes for each
const VALUE_LENGTH = 0x14;
const LATIN1_NAME = 0x0001;
const IN_FIELD = 0x80000000;
const SEGMENT_LENGTH = 16344;
const BIG_DATA_LENGTH = 8;
/** Shared DLLs are told by some thousand values of one key. */
const MAX_VALUES = 32 * 1024;
/** A key's values mostly lie beside each other; and one may have a name of 32 KiB. */
const VALUES_AT_ONCE = 64;
/** Microsoft, "Registry element size limits". */
const MAX_NAME_LENGTH = 16_383 * 2;
/** What is read here has some KiB at most; larger values exist. */
const MAX_DATA_LENGTH = 1024 * 1024;

export const REG_SZ = 1;
export const REG_EXPAND_SZ = 2;
export const REG_BINARY = 3;
export const REG_DWORD = 4;
export const REG_MULTI_SZ = 7;

export interface HiveValue {
  /** `''` for the key's own value. */
  readonly name: string;
  /** REG_… */
  readonly type: number;
  /** @throws {HiveDamagedError} when it is not there, or has more than a MiB */
  data(): Promise<Buffer>;
}

/** A key's values, in the order of their list, which has no names: to find one, all before it are read. */
export async function* readValues(cells: Cells, count: number, list: number): AsyncGenerator<HiveValue> {
  if (count === 0) return;
  if (count > MAX_VALUES) throw new HiveDamagedError(`a key has ${count} values`);
  const offsets = await cells.read(list, count * 4);
  for (let first = 0; first < count; first += VALUES_AT_ONCE) {
    const length = Math.min(VALUES_AT_ONCE, count - first);
    yield* await Promise.all(
      Array.from({ length }, (_, index) => readValue(cells, offsets.readUInt32LE((first + index) * 4))),
    );
  }
}

async function readValue(cells: Cells, offset: number): Promise<HiveValue> {
  const cell = await cells.read(offset, VALUE_LENGTH);
  const nameLength = cell.readUInt16LE(0x02);
  const isValue = cell.toString('latin1', 0, 2) === 'vk' && nameLength <= MAX_NAME_LENGTH;
  if (!isValue || VALUE_LENGTH + nameLength > cell.length) {
    throw new HiveDamagedError(`there is no value at ${hexadecimal(offset)}`);
  }
  const field = Buffer.from(cell.subarray(0x08, 0x0c));
  const size = cell.readUInt32LE(0x04);
  const latin1 = (cell.readUInt16LE(0x10) & LATIN1_NAME) !== 0;
  return {
    name: decodeName(cell.subarray(VALUE_LENGTH, VALUE_LENGTH + nameLength), latin1),
    type: cell.readUInt32LE(0x0c),
    data: () => readData(cells, size, field),
  };
}

async function readData(cells: Cells, size: number, field: Buffer): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0);
  if (size >= IN_FIELD) {
    if (size - IN_FIELD > field.length) throw new HiveDamagedError('a value has more data than its field');
    return field.subarray(0, size - IN_FIELD);
  }
  if (size > MAX_DATA_LENGTH) throw new HiveDamagedError(`a value has ${size} bytes`);
  const offset = field.readUInt32LE(0);
  const segments = Math.ceil(size / SEGMENT_LENGTH);
  if (segments === 1 || !cells.bigData) return (await cells.read(offset, size)).subarray(0, size);
  const head = await cells.read(offset, BIG_DATA_LENGTH);
  if (head.toString('latin1', 0, 2) !== 'db' || head.readUInt16LE(2) !== segments) {
    throw new HiveDamagedError(`a value of ${size} bytes has no segments at ${hexadecimal(offset)}`);
  }
  const list = await cells.read(head.readUInt32LE(4), segments * 4);
  const parts = await Promise.all(
    Array.from({ length: segments }, async (_, index) => {
      const length = Math.min(SEGMENT_LENGTH, size - index * SEGMENT_LENGTH);
      return (await cells.read(list.readUInt32LE(index * 4), length)).subarray(0, length);
    }),
  );
  return Buffer.concat(parts);
}

/** A string, without what follows its NUL; null for a value of another type, or for none. */
export async function stringOf(value: HiveValue | null): Promise<string | null> {
  if (value?.type !== REG_SZ && value?.type !== REG_EXPAND_SZ) return null;
  return (await value.data()).toString('utf16le').replace(/\0.*$/s, '');
}

/** The strings of a REG_MULTI_SZ that are not empty; none for a value of another type, or for none. */
export async function stringsOf(value: HiveValue | null): Promise<string[]> {
  if (value?.type !== REG_MULTI_SZ) return [];
  return (await value.data())
    .toString('utf16le')
    .split('\0')
    .filter((text) => text !== '');
}

/** Null for a value of another type, or for none. */
export async function numberOf(value: HiveValue | null): Promise<number | null> {
  if (value?.type !== REG_DWORD) return null;
  const data = await value.data();
  return data.length === 4 ? data.readUInt32LE(0) : null;
}
