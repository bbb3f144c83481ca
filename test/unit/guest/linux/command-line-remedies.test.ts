import { expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import type { BootLoader } from '../../../../shared/guest/linux/boot-loaders/menu.ts';
import { addParameters, findCommandLineTool } from '../../../../shared/guest/linux/command-line-remedies.ts';
import { memoryDirectory } from '../../../support/memory-directory.ts';

test.each<[BootLoader, string[], string, string]>([
  ['GRUB', ['usr/sbin/update-grub', 'usr/bin/grub-mkconfig'], '/boot/grub/grub.cfg', 'update-grub'],
  ['GRUB', ['usr/sbin/grubby', 'usr/sbin/grub2-mkconfig'], '/boot/grub2/grub.cfg', 'grubby'],
  ['GRUB', ['usr/sbin/grub2-mkconfig'], '/boot/grub2/grub.cfg', 'grub2-mkconfig'],
  ['GRUB', ['usr/bin/rpm-ostree', 'usr/sbin/grub2-mkconfig'], '/boot/grub2/grub.cfg', 'rpm-ostree'],
  ['GRUB', ['usr/bin/grub-mkconfig'], '/boot/grub/grub.cfg', 'grub-mkconfig'],
  ['GRUB', [], '/boot/grub/grub.cfg', 'none'],
  ['GRUB Legacy', ['sbin/grubby'], '/boot/grub/grub.conf', 'grubby'],
  ['GRUB Legacy', [], '/boot/grub/menu.lst', 'menu.lst'],
  ['SYSLINUX', [], '/boot/extlinux.conf', 'update-extlinux'],
  ['systemd-boot', [], '/boot/loader/entries', 'loader-entries'],
  ['systemd-boot', [], '/efi/EFI/Linux', 'none'],
  ['systemd-boot', [], 'partition 1: /loader/entries', 'none'],
  ['Flatcar', [], '/flatcar/vmlinuz-a', 'none'],
])('%s with %j (%s): %s', async (loader, programs, source, tool) => {
  const files = Object.fromEntries(programs.map((path) => [path, '']));
  expect(await findCommandLineTool(fileTree(memoryDirectory(files)), loader, source)).toBe(tool);
});

test.each([
  ['rpm-ostree', 'rpm-ostree kargs --append="a=1" --append="root=UUID=$(findmnt -no UUID /)"'],
  ['grubby', 'grubby --update-kernel=ALL --args="a=1 root=UUID=$(findmnt -no UUID /)"'],
  [
    'loader-entries',
    'sed -i "s|^options .*|& a=1 root=UUID=$(findmnt -no UUID /)|" /boot/loader/entries/*.conf',
  ],
] as const)('%s', (tool, command) => {
  expect(addParameters(tool, 'a=1 root=UUID=$(findmnt -no UUID /)', '/boot/loader/entries')).toBe(command);
});
