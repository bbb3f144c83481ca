import type { Evidence } from '../finding.ts';
import type { ArchiveMetadata } from '../image/format.ts';
import { LICENSED_NAMES } from './licence.ts';
import { WINDOWS, WINDOWS_VERSIONS, windowsVersion } from './windows-terms.ts';

/** OCI's terms for systems, and what they are called in the names of images. */
const NAMES: Readonly<Record<string, RegExp>> = {
  [WINDOWS]: LICENSED_NAMES.windows,
  RHEL: LICENSED_NAMES.rhel,
  SUSE: LICENSED_NAMES.sles,
  'Oracle Linux': /(?<![a-z])(?:oracle[-_. ]?linux|ol(?=[-_]?\d))/i,
  Ubuntu: /(?<![a-z])ubuntu(?![a-z])/i,
  Debian: /(?<![a-z])debian(?![a-z])/i,
  CentOS: /(?<![a-z])centos(?![a-z])/i,
  'Rocky Linux': /(?<![a-z])rocky(?:[-_. ]?linux)?(?![a-z])/i,
  AlmaLinux: /(?<![a-z])alma[-_. ]?linux(?![a-z])/i,
  Fedora: /(?<![a-z])fedora(?![a-z])/i,
};
/** The version straight after the name: `-9.4`, `12`, `_22.04`. */
const VERSION = /^[-_. ]?(\d{1,2}(?:\.\d{1,2})?)(?!\d)/;

export interface SystemReading {
  readonly operatingSystem: string | null;
  readonly operatingSystemVersion: string | null;
  /** It comes from the object's name only, which proves nothing. */
  readonly guessed: boolean;
  readonly evidence: readonly Evidence[];
}

/** @param windows why the disk must be Windows; null where nothing on it says so */
export function readOperatingSystem(
  archive: ArchiveMetadata | null,
  windows: Evidence | null,
  name: string,
): SystemReading {
  if (archive?.operatingSystem) {
    const operatingSystem = operatingSystemTerm(archive.operatingSystem);
    const version = archive.operatingSystemVersion;
    return found(operatingSystem, version && versionTerm(version), 'image_metadata.json');
  }
  if (windows) return found(WINDOWS, windowsVersion(name), windows.source);
  for (const [term, pattern] of Object.entries(NAMES)) {
    const match = pattern.exec(name);
    if (!match) continue;
    const rest = name.slice(match.index + match[0].length);
    return found(
      term,
      term === WINDOWS ? windowsVersion(name) : (VERSION.exec(rest)?.[1] ?? null),
      OBJECT_NAME,
    );
  }
  return { operatingSystem: null, operatingSystemVersion: null, guessed: false, evidence: [] };
}

const OBJECT_NAME = 'object name';

function found(operatingSystem: string, version: string | null, source: string): SystemReading {
  const fact = version === null ? operatingSystem : `${operatingSystem} ${version}`;
  return {
    operatingSystem,
    operatingSystemVersion: version,
    guessed: source === OBJECT_NAME,
    evidence: [{ fact: `the system is ${fact}`, source }],
  };
}

/** OCI's spelling of a system that it knows; any other is left as it is. */
export function operatingSystemTerm(text: string): string {
  return Object.keys(NAMES).find((term) => term.toLowerCase() === text.toLowerCase()) ?? text;
}

/** OCI's spelling of a Windows version; any other text is left as it is. */
export function versionTerm(text: string): string {
  return WINDOWS_VERSIONS.find((term) => term.toLowerCase() === text.toLowerCase()) ?? text;
}
