import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { paged } from '../../../shared/bytes/paged.ts';
import { fileTree } from '../../../shared/filesystem/file-tree.ts';
import { ntfs } from '../../../shared/filesystem/ntfs/ntfs.ts';
import {
  attributeAt,
  editIndexBlocks,
  editRecord,
  ntfsVolume,
  recordNumber,
  storedValue,
} from '../../support/ntfs.ts';
import { tracedSource } from '../../support/sources.ts';

const ATTRIBUTE_LIST = 0x20;
const VOLUME_INFORMATION = 0x70;
const DATA = 0x80;
const INDEX_ROOT = 0x90;
const INDEX_ALLOCATION = 0xa0;
const REPARSE_POINT = 0xc0;

const RUNLIST = 0x40;
const HIVE = 'Windows/System32/config/SYSTEM';

/** Reads a whole file of a changed volume, as the product reads it. */
async function read(bytes: Buffer, path: string): Promise<Buffer> {
  const tree = fileTree((await ntfs.open(paged(bufferSource(bytes)))).root);
  const found = await tree.find(path);
  if (found?.node.kind !== 'file') throw new Error(`${path} is no file`);
  return found.node.content.read(0, Math.min(found.node.content.size, 2 ** 20));
}

/** The volume with the record at `path` (or of that number) changed from its attribute of this type on. */
async function edited(
  path: string | number,
  type: number,
  edit: (attribute: Buffer) => void,
): Promise<Buffer> {
  const bytes = ntfsVolume();
  const number = typeof path === 'number' ? path : await recordNumber(bytes, path);
  editRecord(bytes, number, (record) => edit(record.subarray(attributeAt(record, type))));
  return bytes;
}

const DAMAGED = { code: 'FILESYSTEM_DAMAGED' };
const UNSUPPORTED = { code: 'FILESYSTEM_UNSUPPORTED' };

describe('a boot sector that cannot be is refused', () => {
  test.each<[string, (boot: Buffer) => void]>([
    ['sectors of no bytes', (boot) => boot.writeUInt16LE(0, 0x0b)],
    ['sectors of 513 bytes', (boot) => boot.writeUInt16LE(513, 0x0b)],
    ['sectors of 32 KiB', (boot) => boot.writeUInt16LE(32_768, 0x0b)],
    ['clusters of no sectors', (boot) => boot.writeUInt8(0, 0x0d)],
    ['clusters of 3 sectors', (boot) => boot.writeUInt8(3, 0x0d)],
    ['clusters of 2^127 sectors', (boot) => boot.writeUInt8(0x81, 0x0d)],
    ['more sectors than the volume', (boot) => boot.writeBigUInt64LE(32_769n, 0x28)],
    ['$MFT beyond the end', (boot) => boot.writeBigUInt64LE(4096n, 0x30)],
    ['FILE records of no bytes', (boot) => boot.writeInt8(0, 0x40)],
    ['FILE records of 2^127 bytes', (boot) => boot.writeInt8(-127, 0x40)],
    ['FILE records of 127 clusters', (boot) => boot.writeInt8(127, 0x40)],
    ['FILE records shorter than a sector', (boot) => boot.writeInt8(-8, 0x40)],
  ])('%s', async (_, edit) => {
    const bytes = ntfsVolume();
    edit(bytes.subarray(0, 512));
    await expect(ntfs.open(bufferSource(bytes))).rejects.toMatchObject(DAMAGED);
  });

  test.each([
    [2 ** 53, 'INTEGER_TOO_LARGE'],
    [2 ** 52, 'FILESYSTEM_DAMAGED'],
  ])('%d sectors', async (sectors, code) => {
    const bytes = ntfsVolume();
    bytes.writeBigUInt64LE(BigInt(sectors), 0x28);
    await expect(ntfs.open(bufferSource(bytes))).rejects.toMatchObject({ code });
  });
});

test('clusters of more than 128 sectors are encoded as an exponent', async () => {
  const bytes = ntfsVolume();
  // 2^(256 - 253) = 8 sectors: what the volume has, in the other way to say it.
  bytes.writeUInt8(0xfd, 0x0d);
  expect((await read(bytes, HIVE)).toString('latin1', 0, 8)).toBe('SYSTEM 0');
});

test('a volume that was not unmounted is told as dirty', async () => {
  const bytes = await edited(3, VOLUME_INFORMATION, (information) => {
    information.writeUInt16LE(1, 0x18 + 0x0a);
  });
  expect((await ntfs.open(bufferSource(bytes))).dirty).toBe(true);
});

