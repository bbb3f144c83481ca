import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../../shared/bytes/buffer.ts';
import { openHive } from '../../../../shared/guest/windows/hive.ts';
import { HiveDamagedError } from '../../../../shared/guest/windows/hive-error.ts';
import type { HiveKey } from '../../../../shared/guest/windows/hive-keys.ts';
import { numberOf, stringOf, stringsOf } from '../../../../shared/guest/windows/hive-values.ts';
import { buildHive, expand, type HiveContent, type HiveLayout } from '../../../support/hive.ts';
import { tracedSource } from '../../../support/sources.ts';

const CONTENT: HiveContent = {
  '': { '': 'of the root' },
  Select: { Current: 2, Default: 1 },
  'ControlSet002\\Services\\vioscsi': { Start: 0, ImagePath: expand('System32\\drivers\\vioscsi.sys') },
  'ControlSet002\\Services\\Größe': { 'Ωμέγα 🦊': 'ja', multi: ['one', 'two'], empty: Buffer.alloc(0) },
  'ControlSet002\\Services\\large': { data: Buffer.alloc(40_000, 'large'), three: Buffer.from('abc') },
  'ControlSet002\\Services\\ab': {},
};
const open = async (content: HiveContent, layout?: HiveLayout) =>
  (await openHive(bufferSource(buildHive(content, layout)))).root;

async function at(root: HiveKey, path: string): Promise<HiveKey> {
  const key = await root.key(path);
  if (!key) throw new Error(`no key ${path}`);
  return key;
}

describe.each<[string, HiveLayout]>([
  ['hashed lists', {}],
  ['hashed lists in lists', { listLength: 1 }],
  ['lists with hints, before version 1.4', { list: 'lf', minorVersion: 3 }],
  ['lists of nothing but offsets', { list: 'li', minorVersion: 3, listLength: 2 }],
  ['UTF-16 names', { wideNames: true }],
])('a hive with %s', (_, layout) => {
  test('gives keys and values without regard to case', async () => {
    const root = await open(CONTENT, layout);
    expect(await stringOf(await root.value(''))).toBe('of the root');
    expect(await numberOf(await (await at(root, 'SELECT')).value('current'))).toBe(2);
    const services = await at(root, 'controlset002\\services');
    expect(await stringOf(await (await at(services, 'VIOSCSI')).value('imagepath'))).toBe(
      'System32\\drivers\\vioscsi.sys',
    );
    const umlauts = await at(services, 'GRÖßE');
    expect(umlauts.name).toBe('Größe');
    expect(await stringOf(await umlauts.value('ωΜέγα 🦊'))).toBe('ja');
    expect(await stringsOf(await umlauts.value('multi'))).toEqual(['one', 'two']);
    expect((await at(services, 'ab')).name).toBe('ab');
  });

  test('gives data of every length', async () => {
    const root = await open(CONTENT, layout);
    const large = await at(root, 'ControlSet002\\Services\\large');
    expect(await (await large.value('data'))?.data()).toEqual(Buffer.alloc(40_000, 'large'));
    expect(await (await large.value('three'))?.data()).toEqual(Buffer.from('abc'));
    const empty = await (await at(root, 'ControlSet002\\Services\\Größe')).value('empty');
    expect(await empty?.data()).toEqual(Buffer.alloc(0));
  });

  test('tells what is not there', async () => {
    const root = await open(CONTENT, layout);
    expect(await root.key('ControlSet001')).toBeNull();
    expect(await root.key('Select\\Current')).toBeNull();
    expect(await root.key('')).toBeNull();
    expect(await (await at(root, 'Select')).value('LastKnownGood')).toBeNull();
  });

  test('lists subkeys by name', async () => {
    const services = await at(await open(CONTENT, layout), 'ControlSet002\\Services');
    const names: string[] = [];
    for await (const key of services.subkeys()) names.push(key.name);
    expect(names).toEqual(['ab', 'Größe', 'large', 'vioscsi']);
  });
});

