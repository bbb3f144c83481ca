import type { Architecture, Firmware } from '../../shared/launch/verdict.ts';

/** A machine as OCI's launch modes present it to a guest. */
export interface Machine {
  readonly devices: 'PARAVIRTUALIZED' | 'EMULATED';
  readonly firmware: Firmware;
}

/** How the same disk is wrapped; the names are those of containers.ts. */
export type Container =
  | 'qcow2'
  | 'qcow2-zlib'
  | 'qcow2-zstd'
  | 'vmdk-monolithicSparse'
  | 'vmdk-streamOptimized'
  | 'oci';

export interface Guest {
  readonly name: string;
  /** For the table of docs/ACCURACY.md. */
  readonly about: string;
  readonly architecture: Architecture;
  /** A file of layouts/. */
  readonly layout: string;
  /** One of the ways of make-initramfs.sh, or what a guest made for the machine it then ran on. */
  readonly initramfs: string | HostOnly;
  /** Functions of changes.sh. */
  readonly changes: readonly string[];
  /** Whether it was running when its disk was taken. */
  readonly lostPower: boolean;
  /** The first is the one that is booted. */
  readonly containers: readonly [Container, ...Container[]];
  /** The machines it is booted on, and what is thought to happen: the console decides, not this. */
  readonly boots: readonly (Machine & { readonly thought: 'boots' | 'stops' })[];
  /** Codes of problems that the verdict must tell. */
  readonly told: readonly string[];
  /** Built and booted at every change: a few that tell most in little time. */
  readonly always: boolean;
}

export interface HostOnly {
  readonly tool: 'initramfs-tools' | 'dracut';
  readonly madeOn: Hypervisor;
}

/**
 * Where a guest comes from: machine.ts has what it looks like to the guest. dracut puts the virtio drivers into a
 * host-only initramfs too if it finds itself on qemu.
 */
export type Hypervisor = 'qemu' | 'virtualbox' | 'vmware';

const PARAVIRTUALIZED = { devices: 'PARAVIRTUALIZED', firmware: 'BIOS' } as const;
const EMULATED = { devices: 'EMULATED', firmware: 'BIOS' } as const;
const UEFI = { devices: 'PARAVIRTUALIZED', firmware: 'UEFI_64' } as const;

const EVERYWHERE = [
  { ...PARAVIRTUALIZED, thought: 'boots' },
  { ...EMULATED, thought: 'boots' },
] as const;
const EMULATED_ONLY = [
  { ...EMULATED, thought: 'boots' },
  { ...PARAVIRTUALIZED, thought: 'stops' },
] as const;
const NOWHERE = [
  { ...PARAVIRTUALIZED, thought: 'stops' },
  { ...EMULATED, thought: 'stops' },
] as const;
const UEFI_ONLY = [
  { ...UEFI, thought: 'boots' },
  { ...PARAVIRTUALIZED, thought: 'stops' },
] as const;
const EITHER_FIRMWARE = [...EVERYWHERE, { ...UEFI, thought: 'boots' }] as const;

/** What most guests are; a row says what it has otherwise. */
const DEBIAN = {
  architecture: 'x86_64',
  layout: 'ext4-mbr',
  initramfs: 'installed',
  changes: [],
  lostPower: false,
  containers: ['qcow2-zstd'],
  boots: EVERYWHERE,
  told: [],
  always: false,
} as const;

