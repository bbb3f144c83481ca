import type { Problem } from '../finding.ts';

/**
 * What CreateImage calls Windows. operatingSystem and operatingSystemVersion must be exactly these terms:
 * OCI bills and activates by them. OCI documentation, "Importing Custom Windows Images", and the platform
 * images' own fields.
 */
export const WINDOWS = 'Windows';

const EDITIONS_BY_RELEASE: Readonly<Record<string, readonly string[]>> = {
  '2008 R2': ['Standard', 'Enterprise', 'Datacenter', 'Web'],
  '2012': ['Standard', 'Datacenter'],
  '2012 R2': ['Standard', 'Datacenter'],
  '2016': ['Standard', 'Datacenter', 'Standard Core', 'Datacenter Core'],
  '2019': ['Standard', 'Datacenter', 'Standard Core', 'Datacenter Core'],
  '2022': ['Standard', 'Datacenter', 'Standard Core', 'Datacenter Core'],
  '2025': ['Standard', 'Datacenter', 'Standard Core', 'Datacenter Core'],
};

export const WINDOWS_VERSIONS: readonly string[] = Object.entries(EDITIONS_BY_RELEASE).flatMap(
  ([release, editions]) => editions.map((edition) => `Server ${release} ${edition}`),
);

/** `2019`, `2k19`, `2012-R2`, `2k8r2`; not the year of a date (`2022-05-01`). */
const RELEASE = /(?<!\d)2(?:0|k)(0?8|12|16|19|22|25)(?!\d|[-_. ]\d\d)[-_. ]?(r2)?/i;
/** As whole words in what people call their images. */
const EDITIONS: Readonly<Record<string, RegExp>> = {
  Standard: /(?<![a-z])(?:standard|std)(?![a-z])/i,
  Datacenter: /(?<![a-z])(?:datacenter|dc)(?![a-z])/i,
  Enterprise: /(?<![a-z])(?:enterprise|ent)(?![a-z])/i,
  Web: /(?<![a-z])web(?![a-z])/i,
};
const CORE = /(?<![a-z])core(?![a-z])/i;
/** OCI documentation, "Importing Custom Windows Images": smaller boot volumes are resized at launch only. */
const MIN_BOOT_VOLUME = 256 * 2 ** 30;

/** OCI's term for what a name or a metadata field says; null where release or edition is not said exactly. */
export function windowsVersion(text: string): string | null {
  const [edition, second] = Object.keys(EDITIONS).filter((name) => EDITIONS[name]?.test(text));
  if (!edition || second) return null;
  const term = `Server ${windowsRelease(text)} ${edition}${CORE.test(text) ? ' Core' : ''}`;
  return WINDOWS_VERSIONS.includes(term) ? term : null;
}

function windowsRelease(text: string): string | null {
  const match = RELEASE.exec(text);
  return match?.[1] ? `20${match[1].padStart(2, '0')}${match[2] ? ' R2' : ''}` : null;
}

/** Whole gigabytes, as boot volumes are measured; a small disk has less than one, not none. */
const sizeInGb = (bytes: number): string =>
  bytes < 2 ** 30 ? 'less than 1 GB' : `${Math.floor(bytes / 2 ** 30)} GB`;

/** @param version OCI's term or what a person set; @param virtualSize bytes */
export function windowsProblems(version: string | null, virtualSize: number | null, name: string): Problem[] {
  const problems: Problem[] = [];
  if (version === null || !WINDOWS_VERSIONS.includes(version)) {
    const release = windowsRelease(version ?? name);
    const terms = WINDOWS_VERSIONS.filter(
      (term) => release === null || term.startsWith(`Server ${release} `),
    );
    problems.push({
      code: 'WINDOWS_VERSION_UNKNOWN',
      severity: 'warn',
      sentence:
        version === null
          ? 'Which Windows this is could not be told exactly, and its licence depends on that.'
          : `"${version}" is not one of OCI's terms for a Windows version, and its licence depends on that.`,
      remedy: `Set opc-meta-byoi-os-version to one of: ${(terms.length ? terms : WINDOWS_VERSIONS).join(', ')}.`,
    });
  }
  if (virtualSize !== null && virtualSize < MIN_BOOT_VOLUME) {
    problems.push({
      code: 'WINDOWS_BOOT_VOLUME_SMALL',
      severity: 'warn',
      sentence: `The disk has ${sizeInGb(virtualSize)}; Windows wants a boot volume of at least 256 GB.`,
      remedy:
        'Launch instances with `--boot-volume-size-in-gbs 256` or more, and extend the volume in Windows.',
    });
  }
  return problems;
}
