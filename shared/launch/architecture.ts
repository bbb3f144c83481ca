import type { Evidence } from '../finding.ts';
import { isArmShape } from './shapes.ts';
import type { Architecture, Firmware } from './verdict.ts';

export interface ArchitectureClues {
  /** By the types of the disk's partitions. */
  readonly disk: Architecture | null;
  /** The shapes that an archive says it is compatible with. */
  readonly shapes: readonly string[] | null | undefined;
  readonly firmware: Firmware | null;
}

/** The first clue that tells. */
export function readArchitecture({ disk, shapes, firmware }: ArchitectureClues): {
  architecture: Architecture | null;
  evidence: Evidence[];
} {
  // The disk's own evidence is told where it was read.
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
