import { upperCaseName } from '../../shared/guest/windows/hive-names.ts';

/** Registry types, as Microsoft numbers them. */
export type HiveData =
  | string
  | number
  | readonly string[]
  | Buffer
  | { readonly type: number; readonly data: Buffer };

/** `%SystemRoot%\…`: REG_EXPAND_SZ. */
export const expand = (text: string): HiveData => ({ type: 2, data: utf16(`${text}\0`) });

/**
 * A registry by the paths of its keys, as a .reg file has it: `{ 'Select': { Current: 1 } }`. A string becomes a
 * REG_SZ, a number a REG_DWORD, a list a REG_MULTI_SZ, bytes a REG_BINARY; `''` names a key's own value.
 */
export type HiveContent = Readonly<Record<string, Readonly<Record<string, HiveData>>>>;

export interface HiveLayout {
  /** Of lists of subkeys: "lh" since Windows XP, "lf" in Windows 2000, "li" in NT 3. */
  readonly list?: 'lh' | 'lf' | 'li';
  /** A longer list becomes an "ri" of lists of this length. */
  readonly listLength?: number;
  readonly minorVersion?: number;
  /** The second sequence number lags behind. */
  readonly dirty?: boolean;
  /** Keys of one list lie far from each other, as where they were made over years; else one after the other. */
  readonly scattered?: boolean;
  /** All names in UTF-16, also those that Latin-1 would do for. */
  readonly wideNames?: boolean;
}

interface Node {
  readonly name: string;
  readonly values: Map<string, HiveData>;
  readonly children: Map<string, Node>;
}

const BASE_BLOCK = 4096;
const BIN = 4096;
const BIN_HEADER = 32;
const NONE = 0xffffffff;
const SEGMENT = 16344;
/** 2020-01-01 as a FILETIME: the same hive at every run. */
const WRITTEN = 132_223_104_000_000_000n;

/**
 * Writes a hive after the specification that the reader links to, by no code of the reader's but the names' hash,
 * which the judge of hives checks like everything here.
 */
export function buildHive(content: HiveContent, layout: HiveLayout = {}): Buffer {
  const { list = 'lh', listLength = 500, minorVersion = 5 } = layout;
  const { dirty = false, scattered = false, wideNames = false } = layout;
  const root = treeOf(content);
  const cells = new CellWriter();
  const security = cells.add(securityCell());
  cells.patch(security, 4, security);
  cells.patch(security, 8, security);
  const rootOffset = writeKey(root, NONE, 0x0c);
  return cells.finish(rootOffset, minorVersion, dirty);

  function writeName(name: string): { bytes: Buffer; latin1: boolean } {
    const latin1 = !wideNames && /^[\0-\xff]*$/.test(name);
    return { bytes: Buffer.from(name, latin1 ? 'latin1' : 'utf16le'), latin1 };
  }

  function writeKey(node: Node, parent: number, flags: number): number {
    const { bytes, latin1 } = writeName(node.name);
    const cell = Buffer.alloc(0x4c + bytes.length);
    cell.write('nk', 0, 'latin1');
    cell.writeUInt16LE(flags | (latin1 ? 0x20 : 0), 2);
    cell.writeBigUInt64LE(WRITTEN, 4);
    cell.writeUInt32LE(parent, 0x10);
    for (const at of [0x1c, 0x20, 0x28, 0x30]) cell.writeUInt32LE(NONE, at);
    cell.writeUInt32LE(security, 0x2c);
    cell.writeUInt16LE(bytes.length, 0x48);
    bytes.copy(cell, 0x4c);
    const offset = cells.add(cell);

    const values = [...node.values].map(([name, data]) => writeValue(name, data));
    if (values.length > 0) {
      cells.patch(offset, 0x24, values.length);
      cells.patch(offset, 0x28, cells.add(numbers(values)));
    }
    const children = [...node.children.values()]
      .map((child) => ({ child, plain: child.name, ...upperCaseName(child.name) }))
      .sort((a, b) => (scattered ? scatter(a.hash) - scatter(b.hash) : 0))
      .map(({ child, ...names }) => ({ ...names, offset: writeKey(child, offset, 0) }))
      // The order that Windows wants of them.
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (children.length > 0) {
      cells.patch(offset, 0x14, children.length);
      cells.patch(offset, 0x1c, writeList(children));
    }
    return offset;
  }

  function writeList(children: { plain: string; hash: number; offset: number }[]): number {
    const lists: number[] = [];
    for (let first = 0; first < children.length; first += listLength) {
      const some = children.slice(first, first + listLength);
      const entries = some.map(({ plain, hash, offset }) => {
        if (list === 'li') return numbers([offset]);
        if (list === 'lh') return numbers([offset, hash]);
        const hint = Buffer.alloc(4);
        if (/^[\0-\xff]{0,4}$/.test(plain.slice(0, 4))) hint.write(plain.slice(0, 4), 'latin1');
        return Buffer.concat([numbers([offset]), hint]);
      });
      lists.push(cells.add(Buffer.concat([listHeader(list, some.length), ...entries])));
    }
    const [only] = lists;
    if (lists.length === 1 && only !== undefined) return only;
    return cells.add(Buffer.concat([listHeader('ri', lists.length), numbers(lists)]));
  }

  function writeValue(name: string, value: HiveData): number {
    const { type, data } = encode(value);
    const { bytes, latin1 } = writeName(name);
    const cell = Buffer.alloc(0x14 + bytes.length);
    cell.write('vk', 0, 'latin1');
    cell.writeUInt16LE(bytes.length, 2);
    cell.writeUInt32LE(data.length <= 4 ? (0x80000000 | data.length) >>> 0 : data.length, 4);
    if (data.length <= 4) data.copy(cell, 8);
    else cell.writeUInt32LE(writeData(data), 8);
    cell.writeUInt32LE(type, 0x0c);
    cell.writeUInt16LE(latin1 ? 1 : 0, 0x10);
    bytes.copy(cell, 0x14);
    return cells.add(cell);
  }

  function writeData(data: Buffer): number {
    if (data.length <= SEGMENT || minorVersion < 4) return cells.add(data);
    const segments: number[] = [];
    // A segment's cell has four bytes more than it holds.
    for (let at = 0; at < data.length; at += SEGMENT) {
      segments.push(cells.add(Buffer.concat([data.subarray(at, at + SEGMENT), Buffer.alloc(4)])));
    }
    const header = listHeader('db', segments.length);
    return cells.add(Buffer.concat([header, numbers([cells.add(numbers(segments))])]));
  }
}