export const CATALOGUE: readonly Guest[] = [
  {
    ...DEBIAN,
    name: 'ext4-mbr',
    about: 'ext4 on MBR, GRUB; initramfs-tools `MODULES=most`, zstd',
    initramfs: 'most-zstd',
    containers: ['qcow2', 'qcow2-zlib', 'qcow2-zstd', 'vmdk-monolithicSparse', 'vmdk-streamOptimized', 'oci'],
    always: true,
  },
  {
    ...DEBIAN,
    name: 'xfs-lvm-gpt',
    about: 'XFS on LVM, `/boot` on XFS apart, GPT with EFI system partition and BIOS boot partition',
    layout: 'xfs-lvm-gpt',
    containers: ['qcow2', 'qcow2-zlib', 'vmdk-streamOptimized'],
    boots: EITHER_FIRMWARE,
    always: true,
  },
  {
    ...DEBIAN,
    name: 'xfs-lvm-gpt-uefi',
    about: 'XFS on LVM, `/boot` on XFS apart, GPT with EFI system partition only',
    layout: 'xfs-lvm-gpt-uefi',
    boots: UEFI_ONLY,
  },
  {
    ...DEBIAN,
    name: 'btrfs-subvolumes',
    about: 'btrfs with `@` and `@home`, zstd, GPT with BIOS boot partition',
    layout: 'btrfs-gpt',
    containers: ['qcow2-zlib'],
  },
  {
    ...DEBIAN,
    name: 'boot-apart',
    about: '`/boot` on ext2 apart, root on ext4 in a logical partition; initramfs xz',
    layout: 'boot-apart',
    initramfs: 'most-xz',
    containers: ['vmdk-monolithicSparse'],
  },
  ...(['gzip', 'lz4', 'lzop', 'bzip2'] as const).map((compression) => ({
    ...DEBIAN,
    name: `initramfs-${compression}`,
    about: `initramfs ${compression === 'lzop' ? 'lzo' : compression}`,
    initramfs: `most-${compression}`,
  })),
  {
    ...DEBIAN,
    name: 'initramfs-none-of-virtio',
    about: 'initramfs `MODULES=list`: IDE and SATA only',
    initramfs: 'list-ata',
    boots: EMULATED_ONLY,
    told: ['PARAVIRTUALIZED_DRIVERS_MISSING'],
  },
  {
    ...DEBIAN,
    name: 'initramfs-virtio-blk-only',
    about: 'initramfs `MODULES=list` with virtio_blk, without virtio_scsi',
    initramfs: 'list-virtio-blk',
    boots: EMULATED_ONLY,
    told: ['PARAVIRTUALIZED_DRIVERS_MISSING'],
    always: true,
  },
  {
    ...DEBIAN,
    name: 'initramfs-dep-virtualbox',
    about: 'initramfs `MODULES=dep`, made on IDE and e1000 as VirtualBox has them',
    initramfs: { tool: 'initramfs-tools', madeOn: 'virtualbox' },
    boots: EMULATED_ONLY,
    told: ['PARAVIRTUALIZED_DRIVERS_MISSING'],
  },
  {
    ...DEBIAN,
    name: 'dracut-host-only-virtualbox',
    about: 'dracut host-only, made on IDE and e1000 as VirtualBox has them',
    initramfs: { tool: 'dracut', madeOn: 'virtualbox' },
    boots: EMULATED_ONLY,
    told: ['PARAVIRTUALIZED_DRIVERS_MISSING'],
  },
  {
    ...DEBIAN,
    name: 'dracut-host-only-qemu',
    about: 'dracut host-only, made on qemu with IDE: dracut adds the virtio drivers there',
    initramfs: { tool: 'dracut', madeOn: 'qemu' },
  },
  {
    ...DEBIAN,
    name: 'initramfs-dep-vmware',
    about: 'initramfs `MODULES=dep`, made on PVSCSI and VMXNET3 as VMware has them',
    initramfs: { tool: 'initramfs-tools', madeOn: 'vmware' },
    containers: ['vmdk-streamOptimized'],
    boots: NOWHERE,
    told: ['LINUX_DRIVERS_MISSING'],
  },
  {
    ...DEBIAN,
    name: 'dracut-host-only-vmware',
    about:
      'dracut host-only, made on PVSCSI and VMXNET3 as VMware has them: for the IDE controller of its CD drive dracut ' +
      'adds ata_piix',
    initramfs: { tool: 'dracut', madeOn: 'vmware' },
    containers: ['vmdk-streamOptimized'],
    boots: EMULATED_ONLY,
    told: ['PARAVIRTUALIZED_DRIVERS_MISSING'],
  },
  {
    ...DEBIAN,
    name: 'dracut-generic',
    about: 'dracut `--no-hostonly`',
    initramfs: 'dracut-generic',
  },
  {
    ...DEBIAN,
    name: 'without-virtio-net',
    about: 'the module virtio_net is not there',
    initramfs: 'most-zstd',
    changes: ['without-virtio-net'],
    told: ['NIC_DRIVER_MISSING'],
  },
  {
    ...DEBIAN,
    name: 'builtin-kernel',
    about: 'no initramfs: a kernel compiled with the drivers of both launch modes built in',
    initramfs: 'none',
    changes: ['builtin-kernel'],
  },
  {
    ...DEBIAN,
    name: 'lost-power',
    about: 'ext4 whose journal was not replayed: the guest was running when its disk was taken',
    lostPower: true,
    containers: ['qcow2-zlib'],
    told: ['FILESYSTEM_DIRTY'],
  },
  {
    ...DEBIAN,
    name: 'unified-kernel-image',
    about: 'a unified kernel image on the EFI system partition, systemd-boot; root on ext4',
    layout: 'uki',
    boots: UEFI_ONLY,
    always: true,
  },
  {
    ...DEBIAN,
    name: 'systemd-boot',
    about: 'systemd-boot with loader entries on the EFI system partition; root on ext4',
    layout: 'systemd-boot',
    boots: UEFI_ONLY,
  },
  {
    ...DEBIAN,
    name: 'uefi-no-fallback',
    about: 'GRUB in `\\EFI\\debian` only, no `\\EFI\\BOOT\\BOOTX64.EFI`; root on ext4',
    layout: 'ext4-uefi-no-fallback',
    boots: [
      { ...UEFI, thought: 'stops' },
      { ...PARAVIRTUALIZED, thought: 'stops' },
    ],
    told: ['UEFI_FALLBACK_LOADER_MISSING'],
  },
  {
    ...DEBIAN,
    name: 'arm64',
    about: 'arm64: ext4 and EFI system partition on GPT, GRUB',
    architecture: 'aarch64',
    layout: 'ext4-uefi-arm64',
    boots: [{ ...UEFI, thought: 'boots' }],
  },
];
