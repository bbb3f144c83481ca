import { describe, expect, test } from 'vitest';
import { fileTree } from '../../../../shared/filesystem/file-tree.ts';
import type { DriverState, LinuxDriver, LinuxReading } from '../../../../shared/guest/guest.ts';
import { readLinuxBoot } from '../../../../shared/guest/linux/boot.ts';
import { guestVolumes } from '../../../support/guest-volumes.ts';
import type { Files } from '../../../support/guests/boot-files.ts';
import * as debian from '../../../support/guests/debian.ts';
import * as other from '../../../support/guests/other-linux.ts';
import * as redHat from '../../../support/guests/red-hat.ts';
import * as suse from '../../../support/guests/suse.ts';
import { memoryDirectory } from '../../../support/memory-directory.ts';

const read = async (files: Files, elsewhere: readonly Files[] = [], explain = false) =>
  readLinuxBoot(
    fileTree(memoryDirectory(files)),
    await guestVolumes(elsewhere.map((volume) => ({ files: volume }))),
    { explain },
  );

interface Expected {
  readonly release: string;
  readonly source: string;
  readonly root: string | null;
  readonly others?: readonly string[];
  readonly outcome: LinuxReading['initramfs']['outcome'];
  readonly hostOnly?: boolean;
  readonly tool: LinuxReading['initramfsTool'];
  readonly architecture?: string;
  readonly drivers: Partial<Record<LinuxDriver, DriverState>>;
  readonly problems?: readonly string[];
}

interface Guest {
  readonly name: string;
  readonly files: Files;
  readonly elsewhere?: readonly Files[];
  readonly expected: Expected;
}

const PARAVIRTUALIZED = {
  virtio_pci: 'initramfs',
  virtio_scsi: 'initramfs',
  sd_mod: 'initramfs',
} as const;

