import type { Evidence, Problem } from '../finding.ts';
import { type LaunchEvidence, rows } from './decision-table.ts';
import { applyOverrides } from './overrides.ts';
import type { Confidence, Firmware, LaunchMode, Overrides } from './verdict.ts';

export interface Decision {
  readonly launchMode: LaunchMode | null;
  readonly firmware: Firmware | null;
  readonly confidence: Confidence;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly Problem[];
}

/** Launch mode and firmware from what was read; what a person set wins. */
export function decide(evidence: LaunchEvidence, overrides: Overrides): Decision {
  const row = rows.find(({ when }) => when(evidence));
  if (!row) throw new Error('The decision table has no last row.');
  const launchMode = resolve(row.launchMode, evidence);
  const firmware = row.firmware === undefined ? evidence.firmware : resolve(row.firmware, evidence);
  // Who sets another mode than one that was only assumed contradicts nothing.
  const assumed = row.confidence === 'low';
  const applied = applyOverrides({ launchMode: assumed ? null : launchMode, firmware }, overrides);
  const isSet = overrides.launchMode !== undefined;
  const told = row.problems?.(evidence) ?? [];

  const firmwareUnknown = applied.values.firmware === null && evidence.format !== 'oci';
  const problems = [...applied.problems, ...(isSet ? told.flatMap(withModeSet) : told)];
  const isDoubtful =
    evidence.format !== 'oci' && (firmwareUnknown || evidence.guest?.linux?.rootMissing === true);
  if (firmwareUnknown) problems.push(FIRMWARE_UNKNOWN);
  problems.push(...unsupportedLaunchMode(evidence, overrides.launchMode));
  const confidence = row.confidence === 'high' && mayBeOtherwise(evidence) ? 'medium' : row.confidence;
  const because = typeof row.because === 'string' ? row.because : row.because(evidence);
  return {
    launchMode: applied.values.launchMode ?? launchMode,
    firmware: applied.values.firmware,
    // Only what OCI wrote and will use itself is certain.
    confidence: isSet || overrides.firmware || (isDoubtful && launchMode !== null) ? 'low' : confidence,
    evidence: [{ fact: because, source: 'decision table' }, ...applied.evidence],
    problems,
  };
}

/** What was read may not be all that counts: another system of the disk, or what Windows has in its transaction logs. */
const DOUBTS = ['SEVERAL_SYSTEMS', 'WINDOWS_HIVE_DIRTY'];

/** What was read may not be what starts: it may also be another kernel than the one that is taken for the default. */
const mayBeOtherwise = ({ guest }: LaunchEvidence): boolean =>
  guest?.linux?.kernel?.assumed === true ||
  guest?.problems.some(({ code }) => DOUBTS.includes(code)) === true;

/** Who sets the launch mode takes over what byoi could not know, and is warned of what it would have refused. */
function withModeSet(problem: Problem): Problem[] {
  if (problem.code === 'DRIVERS_NOT_READ') return [];
  return [{ ...problem, severity: 'warn' }];
}

function resolve<T extends string>(
  value: T | null | ((evidence: LaunchEvidence) => T | null),
  evidence: LaunchEvidence,
): T | null {
  return typeof value === 'function' ? value(evidence) : value;
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

const FIRMWARE_UNKNOWN: Problem = {
  code: 'FIRMWARE_UNKNOWN',
  severity: 'warn',
  sentence:
    'Nothing was found on the disk that firmware could start: neither boot code in its first sector nor an EFI system ' +
    'partition. OCI gives an imported image BIOS.',
  remedy:
    'If its hypervisor loads its kernel (Xen PV), install a boot loader in the guest: `grub-install` with its disk. If it ' +
    'needs UEFI, set the object metadata opc-meta-byoi-firmware to UEFI_64.',
};