describe('a journal (pages by hand, after the documentation)', () => {
  /** The volume with these restart pages at the start of $LogFile, where ntfs-3g left FF. */
  async function withPages(...pages: { lsn: number; client: number; flags: number }[]) {
    const bytes = ntfsVolume();
    const log = bytes.indexOf(Buffer.alloc(8192, 0xff));
    expect(log % 4096).toBe(0);
    for (const [index, { lsn, client, flags }] of pages.entries()) {
      const page = bytes.subarray(log + index * 4096, log + (index + 1) * 4096);
      page.write('RSTR', 'latin1');
      page.writeUInt16LE(0x30, 0x18);
      page.writeBigUInt64LE(BigInt(lsn), 0x30);
      page.writeUInt16LE(client, 0x3c);
      page.writeUInt16LE(flags, 0x3e);
    }
    return (await ntfs.open(bufferSource(bytes))).dirty;
  }
  const inUse = { client: 0, flags: 0 };
  const unmounted = { client: 0, flags: 2 };

  test('with work to do is told as dirty', async () => {
    expect(await withPages({ lsn: 1, ...inUse })).toBe(true);
  });

  test('of a volume that was unmounted, or without clients, is not', async () => {
    expect(await withPages({ lsn: 1, ...unmounted })).toBe(false);
    expect(await withPages({ lsn: 1, client: 0xffff, flags: 0 })).toBe(false);
  });

  test('is told by its later page', async () => {
    expect(await withPages({ lsn: 1, ...unmounted }, { lsn: 2, ...inUse })).toBe(true);
    expect(await withPages({ lsn: 2, ...unmounted }, { lsn: 1, ...inUse })).toBe(false);
  });

  test('that begins with something else is not known to be clean', async () => {
    const bytes = ntfsVolume();
    const log = bytes.indexOf(Buffer.alloc(8192, 0xff));
    bytes.fill(0, log, log + 8192);
    expect((await ntfs.open(bufferSource(bytes))).dirty).toBeNull();
  });
});

test('a version that does not exist yet is refused by its number', async () => {
  const bytes = await edited(3, VOLUME_INFORMATION, (information) => information.writeUInt8(4, 0x18 + 8));
  await expect(ntfs.open(bufferSource(bytes))).rejects.toMatchObject(UNSUPPORTED);
});

describe('a runlist that cannot be is refused', () => {
  test.each<[string, number[]]>([
    ['a run beyond the volume', [0x21, 0x10, 0x00, 0x70, 0]],
    ['a run before the volume', [0x21, 0x10, 0x00, 0x80, 0]],
    ['a run of 2^62 clusters', [0x18, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0]],
    ['a run of no clusters', [0x11, 0, 1, 0]],
    ['a run of negative length', [0x11, 0xff, 1, 0]],
    ['numbers of 15 bytes', [0xff, ...Array(31).fill(1)]],
    ['fewer clusters than the file has', [0x11, 1, 1, 0]],
    ['no runs', [0]],
  ])('%s', async (_, runlist) => {
    const bytes = await edited(HIVE, DATA, (data) => {
      // The sequence of an attribute without a name: its runlist follows the header.
      expect(data.readUInt16LE(0x20)).toBe(RUNLIST);
      data.writeUInt32LE(RUNLIST + 40, 4);
      Buffer.from(runlist).copy(data, RUNLIST);
      data.writeUInt32LE(0xffffffff, RUNLIST + 40);
    });
    const number = await recordNumber(ntfsVolume(), HIVE);
    editRecord(bytes, number, (record) => record.writeUInt32LE(record.length, 0x18));
    await expect(read(bytes, HIVE)).rejects.toMatchObject(DAMAGED);
  });
});

test('a file that is larger than its clusters is refused where they end', async () => {
  const bytes = await edited(HIVE, DATA, (data) => {
    data.writeBigUInt64LE(2n ** 50n, 0x30);
    data.writeBigUInt64LE(2n ** 50n, 0x38);
  });
  await expect(read(bytes, HIVE)).rejects.toMatchObject(DAMAGED);
});

test('a size beyond 2^53 is refused', async () => {
  const bytes = await edited(HIVE, DATA, (data) => data.writeBigUInt64LE(2n ** 60n, 0x30));
  await expect(read(bytes, HIVE)).rejects.toMatchObject({ code: 'INTEGER_TOO_LARGE' });
});

test('what was never written of a file reads as zeros', async () => {
  const bytes = await edited(HIVE, DATA, (data) => data.writeBigUInt64LE(100n, 0x38));
  const content = await read(bytes, HIVE);
  expect(content.subarray(0, 8).toString()).toBe('SYSTEM 0');
  expect(content.subarray(100).equals(Buffer.alloc(content.length - 100))).toBe(true);
});

