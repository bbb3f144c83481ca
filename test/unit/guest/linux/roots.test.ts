import { describe, expect, test } from 'vitest';
import { FilesystemDamagedError } from '../../../../shared/filesystem/errors.ts';
import type { DirectoryNode } from '../../../../shared/filesystem/filesystem.ts';
import { findLinuxRoots } from '../../../../shared/guest/linux/roots.ts';
import { readSystem } from '../../../../shared/guest/linux/system.ts';
import { guestVolumes, type VolumeLike } from '../../../support/guest-volumes.ts';
import type { MemoryFile } from '../../../support/memory-directory.ts';

const ESP = { type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' };
const XBOOTLDR = { type: 'BC13C2FF-59E6-4262-A352-B275FD6F7172' };

/** The least that a root directory has. */
const root = (id: string, version: string, more: Record<string, MemoryFile> = {}) => ({
  'bin/sh': '',
  'etc/passwd': '',
  'etc/os-release': `ID=${id}\nVERSION_ID=${version}\nPRETTY_NAME="${id} ${version}"\n`,
  [`lib/modules/1-${id}/modules.dep`]: '',
  ...more,
});
const under = (folder: string, files: Record<string, MemoryFile>) =>
  Object.fromEntries(Object.entries(files).map(([path, file]) => [`${folder}/${path}`, file]));

async function find(volumes: readonly VolumeLike[]) {
  const { roots, problems } = await findLinuxRoots(await guestVolumes(volumes));
  const [first] = roots;
  const mounts = Object.fromEntries([...(first?.mounts ?? [])].map(([path, { name }]) => [path, name]));
  const text = async (path: string) => (await first?.tree.readText(path)) ?? null;
  const system = first && (await readSystem(first.tree)).system;
  return { names: roots.map(({ name }) => name), first, problems, mounts, text, system };
}

describe('the root and what is mounted in it', () => {
  test('a plain partition', async () => {
    const { names, mounts, problems } = await find([{ files: root('debian', '12') }]);
    expect(names).toEqual(['partition 1']);
    expect(mounts).toEqual({});
    expect(problems).toEqual([]);
  });

  test('a bare filesystem without partition table', async () => {
    const { names } = await find([{ name: 'the whole disk', partition: null, files: root('alpine', '3') }]);
    expect(names).toEqual(['the whole disk']);
  });

  test('logical volumes, /boot apart, and the ESP, as fstab names them', async () => {
    const fstab = [
      '/dev/mapper/rhel-root / xfs defaults 0 0',
      'UUID=aaaa-bbbb /boot xfs defaults 0 0',
      'UUID=7B77-95E7 /boot/efi vfat umask=0077 0 2',
      '/dev/rhel/var /var xfs defaults 0 0',
      '/dev/mapper/rhel-home /home xfs defaults 0 0',
    ].join('\n');
    const { names, mounts, text } = await find([
      { type: 'vfat', uuid: '7B77-95E7', partition: ESP, files: { 'EFI/redhat/grub.cfg': 'esp' } },
      { type: 'xfs', uuid: 'aaaa-bbbb', files: { 'vmlinuz-5': 'kernel', 'efi/': '' } },
      {
        type: 'xfs',
        logicalVolume: 'rhel/root',
        files: root('rhel', '9.4', { 'etc/fstab': fstab, 'boot/': '' }),
      },
      { type: 'xfs', logicalVolume: 'rhel/var', files: { 'lib/rpm/x': 'var' } },
      { type: 'xfs', logicalVolume: 'rhel/home', files: {} },
    ]);
    expect(names).toEqual(['logical volume rhel/root']);
    expect(mounts).toEqual({
      '/boot': 'partition 2',
      '/boot/efi': 'partition 1',
      '/var': 'logical volume rhel/var',
    });
    expect(await text('/boot/vmlinuz-5')).toBe('kernel');
    expect(await text('/boot/efi/EFI/redhat/grub.cfg')).toBe('esp');
    expect(await text('/var/lib/rpm/x')).toBe('var');
  });

  test.each([
    ['no /efi, an empty /boot', { 'boot/': '' }, '/boot'],
    ['/efi, and a /boot with kernels', { 'efi/': '', 'boot/vmlinuz': '' }, '/efi'],
    ['a /boot with kernels only', { 'boot/vmlinuz': '' }, '/boot/efi'],
  ])('an ESP that fstab does not have, with %s', async (_, files: Record<string, string>, path) => {
    const { mounts } = await find([
      { type: 'vfat', partition: ESP, files: {} },
      { files: root('arch', '1', files) },
    ]);
    expect(mounts).toEqual({ [path]: 'partition 1' });
  });

  test('an extended boot loader partition goes onto an empty /boot, and the ESP beside it', async () => {
    const { mounts } = await find([
      { type: 'vfat', partition: ESP, files: {} },
      { type: 'vfat', partition: XBOOTLDR, files: { 'loader/entries/a.conf': '' } },
      { files: root('arch', '1', { 'boot/': '', 'efi/': '' }) },
    ]);
    expect(mounts).toEqual({ '/boot': 'partition 2', '/efi': 'partition 1' });
  });

  test('a /boot that the system does not have empty is not hidden by what only looks like its partition', async () => {
    const { mounts } = await find([
      { label: 'boot', files: { other: '' } },
      { files: root('debian', '12', { 'boot/vmlinuz': '' }) },
    ]);
    expect(mounts).toEqual({});
  });
});

describe('btrfs', () => {
  test.each([
    ['Ubuntu', '@'],
    ['Fedora', 'root'],
    ['Debian', '@rootfs'],
  ])('%s has its root in the subvolume %s, which is not the default one', async (id, subvolume) => {
    const fstab = `UUID=u / btrfs defaults,subvol=${subvolume} 0 0\nUUID=u /var btrfs subvol=/@var 0 0\n`;
    const { names, text } = await find([
      {
        type: 'btrfs',
        uuid: 'u',
        files: {
          ...under(subvolume, root(id, '1', { 'etc/fstab': fstab, 'var/': '' })),
          '@var/log/x': 'var',
          'home/user': '',
        },
      },
    ]);
    expect(names).toEqual([`subvolume ${subvolume} of partition 1`]);
    expect(await text('/var/log/x')).toBe('var');
  });

  test("openSUSE's root is a snapshot, and the default subvolume", async () => {
    const fstab = [
      'UUID=u / btrfs defaults 0 0',
      'UUID=u /var btrfs subvol=/@/var 0 0',
      'UUID=u /boot/grub2/x86_64-efi btrfs subvol=/@/boot/grub2/x86_64-efi 0 0',
      'UUID=u /.snapshots btrfs subvol=/@/.snapshots 0 0',
    ].join('\n');
    const { names, text, system, problems } = await find([
      {
        type: 'btrfs',
        uuid: 'u',
        defaultSubvolume: '@/.snapshots/1/snapshot',
        files: {
          ...under(
            '@/.snapshots/1/snapshot',
            root('sles', '15.5', { 'etc/fstab': fstab, 'boot/grub2/': '' }),
          ),
          ...under('@/.snapshots/2/snapshot', root('sles', '15.4')),
          '@/var/lib/x': 'var',
          '@/boot/grub2/x86_64-efi/core.efi': 'core',
        },
      },
    ]);
    expect(names).toEqual(['partition 1']);
    expect(system?.version).toBe('15.5');
    expect(await text('/var/lib/x')).toBe('var');
    expect(await text('/boot/grub2/x86_64-efi/core.efi')).toBe('core');
    expect(problems).toEqual([]);
  });

  test('the newest snapshot where the default subvolume is no root', async () => {
    const { names } = await find([
      {
        type: 'btrfs',
        files: {
          ...under('@/.snapshots/9/snapshot', root('sles', '1')),
          ...under('@/.snapshots/10/snapshot', root('sles', '2')),
        },
      },
    ]);
    expect(names).toEqual(['subvolume /@/.snapshots/10/snapshot of partition 1']);
  });

  test('a subvolume by a number that is not looked up is not taken for another one', async () => {
    const fstab = 'UUID=u /var btrfs subvolid=257 0 0\nUUID=u /usr/share btrfs subvolid=5 0 0\n';
    const { mounts } = await find([
      { type: 'btrfs', uuid: 'u', files: root('debian', '12', { 'etc/fstab': fstab, 'var/': '' }) },
    ]);
    expect(mounts).toEqual({ '/usr/share': 'partition 1' });
  });
});

/** https://docs.fedoraproject.org/en-US/fedora-coreos/ : /boot and the physical root apart, no fstab. */
const COREOS = (deployments: Record<string, string>, more: Record<string, MemoryFile>): VolumeLike[] => [
  {
    type: 'vfat',
    label: 'EFI-SYSTEM',
    partition: { ...ESP, number: 2 },
    files: { 'EFI/fedora/grub.cfg': '' },
  },
  {
    label: 'boot',
    partition: { number: 3, name: 'boot' },
    files: Object.fromEntries(
      Object.keys(deployments).map((_, index, { length }) => [
        `loader.1/entries/ostree-${length - index}.conf`,
        `title Fedora CoreOS\nversion ${length - index}\noptions rw ostree=/ostree/boot.1/fedora-coreos/sum${index}/0 quiet\n`,
      ]),
    ),
  },
  {
    type: 'xfs',
    label: 'root',
    partition: { number: 4, name: 'root' },
    files: {
      '.coreos-aleph-version.json': '{}',
      'boot/': '',
      'ostree/boot.1': { symlink: 'boot.1.1' },
      ...Object.fromEntries(
        Object.keys(deployments).map((name, index) => [
          `ostree/boot.1.1/fedora-coreos/sum${index}/0`,
          { symlink: `../../../deploy/fedora-coreos/deploy/${name}` },
        ]),
      ),
      ...Object.assign(
        {},
        ...Object.entries(deployments).map(([name, version]) =>
          under(`ostree/deploy/fedora-coreos/deploy/${name}`, {
            ...root('fedora', version),
            'boot/': '',
            'var/': '',
          }),
        ),
      ),
      'ostree/deploy/fedora-coreos/deploy/aaaa.0.origin': '',
      'ostree/deploy/fedora-coreos/var/lib/x': 'var',
      ...more,
    },
  },
];

describe('ostree', () => {
  test('Fedora CoreOS: one deployment, /boot by its label, /var beside the deployments', async () => {
    const { names, mounts, text, system, problems } = await find(COREOS({ 'aaaa.0': '40' }, {}));
    expect(names).toEqual(['deployment /ostree/deploy/fedora-coreos/deploy/aaaa.0 of partition 4']);
    expect(mounts).toEqual({ '/boot': 'partition 3', '/boot/efi': 'partition 2' });
    expect(await text('/var/lib/x')).toBe('var');
    expect(await text('/sysroot/.coreos-aleph-version.json')).toBe('{}');
    expect(system?.version).toBe('40');
    expect(problems).toEqual([]);
  });

  test("of several deployments, the one of the boot loader's newest entry", async () => {
    const volumes = COREOS({ 'bbbb.0': '41', 'aaaa.0': '40' }, {});
    // As the loader directory is named: a link to loader.0 or loader.1.
    const [esp, boot, physical] = volumes;
    const files = { ...boot?.files, loader: { symlink: 'loader.1' } };
    const { system } = await find(
      [esp, { ...boot, files }, physical].filter((volume) => volume !== undefined),
    );
    expect(system?.version).toBe('41');
    const reversed = COREOS({ 'aaaa.0': '40', 'bbbb.0': '41' }, {}).map((volume) =>
      volume.label === 'boot'
        ? { ...volume, files: { ...volume.files, loader: { symlink: 'loader.1' } } }
        : volume,
    );
    expect((await find(reversed)).system?.version).toBe('40');
  });

  test('of several deployments without entries, one that a boot link names', async () => {
    const linked = COREOS(
      { 'aaaa.0': '40' },
      under('ostree/deploy/fedora-coreos/deploy/0000.0', root('fedora', '39')),
    ).filter(({ label }) => label !== 'boot');
    expect((await find(linked)).system?.version).toBe('40');
  });

  test('Silverblue: /boot in the physical root, itself in a subvolume', async () => {
    const { names, text } = await find([
      {
        type: 'btrfs',
        files: under('root', {
          'boot/loader/entries/ostree-1.conf': 'entry',
          ...under('ostree/deploy/fedora/deploy/cccc.0', { ...root('fedora', '40'), 'boot/': '' }),
        }),
      },
    ]);
    expect(names).toEqual([
      'deployment /ostree/deploy/fedora/deploy/cccc.0 of subvolume root of partition 1',
    ]);
    expect(await text('/boot/loader/entries/ostree-1.conf')).toBe('entry');
  });

  test('a deployment without /etc has the template of its image', async () => {
    const { text } = await find([
      {
        files: under('ostree/deploy/default/deploy/dddd.0', {
          'usr/etc/hostname': 'bootc',
          'usr/lib/os-release': 'ID=centos\n',
        }),
      },
    ]);
    expect(await text('/etc/hostname')).toBe('bootc');
  });
});

/** https://www.flatcar.org/docs/latest/reference/developer-guides/sdk-disk-partitions/ */
const flatcarUsr = (version: string): Record<string, string> => ({
  'bin/bash': '',
  'lib/os-release': `ID=flatcar\nVERSION_ID=${version}\nPRETTY_NAME="Flatcar ${version}"\n`,
  'lib/modules/6.1/modules.dep': '',
  'share/flatcar/etc/ssh/sshd_config': 'ssh',
});
const FLATCAR_USR = { type: '5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6' };
const flatcar = (
  a: Record<string, MemoryFile>,
  b: Record<string, MemoryFile>,
  state: Record<string, MemoryFile>,
): VolumeLike[] => [
  {
    type: 'vfat',
    label: 'EFI-SYSTEM',
    partition: { ...ESP, number: 1 },
    files: { 'flatcar/vmlinuz-a': 'a' },
  },
  { label: 'USR-A', partition: { ...FLATCAR_USR, number: 3, name: 'USR-A' }, files: a },
  { label: 'USR-B', partition: { ...FLATCAR_USR, number: 4, name: 'USR-B' }, files: b },
  { label: 'OEM', type: 'btrfs', partition: { number: 6, name: 'OEM' }, files: { 'grub.cfg': '' } },
  { label: 'ROOT', partition: { number: 9, name: 'ROOT' }, files: state },
];

describe('Flatcar', () => {
  test('before its first start: an empty root, /usr from USR-A, /etc from its template', async () => {
    const { names, text, system, mounts } = await find(
      flatcar(flatcarUsr('3815.2.2'), {}, { 'lost+found/': '' }),
    );
    expect(names).toEqual(['partition 3 (/usr)']);
    expect(system).toMatchObject({ id: 'flatcar', version: '3815.2.2' });
    expect(await text('/usr/lib/modules/6.1/modules.dep')).toBe('');
    expect(await text('/etc/ssh/sshd_config')).toBe('ssh');
    expect(await text('/boot/flatcar/vmlinuz-a')).toBe('a');
    expect(mounts).toEqual({ '/boot': 'partition 1' });
  });

  test('after an update: the slot of the higher version, whichever that is', async () => {
    const { system } = await find(flatcar(flatcarUsr('3815.2.10'), flatcarUsr('3815.2.9'), {}));
    expect(system?.version).toBe('3815.2.10');
    expect((await find(flatcar(flatcarUsr('1'), flatcarUsr('2'), {}))).system?.version).toBe('2');
  });

  test('after its first start: the root that it made, with /usr in it', async () => {
    const state = {
      bin: { symlink: 'usr/bin' },
      lib: { symlink: 'usr/lib' },
      'usr/': '',
      'etc/passwd': '',
      'etc/hostname': 'mine',
    };
    const { names, text, system, mounts } = await find(flatcar(flatcarUsr('3815.2.2'), {}, state));
    expect(names).toEqual(['partition 9']);
    expect(mounts).toMatchObject({ '/usr': 'partition 3' });
    expect(system?.id).toBe('flatcar');
    expect(await text('/etc/hostname')).toBe('mine');
    expect(await text('/lib/os-release')).toContain('flatcar');
  });
});

describe('a disk without a root that can be read', () => {
  test('Talos with GRUB', async () => {
    const { first, text, mounts } = await find([
      { type: 'vfat', partition: ESP, files: { 'EFI/boot/bootx64.efi': '' } },
      {
        type: 'xfs',
        partition: { number: 3, name: 'BOOT' },
        files: { 'A/vmlinuz': 'kernel', 'A/initramfs.xz': '', 'grub/grub.cfg': '' },
      },
    ]);
    expect(first?.onDisk).toBe(false);
    expect(first?.name).toBe('partition 3');
    expect(mounts).toEqual({ '/boot': 'partition 3', '/boot/efi': 'partition 1' });
    expect(await text('/boot/A/vmlinuz')).toBe('kernel');
  });

  test('a unified kernel image on the ESP alone', async () => {
    const { first, mounts } = await find([
      { type: 'vfat', partition: ESP, files: { 'EFI/Linux/linux.efi': '', 'EFI/BOOT/BOOTX64.EFI': '' } },
    ]);
    expect(first?.onDisk).toBe(false);
    expect(mounts).toEqual({ '/boot': 'partition 1' });
  });

  test('/boot of a system on an encrypted volume', async () => {
    const { names, first } = await find([{ files: { 'vmlinuz-6.1': '', 'grub/grub.cfg': '' } }]);
    expect(names).toEqual(['partition 1']);
    expect(first?.onDisk).toBe(false);
  });

  test.each<[string, VolumeLike]>([
    ['Windows', { type: 'vfat', partition: ESP, files: { 'EFI/Microsoft/Boot/bootmgfw.efi': '' } }],
    ['data', { files: { 'data/etc': '', 'home/user/etc/passwd': '' } }],
    ['a backup of /etc', { files: { 'etc/passwd': '' } }],
    ['a Linux in a Windows filesystem', { type: 'ntfs', files: root('debian', '12') }],
  ])('%s is no Linux', async (_, volume) => {
    expect((await find([volume])).names).toEqual([]);
  });
});

describe('several systems', () => {
  test('the one with kernel modules stands first, and the others are told', async () => {
    const { names, problems } = await find([
      { files: { 'bin/sh': '', 'etc/passwd': '', 'etc/os-release': 'PRETTY_NAME=Rescue\n' } },
      { files: root('debian', '12') },
      { files: root('ubuntu', '22.04') },
    ]);
    expect(names).toEqual(['partition 2', 'partition 3', 'partition 1']);
    expect(problems).toMatchObject([
      {
        code: 'SEVERAL_SYSTEMS',
        severity: 'warn',
        sentence:
          'The disk holds several Linux systems: debian 12 on partition 2 was read, but not ubuntu 22.04 on partition 3, Rescue on partition 1.',
      },
    ]);
  });

  test('of two slots the one of the higher version', async () => {
    const { names } = await find([
      { files: root('mender', '1.9'), partition: { name: 'rootfs-a' } },
      { files: root('mender', '1.10'), partition: { name: 'rootfs-b' } },
      { files: root('other', '99'), partition: { name: 'other' } },
    ]);
    expect(names).toEqual(['partition 2', 'partition 1', 'partition 3']);
  });
});

test('a damaged volume is told, and does not keep the others from being read', async () => {
  const volumes = await guestVolumes([{ files: {} }, { files: root('debian', '12') }]);
  const [damaged, whole] = volumes;
  if (!damaged || !whole) throw new Error('two volumes');
  const entries = () => {
    throw new FilesystemDamagedError('ext4', 'inode 2 has no extents');
  };
  const root1 = { ...damaged.filesystem.root, entries };
  const { roots, problems } = await findLinuxRoots([
    { ...damaged, filesystem: { ...damaged.filesystem, root: root1 } },
    whole,
  ]);
  expect(roots.map(({ name }) => name)).toEqual(['partition 2']);
  expect(problems).toMatchObject([{ code: 'GUEST_UNREADABLE', severity: 'warn' }]);
  expect(problems[0]?.sentence).toContain('partition 1');
});

test.each([
  ['/etc/fstab', 'etc/fstab'],
  ['/boot', 'boot'],
  ['/usr', 'usr'],
])('a damaged %s is told, and the root is there all the same', async (what, path) => {
  const [volume] = await guestVolumes([{ files: root('debian', '12') }]);
  if (!volume) throw new Error('one volume');
  const broken = (node: DirectoryNode, at: string): DirectoryNode => ({
    kind: 'directory',
    async lookup(name) {
      if (`${at}${name}` === path) throw new FilesystemDamagedError('ext4', 'a checksum is wrong');
      const found = await node.lookup(name);
      return found?.kind === 'directory' ? broken(found, `${at}${name}/`) : found;
    },
    entries: () => node.entries(),
  });
  const filesystem = { ...volume.filesystem, root: broken(volume.filesystem.root, '') };
  const esp = await guestVolumes([{ type: 'vfat', partition: ESP, files: {} }]);
  const { roots, problems } = await findLinuxRoots([{ ...volume, filesystem }, ...esp]);
  expect(roots.map(({ name, onDisk }) => [name, onDisk])).toEqual([['partition 1', true]]);
  expect(problems.map(({ sentence }) => sentence)).toEqual([
    `Not all of ${what} could be read. The ext4 filesystem is damaged: a checksum is wrong.`,
  ]);
});

test('a source that fails is not taken for a damaged guest', async () => {
  const [volume] = await guestVolumes([{ files: {} }]);
  if (!volume) throw new Error('one volume');
  const entries = () => {
    throw new Error('network');
  };
  const failing = {
    ...volume,
    filesystem: { ...volume.filesystem, root: { ...volume.filesystem.root, entries } },
  };
  await expect(findLinuxRoots([failing])).rejects.toThrow('network');
});