const GUESTS: readonly Guest[] = [
  {
    name: 'Debian 12',
    files: debian.DEBIAN_12,
    expected: {
      release: '6.1.0-13-amd64',
      source: '/boot/grub/grub.cfg',
      root: 'UUID=5f3c1a2e-7d1b-4c58-9b0e-0d5a5c4be0aa',
      others: ['6.1.0-9-amd64'],
      outcome: 'enough',
      hostOnly: false,
      tool: 'initramfs-tools',
      drivers: { ...PARAVIRTUALIZED, virtio_net: 'initramfs', e1000: 'disk' },
      problems: ['NO_SERIAL_CONSOLE'],
    },
  },
  {
    name: 'Ubuntu 24.04, which tries without an initramfs first',
    files: debian.UBUNTU_24_04,
    expected: {
      release: '6.8.0-31-generic',
      source: '/boot/grub/grub.cfg',
      root: 'PARTUUID=4d4e2f6b-3f20-4c1a-b1a1-1e9a7f7d5c11',
      outcome: 'enough',
      tool: 'initramfs-tools',
      drivers: { virtio_pci: 'builtin', virtio_scsi: 'initramfs', sd_mod: 'builtin', virtio_net: 'disk' },
    },
  },
  {
    name: 'CentOS 5, which never had virtio-scsi',
    files: redHat.CENTOS_5,
    expected: {
      release: '2.6.18-398.el5',
      source: '/boot/grub/grub.conf',
      root: '/dev/VolGroup00/LogVol00',
      others: ['2.6.18-371.el5'],
      outcome: 'enough',
      tool: 'mkinitrd',
      drivers: {
        virtio_scsi: 'absent',
        virtio_pci: 'disk',
        ata_piix: 'initramfs',
        sd_mod: 'initramfs',
        e1000: 'disk',
        xen_blkfront: 'disk',
      },
      problems: ['NO_SERIAL_CONSOLE'],
    },
  },
  {
    name: 'CentOS 6',
    files: redHat.CENTOS_6,
    expected: {
      release: '2.6.32-754.el6.x86_64',
      source: '/boot/grub/grub.conf',
      root: '/dev/mapper/VolGroup-lv_root',
      others: ['2.6.32-999.el6.x86_64'],
      outcome: 'enough',
      tool: 'dracut',
      drivers: { ...PARAVIRTUALIZED, nvme: 'absent' },
      problems: ['NO_SERIAL_CONSOLE'],
    },
  },
  {
    name: 'RHEL 7 with a host-only initramfs of VMware',
    files: redHat.RHEL_7_VMWARE,
    expected: {
      release: '3.10.0-1160.el7.x86_64',
      source: '/boot/efi/EFI/redhat/grub.cfg',
      root: '/dev/mapper/rhel-root',
      others: ['3.10.0-1160.119.1.el7.x86_64'],
      outcome: 'whole',
      hostOnly: true,
      tool: 'dracut',
      drivers: {
        virtio_scsi: 'disk',
        virtio_pci: 'disk',
        sd_mod: 'initramfs',
        ata_piix: 'initramfs',
        vmw_pvscsi: 'initramfs',
      },
      problems: ['NO_SERIAL_CONSOLE'],
    },
  },
  {
    name: 'RHEL 8 with a default of its owner and the command line in grubenv',
    files: redHat.RHEL_8,
    expected: {
      release: '4.18.0-477.10.1.el8_8.x86_64',
      source: '/boot/grub2/grub.cfg',
      root: '/dev/mapper/rhel-root',
      others: ['4.18.0-513.24.1.el8_9.x86_64'],
      outcome: 'enough',
      tool: 'dracut',
      drivers: { virtio_pci: 'builtin', virtio_scsi: 'initramfs', sd_mod: 'builtin' },
    },
  },
  ...(
    [
      ['RHEL 9', redHat.RHEL_9, '5.14.0-427.13.1.el9_4.x86_64', '5.14.0-70.13.1.el9_0.x86_64'],
      ['RHEL 10', redHat.RHEL_10, '6.12.0-55.9.1.el10_0.x86_64', '6.12.0-55.7.1.el10_0.x86_64'],
      ['Fedora 40', redHat.FEDORA_40, '6.8.5-301.fc40.x86_64', '6.8.4-300.fc40.x86_64'],
      [
        'Amazon Linux 2023',
        redHat.AMAZON_LINUX_2023,
        '6.1.102-111.182.amzn2023.x86_64',
        '6.1.97-104.177.amzn2023.x86_64',
      ],
    ] as const
  ).map(
    ([name, files, release, older]): Guest => ({
      name,
      files,
      expected: {
        release,
        source: '/boot/grub2/grub.cfg',
        root: 'UUID=4a1f7c52-0c9e-4c7e-a2b5-6e5b8c3d2f10',
        others: [older],
        outcome: 'enough',
        tool: 'dracut',
        drivers: PARAVIRTUALIZED,
      },
    }),
  ),
  {
    name: 'Oracle Linux 8 with UEK, exported from OCI',
    files: redHat.ORACLE_LINUX_8_OCI,
    expected: {
      release: '5.4.17-2136.330.7.1.el8uek.x86_64',
      source: '/boot/grub2/grub.cfg',
      root: '/dev/mapper/ocivolume-root',
      others: ['5.15.0-1.el8.x86_64'],
      outcome: 'enough',
      tool: 'dracut',
      drivers: { ...PARAVIRTUALIZED, iscsi_tcp: 'initramfs', iscsi_ibft: 'initramfs' },
    },
  },
  {
    name: 'Amazon Linux 2, made for Xen and NVMe',
    files: redHat.AMAZON_LINUX_2,
    expected: {
      release: '4.14.336-257.562.amzn2.x86_64',
      source: '/boot/grub2/grub.cfg',
      root: 'UUID=2a7884f1-a23b-49a0-8693-ae82c155e5af',
      outcome: 'whole',
      tool: 'dracut',
      drivers: { virtio_scsi: 'disk', nvme: 'initramfs', xen_blkfront: 'initramfs', hv_vmbus: 'absent' },
    },
  },
  {
    name: 'SLES 12',
    files: suse.SLES_12,
    expected: {
      release: '4.12.14-122.37-default',
      source: '/boot/grub2/grub.cfg',
      root: 'UUID=7f4b9d5c-5d0c-4d5f-9a15-3e3d0ad0c111',
      outcome: 'enough',
      tool: 'dracut',
      drivers: PARAVIRTUALIZED,
      problems: ['NO_SERIAL_CONSOLE'],
    },
  },
  {
    name: 'SLES 15, whose saved entry is in a submenu and whose kernel is a link',
    files: suse.SLES_15,
    expected: {
      release: '6.4.0-150600.21-default',
      source: '/boot/grub2/grub.cfg',
      root: 'UUID=b1f0f7a7-3e1e-4f65-8a0f-8a2f7d2b9c01',
      outcome: 'enough',
      tool: 'dracut',
      drivers: PARAVIRTUALIZED,
    },
  },
  {
    name: 'Arch with GRUB and an initramfs by autodetect',
    files: other.ARCH_GRUB,
    expected: {
      release: '6.8.7-arch1-1',
      source: '/boot/grub/grub.cfg',
      root: 'UUID=e4a1d4a8-1b0d-4e0a-93b7-70f0d4e6b111',
      others: ['6.6.28-1-lts'],
      outcome: 'whole',
      hostOnly: true,
      tool: 'mkinitcpio',
      drivers: { virtio_scsi: 'disk', ahci: 'initramfs' },
      problems: ['NO_SERIAL_CONSOLE'],
    },
  },
  {
    name: 'Arch with systemd-boot',
    files: other.ARCH_SYSTEMD_BOOT,
    expected: {
      release: '6.8.7-arch1-1',
      source: '/boot/loader/entries',
      root: 'LABEL=arch',
      outcome: 'enough',
      tool: 'mkinitcpio',
      drivers: PARAVIRTUALIZED,
    },
  },
  {
    name: 'Arch with a unified kernel image, which firmware starts, and an old GRUB beside it',
    files: other.ARCH_UNIFIED,
    expected: {
      release: '6.8.7-arch1-1',
      source: '/efi/EFI/Linux',
      root: 'UUID=e4a1d4a8-1b0d-4e0a-93b7-70f0d4e6b111',
      outcome: 'enough',
      tool: 'mkinitcpio',
      drivers: PARAVIRTUALIZED,
    },
  },
  {
    name: 'Alpine with extlinux',
    files: other.ALPINE_EXTLINUX,
    expected: {
      release: '6.6.30-0-virt',
      source: '/boot/extlinux.conf',
      root: 'LABEL=/',
      outcome: 'enough',
      tool: 'mkinitfs',
      drivers: { virtio_pci: 'builtin', virtio_scsi: 'initramfs', sd_mod: 'initramfs' },
    },
  },
  {
    name: 'Gentoo with everything built in and no initramfs',
    files: other.GENTOO_BUILT_IN,
    expected: {
      release: '6.6.21-gentoo',
      source: '/boot/grub/grub.cfg',
      root: '/dev/sda3',
      outcome: 'none',
      tool: 'genkernel',
      drivers: {
        virtio_pci: 'builtin',
        virtio_scsi: 'builtin',
        sd_mod: 'builtin',
        virtio_net: 'builtin',
        nvme: 'absent',
      },
      problems: ['ROOT_BY_DEVICE_NAME'],
    },
  },
  {
    name: 'CirrOS 0.6',
    files: other.CIRROS_0_6,
    expected: {
      release: '5.15.0-71-generic',
      source: '/boot/grub/menu.lst',
      root: 'LABEL=cirros-rootfs',
      outcome: 'enough',
      tool: null,
      drivers: { virtio_pci: 'builtin', virtio_scsi: 'initramfs', sd_mod: 'builtin' },
    },
  },
  {
    name: 'Flatcar, whose kernel is on the ESP with its initramfs inside',
    files: other.FLATCAR_ROOT,
    elsewhere: [other.FLATCAR_ESP],
    expected: {
      release: '6.6.54-flatcar',
      source: 'partition 1: /flatcar/vmlinuz-a',
      root: null,
      outcome: 'unreadable',
      tool: null,
      drivers: { virtio_pci: 'builtin', virtio_scsi: 'builtin', sd_mod: 'builtin', virtio_net: 'disk' },
    },
  },
  {
    name: 'Fedora CoreOS, whose boot partition no fstab names',
    files: other.FEDORA_COREOS_ROOT,
    elsewhere: [other.FEDORA_COREOS_BOOT],
    expected: {
      release: '6.8.11-300.fc40.x86_64',
      source: 'partition 1: /grub2/grub.cfg',
      root: null,
      outcome: 'enough',
      tool: 'dracut',
      drivers: { virtio_pci: 'builtin', virtio_scsi: 'initramfs', sd_mod: 'builtin' },
    },
  },
  {
    name: 'Talos with GRUB on arm64, whose root is packed in its initramfs',
    files: other.TALOS_GRUB,
    expected: {
      release: 'unknown',
      source: '/boot/grub/grub.cfg',
      root: null,
      outcome: 'unreadable',
      tool: null,
      architecture: 'aarch64',
      drivers: { virtio_pci: 'unknown', virtio_scsi: 'unknown', sd_mod: 'unknown' },
    },
  },
  {
    name: 'Talos with unified kernel images on an ESP that is not mounted',
    files: {},
    elsewhere: [other.TALOS_UNIFIED],
    expected: {
      release: '6.12.25-talos',
      source: 'partition 1: /EFI/Linux',
      root: null,
      others: ['6.12.28-talos'],
      outcome: 'unreadable',
      tool: null,
      drivers: { virtio_scsi: 'unknown' },
    },
  },
];

