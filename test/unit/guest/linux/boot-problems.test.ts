import { describe, expect, test } from 'vitest';
import { FilesystemDamagedError } from '../../../../shared/filesystem/errors.ts';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import type { DirectoryNode } from '../../../../shared/filesystem/filesystem.ts';
import { readLinuxBoot } from '../../../../shared/guest/linux/boot.ts';
import { initramfsProblems } from '../../../../shared/guest/linux/boot-problems.ts';
import {
  arm64Kernel,
  EVERY_MODULE,
  type Files,
  initramfs,
  kernelModules,
  modulesIn,
  VIRTIO_SCSI,
  x86Kernel,
} from '../../../support/guests/boot-files.ts';
import { DEBIAN_12 } from '../../../support/guests/debian.ts';
import { RHEL_8 } from '../../../support/guests/red-hat.ts';
import { memoryDirectory } from '../../../support/memory-directory.ts';

const RELEASE = '6.1.0-13-amd64';
const INITRD = `boot/initrd.img-${RELEASE}`;

const read = (files: Files, { explain = false } = {}) =>
  readLinuxBoot(fileTree(memoryDirectory(files)), [], { explain });

function without(files: Files, ...prefixes: string[]): Files {
  const kept = Object.entries(files).filter(([path]) => !prefixes.some((prefix) => path.startsWith(prefix)));
  return Object.fromEntries(kept);
}

const codes = (boot: Awaited<ReturnType<typeof read>>) => boot.problems.map(({ code }) => code);

describe('the initramfs', () => {
  test('with virtio-blk but without virtio-scsi does not have what decides', async () => {
    const listed = modulesIn(RELEASE, [
      'virtio',
      'virtio_ring',
      'virtio_pci_modern_dev',
      'virtio_pci',
      'virtio_blk',
    ]);
    const { linux } = await read({ ...DEBIAN_12, [INITRD]: initramfs(listed) });
    expect(linux.initramfs.outcome).toBe('whole');
    expect(linux.drivers).toMatchObject({
      virtio_pci: { state: 'initramfs', source: `/${INITRD}` },
      virtio_blk: { state: 'initramfs' },
      virtio_scsi: { state: 'disk', source: `/lib/modules/${RELEASE}/modules.dep` },
    });
  });

  test('has a driver only together with all that modules.dep says it needs', async () => {
    const incomplete = VIRTIO_SCSI.filter((module) => module !== 'virtio_ring');
    const { linux } = await read({ ...DEBIAN_12, [INITRD]: initramfs(modulesIn(RELEASE, incomplete)) });
    expect(linux.drivers).toMatchObject({ virtio_scsi: { state: 'disk' }, sd_mod: { state: 'initramfs' } });
  });

  test.each(['blacklist virtio_scsi', 'install virtio-scsi /bin/false'])(
    'does not bring what its modprobe.d keeps out: %s',
    async (line) => {
      const modules = modulesIn(RELEASE, VIRTIO_SCSI).map((path) => [path, '']);
      const archive = {
        'etc/modprobe.d/local.conf': `# blacklist sd_mod\n${line}\n`,
        ...Object.fromEntries(modules),
      };
      const { linux } = await read({ ...DEBIAN_12, [INITRD]: initramfs(archive) });
      expect(linux.drivers).toMatchObject({
        virtio_scsi: { state: 'blocked' },
        virtio_pci: { state: 'initramfs' },
        sd_mod: { state: 'initramfs' },
      });
    },
  );

  test('of another kernel counts for nothing, and is told', async () => {
    const boot = await read({ ...DEBIAN_12, [INITRD]: initramfs(modulesIn('6.1.0-9-amd64', EVERY_MODULE)) });
    expect(boot.linux.drivers.virtio_scsi.state).toBe('disk');
    const told = boot.problems.find(({ code }) => code === 'INITRAMFS_OF_OTHER_KERNEL');
    expect(told?.sentence).toContain('6.1.0-9-amd64');
    expect(told?.remedy).toBe(`update-initramfs -c -k ${RELEASE}`);
  });

  test('that is not there is told, and its drivers are never called absent', async () => {
    const boot = await read(without(DEBIAN_12, INITRD));
    expect(boot.linux.initramfs).toMatchObject({ outcome: 'unreadable', paths: [] });
    expect(boot.linux.drivers.virtio_scsi.state).toBe('disk');
    expect(codes(boot)).toContain('INITRAMFS_MISSING');
  });

  test('that cannot be read tells its reason, and its drivers are never called absent', async () => {
    const boot = await read({ ...DEBIAN_12, [INITRD]: Buffer.from('no archive at all') });
    expect(boot.linux.initramfs.outcome).toBe('unreadable');
    expect(boot.linux.initramfs.reason).toBeTruthy();
    expect(boot.linux.drivers.virtio_scsi.state).toBe('disk');
  });

  test.each(['squash-root.img', 'squashfs-root.img', 'erofs-root.img'])(
    'with its files packed in %s is unknown',
    async (name) => {
      const { linux } = await read({
        ...DEBIAN_12,
        [INITRD]: initramfs(['usr/lib/dracut/modules.txt', name]),
      });
      expect(linux.initramfs).toMatchObject({ outcome: 'unreadable' });
      expect(linux.initramfs.reason).toContain(name);
      expect(linux.drivers.virtio_scsi.state).toBe('disk');
    },
  );

  test('is not read where the kernel has built in what decides', async () => {
    const modules = kernelModules(RELEASE, { builtin: VIRTIO_SCSI });
    const { linux } = await read({ ...DEBIAN_12, ...modules, [INITRD]: Buffer.from('no archive at all') });
    expect(linux.initramfs).toMatchObject({ outcome: 'enough', reason: null });
    expect(linux.drivers.virtio_scsi.state).toBe('builtin');
  });

  test('is read to its end to explain, and as far as it decides otherwise', async () => {
    const files = {
      ...DEBIAN_12,
      [INITRD]: initramfs([...modulesIn(RELEASE, VIRTIO_SCSI), ...modulesIn(RELEASE, ['nvme'])]),
    };
    const some = (await read(files)).linux;
    expect([some.initramfs.outcome, some.drivers.nvme.state]).toEqual(['enough', 'disk']);
    const all = (await read(files, { explain: true })).linux;
    expect([all.initramfs.outcome, all.drivers.nvme.state]).toEqual(['whole', 'initramfs']);
  });

  test.each([
    ['MODULES=most\n', false],
    ['MODULES=dep\n', true],
    ['# MODULES=dep\nMODULES=list\n', true],
  ])('of initramfs-tools with %s is host-only: %s', async (configuration, hostOnly) => {
    const { linux } = await read({
      ...DEBIAN_12,
      [INITRD]: initramfs({ 'conf/initramfs.conf': configuration }),
    });
    expect(linux.initramfs.hostOnly).toBe(hostOnly);
  });

  test.each([
    [{ 'usr/lib/dracut/build-parameter.txt': " '--force' '--no-hostonly' '--no-hostonly-cmdline'" }, false],
    [{ 'lib/dracut/build-parameter.txt': '-H --kver 6.1' }, true],
    [{ 'lib/dracut/build-parameter.txt': '--no-hostonly-cmdline -f' }, null],
    [{ 'usr/lib/dracut/hostonly-files': '/etc/crypttab' }, true],
    [{ 'usr/lib/dracut/modules.txt': 'base' }, null],
  ])('of dracut with %j is host-only: %s', async (files, hostOnly) => {
    const { linux } = await read({ ...DEBIAN_12, [INITRD]: initramfs(files) });
    expect(linux.initramfs.hostOnly).toBe(hostOnly);
  });
});

