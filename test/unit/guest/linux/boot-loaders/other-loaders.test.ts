import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileTree } from '../../../../../shared/filesystem/file-tree.ts';
import {
  compareEntries,
  parseEntry,
} from '../../../../../shared/guest/linux/boot-loaders/boot-loader-specification.ts';
import { parseGrubLegacy } from '../../../../../shared/guest/linux/boot-loaders/grub-legacy.ts';
import { parseSyslinux } from '../../../../../shared/guest/linux/boot-loaders/syslinux.ts';
import { matchesGlob, readSystemdBoot } from '../../../../../shared/guest/linux/boot-loaders/systemd-boot.ts';
import { memoryDirectory } from '../../../../support/memory-directory.ts';

describe('entries of the Boot Loader Specification', () => {
  test('several initrd and options lines are joined', () => {
    const text =
      'title A\r\nlinux /k\ninitrd /i1\ninitrd /i2 /i3\noptions a=1\n# options no\noptions b=2  \n';
    expect(parseEntry('machine-6.1.conf', text)).toMatchObject({
      id: 'machine-6.1',
      kernel: '/k',
      initramfs: ['/i1', '/i2', '/i3'],
      commandLine: 'a=1 b=2',
    });
  });

  test('an entry without a kernel starts no Linux; one with an EFI image may be a unified kernel', () => {
    expect(parseEntry('windows.conf', 'title Windows\n')).toBeNull();
    expect(parseEntry('a.conf', 'efi /EFI/Linux/a.efi\n')).toMatchObject({
      kernel: '/EFI/Linux/a.efi',
      commandLine: null,
    });
  });

  test('are sorted by sort-key, machine and falling version; without a sort-key by falling name; without tries last', () => {
    const entry = (name: string, fields: string) => parseEntry(name, `linux /k\n${fields}`);
    const entries = [
      entry('old-1.conf', ''),
      entry('old-10.conf', ''),
      entry('z+0-3.conf', 'sort-key aaa\n'),
      entry('b.conf', 'sort-key fedora\nmachine-id 1\nversion 6.9\n'),
      entry('a.conf', 'sort-key fedora\nmachine-id 1\nversion 6.10\n'),
      entry('c+2.conf', 'sort-key arch\n'),
    ].filter((one) => one !== null);
    expect(entries.sort(compareEntries).map(({ id }) => id)).toEqual(['c', 'a', 'b', 'old-10', 'old-1', 'z']);
  });
});

describe('systemd-boot', () => {
  const files = {
    'loader/entries/a.conf': 'title A\nversion 1\nlinux /a\n',
    'loader/entries/b.conf': 'title B\nversion 2\nlinux /b\n',
  };
  const chosen = async (configuration: string) => {
    const tree = fileTree(memoryDirectory({ ...files, 'loader/loader.conf': configuration }));
    return (await readSystemdBoot([{ tree, path: '/', volume: 'partition 1' }]))?.chosen.id;
  };
  test.each([
    ['default a.conf\n', 'a'],
    ['default a\n', 'a'],
    ['#default a\ntimeout 3\n', 'b'],
    ['default @saved\n', 'b'],
    ['default B*\n', 'b'],
    ['default ?\n', 'b'],
  ])('%s', async (configuration, id) => {
    expect(await chosen(configuration)).toBe(id);
  });

  test('a pattern matches as the same regular expression does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 6 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '-'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(text, pattern, (id, glob) => {
        const expression = glob.replace(/[*?]/g, (mark) => (mark === '*' ? '.*' : '.'));
        expect(matchesGlob(id, glob)).toBe(new RegExp(`^${expression}$`).test(id));
      }),
      { numRuns: 2000 },
    );
  });

  test('a pattern of stars ends in time', () => {
    expect(matchesGlob('a'.repeat(255), `${'*a'.repeat(5000)}b`)).toBe(false);
  });
});

describe('GRUB Legacy', () => {
  const text = `default saved
title One
	root (hd0,0)
	kernel --no-mem-option /vmlinuz-1 ro root=LABEL=/
	initrd /initrd-1
title Windows
	rootnoverify (hd0,1)
	chainloader +1
title Xen
	kernel /xen.gz dom0_mem=1G
	module /vmlinuz-3xen ro root=/dev/sda1
	module /initrd-3xen
`;
  test.each([
    ['2\n', '/vmlinuz-3xen', ['/initrd-3xen'], 'ro root=/dev/sda1'],
    ['0', '/vmlinuz-1', ['/initrd-1'], 'ro root=LABEL=/'],
    ['1', '/vmlinuz-1', ['/initrd-1'], 'ro root=LABEL=/'],
    ['junk', '/vmlinuz-1', ['/initrd-1'], 'ro root=LABEL=/'],
  ])('with %s saved', (saved, kernel, initramfs, commandLine) => {
    expect(parseGrubLegacy(text, saved).chosen).toMatchObject({ kernel, initramfs, commandLine });
  });

  test('default=N counts from nought, over all titles', () => {
    expect(parseGrubLegacy(text.replace('default saved', 'default=2'), '').chosen?.kernel).toBe(
      '/vmlinuz-3xen',
    );
    expect(parseGrubLegacy('', '').chosen).toBeNull();
  });
});

describe('SYSLINUX', () => {
  const text = `DEFAULT linux
label linux
  kernel /vmlinuz-1
  append initrd=/initrd-1,/initrd-2 root=/dev/sda1
Label other
  menu label ^Other
  LINUX ../vmlinuz-2
  INITRD ../ucode.img,../initrd-2
  APPEND root=LABEL=b
label memtest
  kernel memtest.c32
`;
  test('its default label, with an initramfs in append', () => {
    const { entries, chosen } = parseSyslinux(text, '/boot/syslinux');
    expect(entries).toHaveLength(2);
    expect(chosen).toMatchObject({ kernel: '/vmlinuz-1', initramfs: ['/initrd-1', '/initrd-2'] });
  });

  test('MENU DEFAULT wins, and paths start at the folder', () => {
    const marked = text.replace('menu label', 'menu default\n  menu label');
    expect(parseSyslinux(marked, '/boot/syslinux').chosen).toMatchObject({
      title: 'Other',
      kernel: '/boot/syslinux/../vmlinuz-2',
      initramfs: ['/boot/syslinux/../ucode.img', '/boot/syslinux/../initrd-2'],
    });
  });
});
