import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../../shared/bytes/buffer.ts';
import { SourceUnavailableError } from '../../../../shared/bytes/errors.ts';
import type { ByteSource } from '../../../../shared/bytes/source.ts';
import { DecompressionError } from '../../../../shared/compression/errors.ts';
import { InitramfsUnreadableError, readInitramfs } from '../../../../shared/guest/linux/initramfs-archive.ts';
import { noise } from '../../../support/images/disk.ts';
import { tracedSource } from '../../../support/sources.ts';

const fixture = (name: string) => readFileSync(`test/fixtures/initramfs/${name}.img`);
/** What `cpio -t` says of the archives. */
const names = readFileSync('test/fixtures/initramfs/names.txt', 'utf8').trim().split('\n');
const early = names.slice(0, 4);

async function namesOf(source: ByteSource): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of readInitramfs(source)) found.push(name);
  return found;
}

async function reasonOf(bytes: Buffer): Promise<string> {
  try {
    await namesOf(bufferSource(bytes));
  } catch (error) {
    if (error instanceof InitramfsUnreadableError) return error.reason;
    throw error;
  }
  return 'none';
}

interface Member {
  readonly name: string;
  readonly content?: Buffer;
  readonly mode?: number;
}

/** The format stands in shared/guest/linux/cpio.ts. */
function cpio(members: readonly Member[], magic = '070701'): Buffer {
  const parts = members.flatMap(({ name, content = Buffer.alloc(0), mode = 0o100644 }) => {
    const text = Buffer.from(`${name}\0`);
    const fields = [1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, text.length, 0];
    const header = magic + fields.map((field) => field.toString(16).padStart(8, '0')).join('');
    const head = Buffer.concat([Buffer.from(header), text]);
    return [head, Buffer.alloc(-head.length & 3), content, Buffer.alloc(-content.length & 3)];
  });
  return Buffer.concat(parts);
}
const trailer: Member = { name: 'TRAILER!!!', mode: 0 };

