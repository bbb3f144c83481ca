import { test } from 'vitest';
import { fat } from '../../shared/filesystem/fat/fat.ts';
import { unpackedFixture } from '../support/fixtures.ts';
import { fuzz } from '../support/fuzz.ts';
import { readEverything } from '../support/read-everything.ts';

test('fat', async () => {
  const samples = ['fat12', 'fat16', 'fat32'].map((name) => unpackedFixture(`${name}.img.gz`));
  await fuzz({ name: 'fat', samples, parse: (source) => readEverything(fat, source) });
});
