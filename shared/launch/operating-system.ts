import type { Evidence } from '../finding.ts';
import type { GuestReading, GuestSystem, WindowsReading } from '../guest/guest.ts';
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
/** OCI's terms for what os-release calls by its ID; the others' own names are passed on. */
const TERMS_BY_ID: Readonly<Record<string, string>> = {
  rhel: 'RHEL',
  sles: 'SUSE',
  sles_sap: 'SUSE',
  sle_hpc: 'SUSE',
  sled: 'SUSE',
  ol: 'Oracle Linux',
  ubuntu: 'Ubuntu',
  debian: 'Debian',
  centos: 'CentOS',
  rocky: 'Rocky Linux',
  almalinux: 'AlmaLinux',
  fedora: 'Fedora',
  'opensuse-leap': 'openSUSE Leap',
  'opensuse-tumbleweed': 'openSUSE Tumbleweed',
  amzn: 'Amazon Linux',
  arch: 'Arch Linux',
  alpine: 'Alpine Linux',
  gentoo: 'Gentoo',
  flatcar: 'Flatcar',
  freebsd: 'FreeBSD',
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

/** What may say which system it is; the first that does is believed. */
export interface SystemClues {
  readonly archive: ArchiveMetadata | null;
  readonly guest: Pick<GuestReading, 'system' | 'windows'> | null;
  /** Why the disk must be Windows; null where nothing on it says so. */
  readonly windows: Evidence | null;
  /** The object's name, without its folders. */
  readonly name: string;
}

export function readOperatingSystem({ archive, guest, windows, name }: SystemClues): SystemReading {
  if (archive?.operatingSystem) {
    const operatingSystem = operatingSystemTerm(archive.operatingSystem);
    const version = archive.operatingSystemVersion;
    return found(operatingSystem, version && versionTerm(version), 'image_metadata.json');
  }
  if (guest?.windows) return found(WINDOWS, installedWindows(guest.windows), 'SOFTWARE hive');
  if (guest?.system?.family === 'windows') {
    return found(WINDOWS, windowsVersion(guest.system.name), 'SOFTWARE hive');
  }
  // The guest's own evidence says where it was read.
  if (guest?.system) return { ...found(...termsOf(guest.system), 'guest'), evidence: [] };
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

function termsOf({ id, name, version }: GuestSystem): [string, string | null] {
  return [TERMS_BY_ID[id] ?? name, version];
}

/** OCI's term: "Windows Server 2019 Standard" of the installation type "Server Core" is `Server 2019 Standard Core`. */
function installedWindows({ productName, installationType }: WindowsReading): string | null {
  return windowsVersion(`${productName ?? ''} ${installationType === 'Server Core' ? 'Core' : ''}`);
}

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
