import type { GuestPartition, GuestVolume } from '../guest.ts';

/** Kernel names of a disk's partitions, `/dev/sda2`, `/dev/nvme0n1p2`, and of a whole disk, without a number. */
const SCSI_LIKE = /^(\/dev\/(?:sd|hd|vd|xvd|ubd)[a-z]{1,3})(\d+)?$/;
const NUMBERED = /^(\/dev\/(?:nvme\d+n\d+|mmcblk\d+|loop\d+|nbd\d+|cciss\/c\d+d\d+))(?:p(\d+))?$/;
/** The disk that a machine boots from is mostly its first. */
const FIRST_DISK = /^\/dev\/(?:(?:s|h|v|xv|ub)da|nvme0n1|mmcblk0|cciss\/c0d0)$/;
/** udev's names by bus, serial number or slot, which another machine's disks do not have. */
const BY_HARDWARE = /^\/dev\/disk\/by-(?:id|path|diskseq)\/(?!dm-|lvm-|md-)/;

/** Is the device named by where it was plugged in, so that on another machine it may be called otherwise? */
export function isBareDeviceName(device: string): boolean {
  return SCSI_LIKE.test(device) || NUMBERED.test(device) || BY_HARDWARE.test(device);
}

/** By what it is, or by its name in LVM; not what is named from there on (PARTNROFF), or in a way of its own. */
const ONE_VOLUME =
  /^(?:UUID|LABEL|PARTUUID|PARTLABEL)=[^\\]*$|^\/dev\/(?:disk\/by-(?:uuid|label|partuuid|partlabel)|mapper|(?!disk\/|cciss\/)[^/]+)\/[^/]+$/;

/** Is a volume meant that is called so on whatever machine it is? */
export function namesOneVolume(device: string): boolean {
  return ONE_VOLUME.test(device) && !/\/PARTNROFF=/.test(device);
}

/**
 * What OCI calls the boot volume is `sd`: the first disk of SCSI, and of ATA as libata has it. The IDE drivers from before
 * it call their disks `hd`; names of other hypervisors' disks, of a second disk, and udev's by serial number or by the
 * slot of the controller, mean none on OCI.
 */
export function kindOfDeviceName(device: string): 'sd' | 'hd' | 'foreign' | null {
  if (!isBareDeviceName(device)) return null;
  if (/^\/dev\/(?:sda(?![a-z])|disk\/by-diskseq\/)/.test(device)) return 'sd';
  return device.startsWith('/dev/hd') ? 'hd' : 'foreign';
}

/**
 * Tells the devices that are on another disk than the one that the root is on, and so not in the image.
 *
 * @param root how fstab names the root, which may be a name that tells no disk
 */
export function onOtherDisk(root: string | undefined): (device: string) => boolean {
  const own = diskOf(root ?? '');
  return (device) => {
    const disk = diskOf(device);
    return disk !== null && (own === null ? !FIRST_DISK.test(disk) : disk !== own);
  };
}

/** `/dev/sdb` of `/dev/sdb1`; null for what is named otherwise. */
const diskOf = (device: string): string | null =>
  (SCSI_LIKE.exec(device) ?? NUMBERED.exec(device))?.[1] ?? null;

/** The volume that a line of fstab or `root=` means, in any of the ways to name one; null where the disk has none such. */
export function volumeNamed(device: string, volumes: readonly GuestVolume[]): GuestVolume | null {
  const matches = matcher(device);
  return (matches && volumes.find(matches)) ?? null;
}

type Matcher = (volume: GuestVolume) => boolean;

function matcher(device: string): Matcher | null {
  const [, tag = '', value = ''] = /^(UUID|LABEL|PARTUUID|PARTLABEL)=(.*)$/s.exec(device) ?? [];
  if (tag) return tagged(tag, value);
  const [, by = '', link = ''] = /^\/dev\/disk\/by-(\w+)\/(.*)$/s.exec(device) ?? [];
  const name = unescaped(link);
  if (by === 'id' && name.startsWith('dm-name-')) return mapped(name.slice('dm-name-'.length));
  if (by === 'id' || by === 'path') return numbered(/-part(\d+)$/.exec(name)?.[1]);
  if (by) return tagged(by.toUpperCase(), name);
  if (device.startsWith('/dev/mapper/')) return mapped(device.slice('/dev/mapper/'.length));
  const kernel = SCSI_LIKE.exec(device) ?? NUMBERED.exec(device);
  if (kernel) return numbered(kernel[2]);
  const [, group, volume] = /^\/dev\/([^/]+)\/([^/]+)$/.exec(device) ?? [];
  return ({ logicalVolume }) => logicalVolume?.group === group && logicalVolume?.name === volume && !!group;
}

function tagged(tag: string, value: string): Matcher | null {
  if (value === '') return null;
  const ofPartition =
    (matches: (partition: GuestPartition) => boolean): Matcher =>
    ({ partition }) =>
      partition !== null && matches(partition);
  switch (tag) {
    case 'UUID':
      return ({ filesystem }) => same(filesystem.uuid, value);
    case 'LABEL':
      return ({ filesystem }) => filesystem.label === value;
    case 'PARTUUID':
      return ofPartition(({ uuid }) => same(uuid, value));
    case 'PARTLABEL':
      return ofPartition(({ name }) => name === value);
    default:
      return null;
  }
}

/** FAT's are in upper case, the others' in lower, and people type both. */
const same = (uuid: string | null, value: string): boolean => uuid?.toLowerCase() === value.toLowerCase();

/** The image is of one disk: its second partition is meant by `/dev/sda2` as by `/dev/vda2`. */
function numbered(number: string | undefined): Matcher {
  if (number === undefined) return ({ partition, logicalVolume }) => !partition && !logicalVolume;
  return ({ partition }) => partition?.number === Number(number);
}

/** Device mapper joins group and volume by a dash, and doubles the dashes inside them. */
const mapped =
  (name: string): Matcher =>
  ({ logicalVolume }) =>
    logicalVolume !== null && name === `${doubled(logicalVolume.group)}-${doubled(logicalVolume.name)}`;

const doubled = (name: string): string => name.replaceAll('-', '--');

/** udev writes what cannot be in a link's name as `\x20`. */
const unescaped = (link: string): string =>
  link.replace(/(?:\\x[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('utf8'),
  );