test('a file that is encrypted by EFS is told as such, not read as garbage', async () => {
  const bytes = await edited(HIVE, DATA, (data) => data.writeUInt16LE(0x4000, 0x0c));
  await expect(read(bytes, HIVE)).rejects.toMatchObject({
    ...UNSUPPORTED,
    message: expect.stringContaining('EFS'),
  });
});

describe('compression', () => {
  test('a method that is not LZNT1 is refused by its number', async () => {
    const bytes = await edited('Pressed/text', DATA, (data) => data.writeUInt16LE(2, 0x0c));
    await expect(read(bytes, 'Pressed/text')).rejects.toMatchObject(UNSUPPORTED);
  });

  test('units of more than 64 KiB are refused before anything of their size is read', async () => {
    const bytes = await edited('Pressed/text', DATA, (data) => data.writeUInt8(40, 0x22));
    await expect(read(bytes, 'Pressed/text')).rejects.toMatchObject(DAMAGED);
  });

  test('a table of CompactOS that goes backwards is refused', async () => {
    const bytes = ntfsVolume();
    const stored = await storedValue(bytes, 'Compact/xpress4k', DATA, 'WofCompressedData');
    const table = await stored.read(0, 64);
    const at = bytes.indexOf(table);
    bytes.writeUInt32LE(0xffffffff, at + 8);
    await expect(read(bytes, 'Compact/xpress4k')).rejects.toMatchObject(DAMAGED);
  });

  test('an algorithm that CompactOS does not have is refused by its number', async () => {
    const bytes = await edited('Compact/xpress4k', REPARSE_POINT, (point) => {
      point.writeUInt32LE(9, 0x18 + 0x14);
    });
    await expect(read(bytes, 'Compact/xpress4k')).rejects.toMatchObject(UNSUPPORTED);
  });
});

describe('FILE records', () => {
  test('one that was written in part is refused', async () => {
    const bytes = ntfsVolume();
    const at = bytes.indexOf(Buffer.from('System32', 'utf16le'));
    const record = Math.floor(at / 1024) * 1024;
    expect(bytes.toString('latin1', record, record + 4)).toBe('FILE');
    bytes.writeUInt16LE(0xdead, record + 510);
    await expect(read(bytes, HIVE)).rejects.toMatchObject(DAMAGED);
  });

  test('one that is used again for another file is not taken for the old one', async () => {
    const bytes = ntfsVolume();
    editRecord(bytes, await recordNumber(bytes, HIVE), (record) => record.writeUInt16LE(99, 0x10));
    await expect(read(bytes, HIVE)).rejects.toMatchObject(DAMAGED);
  });

  test('one that is not in use is not read', async () => {
    const bytes = ntfsVolume();
    editRecord(bytes, await recordNumber(bytes, HIVE), (record) => record.writeUInt16LE(0, 0x16));
    await expect(read(bytes, HIVE)).rejects.toMatchObject(DAMAGED);
  });

  test.each([0, 8, 0x17, 0x7fffffff, 0xfffffff8])('attributes of %d bytes are refused', async (length) => {
    const bytes = await edited(HIVE, 0x10, (attribute) => attribute.writeUInt32LE(length, 4));
    await expect(read(bytes, HIVE)).rejects.toMatchObject(DAMAGED);
  });
});

