import type { LinuxDriver } from '../../../shared/guest/guest.ts';
import type { MemoryFile } from '../memory-directory.ts';

export type Files = Readonly<Record<string, MemoryFile>>;

/** A bzImage's header, as Linux' boot protocol has it: enough to be known by. */
export function x86Kernel(release: string, { protocol = 0x020f, flags = 0x7f } = {}): Buffer {
  const image = Buffer.alloc(0x4000);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(protocol, 0x206);
  image.writeUInt16LE(0x3000, 0x20e);
  image.writeUInt16LE(flags, 0x236);
  image.write(`${release} (build@example.org) #1 SMP\0`, 0x3200, 'latin1');
  return image;
}

/** An arm64 Image's header. */
export function arm64Kernel(): Buffer {
  const image = Buffer.alloc(4096);
  image.write('ARM\x64', 0x38, 'latin1');
  return image;
}

/** An ELF header of this machine: 62 x86-64, 183 AArch64, 3 i386. */
export function program(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  header.writeUInt16LE(machine, 0x12);
  return header;
}

/** Modules as today's kernels have them, and what modules.dep says that they need. */
const MODULES: Readonly<Record<LinuxDriver | Needed, readonly [string, ...Needed[]]>> = {
  virtio: ['drivers/virtio/virtio'],
  virtio_ring: ['drivers/virtio/virtio_ring'],
  virtio_pci_modern_dev: ['drivers/virtio/virtio_pci_modern_dev'],
  scsi_mod: ['drivers/scsi/scsi_mod'],
  libata: ['drivers/ata/libata', 'scsi_mod'],
  net_failover: ['drivers/net/net_failover'],
  libiscsi: ['drivers/scsi/libiscsi', 'scsi_mod'],
  virtio_pci: ['drivers/virtio/virtio_pci', 'virtio_pci_modern_dev', 'virtio', 'virtio_ring'],
  virtio_scsi: ['drivers/scsi/virtio_scsi', 'scsi_mod', 'virtio', 'virtio_ring'],
  virtio_blk: ['drivers/block/virtio_blk', 'virtio', 'virtio_ring'],
  virtio_net: ['drivers/net/virtio_net', 'net_failover', 'virtio', 'virtio_ring'],
  sd_mod: ['drivers/scsi/sd_mod', 'scsi_mod'],
  ata_piix: ['drivers/ata/ata_piix', 'libata', 'scsi_mod'],
  piix: ['drivers/ide/pci/piix'],
  ide_disk: ['drivers/ide/ide-disk'],
  ahci: ['drivers/ata/ahci', 'libata', 'scsi_mod'],
  e1000: ['drivers/net/ethernet/intel/e1000/e1000'],
  nvme: ['drivers/nvme/host/nvme'],
  iscsi_tcp: ['drivers/scsi/iscsi_tcp', 'libiscsi', 'scsi_mod'],
  iscsi_ibft: ['drivers/firmware/iscsi_ibft'],
  hv_vmbus: ['drivers/hv/hv_vmbus'],
  hv_storvsc: ['drivers/scsi/hv_storvsc', 'scsi_mod'],
  hv_netvsc: ['drivers/net/hyperv/hv_netvsc'],
  vmw_pvscsi: ['drivers/scsi/vmw_pvscsi', 'scsi_mod'],
  vmxnet3: ['drivers/net/vmxnet3/vmxnet3'],
  xen_blkfront: ['drivers/block/xen-blkfront'],
  xen_netfront: ['drivers/net/xen-netfront'],
};
type Needed =
  | 'virtio'
  | 'virtio_ring'
  | 'virtio_pci_modern_dev'
  | 'scsi_mod'
  | 'libata'
  | 'net_failover'
  | 'libiscsi';
export type Module = LinuxDriver | Needed;

const pathOf = (module: Module, ending: string): string => `kernel/${MODULES[module][0]}${ending}`;

