import type { Evidence } from '../finding.ts';
import type { PartitionTable } from './partitions.ts';

/** Partition types by which firmware finds its loader (UEFI Specification 2.10, 5.2.2 and 5.3.3; GRUB manual). */
export const EFI_SYSTEM_TYPES = new Set(['C12A7328-F81F-11D2-BA4B-00A0C93EC93B', 'ef']);
const BIOS_BOOT_TYPE = '21686148-6449-6E6F-744E-656564454649';

/** The firmware in OCI's terms; null where the partition table does not tell. */
export interface FirmwareReading {
  readonly firmware: 'BIOS' | 'UEFI_64' | null;
  readonly evidence: Evidence;
}

interface Layout {
  readonly table: PartitionTable;
  readonly efi: boolean;
  readonly biosBoot: boolean;
}

/** From a partition table to the firmware that starts it; docs/VERDICT.md shows all. */
export interface Row {
  readonly when: (layout: Layout) => boolean;
  readonly firmware: FirmwareReading['firmware'];
  readonly fact: string;
}

/** What boots with either is BIOS: that is what OCI gives an imported image without further settings. */
export const rows: readonly Row[] = [
  {
    when: ({ table, efi, biosBoot }) => table.kind === 'gpt' && efi && !biosBoot,
    firmware: 'UEFI_64',
    fact: 'GPT with an EFI system partition and no BIOS boot partition',
  },
  {
    when: ({ table, efi }) => table.kind !== 'mbr' && efi && !table.bootCode,
    firmware: 'UEFI_64',
    fact: 'GPT with an EFI system partition and no boot code in its MBR that BIOS could start',
  },
  {
    when: ({ table, efi, biosBoot }) => table.kind === 'gpt' && efi && biosBoot,
    firmware: 'BIOS',
    fact: 'GPT with an EFI system partition and a BIOS boot partition: both BIOS and UEFI_64 work',
  },
  {
    when: ({ table, efi }) => table.kind === 'hybrid' && efi,
    firmware: 'BIOS',
    fact: 'GPT with an EFI system partition and a hybrid MBR: both BIOS and UEFI_64 work',
  },
  {
    when: ({ table, biosBoot }) => table.kind === 'gpt' && biosBoot && table.bootCode,
    firmware: 'BIOS',
    fact: 'GPT with a BIOS boot partition and no EFI system partition',
  },
  {
    when: ({ table }) => table.kind === 'gpt' && table.bootCode,
    firmware: 'BIOS',
    fact: 'GPT with boot code in its MBR and no EFI system partition',
  },
  {
    when: ({ table }) => table.kind === 'hybrid' && table.bootCode,
    firmware: 'BIOS',
    fact: 'GPT with a hybrid MBR, boot code and no EFI system partition',
  },
  {
    when: ({ table, efi }) => table.kind === 'mbr' && table.bootCode && efi,
    firmware: 'BIOS',
    fact: 'MBR with boot code; it also has an EFI system partition, so UEFI_64 may work too',
  },
  {
    when: ({ table }) => table.kind === 'mbr' && table.bootCode,
    firmware: 'BIOS',
    fact: 'MBR with boot code',
  },
  {
    when: ({ table, efi }) => table.kind === 'mbr' && efi,
    firmware: 'UEFI_64',
    fact: 'MBR with an EFI system partition (type EF) and no boot code',
  },
  {
    when: ({ table }) => table.kind === 'mbr',
    firmware: null,
    fact: 'MBR with neither boot code nor an EFI system partition: nothing that firmware could start',
  },
  {
    when: ({ table }) => table.kind !== 'none',
    firmware: null,
    fact: 'GPT with neither an EFI system partition nor boot code in its MBR: nothing that firmware could start',
  },
];

/** The first row that fits decides. */
export function readFirmware(table: PartitionTable): FirmwareReading {
  const layout: Layout = {
    table,
    efi: table.partitions.some(({ type }) => EFI_SYSTEM_TYPES.has(type)),
    biosBoot: table.partitions.some(({ type }) => type === BIOS_BOOT_TYPE),
  };
  const row = rows.find(({ when }) => when(layout));
  return {
    firmware: row?.firmware ?? null,
    evidence: { fact: row?.fact ?? 'no partition table to tell the firmware by', source: 'partition table' },
  };
}
