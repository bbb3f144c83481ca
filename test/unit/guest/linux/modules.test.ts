import { describe, expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import { LINUX_DRIVERS } from '../../../../shared/guest/guest.ts';
import { driverStates } from '../../../../shared/guest/linux/driver-states.ts';
import { moduleName } from '../../../../shared/guest/linux/driver-table.ts';
import {
  parseBuiltin,
  parseConfiguration,
  parseDependencies,
  readDriverPlaces,
} from '../../../../shared/guest/linux/modules.ts';
import { type Files, kernelConfiguration, kernelModules } from '../../../support/guests/boot-files.ts';
import { memoryDirectory } from '../../../support/memory-directory.ts';

const RELEASE = '6.1.0-13-amd64';

async function states(files: Files, configurations: readonly string[] = [`/boot/config-${RELEASE}`]) {
  const places = await readDriverPlaces(fileTree(memoryDirectory(files)), RELEASE, configurations);
  const found = driverStates(places, { modules: new Set(), blocked: new Set(), source: '' });
  return Object.fromEntries(LINUX_DRIVERS.map((driver) => [driver, found[driver].state]));
}

test.each([
  ['kernel/drivers/block/xen-blkfront.ko.xz', 'xen_blkfront'],
  ['/lib/modules/2.6.18/kernel/drivers/scsi/sd_mod.ko', 'sd_mod'],
  ['updates/virtio_scsi.ko.zst', 'virtio_scsi'],
  ['kernel/drivers/scsi/virtio_scsi.ko.lzma', 'virtio_scsi'],
  ['kernel/drivers/scsi/virtio_scsi.ko.hmac', null],
  ['usr/share/doc/virtio_scsi', null],
])('%s is the module %s', (path, name) => {
  expect(moduleName(path)).toBe(name);
});

test('modules.dep: of the modules that are asked for, those it has and what each needs', () => {
  const text = [
    'kernel/drivers/scsi/virtio_scsi.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz kernel/drivers/scsi/scsi-mod.ko.xz',
    'kernel/fs/xfs/xfs.ko.xz: kernel/lib/libcrc32c.ko.xz',
    'weak-updates/e1000.ko:',
    'not a line of modules.dep',
  ].join('\n');
  const found = parseDependencies(text, new Set(['virtio_scsi', 'e1000', 'nvme']));
  expect(Object.fromEntries(found)).toEqual({
    virtio_scsi: { name: 'virtio_scsi', needs: ['virtio_ring', 'scsi_mod'] },
    e1000: { name: 'e1000', needs: [] },
  });
});

test('modules.builtin and the configuration', () => {
  expect([...parseBuiltin('kernel/drivers/virtio/virtio_pci.ko\n\nkernel/fs/ext4/ext4.ko\n')]).toEqual([
    'virtio_pci',
    'ext4',
  ]);
  expect(
    Object.fromEntries(parseConfiguration('CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=12\n')),
  ).toEqual({ CONFIG_A: 'y', CONFIG_B: 'm' });
});

describe('where a kernel has its drivers', () => {
  test('modules.builtin and modules.dep tell what is built in, what a module, and what is nowhere', async () => {
    const files = kernelModules(RELEASE, {
      folder: 'lib/modules',
      builtin: ['virtio_pci'],
      without: ['nvme'],
    });
    const found = await states(files);
    expect(found).toMatchObject({ virtio_pci: 'builtin', virtio_scsi: 'disk', nvme: 'absent' });
  });

  test("without modules.builtin the kernel's configuration tells", async () => {
    const found = await states({
      [`boot/config-${RELEASE}`]: kernelConfiguration(['CONFIG_SCSI_VIRTIO'], ['CONFIG_E1000']),
    });
    // As a module, and no folder of modules was there to look in.
    expect(found).toMatchObject({ virtio_scsi: 'builtin', e1000: 'unknown', virtio_pci: 'absent' });
  });

  test('without modules.dep the files themselves tell, and what is not found is not called absent', async () => {
    const found = await states({
      [`lib/modules/${RELEASE}/modules.builtin`]: '',
      [`lib/modules/${RELEASE}/kernel/drivers/scsi/virtio_scsi.ko.xz`]: '',
      [`lib/modules/${RELEASE}/kernel/drivers/block/xen-blkfront.ko`]: '',
    });
    expect(found).toMatchObject({ virtio_scsi: 'disk', xen_blkfront: 'disk', nvme: 'unknown' });
  });

  test('an empty modules.dep, as a crash leaves it, does not hide the modules that are there', async () => {
    const builtin = { [`lib/modules/${RELEASE}/modules.builtin`]: 'kernel/drivers/virtio/virtio_pci.ko\n' };
    const empty = { ...builtin, [`lib/modules/${RELEASE}/modules.dep`]: '' };
    const found = await states({
      ...empty,
      [`lib/modules/${RELEASE}/kernel/drivers/scsi/virtio_scsi.ko.xz`]: '',
    });
    expect(found).toMatchObject({ virtio_pci: 'builtin', virtio_scsi: 'disk', nvme: 'unknown' });
    // Nor does an empty list of what is built in.
    const lost = kernelModules(RELEASE, { folder: 'lib/modules', without: ['nvme'] });
    const withoutList = await states({ ...lost, [`lib/modules/${RELEASE}/modules.builtin`]: '' });
    expect(withoutList).toMatchObject({ virtio_scsi: 'disk', nvme: 'unknown' });
    // A kernel without modules has an empty one, too.
    expect(await states(empty)).toMatchObject({ virtio_pci: 'builtin', virtio_scsi: 'absent' });
  });

  test('where nothing tells, all is unknown', async () => {
    expect(new Set(Object.values(await states({})))).toEqual(new Set(['unknown']));
  });

  test('a module that may also be built in is not called absent', async () => {
    const found = await states({
      [`lib/modules/${RELEASE}/modules.dep`]: 'kernel/drivers/scsi/virtio_scsi.ko:\n',
    });
    expect(found).toMatchObject({ virtio_scsi: 'disk', virtio_pci: 'unknown' });
  });
});
