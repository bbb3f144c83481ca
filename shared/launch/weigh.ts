import type { DiskReading } from '../disk/read-disk.ts';
import type { Evidence, Problem } from '../finding.ts';
import type { GuestReading } from '../guest/guest.ts';
import type { OpenImage } from '../image/format.ts';
import { architectureProblems, readArchitecture } from './architecture.ts';
import { decide } from './decide.ts';
import { encryptionProblems } from './encryption.ts';
import { summarizeGuest } from './guest-summary.ts';
import { recogniseLicence } from './licence.ts';
import { loaderProblems } from './loader-problems.ts';
import { readOperatingSystem } from './operating-system.ts';
import { applyOverrides, type ObjectSettings } from './overrides.ts';
import type { Verdict } from './verdict.ts';
import { WINDOWS, windowsProblems } from './windows-terms.ts';

/** All of a verdict but its cost, which is known at the end. */
export type Findings = Omit<Verdict, 'cost'>;

/** What was read of an image, each layer from the one below; null where it could not be read. */
export interface Readings {
  readonly image: OpenImage;
  readonly disk: DiskReading | null;
  readonly guest: GuestReading | null;
  /** Why there is no more. */
  readonly problems: readonly Problem[];
}

/** Joins what image, disk, guest, name and person say. */
export function weigh(
  { image, disk, guest, problems: readingProblems }: Readings,
  name: string,
  { overrides, problems: settingProblems }: ObjectSettings,
): Findings {
  const { archive, format, virtualSize } = image;
  const partitionFirmware = disk?.firmware ?? null;
  const architecture = readArchitecture({
    guest: guest?.architecture ?? null,
    disk: disk?.architecture ?? null,
    shapes: archive?.shapes,
    firmware: partitionFirmware,
  });
  // A Linux disk may have a volume for Windows, too: a hint counts only where no system was found.
  const windows = guest?.system || guest?.linux ? windowsItself(guest) : (disk?.windows ?? null);
  const system = readOperatingSystem({ archive, guest, windows, name });
  const told = applyOverrides(
    {
      architecture: architecture.architecture,
      operatingSystem: system.guessed ? null : system.operatingSystem,
      operatingSystemVersion: system.guessed ? null : system.operatingSystemVersion,
    },
    overrides,
  );
  const operatingSystem = told.values.operatingSystem ?? system.operatingSystem;
  const sameSystem = operatingSystem === system.operatingSystem;
  const operatingSystemVersion =
    told.values.operatingSystemVersion ?? (sameSystem ? system.operatingSystemVersion : null);
  const isWindows = operatingSystem === WINDOWS;
  const licence = recogniseLicence({
    set: overrides.operatingSystem,
    archive: archive?.operatingSystem,
    windows,
    systemId: guest?.system?.id ?? null,
    name,
  });
  const diskProblems = [
    ...readingProblems,
    ...(disk?.problems ?? []),
    ...encryptionProblems(disk?.volumes ?? [], guest),
    ...architectureProblems(overrides.architecture ? null : (guest?.architecture ?? null)),
  ];
  const bootable =
    format === 'oci' || (image.disk !== null && diskProblems.every(({ severity }) => severity === 'warn'));
  const decision = bootable
    ? decide(
        {
          format,
          archive,
          architecture: told.values.architecture,
          firmware: partitionFirmware,
          windows: isWindows,
          guest,
        },
        overrides,
      )
    : UNDECIDED;

  return {
    format,
    variant: image.variant,
    virtualSize,
    launchMode: decision.launchMode,
    firmware: decision.firmware,
    architecture: told.values.architecture,
    operatingSystem,
    operatingSystemVersion,
    bootVolumeType: archive?.bootVolumeType ?? null,
    networkType: archive?.networkType ?? null,
    licensedSystem: licence.licensedSystem,
    guest: summarizeGuest(guest),
    confidence: decision.confidence,
    evidence: [
      ...image.evidence,
      ...(disk?.evidence ?? []),
      ...(guest?.evidence ?? []),
      ...(windows && !guest?.system ? [windows] : []),
      ...architecture.evidence,
      ...system.evidence,
      ...licence.evidence,
      ...told.evidence,
      ...decision.evidence,
    ],
    problems: [
      ...settingProblems,
      ...image.problems,
      ...diskProblems,
      ...told.problems,
      ...decision.problems,
      ...loaderProblems(guest?.efi ?? null, decision.firmware, told.values.architecture),
      ...(guest?.problems ?? []),
      ...(isWindows ? windowsProblems(operatingSystemVersion, virtualSize, name) : []),
    ],
  };
}

function windowsItself({ system }: GuestReading): Evidence | null {
  return system?.family === 'windows' ? { fact: system.name, source: 'SOFTWARE hive' } : null;
}

const UNDECIDED = {
  launchMode: null,
  firmware: null,
  confidence: 'low',
  evidence: [],
  problems: [],
} as const;

/** The verdict on what was refused before it was known to be an image. */
export function refused(problems: readonly Problem[]): Findings {
  return {
    format: null,
    variant: null,
    virtualSize: null,
    launchMode: null,
    firmware: null,
    architecture: null,
    operatingSystem: null,
    operatingSystemVersion: null,
    bootVolumeType: null,
    networkType: null,
    licensedSystem: null,
    guest: null,
    confidence: 'low',
    evidence: [],
    problems,
  };
}
