import type { Filesystem } from '../filesystem/filesystem.ts';
import type { Evidence, Problem } from '../finding.ts';

/** A volume of the disk (a partition, a logical volume, the whole disk) with the filesystem that was opened on it. */
export interface GuestVolume {
  /** For a person: "partition 2", "logical volume vg/root", "the whole disk". */
  readonly name: string;
  /** Null for what is no partition. */
  readonly partition: GuestPartition | null;
  /** Null for what is no logical volume. */
  readonly logicalVolume: { readonly group: string; readonly name: string } | null;
  readonly filesystem: Filesystem;
}

export interface GuestPartition {
  /** As the guest numbers it: `/dev/sda2` is 2. */
  readonly number: number;
  /** MBR: two lower-case hexadecimal digits (`ef`); GPT: the type GUID in upper case. */
  readonly type: string;
  /** As in PARTUUID=…, in lower case: GPT's unique GUID; MBR's `SIGNATURE-NN`. */
  readonly uuid: string;
  /** GPT's partition name, as in PARTLABEL=…; empty on MBR. */
  readonly name: string;
}

/** What the guest's binaries are made for. OCI runs the first two; `i386` runs on x86 shapes. */
export type GuestArchitecture = 'x86_64' | 'aarch64' | 'i386' | 'other';

/** Which system it is, in its own words. */
export interface GuestSystem {
  readonly family: 'linux' | 'windows' | 'freebsd';
  /** os-release's ID, or what it would be where there is no os-release: `debian`, `ol`, `rhel`, `sles`; `windows`. */
  readonly id: string;
  /** os-release's ID_LIKE, as a list: what it behaves like. */
  readonly like: readonly string[];
  /** For a person: "Debian GNU/Linux 12 (bookworm)", "Windows Server 2019 Standard". */
  readonly name: string;
  /** `12`, `9.4`, `22.04`; null where it has none (rolling). */
  readonly version: string | null;
}

/** Linux drivers that decide how a guest can be launched, or tell where it came from; `_` for `-`, as modprobe has it. */
export const LINUX_DRIVERS = [
  'virtio_pci',
  'virtio_scsi',
  'virtio_blk',
  'virtio_net',
  'sd_mod',
  'ata_piix',
  'piix',
  'ide_disk',
  'ahci',
  'e1000',
  'nvme',
  'iscsi_tcp',
  'iscsi_ibft',
  'hv_vmbus',
  'hv_storvsc',
  'hv_netvsc',
  'vmw_pvscsi',
  'vmxnet3',
  'xen_blkfront',
  'xen_netfront',
] as const;
export type LinuxDriver = (typeof LINUX_DRIVERS)[number];

/**
 * Where the default kernel finds a driver: in itself, in its initramfs, only once the root filesystem is mounted
 * (`disk`), or nowhere. `blocked`: the command line or modprobe.d keeps it from being loaded. `unknown`: what would tell
 * could not be read, or was not, since the verdict was decided.
 */
export type DriverState = 'builtin' | 'initramfs' | 'disk' | 'blocked' | 'absent' | 'unknown';

export interface DriverReading {
  readonly state: DriverState;
  /** The file that says so: `/lib/modules/6.1.0-13-amd64/modules.builtin`; empty where nothing does. */
  readonly source: string;
}

/** How the initramfs was made, and so by which command it is made again. */
export type InitramfsTool =
  | 'dracut'
  | 'initramfs-tools'
  | 'mkinitcpio'
  | 'mkinitfs'
  | 'genkernel'
  | 'mkinitrd';

export interface InitramfsReading {
  /** The files that the boot loader loads one after the other; empty where there is none. */
  readonly paths: readonly string[];
  /**
   * `whole`: read to its end; `enough`: reading stopped once every driver that was looked for was found; `none`: the
   * kernel has no initramfs; `unreadable`: it has one, and it could not be read (`reason` says why).
   */
  readonly outcome: 'whole' | 'enough' | 'none' | 'unreadable';
  /** Completes "The initramfs could not be read: …"; null unless it could not. */
  readonly reason: string | null;
  /** Made for the machine it was made on: by its own marks (dracut's hostonly, MODULES=dep); null where nothing tells. */
  readonly hostOnly: boolean | null;
}

