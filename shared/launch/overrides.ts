import type { Evidence, Problem } from '../finding.ts';
import { operatingSystemTerm, versionTerm } from './operating-system.ts';
import type { Overrides } from './verdict.ts';

/** Object metadata as HEAD returns it: full header names, lower case. */
export type ObjectMetadata = Readonly<Record<string, string>>;

/** What a person said of an image by metadata on its object. */
export interface ObjectSettings {
  readonly overrides: Overrides;
  /** The image's display name; null where none was set. */
  readonly displayName: string | null;
  /** The attestation of a licence, in the person's own words; null where none was given. */
  readonly license: string | null;
  readonly problems: readonly Problem[];
}

const PREFIX = 'opc-meta-byoi-';
/** CUSTOM is left out: OCI takes it from an `.oci` archive only, and then nothing need be set. */
export const LAUNCH_MODES = ['PARAVIRTUALIZED', 'EMULATED', 'NATIVE'] as const;
export const FIRMWARES = ['BIOS', 'UEFI_64'] as const;
export const ARCHITECTURES = ['x86_64', 'aarch64'] as const;
/** CreateImageDetails.displayName and a free-form tag's value, where the licence ends up, hold as much. */
export const MAX_TEXT_LENGTH = 255;
/** The metadata that carries each override. */
const KEYS: Readonly<Record<keyof Overrides, string>> = {
  launchMode: 'launch-mode',
  firmware: 'firmware',
  architecture: 'architecture',
  operatingSystem: 'os',
  operatingSystemVersion: 'os-version',
};
/** Ours, but not settings of an import: destinations of a copy, and the run that made a copy. */
const OTHER_KEYS = ['replicate-to', 'run'];

/** Reads the `opc-meta-byoi-*` metadata; values are taken in any case, and what is not one is refused. */
export function parseOverrides(metadata: ObjectMetadata): ObjectSettings {
  const problems: Problem[] = [];
  const left = new Map<string, string>();
  for (const [key, value] of Object.entries(metadata)) {
    const lowered = key.toLowerCase();
    if (lowered.startsWith(PREFIX)) left.set(lowered.slice(PREFIX.length), value.trim());
  }
  function take(key: string): string | undefined {
    const value = left.get(key);
    left.delete(key);
    return value;
  }
  function choice<T extends string>(key: string, allowed: readonly T[]): T | undefined {
    const value = take(key);
    const chosen = allowed.find((one) => one.toLowerCase() === value?.toLowerCase());
    if (value !== undefined && !chosen) problems.push(invalid(key, value, `one of: ${allowed.join(', ')}`));
    return chosen;
  }
  function text(key: string): string | undefined {
    const value = take(key);
    if (value === undefined || (value.length > 0 && value.length <= MAX_TEXT_LENGTH)) return value;
    problems.push(invalid(key, value, `1 to ${MAX_TEXT_LENGTH} characters`));
    return undefined;
  }

  const operatingSystem = text(KEYS.operatingSystem);
  const version = text(KEYS.operatingSystemVersion);
  const overrides: Overrides = {
    launchMode: choice(KEYS.launchMode, LAUNCH_MODES),
    firmware: choice(KEYS.firmware, FIRMWARES),
    architecture: choice(KEYS.architecture, ARCHITECTURES),
    operatingSystem: operatingSystem && operatingSystemTerm(operatingSystem),
    operatingSystemVersion: version && versionTerm(version),
  };
  const displayName = text('display-name') ?? null;
  const license = text('license') ?? null;
  for (const key of OTHER_KEYS) left.delete(key);
  for (const key of left.keys()) problems.push(unknown(key));
  return { overrides, displayName, license, problems };
}

/**
 * Puts what a person set in place of what was read, says so, and tells where the two differ.
 *
 * @param read null where it is not known, or only assumed: setting that is no conflict
 */
export function applyOverrides<T extends { readonly [K in keyof Overrides]?: Overrides[K] | null }>(
  read: T,
  overrides: Overrides,
): { values: T; evidence: Evidence[]; problems: Problem[] } {
  const set: Record<string, string> = {};
  const evidence: Evidence[] = [];
  const problems: Problem[] = [];
  for (const [key, metadataKey] of Object.entries(KEYS) as [keyof Overrides, string][]) {
    const value = overrides[key];
    if (value === undefined || !(key in read)) continue;
    set[key] = value;
    const source = PREFIX + metadataKey;
    evidence.push({ fact: `a person set ${value}`, source });
    const before = read[key];
    if (before !== null && before !== undefined && before !== value)
      problems.push(conflict(source, value, before));
  }
  return { values: { ...read, ...set }, evidence, problems };
}

function conflict(source: string, set: string, read: string): Problem {
  return {
    code: 'OVERRIDE_CONFLICT',
    severity: 'warn',
    sentence: `${source} says ${set}, but the image says ${read}; ${set} is used.`,
    remedy: `If the image does not work, remove ${source} and upload it again.`,
  };
}

function invalid(key: string, value: string, allowed: string): Problem {
  return {
    code: 'OVERRIDE_INVALID',
    severity: 'reject',
    sentence: `${PREFIX}${key} is ${JSON.stringify(value)}, which is not a value it can have.`,
    remedy: `Set it to ${allowed}; or remove it.`,
  };
}

function unknown(key: string): Problem {
  const known = [...Object.values(KEYS), 'display-name', 'license'].map((name) => PREFIX + name);
  return {
    code: 'OVERRIDE_UNKNOWN',
    severity: 'warn',
    sentence: `${PREFIX}${key} is not a setting, and was ignored.`,
    remedy: `The settings are: ${known.join(', ')}.`,
  };
}
