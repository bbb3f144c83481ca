import type { Evidence } from '../finding.ts';
import type { LicensedSystem } from './verdict.ts';

/**
 * How systems that need a licence are called, in OCI's terms, in archive metadata and in object names:
 * `win2k19`, `Windows_Server_2022`, `rhel-9.4`, `SLES15-SP5`; but not `winder`, `rhelix` or `openSUSE`.
 */
export const LICENSED_NAMES: Readonly<Record<LicensedSystem, RegExp>> = {
  windows: /(?<![a-z])(?:windows(?:[-_. ]?server)?(?![a-z])|win[-_. ]?(?=\d|server|srv)|w2k\d|ws20\d\d)/i,
  rhel: /(?<![a-z])(?:rhel|red[-_. ]?hat(?:[-_. ]?enterprise[-_. ]?linux)?)(?![a-z])/i,
  sles: /(?<![a-z]|open[-_. ])(?:sles|sle(?=[-_]?\d)|suse)(?![a-z])/i,
};

/** The same as os-release has it in ID. */
const LICENSED_IDS: Readonly<Record<string, LicensedSystem>> = {
  windows: 'windows',
  rhel: 'rhel',
  sles: 'sles',
  sles_sap: 'sles',
  sle_hpc: 'sles',
  sled: 'sles',
  sle_rt: 'sles',
  'sle-micro': 'sles',
  'sl-micro': 'sles',
};

/** The licensed system that a name speaks of; null where it speaks of none. */
export function licensedSystemOf(text: string): LicensedSystem | null {
  const systems: readonly LicensedSystem[] = ['windows', 'rhel', 'sles'];
  return systems.find((system) => LICENSED_NAMES[system].test(text)) ?? null;
}

export interface LicenceClues {
  /** What a person set as the operating system. */
  readonly set: string | undefined;
  /** What the archive says of its operating system. */
  readonly archive: string | null | undefined;
  /** What on the disk says that it is Windows. */
  readonly windows: Evidence | null;
  /** os-release's ID of the system that was read from the disk; null where none was. */
  readonly systemId: string | null;
  /** The object's name, without its folders. */
  readonly name: string;
}

/**
 * Any one clue is enough to hold an image until its licence is attested. A name is only a hint: a person
 * who sets another operating system overrules it, but not what the archive or the disk says.
 */
export function recogniseLicence(clues: LicenceClues): {
  licensedSystem: LicensedSystem | null;
  evidence: Evidence[];
} {
  const sources: readonly [LicensedSystem | null, string][] = [
    [licensedSystemOf(clues.set ?? ''), 'opc-meta-byoi-os'],
    [licensedSystemOf(clues.archive ?? ''), 'image_metadata.json'],
    [clues.windows && 'windows', clues.windows?.source ?? ''],
    [LICENSED_IDS[clues.systemId ?? ''] ?? null, 'os-release'],
    // What the disk says is believed before its name.
    [clues.set === undefined && clues.systemId === null ? licensedSystemOf(clues.name) : null, 'object name'],
  ];
  for (const [licensedSystem, source] of sources) {
    if (licensedSystem) {
      const fact = `${DISPLAY_NAMES[licensedSystem]} needs a licence of its own`;
      return { licensedSystem, evidence: [{ fact, source }] };
    }
  }
  return { licensedSystem: null, evidence: [] };
}

const DISPLAY_NAMES: Readonly<Record<LicensedSystem, string>> = {
  windows: 'Windows',
  rhel: 'Red Hat Enterprise Linux',
  sles: 'SUSE Linux Enterprise Server',
};