/** A kernel that a boot loader can start. */
export interface KernelReading {
  /** As `uname -r` prints it, and as its folder in /lib/modules is called: `6.1.0-13-amd64`. */
  readonly release: string;
  /** Its file in the guest: `/boot/vmlinuz-6.1.0-13-amd64`; on the ESP for a unified kernel image. */
  readonly path: string;
  /** What it is started with; null where no boot loader's configuration says so. */
  readonly commandLine: string | null;
  /** No boot loader that was found starts it: it is the newest there, or the first of entries for an unknown loader. */
  readonly assumed: boolean;
  /** The configuration that names it: `/boot/grub/grub.cfg`; `/boot` where it is just the newest there. */
  readonly source: string;
}

export interface LinuxReading {
  /** The kernel that is started unless someone chooses another; null where none was found. */
  readonly kernel: KernelReading | null;
  /** Releases of the others, newest first. */
  readonly otherKernels: readonly string[];
  readonly initramfs: InitramfsReading;
  readonly drivers: Readonly<Record<LinuxDriver, DriverReading>>;
  /** What can make an initramfs in this guest; null where nothing was found. */
  readonly initramfsTool: InitramfsTool | null;
  /** How the kernel is told its root: `UUID=…`, `LABEL=…`, `/dev/mapper/vg-root`, `/dev/sda1`; null where it is not. */
  readonly root: string | null;
  /** The root that was read is not what the kernel is told, nor is any other volume of the disk that could be read. */
  readonly rootMissing: boolean;
  /** The command that names the root by its UUID; null where it is not named by a device, or there is none. */
  readonly rootRemedy: string | null;
  /** The command line asks for OCI's own iSCSI boot (`netroot=iscsi:…oracle.boot:uefi`). */
  readonly ociIscsiBoot: boolean;
}

/** Windows drivers that decide how a guest can be launched, or tell where it came from. */
export const WINDOWS_DRIVERS = [
  'vioscsi',
  'viostor',
  'netkvm',
  'atapi',
  'intelide',
  'storahci',
  'e1000',
  'storvsc',
  'netvsc',
  'pvscsi',
  'vmxnet3',
  'xenvbd',
] as const;
export type WindowsDriver = (typeof WINDOWS_DRIVERS)[number];

export interface WindowsDriverReading {
  /**
   * The service's Start, or the StartOverride that counts instead: 0 boot, 1 system, 2 automatic, 3 demand, 4 disabled;
   * null where there is no such service.
   */
  readonly start: number | null;
  /** Its .sys is where the service's ImagePath says; null where that was not read. */
  readonly file: boolean | null;
  /** PCI devices that the system binds it to, as `1AF4:1004`, upper case. */
  readonly devices: readonly string[];
}

export interface WindowsReading {
  /** ProductName: "Windows Server 2019 Standard". */
  readonly productName: string | null;
  /** EditionID: `ServerStandard`, `ServerDatacenterCor`; InstallationType: `Server`, `Server Core`, `Client`. */
  readonly editionId: string | null;
  readonly installationType: string | null;
  /** CurrentBuild: 17763. */
  readonly build: number | null;
  readonly drivers: Readonly<Record<WindowsDriver, WindowsDriverReading>>;
  /** Hibernated, or shut down with Fast Startup: its filesystem is in use by what sleeps. */
  readonly hibernated: boolean;
}

/** What starts the system, by the files of the EFI system partition. */
export interface EfiReading {
  /** The volume that was read: "partition 1". */
  readonly source: string;
  /** `\EFI\BOOT\BOOTX64.EFI`, BOOTAA64.EFI, …: what firmware starts without an entry in its NVRAM. */
  readonly fallbackLoaders: readonly GuestArchitecture[];
  /** Other loaders there, as the firmware would name them: `\EFI\debian\shimx64.efi`. */
  readonly loaders: readonly string[];
  /** By the COFF machine of a loader; null where there is none. */
  readonly architecture: GuestArchitecture | null;
}

/** All that was found in a guest's filesystems. */
export interface GuestReading {
  readonly system: GuestSystem | null;
  readonly architecture: GuestArchitecture | null;
  /** Null for what is no Linux. */
  readonly linux: LinuxReading | null;
  /** Null for what is no Windows, and where which drivers it starts could not be read for sure. */
  readonly windows: WindowsReading | null;
  /** Null where there is no EFI system partition. */
  readonly efi: EfiReading | null;
  /** What of OCI is installed: `cloud-init`, `oracle-cloud-agent`. It proves no launch mode. */
  readonly agents: readonly string[];
  /** The root filesystem itself was read, not only what starts it. */
  readonly rootRead: boolean;
  readonly evidence: readonly Evidence[];
  /** Warnings: about the guest's configuration, and what of it could not be read. */
  readonly problems: readonly Problem[];
}

/** How far a guest is read. */
export interface GuestOptions {
  /** Also what no longer changes the verdict. */
  readonly explain: boolean;
}
