import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readTar, writeTar } from '../../../../local/compute/tar.ts';
import { buildTar, paxRecord } from '../../../support/images/tar.ts';

async function entriesOf(archive: Buffer, chunkSize = 100): Promise<[string, string][]> {
  const chunks = (function* () {
    for (let at = 0; at < archive.length; at += chunkSize) yield archive.subarray(at, at + chunkSize);
  })();
  const found: [string, string][] = [];
  for await (const { name, content } of readTar(Readable.from(chunks))) {
    found.push([name, (await buffer(Readable.from(content))).toString()]);
  }
  return found;
}

const content = Buffer.from('x'.repeat(700));

test('entries are read whatever chunks they come in, and whether they are looked at or not', async () => {
  const archive = buildTar([
    { name: 'a', content },
    { name: 'b', content: Buffer.alloc(0) },
    { name: 'c', content: Buffer.from('end'), base256: true },
  ]);
  for (const size of [1, 511, 512, 10_000])
    expect(await entriesOf(archive, size)).toEqual([
      ['a', content.toString()],
      ['b', ''],
      ['c', 'end'],
    ]);
  const names: string[] = [];
  for await (const { name } of readTar(Readable.from([archive]))) names.push(name);
  expect(names).toEqual(['a', 'b', 'c']);
});

test('long names by GNU and by pax, and sizes by pax, count for the next entry only', async () => {
  const long = `${'directory/'.repeat(15)}file`;
  const archive = buildTar([
    { name: '././@LongLink', type: 'L', content: Buffer.from(`${long}\0`) },
    { name: 'short', content },
    { name: 'pax', type: 'x', content: Buffer.concat([paxRecord('path', long), paxRecord('size', '700')]) },
    { name: 'short', content, size: 0 },
    { name: 'plain', content },
  ]);
  expect((await entriesOf(archive)).map(([name, text]) => [name, text.length])).toEqual([
    [long, 700],
    [long, 700],
    ['plain', 700],
  ]);
});

test('what is written is read again, also a size beyond eleven octal digits', async () => {
  const archive = await buffer(
    writeTar([{ name: 'a', size: content.length, content: Readable.from([content]) }]),
  );
  expect(await entriesOf(archive)).toEqual([['a', content.toString()]]);
  const huge = 20 * 2 ** 30;
  const stream = writeTar([{ name: 'huge', size: huge, content: Readable.from([content]) }]);
  for await (const { size } of readTar(stream)) {
    expect(size).toBe(huge);
    break;
  }
});

test('a truncated, foreign or oversized archive is an error, not an end', async () => {
  const archive = buildTar([{ name: 'a', content }]);
  await expect(entriesOf(archive.subarray(0, 800))).rejects.toThrow('truncated');
  await expect(entriesOf(Buffer.alloc(1024, 'x'))).rejects.toThrow('not a tar');
  const bomb = buildTar([{ name: 'L', type: 'L', content: Buffer.alloc(70_000, 'x') }]);
  await expect(entriesOf(bomb)).rejects.toThrow('oversized');
});