test.each([
  [
    '/boot/initrd-2.6.18-398.el5.img',
    '2.6.18-398.el5',
    'mkinitrd -f /boot/initrd-2.6.18-398.el5.img 2.6.18-398.el5',
  ],
  ['/boot/initrd-2.6.32.12-0.7-default', '2.6.32.12-0.7-default', 'mkinitrd'],
])("a missing %s is made by Red Hat's mkinitrd or SUSE's", (file, release, command) => {
  const found = { missing: [file], otherReleases: [], ownModules: false };
  expect(initramfsProblems([], found, release, 'mkinitrd')).toMatchObject([
    { code: 'INITRAMFS_MISSING', remedy: command },
  ]);
});

test('what made the initramfs makes it again, whatever else is installed', async () => {
  const made = initramfs(['usr/lib/dracut/modules.txt', ...modulesIn(RELEASE, VIRTIO_SCSI)]);
  expect((await read({ ...DEBIAN_12, [INITRD]: made })).linux.initramfsTool).toBe('dracut');
  const unmarked = initramfs(modulesIn(RELEASE, VIRTIO_SCSI));
  expect((await read({ ...DEBIAN_12, [INITRD]: unmarked })).linux.initramfsTool).toBe('initramfs-tools');
});

test('the release of a kernel that does not tell it is in the name by which it is started', async () => {
  const { linux, architecture } = await read({
    ...without(DEBIAN_12, `boot/vmlinuz-${RELEASE}`),
    [`boot/vmlinuz-${RELEASE}`]: { symlink: '../usr/lib/kernel.img' },
    'usr/lib/kernel.img': arm64Kernel(),
    'usr/lib/modules/9.9.9/modules.dep': '',
  });
  expect([linux.kernel?.release, architecture]).toEqual([RELEASE, 'aarch64']);
});

