import { test } from 'vitest';
import { fat } from '../../shared/filesystem/fat/fat.ts';
import { unpackedFixture } from '../support/fixtures.ts';
import { fuzz } from '../support/fuzz.ts';
import { readEverything } from '../support/read-everything.ts';

test.each(['fat12', 'fat16', 'fat32'])('%s', async (name) => {
  await fuzz({
    name,
    samples: [unpackedFixture(`${name}.img.gz`)],
    parse: (source) => readEverything(fat, source),
  });
});
