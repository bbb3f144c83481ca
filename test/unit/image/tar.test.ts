import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { DamagedImageError, UnsafeImageError } from '../../../shared/image/errors.ts';
import { isTar, type TarMember, tarMembers, tarPeek } from '../../../shared/image/tar.ts';
import { buildTar, paxRecord, type TarEntry } from '../../support/images/tar.ts';
import { tracedSource } from '../../support/sources.ts';

async function members(tar: Buffer): Promise<TarMember[]> {
  const found: TarMember[] = [];
  for await (const member of tarMembers(tarPeek(bufferSource(tar)))) found.push(member);
  return found;
}

const file = (name: string, text: string, rest: Partial<TarEntry> = {}): TarEntry => {
  return { name, content: Buffer.from(text), ...rest };
};

describe('a tar', () => {
  it('gives its members and where they are', async () => {
    const tar = buildTar([
      file('a.json', 'first'),
      file('dir/', '', { type: '5' }),
      file('dir/b', 'x'.repeat(600)),
    ]);
    const found = await members(tar);
    expect(found.map(({ name, kind, size }) => [name, kind, size])).toEqual([
      ['a.json', 'file', 5],
      ['dir/', 'directory', 0],
      ['dir/b', 'file', 600],
    ]);
    const last = found[2];
    expect(tar.toString('utf8', last?.offset, (last?.offset ?? 0) + 3)).toBe('xxx');
  });

  it('jumps over the content of its members', async () => {
    const source = tracedSource(buildTar([file('disk', 'x'.repeat(5_000_000)), file('after', 'y')]));
    for await (const _ of tarMembers(tarPeek(source)));
    expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(100_000);
  });

  it('has long names by GNU and by pax, sizes by base-256 and by pax', async () => {
    const long = `${'long/'.repeat(60)}name`;
    const pax = Buffer.concat([paxRecord('path', 'from pax é'), paxRecord('size', '5')]);
    const tar = buildTar([
      file(long, 'one', { base256: true }),
      { name: 'PaxHeaders/x', type: 'x', content: pax },
      file('short', 'three', { size: 0 }),
      file('last', 'four'),
    ]);
    expect((await members(tar)).map(({ name, size }) => [name, size])).toEqual([
      [long, 3],
      ['from pax é', 5],
      ['last', 4],
    ]);
  });

  it('is known without the magic, by its checksum', () => {
    const old = buildTar([file('a', 'b')]);
    expect(isTar(old)).toBe(true);
    const sum = Number.parseInt(old.toString('latin1', 0x94, 0x9a), 8);
    const magic = old.subarray(0x101, 0x109).reduce((total, byte) => total + byte, 0);
    old.fill(0, 0x101, 0x109);
    expect(isTar(old)).toBe(false);
    old.write((sum - magic).toString(8).padStart(6, '0'), 0x94);
    expect(isTar(old)).toBe(true);
    expect(isTar(Buffer.alloc(1024))).toBe(false);
  });

  it('with a damaged header, or a cut off one, is damaged', async () => {
    const tar = buildTar([file('a', 'x'.repeat(600)), file('b', 'y')]);
    const damagedHeader = Buffer.from(tar);
    damagedHeader.write('?', 1536);
    await expect(members(damagedHeader)).rejects.toBeInstanceOf(DamagedImageError);
    await expect(members(tar.subarray(0, 1536 + 100))).rejects.toBeInstanceOf(DamagedImageError);
  });

  it('of thousands of members costs no more than 64 of them', async () => {
    const many = buildTar(Array.from({ length: 5_000 }, (_, i) => file(`file${i}`, '')));
    await expect(members(many)).rejects.toBeInstanceOf(DamagedImageError);
  });

  it('with a long name of gigabytes, or of records that do not end, is damaged', async () => {
    const huge = buildTar([{ name: '././@LongLink', type: 'L', content: Buffer.alloc(10), size: 2 ** 32 }]);
    await expect(members(huge)).rejects.toBeInstanceOf(DamagedImageError);
    for (const content of [
      '12 size=0x10\n',
      '11 size=-1\n',
      '0 path=x\n',
      '999 path=x\n',
      'path=x\n',
      '3 =',
    ]) {
      const pax = buildTar([{ name: 'pax', type: 'x', content: Buffer.from(content) }, file('a', 'b')]);
      await expect(members(pax)).rejects.toBeInstanceOf(DamagedImageError);
    }
  });

  it('that readers would understand differently is damaged: global names and sizes, folders with content', async () => {
    for (const fields of [paxRecord('path', 'x'), paxRecord('size', '1')]) {
      const tar = buildTar([{ name: 'g', type: 'g', content: fields }, file('a', 'b')]);
      await expect(members(tar)).rejects.toBeInstanceOf(DamagedImageError);
    }
    const comment = buildTar([
      { name: 'g', type: 'g', content: paxRecord('comment', 'abc') },
      file('a', 'b'),
    ]);
    expect(await members(comment)).toHaveLength(1);
    await expect(members(buildTar([file('dir/', 'x', { type: '5' })]))).rejects.toBeInstanceOf(
      DamagedImageError,
    );
  });

  it.each([
    ['a symbolic link', file('image_metadata.json', '', { type: '2' }), 'ARCHIVE_MEMBER_TYPE'],
    ['a hard link', file('disk', '', { type: '1' }), 'ARCHIVE_MEMBER_TYPE'],
    ['a device', file('disk', '', { type: '4' }), 'ARCHIVE_MEMBER_TYPE'],
    ['an absolute name', file('/etc/passwd', 'x'), 'ARCHIVE_MEMBER_PATH'],
    ['a name that leads out', file('disks/../../x', 'x'), 'ARCHIVE_MEMBER_PATH'],
    ['a GNU sparse file', file('disk', 'x', { type: 'S' }), 'ARCHIVE_SPARSE'],
    [
      'a pax sparse file',
      { name: 'p', type: 'x', content: paxRecord('GNU.sparse.major', '1') },
      'ARCHIVE_SPARSE',
    ],
  ])('with %s is unsafe', async (_name, entry, code) => {
    const error: unknown = await members(buildTar([entry, file('b', 'c')])).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UnsafeImageError);
    expect(error).toMatchObject({ code });
  });
});
