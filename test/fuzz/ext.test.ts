import { test } from 'vitest';
import { ext } from '../../shared/filesystem/ext/ext.ts';
import { unpackedFixture } from '../support/fixtures.ts';
import { fuzz } from '../support/fuzz.ts';
import { readEverything } from '../support/read-everything.ts';

test('ext', async () => {
  const samples = ['ext2', 'ext4', 'ext4-inline'].map((name) => unpackedFixture(`${name}.img.gz`));
  await fuzz({ name: 'ext', samples, parse: (source) => readEverything(ext, source) });
});
