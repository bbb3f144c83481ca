import type { LinuxDriver } from '../guest.ts';

interface DriverRow {
  /** Its symbol in the kernel's configuration. */
  readonly symbol: string;
  /** Names of its module, `_` for `-`: today's first, then those of RHEL 5 and of the staging tree. */
  readonly modules: readonly string[];
  /** Where its module lies below `kernel/drivers/`: for a guest without a modules.dep. */
  readonly folder: string;
}

const row = (symbol: string, folder: string, ...modules: string[]): DriverRow => ({
  symbol,
  modules,
  folder,
});

/** Linux' drivers by their Kconfig and Makefiles. */
export const DRIVER_TABLE: Readonly<Record<LinuxDriver, DriverRow>> = {
  virtio_pci: row('CONFIG_VIRTIO_PCI', 'virtio', 'virtio_pci'),
  virtio_scsi: row('CONFIG_SCSI_VIRTIO', 'scsi', 'virtio_scsi'),
  virtio_blk: row('CONFIG_VIRTIO_BLK', 'block', 'virtio_blk'),
  virtio_net: row('CONFIG_VIRTIO_NET', 'net', 'virtio_net'),
  sd_mod: row('CONFIG_BLK_DEV_SD', 'scsi', 'sd_mod'),
  ata_piix: row('CONFIG_ATA_PIIX', 'ata', 'ata_piix'),
  // The IDE drivers from before libata (2.6.19), which RHEL 5 has built in: their disks are /dev/hda.
  piix: row('CONFIG_BLK_DEV_PIIX', 'ide/pci', 'piix'),
  ide_disk: row('CONFIG_BLK_DEV_IDEDISK', 'ide', 'ide_disk', 'ide_gd_mod'),
  ahci: row('CONFIG_SATA_AHCI', 'ata', 'ahci'),
  e1000: row('CONFIG_E1000', 'net/ethernet/intel/e1000', 'e1000'),
  nvme: row('CONFIG_BLK_DEV_NVME', 'nvme/host', 'nvme'),
  iscsi_tcp: row('CONFIG_ISCSI_TCP', 'scsi', 'iscsi_tcp'),
  iscsi_ibft: row('CONFIG_ISCSI_IBFT', 'firmware', 'iscsi_ibft'),
  hv_vmbus: row('CONFIG_HYPERV', 'hv', 'hv_vmbus', 'vmbus'),
  hv_storvsc: row('CONFIG_HYPERV_STORAGE', 'scsi', 'hv_storvsc', 'storvsc'),
  hv_netvsc: row('CONFIG_HYPERV_NET', 'net/hyperv', 'hv_netvsc', 'netvsc'),
  vmw_pvscsi: row('CONFIG_VMWARE_PVSCSI', 'scsi', 'vmw_pvscsi'),
  vmxnet3: row('CONFIG_VMXNET3', 'net/vmxnet3', 'vmxnet3'),
  xen_blkfront: row('CONFIG_XEN_BLKDEV_FRONTEND', 'block', 'xen_blkfront', 'xen_vbd'),
  xen_netfront: row('CONFIG_XEN_NETDEV_FRONTEND', 'net', 'xen_netfront', 'xen_vnif'),
};

/** As kmod and BusyBox read them. */
const MODULE_FILE = /(?:^|\/)([^/]+)\.ko(?:\.(?:gz|bz2|lzma|xz|lz4|zst))?$/;

/** A module's name by its file, as modprobe has it: `xen_blkfront` of `…/xen-blkfront.ko.xz`; null for what is no module. */
export function moduleName(path: string): string | null {
  return MODULE_FILE.exec(path)?.[1]?.replaceAll('-', '_') ?? null;
}