describe('an initramfs', () => {
  it.each(['gzip', 'xz', 'xz-blocks', 'zstd', 'zstd-small-window', 'lz4', 'lz4-frame', 'lzo', 'bzip2'])(
    'of an early archive and one in %s has the names that cpio lists',
    async (name) => {
      expect(await namesOf(bufferSource(fixture(name)))).toEqual(names);
    },
  );

  it('is read through archives that follow each other, each compressed another way', async () => {
    const segments = [early, early, names.slice(4), early, early, early, early, early, early];
    expect(await namesOf(bufferSource(fixture('segments')))).toEqual(segments.flat());
  });

  it('gives kinds, sizes, and content until the next is asked for', async () => {
    const read = new Map<string, unknown>();
    for await (const { name, kind, size, read: content } of readInitramfs(bufferSource(fixture('zstd')))) {
      if (name === 'lib') read.set(name, [kind, size, (await content(100)).toString()]);
      if (name === 'conf/initramfs.conf') {
        read.set(name, [kind, size, (await content(8)).toString(), (await content(100)).toString()]);
      }
      if (name === 'etc/pipe' || name === 'etc') read.set(name, [kind, size]);
      if (name === 'etc/zeros') read.set(name, [kind, (await content(10_000)).equals(Buffer.alloc(4000))]);
    }
    expect(Object.fromEntries(read)).toEqual({
      'conf/initramfs.conf': ['file', 27, 'MODULES=', 'most\nCOMPRESS=zstd\n'],
      etc: ['directory', 0],
      'etc/pipe': ['other', 0],
      'etc/zeros': ['file', true],
      lib: ['symlink', 7, 'usr/lib'],
    });
  });

  it('gives every member its content, however it is cut into archives', async () => {
    const member = fc.record({
      name: fc.stringMatching(/^[a-z]{1,40}$/),
      content: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    });
    const archive = fc.record({
      members: fc.array(member, { maxLength: 5 }),
      compressed: fc.boolean(),
      zeros: fc.nat(20).map((count) => count * 4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(archive, { maxLength: 5 }), async (archives) => {
        const bytes = archives.flatMap(({ members, compressed, zeros }) => {
          const plain = cpio([...members, trailer]);
          return [compressed ? gzipSync(plain) : plain, Buffer.alloc(zeros)];
        });
        const found: Member[] = [];
        for await (const entry of readInitramfs(bufferSource(Buffer.concat(bytes)))) {
          found.push({ name: entry.name, content: await entry.read(1000) });
        }
        expect(found).toEqual(archives.flatMap(({ members }) => members));
      }),
      { numRuns: 100 },
    );
  });

  it('that is empty has no files', async () => {
    expect(await namesOf(bufferSource(Buffer.alloc(0)))).toEqual([]);
    expect(await namesOf(bufferSource(Buffer.alloc(5000)))).toEqual([]);
  });
});

describe('reading of the source', () => {
  const large = gzipSync(
    cpio([{ name: 'first' }, { name: 'noise', content: noise(20 * 2 ** 20) }, { name: 'last' }]),
  );

  it('takes pieces that grow, so that few requests do', async () => {
    const source = tracedSource(large);
    expect(await namesOf(source)).toEqual(['first', 'noise', 'last']);
    const mebibytes = source.reads.map(({ length }) => length / 2 ** 20);
    expect(mebibytes.slice(0, -1)).toEqual([4, 4, 8]);
    expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBe(large.length);
  });

  it('stops where the consumer stops', async () => {
    const source = tracedSource(large);
    for await (const { name } of readInitramfs(source)) if (name === 'first') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(8 * 2 ** 20);
  });

  it('asks for the next piece before the present one is used up', async () => {
    const source = tracedSource(large);
    for await (const _ of readInitramfs(source)) {
      expect(source.reads.length).toBeGreaterThanOrEqual(2);
      break;
    }
  });

  it.each([
    ['a network', new SourceUnavailableError('the server answered 503')],
    ['a damaged filesystem below', new DecompressionError('zlib')],
  ])('passes on the failure of %s as it is', async (_name, failure) => {
    const broken: ByteSource = {
      size: large.length,
      async read(offset, length) {
        if (offset > 100_000) throw failure;
        return large.subarray(offset, offset + length);
      },
    };
    await expect(namesOf(broken)).rejects.toBe(failure);
  });
});

describe('an initramfs that cannot be read is told with its reason:', () => {
  it.each([
    ['lzma', fixture('lzma'), 'it is compressed with lzma, which is not read here'],
    ['an unknown compression', Buffer.from('abcdefghijkl'), 'it is neither a cpio archive nor compressed'],
    ['the old cpio format', Buffer.from('070707'.padEnd(200, '0')), 'old format (odc)'],
    [
      'a zstd window that is too large',
      fixture('zstd-window'),
      'compressed data (zstd) has a window of 134217728 bytes',
    ],
    ['a header that is none', Buffer.from('070701'.padEnd(200, 'x')), 'its cpio archive is damaged'],
    ['the end missing', fixture('zstd').subarray(0, 20_000), 'does not decode'],
    [
      'the end of a plain archive missing',
      cpio([{ name: 'a', content: noise(99) }]).subarray(0, 150),
      'it is cut off',
    ],
    ['something else in the compression', gzipSync(Buffer.from('no archive')), 'is no cpio archive'],
    [
      'junk behind it',
      Buffer.concat([fixture('gzip'), Buffer.from('signature')]),
      'it begins with 7369676e61747572',
    ],
    ['a name beyond PATH_MAX', cpio([{ name: 'n'.repeat(5000) }]), 'a name of 5001 bytes'],
    ['a name without an end', cpio([{ name: 'n' }]).fill('f', 0x5e, 0x66), 'a name of 4294967295 bytes'],
    [
      'archives without number',
      Buffer.concat(Array.from({ length: 100 }, () => gzipSync(cpio([trailer])))),
      'more than 64 archives',
    ],
    [
      'files without number',
      cpio(Array.from({ length: 200_001 }, () => ({ name: 'n' }))),
      'more than 200000 files',
    ],
  ])('%s', async (_name, bytes, reason) => {
    expect(await reasonOf(bytes)).toContain(reason);
  });

  it('more than is ever read of one', async () => {
    const endless: ByteSource = { size: 2 ** 40, read: async (_offset, length) => Buffer.alloc(length) };
    await expect(namesOf(endless)).rejects.toThrow('it is larger than 208 MiB');
  });

  // 2 GiB of zeros are made before it is over.
  it('a bomb', async () => {
    const head = Buffer.concat([cpio([{ name: 'zeros', content: Buffer.alloc(0) }])]);
    head.write('ffffffff', 0x36, 'latin1');
    const run = Buffer.alloc(4);
    run.writeUIntLE((131_072 << 3) | 2, 0, 3);
    const raw = Buffer.alloc(3);
    raw.writeUIntLE(head.length << 3, 0, 3);
    const last = Buffer.from(run);
    last.writeUInt8(last.readUInt8(0) | 1, 0);
    const frame = [
      Buffer.from('28b52ffd0038', 'hex'),
      raw,
      head,
      ...Array.from({ length: 17_000 }, () => run),
      last,
    ];
    const before = process.memoryUsage().rss;
    expect(await reasonOf(Buffer.concat(frame))).toBe('it opens to more than 2048 MiB');
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 2 ** 20);
  }, 60_000);
});
