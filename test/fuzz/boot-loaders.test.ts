import { test } from 'vitest';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { FilesystemDamagedError } from '../../shared/filesystem/errors.ts';
import { type FileTree, fileTree } from '../../shared/filesystem/file-tree.ts';
import type { DirectoryNode } from '../../shared/filesystem/filesystem.ts';
import { readBootMenu } from '../../shared/guest/linux/boot-loaders/read-boot-menu.ts';
import { readOtherKernels } from '../../shared/guest/linux/kernel.ts';
import { readKernelImage } from '../../shared/guest/linux/kernel-image.ts';
import { readDriverPlaces } from '../../shared/guest/linux/modules.ts';
import { readUnifiedKernel } from '../../shared/guest/linux/unified-kernel.ts';
import { type Fuzzed, fuzz } from '../support/fuzz.ts';
import {
  arm64Kernel,
  type Files,
  initramfs,
  modulesIn,
  portableExecutable,
  VIRTIO_SCSI,
  x86Kernel,
} from '../support/guests/boot-files.ts';
import { DEBIAN_12 } from '../support/guests/debian.ts';
import { ALPINE_EXTLINUX, ARCH_SYSTEMD_BOOT, CIRROS_0_6 } from '../support/guests/other-linux.ts';
import { CENTOS_5, RHEL_8 } from '../support/guests/red-hat.ts';
import { memoryDirectory } from '../support/memory-directory.ts';

type Read = (tree: FileTree) => Promise<unknown>;

/**
 * A guest of which one file is what the harness mutates. No text is ever refused; of one that is cut off, the end lies
 * outside the disk, as in a truncated image.
 */
async function guestWith(files: Files, path: string, read: Read): Promise<Omit<Fuzzed, 'name'>> {
  const root = fileTree(memoryDirectory(files));
  const [, folder = '', name = ''] = /^(.*)\/([^/]+)$/.exec(`/${path}`) ?? [];
  const [file, beside] = await Promise.all([root.find(path), root.find(folder)]);
  if (file?.node.kind !== 'file' || beside?.node.kind !== 'directory') throw new Error(`no file ${path}`);
  const { content } = file.node;
  const directory = beside.node;
  return {
    samples: [content],
    async parse(source) {
      const tree = fileTree(memoryDirectory(files));
      tree.mount(folder, withFile(directory, name, { size: content.size, read: source.read }));
      await read(tree);
    },
  };
}

function withFile(directory: DirectoryNode, name: string, content: ByteSource): DirectoryNode {
  return {
    kind: 'directory',
    lookup: async (wanted) => (wanted === name ? { kind: 'file', content } : directory.lookup(wanted)),
    entries: () => directory.entries(),
  };
}

const menu: Read = async (tree) => readOtherKernels((await readBootMenu(tree, [], true)) ?? never());
const modules: Read = (tree) => readDriverPlaces(tree, '2.6.18-398.el5', ['/boot/config-2.6.18-398.el5']);

function never(): never {
  throw new FilesystemDamagedError('memory', 'no boot loader has a menu');
}

test.each<[string, Files, string, Read]>([
  ['grub.cfg', DEBIAN_12, 'boot/grub/grub.cfg', menu],
  ['grubenv', RHEL_8, 'boot/grub2/grubenv', menu],
  ['boot-loader-specification', ARCH_SYSTEMD_BOOT, 'boot/loader/entries/arch.conf', menu],
  ['loader.conf', ARCH_SYSTEMD_BOOT, 'boot/loader/loader.conf', menu],
  ['grub-legacy', CIRROS_0_6, 'boot/grub/menu.lst', menu],
  ['syslinux', ALPINE_EXTLINUX, 'boot/extlinux.conf', menu],
  ['modules.dep', CENTOS_5, 'lib/modules/2.6.18-398.el5/modules.dep', modules],
  ['kernel-configuration', CENTOS_5, 'boot/config-2.6.18-398.el5', modules],
])('%s', async (name, files, path, read) => {
  await fuzz({ name, ...(await guestWith(files, path, read)) });
});

test('kernel-image', async () => {
  const compressed = portableExecutable({ '.text': 'x' });
  compressed.write('zimg', 4, 'latin1');
  const kernels = [x86Kernel('6.1.0-13-amd64'), arm64Kernel(), compressed];
  const samples = kernels.map((kernel) => Buffer.concat([kernel], KERNEL_LENGTH));
  await fuzz({ name: 'kernel-image', samples, parse: ofLength(KERNEL_LENGTH, readKernelImage) });
});

test('unified-kernel', async () => {
  const image = portableExecutable({
    '.osrel': 'ID=arch\nPRETTY_NAME="Arch Linux"\n',
    '.cmdline': 'root=UUID=5f3c console=ttyS0',
    '.uname': '6.8.7-arch1-1',
    '.linux': x86Kernel('6.8.7-arch1-1'),
    '.initrd': initramfs(modulesIn('6.8.7-arch1-1', VIRTIO_SCSI)),
  });
  await fuzz({ name: 'unified-kernel', samples: [image], parse: ofLength(image.length, readUnifiedKernel) });
});

const KERNEL_LENGTH = 0x4000;

/** A file keeps its length where the disk is cut off. */
const ofLength = (size: number, read: (content: ByteSource) => Promise<unknown>) => (source: ByteSource) =>
  read({ size, read: source.read });
