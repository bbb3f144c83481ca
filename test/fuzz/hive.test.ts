import { test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { ByoiError } from '../../shared/errors.ts';
import { fileTree } from '../../shared/filesystem/file-tree.ts';
import { openHive } from '../../shared/guest/windows/hive.ts';
import type { HiveKey } from '../../shared/guest/windows/hive-keys.ts';
import { readProduct } from '../../shared/guest/windows/product.ts';
import { readSystemHive } from '../../shared/guest/windows/system-hive.ts';
import { fuzz } from '../support/fuzz.ts';
import {
  BARE_SYSTEM,
  critical,
  RELEASES,
  SERVICES,
  seen,
  softwareHive,
  VIOSCSI_IDS,
  virtio,
  windowsFiles,
} from '../support/guests/windows.ts';
import { buildHive } from '../support/hive.ts';
import { memoryDirectory } from '../support/memory-directory.ts';

const MAX_DEPTH = 12;
const [DEVICE = ''] = VIOSCSI_IDS;

const SYSTEM = {
  ...BARE_SYSTEM,
  ...virtio(17763),
  ...critical('vioscsi', VIOSCSI_IDS),
  ...seen('vioscsi', DEVICE),
  [`${SERVICES}\\vioscsi\\StartOverride`]: { '0': 0 },
  large: { data: Buffer.alloc(40_000, 'large') },
};

test('whole hives: every key, every value', async () => {
  async function visit(key: HiveKey, depth: number): Promise<void> {
    for await (const value of key.values()) await value.data();
    if (depth < MAX_DEPTH) for await (const child of key.subkeys()) await visit(child, depth + 1);
  }
  await fuzz({
    name: 'hive',
    samples: [
      buildHive(SYSTEM),
      buildHive(SYSTEM, { listLength: 3, wideNames: true }),
      buildHive(softwareHive(RELEASES['2019']), { list: 'lf', minorVersion: 3 }),
      buildHive(softwareHive(RELEASES['2008']), { list: 'li', minorVersion: 3 }),
    ],
    parse: async (source) => visit((await openHive(source)).root, 0),
  });
});

test('what a verdict reads of them', async () => {
  const tree = fileTree(memoryDirectory(windowsFiles({ system: BARE_SYSTEM })));
  async function parse(source: ByteSource): Promise<void> {
    const { root } = await openHive(source);
    await readProduct(root);
    const places = { tree, systemRoot: '/Windows', system: root, architecture: null } as const;
    if (!(await readSystemHive(places, [], false)))
      throw new ByoiError('UNREAD', 'Its services were not read.', '');
  }
  await fuzz({ name: 'windows', samples: [buildHive(SYSTEM), buildHive(SYSTEM, { listLength: 2 })], parse });
  await parse(bufferSource(buildHive(SYSTEM)));
});