interface KernelModules {
  /** In the kernel itself. */
  readonly builtin?: readonly Module[];
  /** What this kernel does not have at all. */
  readonly without?: readonly Module[];
  readonly ending?: string;
  /** Where the distribution keeps them. */
  readonly folder?: string;
}

/** `/lib/modules/RELEASE` as depmod leaves it. */
export function kernelModules(
  release: string,
  { builtin = [], without = [], ending = '.ko', folder = 'usr/lib/modules' }: KernelModules = {},
): Files {
  const all = Object.keys(MODULES) as Module[];
  const modules = all.filter((module) => !builtin.includes(module) && !without.includes(module));
  const needs = (module: Module) => MODULES[module].slice(1) as Needed[];
  const line = (module: Module) =>
    [
      `${pathOf(module, ending)}:`,
      ...needs(module)
        .filter((need) => modules.includes(need))
        .map((need) => pathOf(need, ending)),
    ].join(' ');
  return {
    [`${folder}/${release}/modules.builtin`]: [
      'kernel/fs/ext4/ext4.ko\n',
      ...builtin.map((module) => `${pathOf(module, '.ko')}\n`),
    ].join(''),
    [`${folder}/${release}/modules.dep`]: modules.map((module) => `${line(module)}\n`).join(''),
  };
}

/** A kernel's configuration with these drivers built in, and all others as modules. */
export function kernelConfiguration(builtin: readonly string[], modules: readonly string[]): string {
  const lines = [...builtin.map((symbol) => `${symbol}=y`), ...modules.map((symbol) => `${symbol}=m`)];
  return `#\n# Automatically generated file; DO NOT EDIT.\n#\n${lines.join('\n')}\n# CONFIG_SCSI_VIRTIO_TEST is not set\n`;
}

/** An uncompressed initramfs of these files, by name or with their content. */
export function initramfs(files: readonly string[] | Readonly<Record<string, string>>): Buffer {
  const named = Array.isArray(files) ? files.map((name) => [name, ''] as const) : Object.entries(files);
  const members = [...named, ['TRAILER!!!', ''] as const].map(([name, content]) => {
    const fields = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    return Buffer.concat([padded(`${header}${name}\0`), padded(content)]);
  });
  return Buffer.concat(members);
}

function padded(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc((4 - (text.length % 4)) % 4)]);
}

/** The names of these modules in an initramfs of this kernel. */
export function modulesIn(
  release: string,
  modules: readonly Module[],
  ending = '.ko',
  folder = 'usr/lib/modules',
): string[] {
  return modules.map((module) => `${folder}/${release}/${pathOf(module, ending)}`);
}

/** All that a generic initramfs has. */
export const EVERY_MODULE: readonly Module[] = Object.keys(MODULES) as Module[];
/** What virtio-scsi takes. */
export const VIRTIO_SCSI: readonly Module[] = [
  'virtio',
  'virtio_ring',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'scsi_mod',
  'virtio_scsi',
  'sd_mod',
];

/** A PE image for x86-64 with these sections: a unified kernel image. */
export function portableExecutable(sections: Readonly<Record<string, string | Buffer>>): Buffer {
  const contents = Object.entries(sections).map(([name, content]) => ({ name, bytes: Buffer.from(content) }));
  const headers = Buffer.alloc(0x1000);
  headers.write('MZ', 0, 'latin1');
  headers.writeUInt32LE(0x80, 0x3c);
  headers.write('PE\0\0', 0x80, 'latin1');
  headers.writeUInt16LE(0x8664, 0x84);
  headers.writeUInt16LE(contents.length, 0x86);
  let offset = headers.length;
  for (const [index, { name, bytes }] of contents.entries()) {
    const at = 0x98 + index * 40;
    headers.write(name, at, 'latin1');
    headers.writeUInt32LE(bytes.length, at + 0x08);
    headers.writeUInt32LE(bytes.length, at + 0x10);
    headers.writeUInt32LE(offset, at + 0x14);
    offset += bytes.length;
  }
  return Buffer.concat([headers, ...contents.map(({ bytes }) => bytes)]);
}
