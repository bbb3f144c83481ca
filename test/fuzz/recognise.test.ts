import { test } from 'vitest';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { PROBE_LENGTH, recogniseAtEnd, recogniseVolume } from '../../shared/disk/recognise.ts';
import { fuzz } from '../support/fuzz.ts';

const SIZE = 256 * 1024;

function marked(offset: number, mark: string): Buffer {
  const volume = Buffer.alloc(SIZE);
  volume.write(mark, offset, 'hex');
  return volume;
}

/** A mark of each place where there are any, a RAID's at its end among them. */
const MARKS = [
  marked(0, '4c554b53babe0001'),
  marked(4096 - 10, '53574150535041434532'),
  marked(64 * 1024 + 1372, '19015419'),
  marked(SIZE - 8 * 1024, 'fc4e2ba901000000'),
];

/** What has no mark left counts as refused. */
async function parse(volume: ByteSource) {
  const head = await volume.read(0, Math.min(PROBE_LENGTH, volume.size));
  const recognised = recogniseVolume(head) ?? (await recogniseAtEnd(volume));
  return { problems: recognised ? [] : ['no mark'] };
}

test('marks of volumes', async () => {
  await fuzz({ name: 'marks of volumes', samples: MARKS, parse });
});
