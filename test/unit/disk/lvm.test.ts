import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { joinSources, stripeSources } from '../../../shared/bytes/join.ts';
import { sliceSource } from '../../../shared/bytes/slice.ts';
import { readLogicalVolumes } from '../../../shared/disk/lvm.ts';
import { type PhysicalVolume, readPhysicalVolume } from '../../../shared/disk/lvm-label.ts';
import { LvmMetadataError, parseLvmMetadata } from '../../../shared/disk/lvm-metadata.ts';
import { readPartitions } from '../../../shared/disk/partitions.ts';
import { fixtureDisk } from '../../support/fixtures.ts';

/** The physical volumes of lvm.qcow2's two partitions. */
async function physicalVolumes(): Promise<PhysicalVolume[]> {
  const whole = await fixtureDisk('lvm.qcow2');
  const { partitions } = await readPartitions(whole);
  const read = partitions.map(({ offset, length }) => readPhysicalVolume(sliceSource(whole, offset, length)));
  return (await Promise.all(read)).filter((volume) => volume !== null);
}

/** What make-lvm.sh wrote into each volume. */
const pattern = Buffer.from(
  Array.from({ length: 2048 }, (_, block) => `${String(block).padStart(15, '0')}\n`.repeat(256)).join(''),
);

describe('volumes made by LVM', () => {
  test.each(['linear', 'striped', 'scattered'])(
    '%s has the bytes that were written into it',
    async (name) => {
      const { volumes } = readLogicalVolumes(await physicalVolumes());
      const source = volumes.find((volume) => volume.name === name)?.source;
      expect(source?.size).toBe(pattern.length);
      expect((await source?.read(0, pattern.length))?.equals(pattern)).toBe(true);
      // Across the borders of extents and stripes.
      for (const offset of [65_530, 1_048_570, 3_145_720, 5_242_000]) {
        expect(await source?.read(offset, 70_000)).toEqual(pattern.subarray(offset, offset + 70_000));
      }
    },
  );

  test('a thin volume is named as unreadable, and what LVM hides is not told', async () => {
    const { volumes, incomplete, problems } = readLogicalVolumes(await physicalVolumes());
    expect(incomplete).toBe(false);
    expect(volumes.map(({ group, name }) => `${group}/${name}`)).toEqual([
      'system/linear',
      'system/striped',
      'system/scattered',
    ]);
    expect(problems.map(({ sentence }) => sentence)).toEqual([
      expect.stringContaining('system/pool cannot be read here: it is of type thin-pool'),
      expect.stringContaining('system/thin cannot be read here: it is of type thin'),
    ]);
  });

  test('a volume on a disk that is not there is told, those on this disk are read', async () => {
    const physical = await readPhysicalVolume(await fixtureDisk('lvm-halved.qcow2'));
    const { volumes, incomplete, problems } = readLogicalVolumes(physical ? [physical] : []);
    expect(incomplete).toBe(true);
    expect(volumes.map(({ name }) => name)).toEqual(['here']);
    expect(problems).toMatchObject([
      { code: 'LVM_VOLUME_UNREADABLE', sentence: expect.stringContaining('halved/there') },
    ]);
  });

  test('a striped volume of which one column is missing is unreadable', async () => {
    const [first] = await physicalVolumes();
    const { volumes } = readLogicalVolumes(first ? [first] : []);
    expect(volumes.map(({ name }) => name)).toEqual(['linear']);
  });
});

test('the description with the highest sequence number counts', async () => {
  const [first, second] = await physicalVolumes();
  if (!first?.text || !second?.text) throw new Error('the fixture has two copies');
  const seqno = Number(/seqno = (\d+)/.exec(first.text)?.[1]);
  const stale = first.text.replace(`seqno = ${seqno}`, 'seqno = 1').replaceAll('linear {', 'old {');
  for (const physical of [
    [{ ...first, text: stale }, second],
    [second, { ...first, text: stale }],
  ]) {
    expect(readLogicalVolumes(physical).volumes.map(({ name }) => name)).toContain('linear');
  }
});

