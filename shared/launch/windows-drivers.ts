import type { WindowsReading } from '../guest/guest.ts';

/** virtio-scsi's PCI devices: the transitional one and that of VIRTIO 1.0 (VIRTIO 1.2, 4.1.2.1 and 5). */
const VIRTIO_SCSI_DEVICES = ['1AF4:1004', '1AF4:1048'];
/** The Start of services that the loader brings into memory, before Windows has a disk. */
const BOOT_START = 0;
const DISABLED = 4;

/** Does Windows start the driver of OCI's paravirtualized boot volume in time? */
export const startsVioscsi = ({ drivers: { vioscsi } }: WindowsReading): boolean =>
  vioscsi.start === BOOT_START && vioscsi.file !== false;

/** Was it seen that the driver is there, and that Windows knows it as that of the controller? */
export const bindsVioscsi = ({ drivers: { vioscsi } }: WindowsReading): boolean =>
  vioscsi.file === true && VIRTIO_SCSI_DEVICES.some((device) => vioscsi.devices.includes(device));

/** viostor is the driver of virtio-blk, a kind of disk that OCI does not present. */
export const startsViostor = ({ drivers: { viostor } }: WindowsReading): boolean =>
  viostor.start === BOOT_START;

export const hasNetkvm = ({ drivers: { netkvm } }: WindowsReading): boolean =>
  netkvm.start !== null && netkvm.start !== DISABLED && netkvm.file !== false;
