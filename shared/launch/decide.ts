import type { Evidence, Problem } from '../finding.ts';
import type { ArchiveMetadata } from '../image/format.ts';
import { applyOverrides } from './overrides.ts';
import type { Architecture, Confidence, Firmware, LaunchMode, Overrides } from './verdict.ts';

/** What the launch mode is decided from; `null`: not known. */
export interface LaunchEvidence {
  readonly format: string;
  readonly archive: ArchiveMetadata | null;
  readonly architecture: Architecture | null;
  /** What the partition table is made for. */
  readonly firmware: Firmware | null;
  readonly windows: boolean;
}

export interface Decision {
  readonly launchMode: LaunchMode | null;
  readonly firmware: Firmware | null;
  readonly confidence: Confidence;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

interface Row {
  readonly name: string;
  readonly when: (evidence: LaunchEvidence) => boolean;
  readonly launchMode: LaunchMode | ((evidence: LaunchEvidence) => LaunchMode | null);
  /** Instead of what the partition table says. */
  readonly firmware?: Firmware | ((evidence: LaunchEvidence) => Firmware | null);
  readonly confidence: Confidence;
  readonly because: Evidence;
}

const DECISION_TABLE = 'decision table';

/** The first row that fits decides. */
export const rows: readonly Row[] = [
  {
    name: 'the archive says it',
    when: ({ archive }) => archivedLaunchMode(archive) !== null,
    launchMode: ({ archive }) => archivedLaunchMode(archive),
    firmware: ({ archive, firmware }) => archivedFirmware(archive) ?? firmware,
    confidence: 'certain',
    because: { fact: 'OCI takes the launch mode from the archive itself', source: 'image_metadata.json' },
  },
  {
    name: 'an archive whose metadata was not read',
    when: ({ format }) => format === 'oci',
    launchMode: () => null,
    confidence: 'low',
    because: {
      fact: 'OCI takes the launch mode from the archive; it was not read here',
      source: DECISION_TABLE,
    },
  },
  {
    name: 'arm64',
    when: ({ architecture }) => architecture === 'aarch64',
    launchMode: 'PARAVIRTUALIZED',
    firmware: 'UEFI_64',
    confidence: 'low',
    because: { fact: 'Arm shapes start with UEFI and run paravirtualized only', source: DECISION_TABLE },
  },
  {
    name: 'Windows',
    when: ({ windows }) => windows,
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'low',
    because: { fact: 'Windows guests run paravirtualized only', source: DECISION_TABLE },
  },
  {
    name: 'x86 with UEFI only',
    when: ({ firmware }) => firmware === 'UEFI_64',
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'low',
    because: { fact: 'emulated devices start with BIOS, this disk only with UEFI', source: DECISION_TABLE },
  },
  {
    name: 'anything else',
    when: () => true,
    launchMode: 'PARAVIRTUALIZED',
    confidence: 'low',
    because: { fact: 'an assumption: Linux has had the drivers for it since 3.4', source: DECISION_TABLE },
  },
];

/** Launch mode and firmware from what was read; what a person set wins. */
export function decide(evidence: LaunchEvidence, overrides: Overrides): Decision {
  const row = rows.find(({ when }) => when(evidence));
  if (!row) throw new Error('The decision table has no last row.');
  const launchMode = resolve(row.launchMode, evidence);
  const firmware = row.firmware === undefined ? evidence.firmware : resolve(row.firmware, evidence);
  const assumed = row.confidence === 'low';
  const applied = applyOverrides({ launchMode: assumed ? null : launchMode, firmware }, overrides);

  const problems = [...applied.problems];
  if (assumed && launchMode !== null && overrides.launchMode === undefined) problems.push(DRIVERS_NOT_READ);
  if (applied.values.firmware === null && evidence.format !== 'oci') problems.push(FIRMWARE_UNKNOWN);
  problems.push(...unsupportedLaunchMode(evidence, overrides.launchMode));
  return {
    launchMode: applied.values.launchMode ?? launchMode,
    firmware: applied.values.firmware,
    // Only what OCI wrote and will use itself is certain.
    confidence: overrides.launchMode || overrides.firmware ? 'low' : row.confidence,
    evidence: [row.because, ...applied.evidence],
    problems,
  };
}

function resolve<T>(value: T | ((evidence: LaunchEvidence) => T | null), evidence: LaunchEvidence): T | null {
  return value instanceof Function ? value(evidence) : value;
}

const LAUNCH_MODES: readonly LaunchMode[] = ['NATIVE', 'EMULATED', 'PARAVIRTUALIZED', 'CUSTOM'];
const FIRMWARES: readonly Firmware[] = ['BIOS', 'UEFI_64'];

function archivedLaunchMode(archive: ArchiveMetadata | null): LaunchMode | null {
  return LAUNCH_MODES.find((mode) => mode === archive?.launchMode) ?? null;
}

function archivedFirmware(archive: ArchiveMetadata | null): Firmware | null {
  return FIRMWARES.find((firmware) => firmware === archive?.firmware) ?? null;
}

function unsupportedLaunchMode(evidence: LaunchEvidence, set: LaunchMode | undefined): Problem[] {
  if (set === undefined || set === 'PARAVIRTUALIZED') return [];
  const guest = evidence.architecture === 'aarch64' ? 'Arm' : evidence.windows ? 'Windows' : null;
  if (!guest) return [];
  return [
    {
      code: 'LAUNCH_MODE_UNSUPPORTED',
      severity: 'warn',
      sentence: `opc-meta-byoi-launch-mode says ${set}, but OCI runs imported ${guest} images paravirtualized only.`,
      remedy: 'Remove opc-meta-byoi-launch-mode, or set it to PARAVIRTUALIZED.',
    },
  ];
}

const DRIVERS_NOT_READ: Problem = {
  code: 'DRIVERS_NOT_READ',
  severity: 'warn',
  sentence:
    'The drivers in the guest were not read yet, so PARAVIRTUALIZED is an assumption: it boots only where the ' +
    'guest starts with virtio_scsi and virtio_net (on Windows: vioscsi and NetKVM).',
  remedy:
    'If you know better, set the object metadata opc-meta-byoi-launch-mode to PARAVIRTUALIZED, EMULATED or ' +
    'NATIVE and upload it again.',
};

const FIRMWARE_UNKNOWN: Problem = {
  code: 'FIRMWARE_UNKNOWN',
  severity: 'warn',
  sentence: 'The disk does not tell which firmware starts it; OCI gives an imported image BIOS.',
  remedy: 'If it needs UEFI, set the object metadata opc-meta-byoi-firmware to UEFI_64 and upload it again.',
};