describe.each(GUESTS)('$name', ({ files, elsewhere, expected }) => {
  test('is read as it starts', async () => {
    const { linux, architecture, problems } = await read(files, elsewhere);
    expect({
      release: linux.kernel?.release,
      source: linux.kernel?.source,
      root: linux.root,
      others: linux.otherKernels,
      outcome: linux.initramfs.outcome,
      tool: linux.initramfsTool,
      architecture,
      drivers: Object.fromEntries(
        Object.keys(expected.drivers).map((name) => [name, linux.drivers[name as LinuxDriver].state]),
      ),
      problems: problems.map(({ code }) => code),
    }).toEqual({
      release: expected.release,
      source: expected.source,
      root: expected.root,
      others: expected.others ?? [],
      outcome: expected.outcome,
      tool: expected.tool,
      architecture: expected.architecture ?? 'x86_64',
      drivers: expected.drivers,
      problems: expected.problems ?? [],
    });
    if (expected.hostOnly !== undefined) expect(linux.initramfs.hostOnly).toBe(expected.hostOnly);
  });
});

test.each([
  ['its menu', redHat.RHEL_7_VMWARE, '3.10.0-1160.el7.x86_64', 'EFI/redhat/grub.cfg'],
  ['blscfg', redHat.RHEL_8, '4.18.0-477.10.1.el8_8.x86_64', 'EFI/redhat/grub.cfg'],
])('GRUB with %s on an ESP that is not mounted starts a kernel of /boot', async (_, files, release, path) => {
  const onEsp = ['grub.cfg', 'grubenv'].map((name) => [
    `EFI/redhat/${name}`,
    files[`boot/efi/EFI/redhat/${name}`] ?? files[`boot/grub2/${name}`] ?? '',
  ]);
  const others = Object.entries(files).filter(([name]) => !/^boot\/(efi|grub2)\//.test(name));
  const { linux, problems } = await read(Object.fromEntries(others), [Object.fromEntries(onEsp)]);
  expect(linux.kernel).toMatchObject({ release, source: `partition 1: /${path}` });
  expect(linux.kernel?.path).toBe(`/boot/vmlinuz-${release}`);
  expect(problems.map(({ code }) => code)).not.toContain('KERNEL_MISSING');
});

test("only OCI's own image asks for iSCSI boot", async () => {
  expect((await read(redHat.ORACLE_LINUX_8_OCI)).linux.ociIscsiBoot).toBe(true);
  expect((await read(redHat.RHEL_8)).linux.ociIscsiBoot).toBe(false);
});