describe('the boot loader', () => {
  test('without a configuration: the newest kernel is taken, and that is told', async () => {
    const boot = await read(without(DEBIAN_12, 'boot/grub'));
    expect(boot.linux.kernel).toMatchObject({
      release: RELEASE,
      source: '/boot',
      commandLine: null,
      assumed: true,
    });
    expect(boot.linux.initramfs.paths).toEqual([`/${INITRD}`]);
    expect(boot.linux.root).toBeNull();
    expect(codes(boot)).toEqual(['NO_BOOT_MENU']);
  });

  test('without a configuration: no initramfs of a known name is not called none', async () => {
    // LILO's configuration, which is not read, names it.
    const boot = await read(without(DEBIAN_12, 'boot/grub', 'boot/initrd'));
    expect(boot.linux.initramfs).toMatchObject({ outcome: 'unreadable', paths: [] });
    expect(boot.linux.drivers.virtio_scsi.state).toBe('disk');
  });

  test.each([
    ['BIOS', '/boot/grub/grub.cfg', RELEASE],
    ['UEFI_64', '/boot/efi/EFI/debian/grub.cfg', '6.1.0-9-amd64'],
  ] as const)('of two configurations is the one that %s reads', async (firmware, source, release) => {
    const older = `menuentry A { linux /boot/vmlinuz-6.1.0-9-amd64 root=UUID=5f3c\ninitrd /boot/initrd.img-6.1.0-9-amd64 }`;
    const files = { ...DEBIAN_12, 'boot/efi/EFI/debian/grub.cfg': older };
    const { linux } = await readLinuxBoot(fileTree(memoryDirectory(files)), [], { explain: false, firmware });
    expect(linux.kernel).toMatchObject({ source, release });
  });

  test('that starts a kernel which is not there: the newest is taken, and that is told', async () => {
    const boot = await read(without(DEBIAN_12, `boot/vmlinuz-${RELEASE}`));
    expect(boot.linux.kernel).toMatchObject({ release: '6.1.0-9-amd64', assumed: true });
    expect(codes(boot)).toContain('KERNEL_MISSING');
  });

  test('without any kernel: what the modules on the disk tell, and nothing is called absent', async () => {
    const boot = await read(without(DEBIAN_12, 'boot', 'vmlinuz'));
    expect(boot.linux.kernel).toBeNull();
    expect(boot.linux.initramfs.outcome).toBe('unreadable');
    expect(boot.linux.drivers.virtio_scsi.state).toBe('disk');
    expect(codes(boot)).toEqual(['NO_KERNEL']);
  });

  test('of which the path starts above a btrfs subvolume finds its kernel', async () => {
    const configuration = `menuentry A { linux /@/boot/vmlinuz-${RELEASE} root=UUID=1 rootflags=subvol=@\ninitrd /@/boot/initrd.img-${RELEASE} }`;
    const { linux } = await read({ ...DEBIAN_12, 'boot/grub/grub.cfg': configuration });
    expect(linux.kernel).toMatchObject({ path: `/boot/vmlinuz-${RELEASE}`, source: '/boot/grub/grub.cfg' });
    expect(linux.initramfs.outcome).toBe('enough');
  });
});

test('damage in the folder of modules is told, and the drivers are unknown, not absent', async () => {
  const root = memoryDirectory(without(DEBIAN_12, 'usr/lib', INITRD));
  const damaged: DirectoryNode = {
    kind: 'directory',
    lookup: async () => {
      throw new FilesystemDamagedError('ext4', 'inode 12 has no extents');
    },
    async *entries() {},
  };
  const tree = fileTree(root);
  tree.mount('/usr/lib', damaged);
  const boot = await readLinuxBoot(tree, [], { explain: false });
  expect(boot.linux.kernel?.release).toBe(RELEASE);
  expect(boot.linux.drivers.virtio_scsi.state).toBe('unknown');
  expect(codes(boot)).toContain('GUEST_UNREADABLE');
});