test('a value of another type is not taken for a number or a string', async () => {
  const key = await at(await open({ key: { text: '1', number: 1, bytes: Buffer.from([1, 0]) } }), 'key');
  expect(await numberOf(await key.value('text'))).toBeNull();
  expect(await numberOf(await key.value('bytes'))).toBeNull();
  expect(await stringOf(await key.value('number'))).toBeNull();
  expect(await stringsOf(await key.value('text'))).toEqual([]);
});

test('any keys and values come back as they were written', async () => {
  const name = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !/[\\\0]/.test(text));
  const data = fc.uint8Array({ maxLength: 20_000 }).map((bytes) => Buffer.from(bytes));
  const content = fc.dictionary(name, fc.dictionary(name, data, { maxKeys: 4 }), { maxKeys: 30 });
  await fc.assert(
    fc.asyncProperty(content, fc.constantFrom('lh', 'lf', 'li'), fc.integer({ min: 1, max: 9 }), check),
    { numRuns: 60 },
  );

  async function check(
    keys: Record<string, Record<string, Buffer>>,
    list: 'lh' | 'lf' | 'li',
    listLength: number,
  ) {
    const distinct = new Map(
      Object.entries(keys).map(([key, values]) => [key.toUpperCase(), { key, values }]),
    );
    const written = [...distinct.values()];
    const root = await open(Object.fromEntries(written.map(({ key, values }) => [key, values])), {
      list,
      listLength,
    });
    for (const { key, values } of written) {
      const found = await at(root, key);
      for (const [value, bytes] of Object.entries(values)) {
        const alike = Object.keys(values).find((other) => other.toUpperCase() === value.toUpperCase());
        if (alike === value) expect(await (await found.value(value))?.data()).toEqual(bytes);
      }
    }
  }
});

describe('the state of a hive', () => {
  const dirty = async (bytes: Buffer) => (await openHive(bufferSource(bytes))).dirty;

  test('is clean where the sequence numbers are equal', async () => {
    expect(await dirty(buildHive(CONTENT))).toBe(false);
  });
  test('is dirty where a write was begun and not ended', async () => {
    expect(await dirty(buildHive(CONTENT, { dirty: true }))).toBe(true);
  });
  test('is dirty where its base block was torn', async () => {
    const bytes = buildHive(CONTENT);
    bytes.writeUInt32LE(bytes.readUInt32LE(0x0c) + 1, 0x0c);
    expect(await dirty(bytes)).toBe(true);
  });
});

test('of a hive of a megabyte, a value deep in it takes a few small reads', async () => {
  const many = Array.from({ length: 6000 }, (_, index) => [
    `Classes\\class ${index}`,
    { '': 'x'.repeat(40) },
  ]);
  const source = tracedSource(buildHive({ ...Object.fromEntries(many), ...CONTENT }));
  expect(source.size).toBeGreaterThan(2 ** 20);
  const { root } = await openHive(source);
  const key = await at(root, 'ControlSet002\\Services\\vioscsi');
  expect(await numberOf(await key.value('Start'))).toBe(0);
  // The base block; of each of four keys its node and its list; values, their list, and one beside each other.
  expect(source.reads.length).toBeLessThanOrEqual(14);
  expect(Math.max(...source.reads.map(({ length }) => length))).toBeLessThanOrEqual(512);
});