describe('damaged metadata is told as such', () => {
  test.each([
    ['a wrong checksum of the text', 'linear', 'l1near', /text's checksum/],
    ['a wrong checksum of the header', ' LVM2 x[5A%r0N*>', ' LVM2 x[5A%r0N*>', /header's checksum/],
    ['no mark', ' LVM2 x[5A%r0N*>', ' LVM2 x[5A%r0N*?', /no mark/],
  ])('%s', async (what, find, put, message) => {
    const bytes = Buffer.from(await (await fixtureDisk('lvm-halved.qcow2')).read(0, 2 * 2 ** 20));
    const at = what.includes('text') ? bytes.lastIndexOf('here {') : bytes.indexOf(find);
    if (what.includes('of the header')) bytes.writeUInt8(7, at + 0x30);
    else bytes.write(put, at, 'latin1');
    const failed = readPhysicalVolume(bufferSource(bytes));
    await expect(failed).rejects.toThrow(LvmMetadataError);
    await expect(failed).rejects.toThrow(message);
  });

  test.each([
    ['a { b = ', /value is missing/],
    ['a { b = [1, 2', /value is missing/],
    ['a { ', /does not end/],
    ['a } b', /neither a value nor a section/],
    ['}', /did not begin/],
    ['a = "x', /no LVM text/],
    [`${'a { '.repeat(50)}`, /too deep/],
    ['= 3', /name is missing/],
  ])('%s', (text, message) => {
    expect(() => parseLvmMetadata(text)).toThrow(message);
    expect(() => parseLvmMetadata(text)).toThrow(LvmMetadataError);
  });

  const group = (change: (text: string) => string) => {
    const text = change(
      'vg { seqno = 1 extent_size = 8 physical_volumes { pv0 { id = "a-b" pe_start = 8 pe_count = 4 } } ' +
        'logical_volumes { lv { status = ["VISIBLE"] segment1 { start_extent = 0 extent_count = 4 ' +
        'type = "striped" stripe_count = 1 stripes = ["pv0", 0] } } } }',
    );
    const source = bufferSource(Buffer.alloc(8 * 4096));
    return readLogicalVolumes([{ uuid: 'ab', source, text }]);
  };

  test('the group that they change is read', () => {
    expect(group((text) => text).volumes[0]?.source.size).toBe(4 * 4096);
  });

  test.each([
    ['start_extent = 0', 'start_extent = 1', /extents are missing/],
    ['extent_size = 8', 'extent_size = 9007199254740991', /"extent_size" is no number/],
    ['extent_size = 8', 'extent_size = -8', /"extent_size" is no number/],
    ['stripe_count = 1', 'stripe_count = 1000000', /no stripes/],
    [
      'stripe_count = 1 stripes = ["pv0", 0]',
      'stripe_count = 2 stripes = ["pv0", 0, "pv0", 2]',
      /"stripe_size"/,
    ],
  ])('%s for %s', (from, to, message) => {
    expect(() => group((text) => text.replace(from, to))).toThrow(message);
  });

  test.each([
    ['["pv0", 0]', '["pv0", 1]', /reaches beyond/],
    ['["pv0", 0]', '["pv1", 0]', /pv1 is not on this disk/],
    ['"striped"', '"raid1"', /of type raid1/],
    ['start_extent', 'started', /no extents/],
  ])('%s for %s makes the volume unreadable', (from, to, sentence) => {
    const { volumes, problems } = group((text) => text.replace(from, to));
    expect(volumes).toEqual([]);
    expect(problems[0]?.sentence).toMatch(sentence);
  });
});

test('comments, escapes and the padding behind a text are none of it', () => {
  const text = parseLvmMetadata('# comment\nvg { # another\n id = "a\\"b" list = [1, "x",] }\n\0\0');
  expect(text.sections.get('vg')?.values).toEqual(
    new Map<string, unknown>([
      ['id', 'a"b'],
      ['list', [1, 'x']],
    ]),
  );
});

test('joined and striped sources read across their parts', async () => {
  const parts = [Buffer.from('abc'), Buffer.from(''), Buffer.from('defgh')].map(bufferSource);
  expect((await joinSources(parts).read(1, 6)).toString()).toBe('bcdefg');
  expect((await joinSources(parts).read(8, 0)).length).toBe(0);
  const columns = [Buffer.from('abefij'), Buffer.from('cdghkl')].map(bufferSource);
  expect((await stripeSources(columns, 2).read(1, 10)).toString()).toBe('bcdefghijk');
});

/** As long as the text of a physical volume may be, which no checksum keeps from saying anything. */
const LONGEST_TEXT = 8 * 2 ** 20;

test.each([
  ['one long string', `a = "${'x'.repeat(LONGEST_TEXT)}"`, null],
  ['a string of escapes', `a = "${'\\\\'.repeat(LONGEST_TEXT / 2)}"`, null],
  ['a string without an end', `a = "${'x'.repeat(LONGEST_TEXT)}`, /no LVM text/],
  ['comments', '#\n'.repeat(LONGEST_TEXT / 2), null],
  ['NULs in the midst', `a = 1${'\0'.repeat(LONGEST_TEXT)}!`, /no LVM text/],
  ['a word after the other', 'a '.repeat(LONGEST_TEXT / 2), /more than 262144 words/],
  ['empty sections', 'a{}'.repeat(LONGEST_TEXT / 3), /more than 262144 words/],
])('a text of %s is read or refused, within stack, time and memory', (_, text, message) => {
  if (message) expect(() => parseLvmMetadata(text)).toThrow(message);
  else expect(parseLvmMetadata(text).sections.size).toBe(0);
});
