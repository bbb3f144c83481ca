import { meter } from './bytes/budget.ts';
import { noteFailures } from './bytes/failures.ts';
import { paged } from './bytes/paged.ts';
import type { ByteSource } from './bytes/source.ts';
import { type DiskReading, readDisk } from './disk/read-disk.ts';
import { ByoiError } from './errors.ts';
import type { Problem } from './finding.ts';
import type { OpenImage } from './image/format.ts';
import { openImage } from './image/formats.ts';
import { readArchitecture } from './launch/architecture.ts';
import { decide } from './launch/decide.ts';
import { recogniseLicence } from './launch/licence.ts';
import { readOperatingSystem } from './launch/operating-system.ts';
import {
  applyOverrides,
  type ObjectMetadata,
  type ObjectSettings,
  parseOverrides,
} from './launch/overrides.ts';
import type { Verdict } from './launch/verdict.ts';
import { WINDOWS, windowsProblems } from './launch/windows-terms.ts';

/** Many times what any honest image takes; an image that takes more is refused, not read for an hour. */
const BUDGET = { requests: 1000, bytes: 256 * 2 ** 20 };

/** What is inspected. */
export interface Inspected {
  /** The object's name, or a file's path. */
  readonly name: string;
  /** The object's metadata as HEAD returns it; what `opc-meta-byoi-*` in it says wins. */
  readonly metadata?: ObjectMetadata;
}

/** All of a verdict but its cost, which is known at the end. */
type Findings = Omit<Verdict, 'cost'>;

/**
 * Reads an image through `source`, a page and a few requests at a time, and says what OCI should be told
 * at its import, and why. An image that must not be imported gives problems with severity `reject`.
 *
 * @throws {ByoiError} when the bytes could not be had: trying again may help
 * @example
 * const verdict = await inspect(await openFile('disk.qcow2'), { name: 'disk.qcow2' });
 * console.log(verdict.launchMode, rejections(verdict));
 */
export async function inspect(source: ByteSource, { name, metadata = {} }: Inspected): Promise<Verdict> {
  const started = performance.now();
  const { guarded, failures } = noteFailures(source);
  const metered = meter(guarded, BUDGET);
  const settings = parseOverrides(metadata);
  const findings = isAddressable(name)
    ? await readFindings(paged(metered), name, settings, failures)
    : refused([...settings.problems, NAME_UNSUPPORTED]);
  const milliseconds = Math.round(performance.now() - started);
  return { ...findings, cost: { ...metered.cost, milliseconds } };
}

async function readFindings(
  source: ByteSource,
  name: string,
  settings: ObjectSettings,
  failures: ReadonlySet<unknown>,
): Promise<Findings> {
  /** An error while the image is read is the image's, unless it is the source's own or a mistake of ours. */
  function refusal(error: unknown): Problem {
    if (failures.has(error) || !(error instanceof ByoiError)) throw error;
    return { code: error.code, severity: 'reject', sentence: error.message, remedy: error.remedy };
  }
  let image: OpenImage;
  try {
    image = await openImage(source, name);
  } catch (error) {
    return refused([...settings.problems, refusal(error)]);
  }
  let disk = NOTHING_READ;
  try {
    if (image.disk) disk = await readDisk(image.disk);
  } catch (error) {
    disk = { ...NOTHING_READ, problems: [refusal(error)] };
  }
  return weigh(image, disk, name.slice(name.lastIndexOf('/') + 1), settings);
}

const NOTHING_READ: DiskReading = {
  firmware: null,
  architecture: null,
  windows: null,
  evidence: [],
  problems: [],
};

/** Joins what image, disk, name and person say. */
function weigh(
  image: OpenImage,
  disk: DiskReading,
  name: string,
  { overrides, problems: settingProblems }: ObjectSettings,
): Findings {
  const { archive, format, virtualSize } = image;
  const { firmware, windows } = disk;
  const architecture = readArchitecture({ disk: disk.architecture, shapes: archive?.shapes, firmware });
  const system = readOperatingSystem(archive, windows, name);
  const guest = applyOverrides(
    {
      architecture: architecture.architecture,
      operatingSystem: system.guessed ? null : system.operatingSystem,
      operatingSystemVersion: system.guessed ? null : system.operatingSystemVersion,
    },
    overrides,
  );
  const operatingSystem = guest.values.operatingSystem ?? system.operatingSystem;
  const sameSystem = operatingSystem === system.operatingSystem;
  const operatingSystemVersion =
    guest.values.operatingSystemVersion ?? (sameSystem ? system.operatingSystemVersion : null);
  const isWindows = operatingSystem === WINDOWS;
  const licence = recogniseLicence({
    set: overrides.operatingSystem,
    archive: archive?.operatingSystem,
    windows,
    name,
  });
  const bootable =
    format === 'oci' || (image.disk !== null && disk.problems.every(({ severity }) => severity === 'warn'));
  const launchEvidence = {
    format,
    archive,
    architecture: guest.values.architecture,
    firmware,
    windows: isWindows,
    guest: null,
  };
  const decision = bootable ? decide(launchEvidence, overrides) : UNDECIDED;

  return {
    format,
    variant: image.variant,
    virtualSize,
    launchMode: decision.launchMode,
    firmware: decision.firmware,
    architecture: guest.values.architecture,
    operatingSystem,
    operatingSystemVersion,
    bootVolumeType: archive?.bootVolumeType ?? null,
    networkType: archive?.networkType ?? null,
    licensedSystem: licence.licensedSystem,
    confidence: decision.confidence,
    evidence: [
      ...image.evidence,
      ...disk.evidence,
      ...architecture.evidence,
      ...system.evidence,
      ...licence.evidence,
      ...guest.evidence,
      ...decision.evidence,
    ],
    problems: [
      ...settingProblems,
      ...image.problems,
      ...disk.problems,
      ...guest.problems,
      ...decision.problems,
      ...(isWindows ? windowsProblems(operatingSystemVersion, virtualSize, name) : []),
    ],
  };
}

const UNDECIDED = {
  launchMode: null,
  firmware: null,
  confidence: 'low',
  evidence: [],
  problems: [],
} as const;

function refused(problems: readonly Problem[]): Findings {
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
    confidence: 'low',
    evidence: [],
    problems,
  };
}

/** The SDK would resolve `.` and `..` in the object's URL, and ask for another one. */
function isAddressable(name: string): boolean {
  return name !== '.' && name !== '..';
}

const NAME_UNSUPPORTED: Problem = {
  code: 'OBJECT_NAME_UNSUPPORTED',
  severity: 'reject',
  sentence: 'An object named "." or ".." has no URL of its own, so it cannot be imported.',
  remedy: 'Upload it under another name.',
};