describe('hostile hives', () => {
  const ROOT = 0x24;
  /** Where a signature is, from its occurrence `index` on; cells' content begins there. */
  function find(bytes: Buffer, signature: string, index = 0): number {
    let found = 4095;
    for (let count = 0; count <= index; count++) found = bytes.indexOf(`${signature}`, found + 1, 'latin1');
    return found;
  }
  async function readAll(bytes: Buffer): Promise<number> {
    let keys = 0;
    async function visit(key: HiveKey, depth: number): Promise<void> {
      keys += 1;
      for await (const value of key.values()) await value.data();
      if (depth < 8) for await (const child of key.subkeys()) await visit(child, depth + 1);
    }
    await visit((await openHive(bufferSource(bytes))).root, 0);
    return keys;
  }
  const hive = (layout?: HiveLayout) => buildHive(CONTENT, layout);

  test('unchanged, all of it is read', async () => {
    expect(await readAll(hive())).toBe(8);
  });

  test.each<[string, (bytes: Buffer) => void, HiveLayout?]>([
    ['no signature', (bytes) => bytes.write('REGF')],
    ['another major version', (bytes) => bytes.writeUInt32LE(2, 0x14)],
    ['a transaction log', (bytes) => bytes.writeUInt32LE(6, 0x1c)],
    ['a root outside of it', (bytes) => bytes.writeUInt32LE(0x7ffffff0, ROOT)],
    ['a root in the header of a bin', (bytes) => bytes.writeUInt32LE(0, ROOT)],
    ['a root that is no key', (bytes) => bytes.writeUInt32LE(0x20, ROOT)],
    ['a root that is free', (bytes) => bytes.writeInt32LE(0x58, find(bytes, 'nk') - 4)],
    ['a cell longer than the hive', (bytes) => bytes.writeInt32LE(-0x7fffffff, find(bytes, 'nk') - 4)],
    ['a cell of the smallest number', (bytes) => bytes.writeInt32LE(-0x80000000, find(bytes, 'nk') - 4)],
    ['a name beyond its cell', (bytes) => bytes.writeUInt16LE(400, find(bytes, 'nk') + 0x48)],
    ['more subkeys than anything has', (bytes) => bytes.writeUInt32LE(0xffffffff, find(bytes, 'nk') + 0x14)],
    ['more subkeys than its list', (bytes) => bytes.writeUInt32LE(3, find(bytes, 'nk') + 0x14)],
    [
      'a list that is a key',
      (bytes) => bytes.writeUInt32LE(bytes.readUInt32LE(ROOT), find(bytes, 'nk') + 0x1c),
    ],
    ['a list beyond its cell', (bytes) => bytes.writeUInt16LE(0xffff, find(bytes, 'lh') + 2)],
    ['more values than anything has', (bytes) => bytes.writeUInt32LE(0xffffffff, find(bytes, 'nk') + 0x24)],
    ['more values than their list', (bytes) => bytes.writeUInt32LE(2000, find(bytes, 'nk') + 0x24)],
    ['a value that is none', (bytes) => bytes.write('kv', find(bytes, 'vk'), 'latin1')],
    ['a value name beyond its cell', (bytes) => bytes.writeUInt16LE(0xfff0, find(bytes, 'vk') + 2)],
    ['data of a gigabyte', (bytes) => bytes.writeUInt32LE(0x40000000, find(bytes, 'vk') + 4)],
    ['more data than fits its field', (bytes) => bytes.writeUInt32LE(0x80000005, find(bytes, 'vk') + 4)],
    ['large data without segments', (bytes) => bytes.write('bd', find(bytes, 'db'), 'latin1')],
    ['large data of other segments', (bytes) => bytes.writeUInt16LE(2, find(bytes, 'db') + 2)],
    [
      'a list of lists that has itself',
      (bytes) => bytes.writeUInt32LE(find(bytes, 'ri') - 4100, find(bytes, 'ri') + 4),
      { listLength: 1 },
    ],
  ])('%s', async (_, change, layout) => {
    const bytes = hive(layout);
    change(bytes);
    await expect(readAll(bytes)).rejects.toBeInstanceOf(HiveDamagedError);
  });

  test('cut off anywhere, it is damaged or shorter, and nothing else', async () => {
    const bytes = hive();
    for (let length = 0; length < bytes.length; length += 997) {
      await readAll(bytes.subarray(0, length)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(HiveDamagedError);
      });
    }
  });

  test('keys that are their own subkeys take no end of reads', async () => {
    const bytes = buildHive({ a: {}, b: {}, c: {} });
    const root = bytes.readUInt32LE(ROOT);
    const list = find(bytes, 'lh');
    for (let entry = 0; entry < 3; entry++) bytes.writeUInt32LE(root, list + 4 + entry * 8);
    const { root: key } = await openHive(bufferSource(bytes));
    async function visit(here: HiveKey): Promise<void> {
      for await (const child of here.subkeys()) await visit(child);
    }
    await expect(visit(key)).rejects.toThrow(/more than 65536 of its cells/);
  });
});