describe('the command line', () => {
  const withOptions = (options: string): Files => ({
    ...DEBIAN_12,
    'boot/grub/grub.cfg': `menuentry A { linux /boot/vmlinuz-${RELEASE} ${options}\ninitrd /boot/initrd.img-${RELEASE} }`,
  });

  test('root=/dev/sda1 is warned of', async () => {
    const boot = await read(withOptions('root=/dev/sda1 console=ttyS0'));
    expect(codes(boot)).toEqual(['ROOT_BY_DEVICE_NAME']);
    expect(boot.problems[0]?.sentence).toContain('another volume');
    expect(boot.problems[0]?.remedy).toMatch(/update-grub$/);
  });

  test.each(['/dev/vda1', '/dev/nvme0n1p1', '/dev/hda1', '/dev/disk/by-id/ata-QEMU_HARDDISK_1-part1'])(
    'root=%s is left to the decision, with its remedy',
    async (root) => {
      const boot = await read(withOptions(`root=${root} console=ttyS0`));
      expect(codes(boot)).toEqual([]);
      expect(boot.linux.rootRemedy).toMatch(/root=UUID=.*update-grub$/);
    },
  );

  test.each([
    'UUID=5f3c',
    'LABEL=root',
    '/dev/mapper/vg-root',
    '/dev/vg/root',
    'PARTUUID=1-01',
    'ZFS=rpool/ROOT',
  ])('root=%s survives the move', async (root) => {
    expect(codes(await read(withOptions(`root=${root} console=ttyS0`)))).toEqual([]);
  });

  test.each([
    ['modprobe.blacklist=floppy,virtio_scsi', 'blocked'],
    ['rd.driver.blacklist=virtio-scsi', 'blocked'],
    ['module_blacklist=virtio_scsi', 'blocked'],
    ['modprobe.blacklist=nouveau', 'initramfs'],
  ])('with %s: virtio_scsi is %s', async (parameter, state) => {
    const { linux } = await read(withOptions(`root=UUID=5f3c ${parameter}`));
    expect(linux.drivers.virtio_scsi.state).toBe(state);
  });

  test('cannot block what is built in', async () => {
    const modules = kernelModules(RELEASE, { builtin: VIRTIO_SCSI });
    const { linux } = await read({ ...withOptions('modprobe.blacklist=virtio_scsi'), ...modules });
    expect(linux.drivers.virtio_scsi.state).toBe('builtin');
  });

  test('without a serial console is warned of, with a command of the distribution', async () => {
    const debian = await read(withOptions('root=UUID=5f3c quiet'));
    expect(codes(debian)).toEqual(['NO_SERIAL_CONSOLE']);
    expect(debian.problems[0]?.remedy).toContain('update-grub');
    const kernelopts = `${RHEL_8['boot/grub2/grubenv']}`.replace(/ console=\S+/g, '');
    const redHat = await read({ ...RHEL_8, 'boot/grub2/grubenv': kernelopts });
    expect(redHat.problems[0]?.remedy).toBe(
      'grubby --update-kernel=ALL --args="console=tty0 console=ttyS0,115200"',
    );
  });

  test('is shown without what would act on a terminal', async () => {
    const hostile = await read({
      ...without(DEBIAN_12, `boot/vmlinuz-${RELEASE}`),
      'boot/grub/grub.cfg': "menuentry A { linux '/boot/vmlinuz-\u001b[31m' root=/dev/sda1 }",
    });
    expect(JSON.stringify(hostile.problems)).not.toContain('\u001b');
    expect(codes(hostile)).toContain('KERNEL_MISSING');
  });
});

test('programs, which lie in large directories, are looked for only where something is to be told of them', async () => {
  const asked: string[] = [];
  const programs: DirectoryNode = {
    kind: 'directory',
    async lookup(name) {
      asked.push(name);
      return null;
    },
    async *entries() {},
  };
  const console = `menuentry A { linux /boot/vmlinuz-${RELEASE} root=UUID=5f3c console=ttyS0\ninitrd /boot/initrd.img-${RELEASE} }`;
  const reading = async (files: Files) => {
    const tree = fileTree(memoryDirectory({ ...DEBIAN_12, ...files }));
    for (const folder of ['/usr/bin', '/usr/sbin']) tree.mount(folder, programs);
    await readLinuxBoot(tree, [], { explain: false });
    return asked.splice(0);
  };
  expect(await reading({ 'boot/grub/grub.cfg': console })).toEqual([]);
  expect(await reading({})).toContain('update-grub');
});

test('an old kernel tells no architecture: the programs do', async () => {
  const kernel = x86Kernel(RELEASE, { protocol: 0x020a });
  const { architecture } = await read({ ...DEBIAN_12, [`boot/vmlinuz-${RELEASE}`]: kernel });
  expect(architecture).toBeNull();
  const elf = Buffer.alloc(64);
  elf.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  elf.writeUInt16LE(183, 0x12);
  const arm = await read({ ...DEBIAN_12, [`boot/vmlinuz-${RELEASE}`]: kernel, 'usr/bin/sh': elf });
  expect(arm.architecture).toBe('aarch64');
});
