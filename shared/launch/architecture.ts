import type { Evidence, Problem } from '../finding.ts';
import type { GuestArchitecture } from '../guest/guest.ts';
import { isArmShape } from './shapes.ts';
import type { Architecture, Firmware } from './verdict.ts';

export interface ArchitectureClues {
  /** What the guest's own binaries are made for; null where none was read. */
  readonly guest: GuestArchitecture | null;
  /** By the types of the disk's partitions. */
  readonly disk: Architecture | null;
  /** The shapes that an archive says it is compatible with. */
  readonly shapes: readonly string[] | null | undefined;
  readonly firmware: Firmware | null;
}

/** The first clue that tells. */
export function readArchitecture({ guest, disk, shapes, firmware }: ArchitectureClues): {
  architecture: Architecture | null;
  evidence: Evidence[];
} {
  // Evidence of guest and disk is told where it was read.
  if (guest === 'x86_64' || guest === 'aarch64') return { architecture: guest, evidence: [] };
  // It runs on x86 shapes; there are no others that it could.
  if (guest === 'i386') return { architecture: 'x86_64', evidence: [] };
  if (disk) return { architecture: disk, evidence: [] };
  const arm = shapes?.filter(isArmShape) ?? [];
  if (shapes?.length && (arm.length === 0 || arm.length === shapes.length)) {
    const architecture = arm.length ? 'aarch64' : 'x86_64';
    const fact = `compatible with ${arm.length ? 'Arm' : 'x86'} shapes only`;
    return { architecture, evidence: [{ fact, source: 'image_metadata.json' }] };
  }
  if (firmware === 'BIOS') {
    const fact = 'x86_64: it starts with BIOS, which Arm does not have';
    return { architecture: 'x86_64', evidence: [{ fact, source: 'partition table' }] };
  }
  return { architecture: null, evidence: [] };
}

/** OCI has shapes for 64-bit x86 and Arm. */
export function architectureProblems(guest: GuestArchitecture | null): Problem[] {
  if (guest === 'i386') return [OF_32_BIT];
  return guest === 'other' ? [UNSUPPORTED] : [];
}

const OF_32_BIT: Problem = {
  code: 'ARCHITECTURE_32_BIT',
  severity: 'warn',
  sentence: 'The system is for 32-bit x86. OCI does not support that, though its x86 shapes can run it.',
  remedy: 'Move to a 64-bit system when you can.',
};

const UNSUPPORTED: Problem = {
  code: 'ARCHITECTURE_UNSUPPORTED',
  severity: 'reject',
  sentence: 'The system is neither for x86 nor for 64-bit Arm: OCI has no shape that could run it.',
  remedy: 'Install the system for x86-64 or arm64 and move its data.',
};
