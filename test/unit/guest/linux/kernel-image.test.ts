import { expect, test } from 'vitest';
import { bufferSource } from '../../../../shared/bytes/buffer.ts';
import { isKernelName, readKernelImage, releaseInName } from '../../../../shared/guest/linux/kernel-image.ts';
import { arm64Kernel, portableExecutable, x86Kernel } from '../../../support/guests/boot-files.ts';

const read = (image: Buffer) => readKernelImage(bufferSource(image));

test.each([
  ['a 64-bit kernel', x86Kernel('6.1.0-13-amd64'), '6.1.0-13-amd64', 'x86_64'],
  ['a 32-bit kernel', x86Kernel('6.1.0-13-686', { flags: 0x7e }), '6.1.0-13-686', 'i386'],
  [
    'a kernel of before protocol 2.12',
    x86Kernel('2.6.32-754.el6.x86_64', { protocol: 0x020a }),
    '2.6.32-754.el6.x86_64',
    null,
  ],
  ['an arm64 Image', arm64Kernel(), null, 'aarch64'],
  ['what is no kernel', Buffer.from('#!/bin/sh\n'), null, null],
  ['an empty file', Buffer.alloc(0), null, null],
])('%s', async (_, image, release, architecture) => {
  expect(await read(image)).toEqual({ release, architecture });
});

test('a compressed EFI kernel tells its machine', async () => {
  const image = portableExecutable({ '.text': 'x' });
  image.write('zimg', 4, 'latin1');
  image.writeUInt16LE(0xaa64, 0x84);
  expect(await read(image)).toEqual({ release: null, architecture: 'aarch64' });
});

test('a release that is more than a name is none: it becomes a word of a command', async () => {
  expect((await read(x86Kernel('6.1;reboot'))).release).toBeNull();
  expect((await read(x86Kernel('../../etc'))).release).toBeNull();
  expect((await read(x86Kernel('6'.repeat(80)))).release).toBeNull();
});

test.each([
  ['/boot/vmlinuz-6.1.0-13-amd64', '6.1.0-13-amd64'],
  ['/boot/vmlinuz-2.6.18-398.el5', '2.6.18-398.el5'],
  ['/boot/kernel-genkernel-x86_64-5.4.0-gentoo', '5.4.0-gentoo'],
  ['/boot/vmlinuz-linux', null],
  ['/boot/vmlinuz-0-rescue-0f3ad0d2c2b94f0c8b5c8f8f6a1c2b3d', null],
  ['/boot/vmlinuz-6.1.0$(reboot)', null],
])('the release in the name %s', (name, release) => {
  expect(releaseInName(name)).toBe(release);
});

test.each([
  ['vmlinuz-6.1.0-13-amd64', true],
  ['vmlinuz', true],
  ['bzImage-6.6.30', true],
  ['vmlinuz-6.1.0-13-amd64.old', false],
  ['initrd.img-6.1.0-13-amd64', false],
  ['linuxrc', false],
])('%s is a kernel: %s', (name, is) => {
  expect(isKernelName(name)).toBe(is);
});
