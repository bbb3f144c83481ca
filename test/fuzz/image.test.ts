import { test } from 'vitest';
import { openFile } from '../../shared/bytes/file.ts';
import { openImage } from '../../shared/image/formats.ts';
import { fuzz } from '../support/fuzz.ts';

test.each(['qcow2', 'vmdk'])('%s', async (format) => {
  const file = await openFile(`test/fixtures/demo-disk.${format}`);
  await fuzz({
    name: format,
    samples: [file],
    parse: async (source) => (await openImage(source, `disk.${format}`)).disk?.read(0, 65536),
  });
  await file.close();
});
