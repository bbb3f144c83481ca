import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import { ByoiError } from '../../shared/errors.ts';
import { readPe } from '../../shared/guest/pe.ts';
import { fuzz } from '../support/fuzz.ts';

test('PE images', async () => {
  await fuzz({
    name: 'PE',
    samples: [readFileSync('test/fixtures/uki.efi')],
    async parse(source) {
      const image = await readPe(source);
      if (!image) throw new ByoiError('NONE', 'No PE image.', '');
      // Every section that is told can be read to its end.
      for (const section of image.sections.values()) await section.read(0, section.size);
    },
  });
});