/** Names that are alike have hashes that are alike. */
const scatter = (hash: number): number => Math.imul(hash, 0x9e3779b1) >>> 0;

function treeOf(content: HiveContent): Node {
  const root: Node = { name: 'ROOT', values: new Map(), children: new Map() };
  for (const [path, values] of Object.entries(content)) {
    let node = root;
    for (const name of path === '' ? [] : path.split('\\')) {
      const key = name.toUpperCase();
      const child = node.children.get(key) ?? { name, values: new Map(), children: new Map() };
      node.children.set(key, child);
      node = child;
    }
    for (const [name, value] of Object.entries(values)) node.values.set(name, value);
  }
  return root;
}

function encode(value: HiveData): { type: number; data: Buffer } {
  if (typeof value === 'string') return { type: 1, data: utf16(`${value}\0`) };
  if (typeof value === 'number') return { type: 4, data: numbers([value]) };
  if (Buffer.isBuffer(value)) return { type: 3, data: value };
  if ('type' in value) return value;
  return { type: 7, data: utf16([...value.map((text) => `${text}\0`), '\0'].join('')) };
}

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

function listHeader(signature: string, count: number): Buffer {
  const header = Buffer.alloc(4);
  header.write(signature, 'latin1');
  header.writeUInt16LE(count, 2);
  return header;
}

/** "sk": a list of one, with a self-relative security descriptor that grants nothing. */
function securityCell(): Buffer {
  const descriptor = Buffer.from('0100048000000000000000000000000000000000', 'hex');
  const cell = Buffer.alloc(0x14 + descriptor.length);
  cell.write('sk', 0, 'latin1');
  cell.writeUInt32LE(1, 0x0c);
  cell.writeUInt32LE(descriptor.length, 0x10);
  descriptor.copy(cell, 0x14);
  return cell;
}

/** Puts cells into bins, one after the other; offsets are from the first bin on. */
class CellWriter {
  readonly #bins: Buffer[] = [];
  #start = 0;
  #used = 0;

  add(content: Buffer): number {
    const length = Math.ceil((content.length + 4) / 8) * 8;
    let bin = this.#bins.at(-1);
    if (!bin || this.#used + length > bin.length) bin = this.#open(length);
    const at = this.#used;
    bin.writeInt32LE(-length, at);
    content.copy(bin, at + 4);
    this.#used += length;
    return this.#start + at;
  }

  /** Writes a number into a cell that is there. */
  patch(offset: number, field: number, value: number): void {
    let start = 0;
    for (const bin of this.#bins) {
      if (offset < start + bin.length) {
        bin.writeUInt32LE(value, offset - start + 4 + field);
        return;
      }
      start += bin.length;
    }
  }

  finish(root: number, minorVersion: number, dirty: boolean): Buffer {
    this.#free();
    const bins = Buffer.concat(this.#bins);
    const block = Buffer.alloc(BASE_BLOCK);
    block.write('regf', 'latin1');
    block.writeUInt32LE(dirty ? 8 : 7, 4);
    block.writeUInt32LE(7, 8);
    block.writeBigUInt64LE(WRITTEN, 0x0c);
    block.writeUInt32LE(1, 0x14);
    block.writeUInt32LE(minorVersion, 0x18);
    block.writeUInt32LE(1, 0x20);
    block.writeUInt32LE(root, 0x24);
    block.writeUInt32LE(bins.length, 0x28);
    block.writeUInt32LE(1, 0x2c);
    let sum = 0;
    for (let at = 0; at < 0x1fc; at += 4) sum ^= block.readUInt32LE(at);
    block.writeUInt32LE(sum >>> 0, 0x1fc);
    return Buffer.concat([block, bins]);
  }

  #open(length: number): Buffer {
    this.#free();
    this.#start += this.#bins.at(-1)?.length ?? 0;
    const bin = Buffer.alloc(Math.ceil((length + BIN_HEADER) / BIN) * BIN);
    bin.write('hbin', 'latin1');
    bin.writeUInt32LE(this.#start, 4);
    bin.writeUInt32LE(bin.length, 8);
    if (this.#start === 0) bin.writeBigUInt64LE(WRITTEN, 0x14);
    this.#bins.push(bin);
    this.#used = BIN_HEADER;
    return bin;
  }

  /** What is left of the last bin is one free cell. */
  #free(): void {
    const bin = this.#bins.at(-1);
    if (bin && this.#used < bin.length) bin.writeInt32LE(bin.length - this.#used, this.#used);
  }
}