describe('attribute lists', () => {
  /** The volume with the attribute list of `sparse` changed: ntfs-3g puts it into a cluster of its own. */
  async function withList(edit: (list: Buffer, number: number) => void): Promise<Buffer> {
    const bytes = ntfsVolume();
    const number = await recordNumber(bytes, 'sparse');
    editRecord(bytes, number, (record) => {
      const list = record.subarray(attributeAt(record, ATTRIBUTE_LIST));
      expect(list.readUInt8(8), 'not resident').toBe(1);
      const run = list.readUInt16LE(0x20);
      expect(list.readUInt8(run) & 15).toBe(1);
      const cluster = list.readUIntLE(run + 2, list.readUInt8(run) >> 4);
      edit(bytes.subarray(cluster * 4096, cluster * 4096 + list.readUInt32LE(0x30)), number);
    });
    return bytes;
  }

  test('entries that lead back to the record that has the list are refused', async () => {
    const bytes = await withList((list, number) => {
      for (let at = 0; at < list.length; at += list.readUInt16LE(at + 4)) {
        list.writeUIntLE(number, at + 0x10, 6);
        list.writeUInt16LE(0, at + 0x16);
      }
    });
    await expect(read(bytes, 'sparse')).rejects.toMatchObject(DAMAGED);
  });

  test('an entry without a length does not keep the reader busy', async () => {
    const bytes = await withList((list) => list.writeUInt16LE(0, 4));
    await expect(read(bytes, 'sparse')).rejects.toMatchObject(DAMAGED);
  });

  test('a list of more than 256 KiB is refused before it is read', async () => {
    const bytes = await edited('sparse', ATTRIBUTE_LIST, (list) => list.writeBigUInt64LE(2n ** 40n, 0x30));
    await expect(read(bytes, 'sparse')).rejects.toMatchObject(DAMAGED);
  });

  test('$MFT whose runlist goes on in a record that lies there itself is refused, not waited for', async () => {
    const bytes = ntfsVolume();
    editRecord(bytes, 0, (record) => {
      const data = attributeAt(record, DATA);
      const instance = record.readUInt16LE(data + 0x0e);
      const clusters = Number(record.readBigUInt64LE(data + 0x18)) + 1;
      const list = Buffer.alloc(0x18 + 0x40);
      list.writeUInt32LE(ATTRIBUTE_LIST, 0);
      list.writeUInt32LE(list.length, 4);
      list.writeUInt32LE(0x40, 0x10);
      list.writeUInt16LE(0x18, 0x14);
      for (const [at, first, number] of [
        [0x18, 0, 0],
        [0x38, clusters, clusters * 4],
      ] as const) {
        list.writeUInt32LE(DATA, at);
        list.writeUInt16LE(0x20, at + 4);
        list.writeUInt8(0x1a, at + 7);
        list.writeBigUInt64LE(BigInt(first), at + 8);
        list.writeUIntLE(number, at + 0x10, 6);
        list.writeUInt16LE(instance, at + 0x18);
      }
      record.copy(record, data + list.length, data, record.readUInt32LE(0x18));
      list.copy(record, data);
      record.writeBigUInt64LE(2n ** 40n, data + list.length + 0x30);
      record.writeBigUInt64LE(2n ** 40n, data + list.length + 0x38);
      record.writeUInt32LE(record.readUInt32LE(0x18) + list.length, 0x18);
    });
    await expect(ntfs.open(bufferSource(bytes))).rejects.toMatchObject({
      ...DAMAGED,
      message: expect.stringContaining('has clusters for'),
    });
  });
});

describe('indexes', () => {
  test('a child that is its own parent ends the search', async () => {
    const bytes = ntfsVolume();
    editIndexBlocks(bytes, (block) => {
      for (let at = 0x18 + block.readUInt32LE(0x18); ; at += block.readUInt16LE(at + 8)) {
        const flags = block.readUInt16LE(at + 0x0c);
        const end = at + block.readUInt16LE(at + 8);
        if ((flags & 1) !== 0) block.writeBigUInt64LE(block.readBigUInt64LE(0x10), end - 8);
        if ((flags & 2) !== 0) break;
      }
    });
    const source = tracedSource(bytes);
    const tree = fileTree((await ntfs.open(source)).root);
    await expect(tree.find('Windows/System32/zzz')).rejects.toMatchObject({
      ...DAMAGED,
      message: expect.stringContaining('levels'),
    });
    expect(source.reads.length).toBeLessThan(40);
  });

  test.each([0, 100, 1 << 20, 2 ** 31])('blocks of %d bytes are refused', async (size) => {
    const bytes = await edited('Windows/System32', INDEX_ROOT, (root) => {
      root.writeUInt32LE(size, root.readUInt16LE(0x14) + 8);
    });
    await expect(read(bytes, HIVE)).rejects.toMatchObject(DAMAGED);
  });

  test('a directory that claims 2^52 bytes of blocks does not keep the reader busy', async () => {
    const bytes = await edited('Windows/System32', INDEX_ALLOCATION, (allocation) => {
      allocation.writeBigUInt64LE(2n ** 52n, 0x30);
      allocation.writeBigUInt64LE(2n ** 52n, 0x38);
    });
    const tree = fileTree((await ntfs.open(bufferSource(bytes))).root);
    await expect(tree.list('Windows/System32')).rejects.toMatchObject(DAMAGED);
  });

  test('entries without a length do not keep the reader busy', async () => {
    const bytes = ntfsVolume();
    editIndexBlocks(bytes, (block) => block.writeUInt16LE(0, 0x18 + block.readUInt32LE(0x18) + 8));
    await expect(read(bytes, 'Windows/System32/library-with-a-long-name-399.dll')).rejects.toMatchObject(
      DAMAGED,
    );
  });
});
