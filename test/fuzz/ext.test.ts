import { test } from 'vitest';
import { ext } from '../../shared/filesystem/ext/ext.ts';
import { unpackedFixture } from '../support/fixtures.ts';
import { fuzz } from '../support/fuzz.ts';
import { readEverything } from '../support/read-everything.ts';

test.each(['ext2', 'ext4', 'ext4-inline'])('%s', async (name) => {
  await fuzz({
    name,
    samples: [unpackedFixture(`${name}.img.gz`)],
    parse: (source) => readEverything(ext, source),
  });
});
