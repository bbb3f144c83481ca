import { expect, test } from 'vitest';
import { meter } from '../../../../shared/bytes/budget.ts';
import { bufferSource } from '../../../../shared/bytes/buffer.ts';
import { paged } from '../../../../shared/bytes/paged.ts';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import type { Problem } from '../../../../shared/finding.ts';
import { openHive } from '../../../../shared/guest/windows/hive.ts';
import { readSystemHive } from '../../../../shared/guest/windows/system-hive.ts';
import {
  BARE_SYSTEM,
  CROWDED_SYSTEM,
  SERVICES,
  virtio,
  windowsFiles,
} from '../../../support/guests/windows.ts';
import { buildHive, type HiveContent } from '../../../support/hive.ts';
import { memoryDirectory } from '../../../support/memory-directory.ts';

const PADDING = 24 * 1024;

/** Every service with as much beside it as makes a hive of some ten MiB. */
function aged(content: HiveContent): HiveContent {
  const padding: HiveContent = Object.fromEntries(
    Object.keys(content)
      .filter((path) => path.startsWith(`${SERVICES}\\`))
      .map((path) => [`${path}\\Padding`, { data: Buffer.alloc(PADDING, path) }]),
  );
  return { ...content, ...padding };
}

test('of a SYSTEM hive of 20 MB, what Windows starts takes few requests and a fraction of its bytes', async () => {
  const system = { ...BARE_SYSTEM, ...CROWDED_SYSTEM, ...virtio(17763) };
  const bytes = buildHive(aged(system), { scattered: true });
  expect(bytes.length).toBeGreaterThan(16 * 2 ** 20);
  const metered = meter(bufferSource(bytes), { requests: 1000, bytes: 2 ** 30 });
  const source = paged(metered);
  source.expectScatteredReads();

  const problems: Problem[] = [];
  const hive = await openHive(source);
  const tree = fileTree(memoryDirectory(windowsFiles({ system: BARE_SYSTEM })));
  const places = { tree, systemRoot: '/Windows', system: hive.root, architecture: null };
  const reading = await readSystemHive(places, problems, false);
  expect(reading?.drivers.vioscsi).toEqual({ start: 0, file: true, devices: ['1AF4:1004', '1AF4:1048'] });
  expect(problems).toEqual([]);
  expect(metered.cost.requests).toBeLessThanOrEqual(15);
  expect(metered.cost.bytes).toBeLessThanOrEqual(2.5 * 2 ** 20);
});
